"""Holds the bytes of one connection back on their way out: late, in small pieces, or not at all."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

__all__ = ["Throttle"]

_HIGH_WATER = 256 * 1024
_LOW_WATER = 64 * 1024
_MAX_PIECES_AT_ONCE = 4096


class Throttle:
    """Stands between a connection's outlet and its transport; the order of bytes is kept.

    What it holds counts as not taken by the client: whoever sends is stopped as by a slow one.

    Args:
        transport: Where the bytes go in the end.
        pause: Called when it holds more than it should.
        resume: Called when it holds little enough again.
    """

    def __init__(
        self,
        transport: asyncio.WriteTransport,
        pause: Callable[[], None],
        resume: Callable[[], None],
    ) -> None:
        self._transport = transport
        self._pause = pause
        self._resume = resume
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._size = 0
        self._last_due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = False
        self.full = False
        """Whether `pause` was called last, not `resume`."""
        self.frozen = False
        self.delay = 0.0
        self.piece = 0
        self.gap = 0.0

    @property
    def idle(self) -> bool:
        """Whether it does nothing at all."""
        return not (self.frozen or self.delay or self.piece or self._waiting)

    def set_delay(self, seconds: float) -> None:
        """Send what comes from now on this much later; 0 for at once."""
        self.delay = seconds

    def set_split(self, piece: int, gap: float = 0.001) -> None:
        """Send what comes from now on in pieces.

        Args:
            piece: Bytes of each; 0 for no cutting.
            gap: Seconds between two pieces, so that TCP does not join them.
        """
        self.piece, self.gap = piece, gap

    def freeze(self) -> None:
        """Send nothing until `thaw`."""
        self.frozen = True
        self._cancel()

    def thaw(self) -> None:
        """Send again, what has become due meanwhile at once."""
        self.frozen = False
        self._send_due()

    def write(self, data: bytes) -> None:
        """Take bytes; to the transport at once if nothing speaks against it."""
        if self._stopped or self.idle:
            self._transport.write(data)
            return
        now = asyncio.get_running_loop().time()
        self._last_due = max(self._last_due, now + self.delay)
        self._waiting.append((self._last_due, data))
        self._size += len(data)
        if not self.full and self._size > _HIGH_WATER:
            self.full = True
            self._pause()
        self._send_due()

    def get_write_buffer_size(self) -> int:
        """Return how many bytes wait, here and in the transport."""
        return self._size + self._transport.get_write_buffer_size()

    def release(self) -> None:
        """Send everything that is held, now."""
        self._cancel()
        parts = [data for _, data in self._waiting]
        self._waiting.clear()
        self._size = 0
        if parts and not self._stopped:
            self._transport.write(b"".join(parts))

    def stop(self) -> None:
        """Forget everything: the connection is gone."""
        self._stopped = True
        self._cancel()
        self._waiting.clear()
        self._size = 0

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _send_due(self) -> None:
        """Send what is due, and come back for the rest."""
        self._cancel()
        loop = asyncio.get_running_loop()
        for _ in range(_MAX_PIECES_AT_ONCE):
            if self.frozen or self._stopped or not self._waiting:
                break
            due, data = self._waiting[0]
            if due > loop.time():
                self._timer = loop.call_at(due, self._send_due)
                break
            if self._send_piece(due, data):
                self._timer = loop.call_later(self.gap, self._send_due)
                break
        else:
            self._timer = loop.call_later(0, self._send_due)
        if self.full and self._size < _LOW_WATER:
            self.full = False
            self._resume()

    def _send_piece(self, due: float, data: bytes) -> bool:
        """Send the first bytes; True if a gap must follow."""
        self._waiting.popleft()
        piece = data[: self.piece] if self.piece else data
        if len(piece) < len(data):
            self._waiting.appendleft((due, data[len(piece) :]))
        self._size -= len(piece)
        self._transport.write(piece)
        return bool(self.piece and self._waiting)
