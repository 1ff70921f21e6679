"""The way on which the hook inside Node reports: JSON lines, apart from the program's own output.

On POSIX a pipe whose writing end the child inherits; on Windows, where descriptors cannot be
passed on, a temporary file that is read while it grows.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

from emsockets_build.run.capture import Pump
from emsockets_build.transcript.event import Event, Kind, Source

__all__ = ["HookReader", "ReportChannel", "event_of"]

_MAX_LINE = 1 << 20
_POLL_SECONDS = 0.02
_KINDS = {
    "start": Kind.START,
    "ws": Kind.WS,
    "connect": Kind.CONNECT,
    "constructor-threw": Kind.ERROR,
    "handshake": Kind.HANDSHAKE,
    "open": Kind.OPEN,
    "send": Kind.SEND,
    "message": Kind.MESSAGE,
    "error": Kind.ERROR,
    "close": Kind.CLOSE,
    "listen": Kind.LISTEN,
    "accept": Kind.ACCEPT,
    "exception": Kind.EXCEPTION,
    "totals": Kind.TOTALS,
    "call": Kind.CALL,
    "exit": Kind.EXIT,
}
_TEXT_FIELDS = ("url", "message", "reason", "protocol", "peer", "version", "host", "node")


def event_of(report: dict[str, Any], offset: float = 0.0) -> Event:
    """Turn one report of the hook into an event.

    Args:
        report: The decoded JSON line.
        offset: Seconds to add to the program's clock to get ours.

    Returns:
        The event; a report that this version does not know becomes a `Kind.NOTE`.
    """
    fields = dict(report)
    name = str(fields.pop("event", ""))
    stamp = fields.pop("t", None)
    size = fields.pop("size", None)
    socket = fields.pop("socket", "")
    text = next((str(fields[key]) for key in _TEXT_FIELDS if fields.get(key)), "")
    return Event(
        kind=_KINDS.get(name, Kind.NOTE),
        source=Source.PROGRAM,
        time=stamp / 1e6 + offset if isinstance(stamp, int | float) else None,
        socket=str(socket),
        size=size if isinstance(size, int) else None,
        text=text,
        detail=MappingProxyType({"report": name, **fields}),
    )


class HookReader:
    """Collects the hook's reports as events, bounded in number.

    Args:
        limit: Events to keep.
        on_event: Called with each event as it arrives, in the reading thread.
    """

    def __init__(self, limit: int, on_event: Callable[[Event], None] | None = None) -> None:
        self._limit = limit
        self._on_event = on_event
        self._rest = b""
        self._offset: float | None = None
        self.events: list[Event] = []
        self.dropped = 0
        self.last_alive: float | None = None
        self.waiting_for: Event | None = None  # the last pulse that named handles

    def feed(self, data: bytes) -> None:
        """Take bytes from the channel; a half line waits for its other half."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _MAX_LINE:
            self._rest = b""
        for line in lines:
            with contextlib.suppress(ValueError):  # the program wrote to our descriptor
                report = json.loads(line)
                if isinstance(report, dict):
                    self.take(report)

    def take(self, report: dict[str, Any]) -> None:
        """Take one report."""
        event = event_of(report, self._align(report.get("t")))
        if report.get("event") == "alive":
            self.last_alive = event.time
            if "resources" in report:
                self.waiting_for = event
            return
        self.last_alive = event.time if event.detail.get("thread") == 0 else self.last_alive
        if len(self.events) >= self._limit and event.kind not in (Kind.EXIT, Kind.EXCEPTION):
            self.dropped += 1
        else:
            self.events.append(event)
        if self._on_event is not None:
            self._on_event(event)

    def _align(self, stamp: object) -> float:
        """Return what turns the program's clock into ours: 0 where both read the same one."""
        if self._offset is None and isinstance(stamp, int | float):
            difference = time.monotonic() - stamp / 1e6
            self._offset = 0.0 if 0 <= difference < 1 else difference
        return self._offset or 0.0


class ReportChannel:
    """One channel for one run.

    Attributes:
        settings: What the hook must be told to find the channel.
        pass_fds: The descriptors that the child must inherit.
    """

    def __init__(self) -> None:
        self._writing: int | None = None
        self._reading: IO[bytes] | None = None
        self._file: Path | None = None
        self._ended = threading.Event()
        self._reader: Pump | threading.Thread | None = None
        self.pass_fds: tuple[int, ...] = ()
        if sys.platform == "win32":
            descriptor, name = tempfile.mkstemp(prefix="emsockets-", suffix=".jsonl")
            os.close(descriptor)
            self._file = Path(name)
            self.settings: dict[str, object] = {"file": name}
        else:
            reading, self._writing = os.pipe()
            self._reading = os.fdopen(reading, "rb", buffering=0)
            self.pass_fds = (self._writing,)
            self.settings = {"fd": self._writing}

    def start(self, feed: Callable[[bytes], None]) -> None:
        """Begin to read, once the child is there and holds the writing end."""
        if self._writing is not None:
            os.close(self._writing)
            self._writing = None
        if self._reading is not None:
            self._reader = Pump(self._reading, feed)
        else:
            self._reader = threading.Thread(target=self._follow, args=(feed,), daemon=True)
            self._reader.start()

    def _follow(self, feed: Callable[[bytes], None]) -> None:
        assert self._file is not None  # noqa: S101 - narrows a type; start() saw to it
        with self._file.open("rb") as file:
            while True:
                last_look = self._ended.is_set()
                while data := file.read(1 << 16):
                    feed(data)
                if last_look:
                    return
                self._ended.wait(_POLL_SECONDS)

    def finish(self, seconds: float) -> None:
        """Read what is left, after the child is gone.

        Args:
            seconds: How long at most.
        """
        self._ended.set()
        if isinstance(self._reader, Pump):
            self._reader.finish(seconds)
        elif self._reader is not None:
            self._reader.join(seconds)

    def close(self) -> None:
        """Give everything back."""
        self._ended.set()
        if self._writing is not None:
            os.close(self._writing)
            self._writing = None
        if self._reading is not None:
            self._reading.close()
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.unlink()
