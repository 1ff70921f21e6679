"""Events and connections as the JSON that the page gets: pure, without sockets."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any

from emsockets_build.server.closing import CLOSE_CODES
from emsockets_build.server.events import ConnectionRecord, Event, FrameSeen, RawBytes, Side
from emsockets_build.server.journal import words

__all__ = ["PREVIEW", "Turnaround", "connection_json", "event_json", "events_json"]

PREVIEW = 256
"""Bytes of a payload that the page gets unasked."""

_DATA = frozenset({0, 1, 2})
_PING, _PONG = 9, 10


class Turnaround:
    """Measures how long one side took to answer the other, as the server saw it.

    A data frame answers if the data frame before it came from the other side; a pong answers the
    ping before it. For the client's answers that includes the way there and back.
    """

    def __init__(self) -> None:
        self._last: tuple[Side, float] | None = None
        self._ping: tuple[Side, float] | None = None

    def of(self, event: Event) -> float | None:
        """Return the seconds that the answer took; None for what is no answer."""
        if not isinstance(event, FrameSeen):
            return None
        if event.opcode == _PING:
            self._ping = (event.sender, event.at)
            return None
        if event.opcode == _PONG:
            asked, self._ping = self._ping, None
        elif event.opcode in _DATA:
            asked, self._last = self._last, (event.sender, event.at)
        else:
            return None
        if asked is None or asked[0] == event.sender:
            return None
        return event.at - asked[1]


def event_json(number: int, event: Event, latency: float | None = None) -> dict[str, Any]:
    """Describe one event.

    Args:
        number: Its number within its connection, from 0.
        event: The event.
        latency: As `Turnaround.of` says.
    """
    shaped: dict[str, Any] = {"n": number, "at": round(event.at, 6), "kind": event.kind}
    if isinstance(event, FrameSeen | RawBytes):
        shaped |= {
            "from": event.sender,
            "size": event.size,
            "kept": len(event.payload),
            "data": base64.b64encode(event.payload[:PREVIEW]).decode(),
        }
        if isinstance(event, FrameSeen):
            shaped |= {"op": event.opcode, "fin": event.fin}
        if latency is not None:
            shaped["latency"] = round(latency, 6)
    else:
        shaped["text"] = words(event)
        sender = getattr(event, "sender", None)
        if sender is not None:
            shaped["from"] = sender
    return shaped


def events_json(
    first: int, events: Iterable[Event], turnaround: Turnaround
) -> list[dict[str, Any]]:
    """Describe events that follow each other.

    Args:
        first: The number of the first.
        events: In order.
        turnaround: Has seen what came before them.
    """
    return [
        event_json(number, event, turnaround.of(event))
        for number, event in enumerate(events, first)
    ]


def connection_json(
    server: int,
    record: ConnectionRecord,
    start: float | None = None,
    control: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Describe one connection without its events.

    Args:
        server: The place of its server among those that are inspected.
        record: The connection.
        start: When it was accepted, on the clock of its events, where that is known.
        control: What is set on it by hand; None if it cannot be acted on (any more).
    """
    return {
        "id": f"{server}.{record.number}",
        "server": server,
        "number": record.number,
        "peer": record.peer,
        "behaviour": record.behaviour,
        "path": record.path,
        "state": _state(record),
        "ending": _ending(record),
        "offered": list(record.offered),
        "subprotocol": record.subprotocol,
        "refusal": record.refusal,
        "fault": record.fault,
        "start": start,
        "seconds": round(record.seconds, 3),
        "messages_in": record.messages_in,
        "messages_out": record.messages_out,
        "bytes_in": record.bytes_in,
        "bytes_out": record.bytes_out,
        "raw_in": record.raw_in,
        "raw_out": record.raw_out,
        "control": dict(control) if control is not None else None,
    }


def _state(record: ConnectionRecord) -> str:
    """Say in a word how a connection stands."""
    if record.behaviour == "static":
        return "file"
    if record.refusal:
        return "refused"
    if not record.open:
        return "closed"
    return "open" if record.status is not None or record.raw_in or record.raw_out else "handshake"


def _ending(record: ConnectionRecord) -> str:
    if record.open:
        return ""
    by = f" by the {record.closed_by}" if record.closed_by else ""
    how = "reset" if record.reset else "closed"
    if record.close_code is None:
        return f"{how}{by}"
    meaning = CLOSE_CODES.get(record.close_code, "private code")
    reason = f": {record.close_reason}" if record.close_reason else ""
    return f"{how}{by}, {record.close_code} ({meaning}){reason}"
