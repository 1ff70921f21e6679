"""Answers to plain HTTP requests that are no files: what is made on the spot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from emsockets_build.server.behaviour import Behaviour, Link, Session
from emsockets_build.server.site import HEADERS

__all__ = ["Content", "EventStream", "Listener", "response_head"]

Header = tuple[str, str]


def response_head(media_type: str, length: int | None, headers: tuple[Header, ...] = ()) -> bytes:
    """Write the head of a response.

    Args:
        media_type: The ``Content-Type``.
        length: Bytes of the body; None for one that ends with the connection.
        headers: Further headers, which replace those that every response has.
    """
    named: dict[str, str] = {"Content-Type": media_type, **dict(HEADERS), **dict(headers)}
    if length is not None:
        named["Content-Length"] = str(length)
    lines = ["HTTP/1.1 200 OK", *(f"{name}: {value}" for name, value in named.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1")


class _ContentSession(Session):
    def __init__(self, link: Link, plan: Content) -> None:
        super().__init__(link)
        self._plan = plan

    def raw_opened(self) -> None:
        plan = self._plan
        self.link.send_raw(response_head(plan.media_type, len(plan.body), plan.headers))
        if not plan.head_only:
            self.link.send_raw(plan.body)
        self.link.finish()

    def raw_ended(self) -> bool:
        return True  # a client may end its direction once it has asked


@dataclass(frozen=True)
class Content(Behaviour):
    """Sends one body and closes.

    Attributes:
        media_type: The ``Content-Type``.
        body: The body.
        headers: Further headers.
        head_only: Whether only the head was asked for.
    """

    name: ClassVar[str] = "static"
    summary: ClassVar[str] = "sends a content"
    websocket: ClassVar[bool] = False

    media_type: str = "text/plain; charset=utf-8"
    body: bytes = b""
    headers: tuple[Header, ...] = ()
    head_only: bool = False

    def session(self, link: Link) -> Session:
        """Begin to send."""
        return _ContentSession(link, self)


class Listener(Protocol):
    """Somebody who is told of events: one open stream."""

    def tell(self, event: str) -> None:
        """Send one event, a word without line ends."""


class _StreamSession(Session):
    def __init__(self, link: Link, plan: EventStream) -> None:
        super().__init__(link)
        self._plan = plan

    def raw_opened(self) -> None:
        headers = (
            ("Access-Control-Allow-Origin", "*"),
            ("Cross-Origin-Resource-Policy", "cross-origin"),
        )
        self.link.send_raw(response_head("text/event-stream", None, headers) + b": open\n\n")
        self._plan.joined(self)
        self.link.later(self._plan.heartbeat, self._beat)

    def _beat(self) -> None:
        """Send a comment: what was not seen to leave is noticed by it."""
        self.link.send_raw(b":\n\n")
        self.link.later(self._plan.heartbeat, self._beat)

    def tell(self, event: str) -> None:
        """Send one event."""
        self.link.send_raw(f"data: {event}\n\n".encode())

    def ended(self) -> None:
        self._plan.left(self)


@dataclass(frozen=True)
class EventStream(Behaviour):
    """Tells a page of events for as long as it listens (HTML Standard, server-sent events).

    Pages of any origin may listen: the events are no secret.

    Attributes:
        joined: Called with each stream that begins.
        left: Called with it when it has ended.
        heartbeat: Seconds between two signs of life.
    """

    name: ClassVar[str] = "events"
    summary: ClassVar[str] = "tells pages of events"
    websocket: ClassVar[bool] = False

    joined: Callable[[Listener], None] = lambda _: None
    left: Callable[[Listener], None] = lambda _: None
    heartbeat: float = 15.0

    def session(self, link: Link) -> Session:
        """Begin to tell."""
        return _StreamSession(link, self)
