"""The way out of one connection: joins small writes, and knows when the client does not read."""

from __future__ import annotations

import asyncio
from typing import Protocol

from emsockets_build.server.throttle import Throttle

__all__ = ["Outlet"]

_HIGH_WATER = 256 * 1024
_LARGE = 16 * 1024


class Drain(Protocol):
    """What takes bytes: a transport, or what stands before it."""

    def write(self, data: bytes) -> None:
        """Take bytes."""

    def get_write_buffer_size(self) -> int:
        """Return how many wait."""


class Outlet:
    """Writes to a transport, corked while a read is being answered.

    Everything that one read gives rise to goes out as one write: at small messages that is the
    difference between one system call and sixty.

    Args:
        transport: Where the bytes go.
    """

    __slots__ = (
        "_drained",
        "_pending",
        "_size",
        "_transport",
        "congested",
        "corked",
        "peak",
        "throttle",
    )

    def __init__(self, transport: asyncio.WriteTransport) -> None:
        transport.set_write_buffer_limits(high=_HIGH_WATER)
        self._transport: Drain = transport
        self.throttle: Throttle | None = None
        """What holds bytes back on their way, if somebody has put it there."""
        self._pending: list[bytes] = []
        self._size = 0
        self._drained: asyncio.Future[None] | None = None
        self.corked = False
        self.congested = False
        self.peak = 0

    def hold_back(self, throttle: Throttle) -> None:
        """Let everything go through a throttle from now on."""
        self.flush()
        self._transport = self.throttle = throttle

    def last(self) -> None:
        """Hand everything over, held back or not: the connection is about to be closed."""
        self.flush()
        if self.throttle is not None:
            self.throttle.release()

    def write(self, data: bytes) -> None:
        """Send bytes, now or when the cork is drawn."""
        self._pending.append(data)
        self._size += len(data)
        if not self.corked or self._size > _HIGH_WATER:
            self.flush()

    def write_two(self, header: bytes, payload: bytes) -> None:
        """Send a frame's two parts, without copying a large payload."""
        if len(payload) < _LARGE:
            self._pending.append(header)
            self._size += len(header)
            self.write(payload)
            return
        # Not writelines(): it never pauses the protocol in Python 3.12.0 to 3.12.8, 3.13.0 and
        # 3.13.1 (CVE-2024-12254), and would fill the memory behind a client that does not read.
        self._pending.append(header)
        self.flush()
        self._transport.write(payload)
        if self.congested:
            self._note_peak()

    def flush(self) -> None:
        """Hand everything to the transport."""
        if not self._pending:
            return
        self._transport.write(b"".join(self._pending))
        self._pending.clear()
        self._size = 0
        if self.congested:
            self._note_peak()

    def pause(self) -> None:
        """The transport holds more than it should: the client does not keep up."""
        self.congested = True
        self._note_peak()

    def resume(self) -> None:
        """The transport can take more."""
        self.congested = False
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    async def writable(self) -> None:
        """Wait until the transport can take more; at once if it can now."""
        if self.congested:
            if self._drained is None or self._drained.done():
                self._drained = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._drained)
        else:
            await asyncio.sleep(0)  # a loop that never waits would starve the other connections

    def _note_peak(self) -> None:
        self.peak = max(self.peak, self._transport.get_write_buffer_size())
