"""Events for people and for programs: a line to read, and a line of JSON."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from emsockets_build.errors import UsageError
from emsockets_build.quoting import terminal_escape
from emsockets_build.server.closing import CLOSE_CODES
from emsockets_build.server.events import (
    Accepted,
    Answered,
    Ended,
    Event,
    Fault,
    FrameSeen,
    HalfClosed,
    Noted,
    RawBytes,
    Requested,
)

__all__ = ["EventFile", "LiveLog", "describe", "words"]

_PREVIEW = 40
_OPCODES = {0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}
_FIRST_FRAMES = 20


def describe(event: Event) -> str:
    """Say in one line what happened; whatever the peer sent is escaped for a terminal.

    Args:
        event: Any event.

    Returns:
        The line, without its end.
    """
    return f"{event.at:9.3f}  #{event.connection:<4} {words(event)}"


def words(event: Event) -> str:
    """Say what happened, without time and connection; escaped as `describe` does."""
    return terminal_escape(_words(event)).replace("\n", "\\n").replace("\t", "\\t")


def _words(event: Event) -> str:  # noqa: PLR0911 - one sentence for each kind
    match event:
        case FrameSeen():
            return _frame_words(event)
        case RawBytes():
            return f"{event.sender}: {event.size} bytes {_preview(event.payload, event.size)}"
        case HalfClosed():
            return f"{event.sender}: end of stream (FIN)"
        case Fault():
            return f"fault: {event.reason} (close code {event.code})"
        case Noted():
            return event.text
        case Ended():
            return _end_words(event)
        case _:
            return _handshake_words(event)


def _handshake_words(event: Event) -> str:
    match event:
        case Accepted():
            return f"accepted {event.peer}{' with TLS' if event.secure else ''}"
        case Requested():
            headers = {name.lower(): value for name, value in event.headers}
            offer = headers.get("sec-websocket-protocol", "none")
            shown = event.target[:200]
            return f"{event.method} {shown} -> {event.behaviour}; subprotocols offered: {offer}"
        case Answered() if event.reason:
            return f"refused with {event.status}: {event.reason}"
        case Answered():
            return f"open; subprotocol selected: {event.selected or 'none'}"
        case _:
            return event.kind


def _frame_words(event: FrameSeen) -> str:
    kind = _OPCODES.get(event.opcode, f"opcode {event.opcode:#x}")
    part = "" if event.fin else ", not the last"
    return f"{event.sender}: {kind}, {event.size} bytes{part} {_preview(event.payload, event.size)}"


def _end_words(event: Ended) -> str:
    how = "reset" if event.reset else "closed"
    by = f" by the {event.closed_by}" if event.closed_by else ""
    if event.close_code is None:
        return f"TCP {how}{by}"
    meaning = CLOSE_CODES.get(event.close_code, "private code")
    reason = f", reason {event.close_reason!r}" if event.close_reason else ""
    return f"{how}{by}: {event.close_code} ({meaning}){reason}"


def _preview(payload: bytes, size: int) -> str:
    if not payload:
        return ""
    shown = ascii(payload[:_PREVIEW])[1:]
    return shown if len(payload) == size <= _PREVIEW else f"{shown}..."


class LiveLog:
    """Writes events for people as they happen.

    Args:
        stream: Where to; usually standard error.
        every_frame: Whether every frame is told; else the first of each connection.
        prefix: What stands before each line, such as the port.
    """

    def __init__(self, stream: TextIO, *, every_frame: bool = False, prefix: str = "") -> None:
        self._stream = stream
        self._every_frame = every_frame
        self._prefix = prefix
        self._frames: dict[int, int] = {}

    def __call__(self, event: Event) -> None:
        """Write one event."""
        if isinstance(event, FrameSeen | RawBytes) and not self._tell(event.connection):
            return
        line = describe(event)
        if isinstance(event, Ended):
            hidden = self._frames.pop(event.connection, 0) - _FIRST_FRAMES
            line += f" ({hidden} frames not shown)" if hidden > 0 and not self._every_frame else ""
        self._stream.write(f"{self._prefix}{line}\n")
        self._stream.flush()

    def _tell(self, connection: int) -> bool:
        seen = self._frames.get(connection, 0) + 1
        self._frames[connection] = seen
        return self._every_frame or seen <= _FIRST_FRAMES


class EventFile:
    """Writes events as JSON lines to a file that may be followed while it is written.

    Every line is whole when it appears; an existing file is continued, never overwritten.

    Args:
        path: The file.

    Raises:
        UsageError: The file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Unbuffered: each event is one write(2), so a reader never sees half a line.
            self._file = path.open("ab", buffering=0)
        except OSError as error:
            raise UsageError(
                f"{path} cannot be written",
                where="--record",
                why=str(error),
                remedy="choose another file",
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def write(self, server: str, event: Event) -> None:
        """Write one event of one server."""
        record = {"schema": 1, "server": server, **event.to_json()}
        self._file.write(json.dumps(record, ensure_ascii=True).encode() + b"\n")
