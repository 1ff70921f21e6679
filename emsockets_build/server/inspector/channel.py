"""The WebSocket between a page and the desk: the live feed one way, requests the other."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from emsockets_build.errors import UsageError
from emsockets_build.server.behaviour import Behaviour, Link, Session
from emsockets_build.server.frames import Opcode
from emsockets_build.server.gates import Gate, check_same_origin
from emsockets_build.server.handshake import Answer, Request
from emsockets_build.server.inspector.commands import parse_command
from emsockets_build.server.inspector.desk import Desk
from emsockets_build.server.inspector.feed import Key, Subscription
from emsockets_build.server.inspector.shape import Turnaround, event_json

__all__ = ["Channel", "channel_gate"]

_TICK_SECONDS = 0.1
_MOST_CHANGES = 200


class _ChannelSession(Session):
    def __init__(self, link: Link, plan: Channel) -> None:
        super().__init__(link)
        self._desk = plan.desk
        self._subscription = Subscription(self._wake)
        self._turnaround = Turnaround()
        self._ticking = False
        self._congested = False
        self._late: list[Key] = []

    def opened(self) -> None:
        self._desk.feed.join(self._subscription)
        self._say(self._desk.hello())

    def ended(self) -> None:
        self._desk.feed.leave(self._subscription)

    def congested(self) -> None:
        self._congested = True

    def relieved(self) -> None:
        self._congested = False
        self._wake()

    def received(self, opcode: Opcode, payload: bytes) -> None:  # noqa: ARG002 - either will do
        number = 0
        try:
            command = parse_command(payload.decode("utf-8", "replace"))
            number = command.id
            if command.do == "watch":
                self._watch(command.connection)
                return
            answer = self._desk.answer(command)
        except UsageError as error:
            answer = {"type": "refused", "what": error.what, "why": error.why}
            answer["remedy"] = error.remedy
        self._say({**answer, "id": number})

    def _watch(self, key: Key | None) -> None:
        """Begin with what is kept; what happens from now on follows it without a gap."""
        self._subscription.watch(None)
        self._turnaround = Turnaround()
        if key is None:
            return
        self._say(self._desk.history(key, self._turnaround))
        self._subscription.watch(key)

    def _wake(self) -> None:
        if not self._ticking and not self._congested:
            self._ticking = True
            self.link.later(_TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        """Tell in one message what has happened since the last one."""
        self._ticking = False
        if self._congested:
            return
        watched = self._subscription.watched
        events, skipped, changed = self._subscription.take()
        keys = list(dict.fromkeys([*self._late, *changed]))
        now, self._late = keys[:_MOST_CHANGES], keys[_MOST_CHANGES:]
        news: dict[str, Any] = {"type": "news", "connections": self._desk.connections(now)}
        if events and watched is not None:
            news["watched"] = f"{watched[0]}.{watched[1]}"
            news["skipped"] = skipped
            news["events"] = [
                event_json(number, event, self._turnaround.of(event)) for number, event in events
            ]
        self._say(news)
        if self._late:
            self._wake()

    def _say(self, message: dict[str, Any]) -> None:
        self.link.send(json.dumps(message, ensure_ascii=True).encode(), Opcode.TEXT)


@dataclass(frozen=True)
class Channel(Behaviour):
    """Joins a page of our own to the desk.

    Attributes:
        desk: What it is joined to.
    """

    name: ClassVar[str] = "inspector"
    summary: ClassVar[str] = "feeds the inspector's page"

    desk: Desk = field(default_factory=Desk)

    @property
    def max_message(self) -> int:
        """Requests are short; the longest is a message that people send by hand."""
        return 1024 * 1024

    def answer(self, request: Request, offered: Sequence[str], spoken: Sequence[str]) -> Answer:
        """Let in a page of this very origin; the token has been looked at before.

        Raises:
            RefusedError: 403 for a page of another origin.
        """
        check_same_origin(request)
        return super().answer(request, offered, spoken)

    def session(self, link: Link) -> Session:
        """Begin to feed a page."""
        return _ChannelSession(link, self)


def channel_gate(token: str) -> Callable[[Request], None]:
    """Return what guards the channel and the page: names of this machine only, and the token.

    Args:
        token: What the channel's URL must carry.
    """
    host, secret = Gate(hosts=frozenset()), Gate(token=token)

    def check(request: Request) -> None:
        host(request)
        secret(request)

    return check
