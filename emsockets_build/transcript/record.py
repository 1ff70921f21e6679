"""The test server's record as neutral events.

The record is a list of JSON objects, one for each thing that happened on a connection, as
``emsockets serve --record`` writes them; `server.events` names the fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from emsockets_build.transcript.event import Event, Kind, Source

__all__ = ["events_of_record"]

_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10
_CONTROL = {_CLOSE: "close frame", _PING: "ping", _PONG: "pong"}


def events_of_record(
    record: Iterable[Mapping[str, object]], clock_offset: float | None = None
) -> tuple[Event, ...]:
    """Turn a server's record into events.

    Args:
        record: The objects in order.
        clock_offset: What to add to the server's wall clock (seconds since the epoch) to get
            `time.monotonic`; None leaves the server's own seconds.

    Returns:
        The events; ``socket`` is the connection's number.
    """
    entries = list(record)
    base = 0.0
    if clock_offset is not None:
        for entry in entries:
            clock, at = entry.get("clock"), entry.get("at")
            if isinstance(clock, int | float) and isinstance(at, int | float):
                base = clock + clock_offset - at
                break
    return tuple(_event(entry, base) for entry in entries)


def _event(entry: Mapping[str, object], base: float) -> Event:
    name = str(entry.get("event", ""))
    at = entry.get("at")
    kind, size, text = _READERS.get(name, _read_other)(entry)
    return Event(
        kind,
        Source.SERVER,
        time=base + at if isinstance(at, int | float) else None,
        socket=str(entry.get("connection", "")),
        size=size,
        text=text,
        detail=MappingProxyType(dict(entry)),
    )


_Read = tuple[Kind, int | None, str]


def _read_accepted(entry: Mapping[str, object]) -> _Read:
    return Kind.ACCEPT, None, f"{entry.get('peer', '')}{' (TLS)' if entry.get('secure') else ''}"


def _read_requested(entry: Mapping[str, object]) -> _Read:
    return Kind.HANDSHAKE, None, f"{entry.get('method', '')} {entry.get('target', '')}"


def _read_answered(entry: Mapping[str, object]) -> _Read:
    selected = entry.get("selected")
    said = f"{entry.get('status', '')} {selected or entry.get('reason') or ''}".strip()
    opened = entry.get("status") == 101  # noqa: PLR2004 - Switching Protocols
    return (Kind.OPEN if opened else Kind.HANDSHAKE), None, said


def _read_frame(entry: Mapping[str, object]) -> _Read:
    opcode = entry.get("opcode")
    size = _number(entry.get("size"))
    control = _CONTROL.get(opcode) if isinstance(opcode, int) else None
    if control is not None:
        return Kind.CONTROL, size, f"{control} by the {entry.get('sender')}"
    kind = Kind.MESSAGE if entry.get("sender") == "client" else Kind.SEND
    words = [] if entry.get("fin", True) else ["fragment"]
    if opcode == _TEXT:
        words.append("text")
    return kind, size, " ".join(words)


def _read_raw(entry: Mapping[str, object]) -> _Read:
    kind = Kind.MESSAGE if entry.get("sender") == "client" else Kind.SEND
    return kind, _number(entry.get("size")), "raw bytes"


def _read_ended(entry: Mapping[str, object]) -> _Read:
    by = f" by the {entry['closed_by']}" if entry.get("closed_by") else ""
    code = entry.get("close_code")
    said = f"{'' if code is None else code}{by}"
    if entry.get("close_reason"):
        said += f' "{entry["close_reason"]}"'
    return Kind.CLOSE, None, said + (" (TCP reset)" if entry.get("reset") else "")


def _read_fault(entry: Mapping[str, object]) -> _Read:
    return Kind.ERROR, None, str(entry.get("reason", ""))


def _read_half_closed(entry: Mapping[str, object]) -> _Read:
    return Kind.NOTE, None, f"end of stream (FIN) by the {entry.get('sender')}"


def _read_other(entry: Mapping[str, object]) -> _Read:
    return Kind.NOTE, None, str(entry.get("text") or entry.get("event") or "")


_READERS: Mapping[str, Callable[[Mapping[str, object]], _Read]] = MappingProxyType(
    {
        "accepted": _read_accepted,
        "requested": _read_requested,
        "answered": _read_answered,
        "frame": _read_frame,
        "raw": _read_raw,
        "ended": _read_ended,
        "fault": _read_fault,
        "half-closed": _read_half_closed,
    }
)


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None
