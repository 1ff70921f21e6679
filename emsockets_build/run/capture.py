"""Bounded, byte-true capture of what a child writes."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from typing import IO

__all__ = ["BoundedCapture", "Pump"]

_CHUNK = 1 << 16


class BoundedCapture:
    """Keeps the first and the last half of a limit of bytes, and counts what it let go.

    Args:
        limit: Bytes to keep.
    """

    def __init__(self, limit: int) -> None:
        self._head_limit = (limit + 1) // 2
        self._tail_limit = limit // 2
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self._dropped = 0

    def add(self, data: bytes) -> None:
        """Take more bytes."""
        room = self._head_limit - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        if data:
            self._tail.append(data)
            self._tail_size += len(data)
            while self._tail_size - len(self._tail[0]) >= self._tail_limit:
                gone = self._tail.popleft()
                self._tail_size -= len(gone)
                self._dropped += len(gone)
                if not self._tail:
                    break

    @property
    def dropped(self) -> int:
        """Bytes missing between the two halves."""
        return self._dropped + max(0, self._tail_size - self._tail_limit)

    @property
    def data(self) -> bytes:
        """The first half followed by the last."""
        tail = b"".join(self._tail)
        return bytes(self._head) + tail[max(0, len(tail) - self._tail_limit) :]

    def tail(self, size: int) -> bytes:
        """Return the last bytes so far.

        Args:
            size: How many at most.
        """
        return self.data[-size:]


class Pump:
    """A thread that reads a stream to its end (the way that works on every platform).

    Args:
        stream: The reading end of a pipe; closed by its owner, not here.
        take: Called in the thread with each piece.
    """

    def __init__(self, stream: IO[bytes], take: Callable[[bytes], None]) -> None:
        self._stream = stream
        self._take = take
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        descriptor = self._stream.fileno()
        try:
            while data := os.read(descriptor, _CHUNK):
                self._take(data)
        except OSError:
            return  # the stream was closed under us: the run is over

    def finish(self, seconds: float) -> None:
        """Wait for the end of the stream.

        Args:
            seconds: How long at most; a process that escaped may hold the pipe open.
        """
        self._thread.join(seconds)
