"""What became of each WebSocket of a run, from the events of the program's own side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from emsockets_build.transcript.event import Event, Kind

__all__ = ["SocketSeen", "sockets_of"]

_DONE_WELL = {1000, 1005}  # RFC 6455, section 7.4.1: a normal close, and one without a code


@dataclass(frozen=True, slots=True)
class SocketSeen:
    """One WebSocket.

    Attributes:
        url: Where it went.
        opened: Whether the server took it.
        subprotocol: What the server selected; empty for none.
        sent_messages: Messages that the program sent.
        sent_bytes: Their payload.
        received_messages: Messages that came.
        received_bytes: Their payload.
        close_code: How it ended; None if it was still there at the end.
        closed_by_program: Whether the program closed it first.
        error: Why it failed, as far as anybody knows; None if it did not.
    """

    url: str
    opened: bool = False
    subprotocol: str = ""
    sent_messages: int = 0
    sent_bytes: int = 0
    received_messages: int = 0
    received_bytes: int = 0
    close_code: int | None = None
    closed_by_program: bool = False
    error: str | None = None

    @property
    def well(self) -> bool:
        """Whether it opened, and ended in good order if it ended."""
        if not self.opened or self.error is not None:
            return False
        return self.closed_by_program or self.close_code in {None, *_DONE_WELL}

    @property
    def state(self) -> str:
        """What became of it, in words."""
        if self.error is not None:
            return self.error or "it failed"
        if self.close_code is not None:
            who = "the page" if self.closed_by_program else "the server"
            return f"closed by {who} with {self.close_code}"
        return "open to the end" if self.opened else "never answered"


def sockets_of(events: Iterable[Event]) -> tuple[SocketSeen, ...]:
    """Collect what a run's events say about each WebSocket.

    Args:
        events: In order.

    Returns:
        The WebSockets in the order in which they were made; those that could not be made have an
        error.
    """
    found: dict[str, SocketSeen] = {}
    for event in events:
        if event.kind is Kind.CONNECT:
            found[event.socket] = SocketSeen(event.text)
        elif event.detail.get("report") == "constructor-threw":
            url = str(event.detail.get("url") or "")
            found[f"thrown {len(found)}"] = SocketSeen(url, error=event.text or "it failed")
        elif event.socket in found:
            found[event.socket] = _after(found[event.socket], event)
    return tuple(found.values())


def _after(seen: SocketSeen, event: Event) -> SocketSeen:
    detail = event.detail
    if event.kind is Kind.OPEN:
        return replace(seen, opened=True, subprotocol=str(detail.get("protocol") or ""))
    if event.kind is Kind.TOTALS:
        return replace(
            seen,
            sent_messages=_number(detail.get("sent_messages")),
            sent_bytes=_number(detail.get("sent_bytes")),
            received_messages=_number(detail.get("received_messages")),
            received_bytes=_number(detail.get("received_bytes")),
        )
    if event.kind is Kind.ERROR:
        return replace(seen, error=event.text)
    if event.kind is Kind.CLOSE:
        return replace(seen, close_code=_number(detail.get("code")))
    if detail.get("report") == "closing" and not detail.get("answering"):
        return replace(seen, closed_by_program=True)
    return seen


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
