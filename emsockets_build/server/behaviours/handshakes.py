"""Behaviours that differ before the socket is open: refusals, subprotocols, delay, plain TCP."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from emsockets_build.server.behaviour import Behaviour, Link, Session
from emsockets_build.server.behaviours.plain import EchoSession
from emsockets_build.server.handshake import Answer, Request
from emsockets_build.server.parameters import choice, seconds, text

__all__ = ["NoSubprotocol", "RawTcp", "Refuse", "RequireNone", "SlowAccept", "WrongSubprotocol"]

_SUBPROTOCOL = r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}"


@dataclass(frozen=True)
class Refuse(Behaviour):
    """Answers every handshake with an HTTP error."""

    name: ClassVar[str] = "refuse"
    summary: ClassVar[str] = "answers the handshake with an HTTP error"
    seen: ClassVar[str] = (
        "SO_ERROR is ECONNREFUSED, whatever the status; the status is seen by the server's "
        "record alone"
    )

    status: str = choice("400", "the HTTP status", ("400", "401", "403", "404", "500", "503"))
    reason: str = text("refused, as asked for", "the body of the answer")

    def answer(
        self,
        request: Request,  # noqa: ARG002 - nobody is let in
        offered: Sequence[str],  # noqa: ARG002
        spoken: Sequence[str],  # noqa: ARG002
    ) -> Answer:
        """Refuse."""
        return Answer(int(self.status), reason=self.reason)


@dataclass(frozen=True)
class NoSubprotocol(Behaviour):
    """Accepts whatever is offered and selects nothing, then echoes."""

    name: ClassVar[str] = "no-subprotocol"
    summary: ClassVar[str] = "accepts, but selects no subprotocol"
    seen: ClassVar[str] = (
        "SO_ERROR is ECONNREFUSED although the server's handshake went well: the client side "
        "refuses a server that does not select what was offered"
    )

    def answer(
        self,
        request: Request,  # noqa: ARG002 - everyone is let in
        offered: Sequence[str],  # noqa: ARG002
        spoken: Sequence[str],  # noqa: ARG002
    ) -> Answer:
        """Accept without a word on subprotocols."""
        return Answer()

    def session(self, link: Link) -> Session:
        """Begin an echo."""
        return EchoSession(link)


@dataclass(frozen=True)
class WrongSubprotocol(Behaviour):
    """Accepts and selects a subprotocol that the client did not offer, then echoes."""

    name: ClassVar[str] = "wrong-subprotocol"
    summary: ClassVar[str] = "accepts, but selects a subprotocol that was not offered"
    seen: ClassVar[str] = "SO_ERROR is ECONNREFUSED, as with no-subprotocol"

    subprotocol: str = text("wrong", "what to select", pattern=_SUBPROTOCOL, hint="is not a token")

    def answer(
        self,
        request: Request,  # noqa: ARG002 - everyone is let in
        offered: Sequence[str],  # noqa: ARG002
        spoken: Sequence[str],  # noqa: ARG002
    ) -> Answer:
        """Accept with the wrong subprotocol."""
        return Answer(subprotocol=self.subprotocol)

    def session(self, link: Link) -> Session:
        """Begin an echo."""
        return EchoSession(link)


@dataclass(frozen=True)
class RequireNone(Behaviour):
    """Refuses clients that offer any subprotocol, and echoes to the others."""

    name: ClassVar[str] = "require-none"
    summary: ClassVar[str] = "refuses clients that offer a subprotocol"
    seen: ClassVar[str] = (
        "SO_ERROR is ECONNREFUSED, unless it was linked with -sWEBSOCKET_SUBPROTOCOL=null"
    )

    def answer(
        self,
        request: Request,  # noqa: ARG002 - only the offer counts
        offered: Sequence[str],
        spoken: Sequence[str],  # noqa: ARG002
    ) -> Answer:
        """Accept only a client that offers nothing."""
        if not offered:
            return Answer()
        names = ", ".join(f"`{name}`" for name in offered)
        return Answer(400, reason=f"this server speaks no subprotocol, but {names} was offered")

    def session(self, link: Link) -> Session:
        """Begin an echo."""
        return EchoSession(link)


class _SlowSession(EchoSession):
    def __init__(self, link: Link, delay: float) -> None:
        super().__init__(link)
        self._delay = delay

    def prepare(self) -> Coroutine[Any, Any, None]:
        return asyncio.sleep(self._delay)


@dataclass(frozen=True)
class SlowAccept(Behaviour):
    """Lets the client wait for the handshake's answer, then echoes."""

    name: ClassVar[str] = "slow-accept"
    summary: ClassVar[str] = "answers the handshake late"
    seen: ClassVar[str] = "poll() stays silent, then an ordinary echo"

    delay: float = seconds(1.0, "how long the client waits for the answer")

    def session(self, link: Link) -> Session:
        """Begin an echo, late."""
        return _SlowSession(link, self.delay)


class _RawSession(Session):
    def __init__(self, link: Link, plan: RawTcp) -> None:
        super().__init__(link)
        self._plan = plan

    def raw_opened(self) -> None:
        if self._plan.banner:
            self.link.send_raw(self._plan.banner.encode())

    def raw(self, data: bytes) -> None:
        if self._plan.reply == "echo":
            self.link.send_raw(data)
        elif self._plan.reply == "close":
            self.link.finish()


@dataclass(frozen=True)
class RawTcp(Behaviour):
    """Is no WebSocket server at all: a plain TCP server that gets ``GET / HTTP/1.1``."""

    name: ClassVar[str] = "raw-tcp"
    summary: ClassVar[str] = "is a plain TCP server, which knows no WebSocket"
    seen: ClassVar[str] = (
        "SO_ERROR is ECONNREFUSED as soon as the answer is no HTTP; with reply=nothing the "
        "socket never becomes writable and no error comes"
    )
    websocket: ClassVar[bool] = False

    reply: str = choice("echo", "what it does with bytes", ("echo", "nothing", "close"))
    banner: str = text("", "what it says when a client comes")

    def session(self, link: Link) -> Session:
        """Begin to treat bytes as bytes."""
        return _RawSession(link, self)
