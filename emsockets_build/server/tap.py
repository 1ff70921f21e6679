"""A tap: TCP connections passed on byte for byte, while what they say is written down.

It stands between a program and a server that is not ours, so that a verdict can rest on what was on
the wire. Bytes, FIN and RST pass as they come, in both directions and no faster than they are
taken.
"""

from __future__ import annotations

import asyncio
from typing import cast

from emsockets_build.server.host import Host, Settings
from emsockets_build.server.library import TestServer
from emsockets_build.server.overheard import Overheard
from emsockets_build.server.recorder import RecordLimits
from emsockets_build.server.tcp import TcpConnection
from emsockets_build.server.upstream import Upstream

__all__ = ["Tap"]

_HIGH_WATER = 256 * 1024
_CONNECT_SECONDS = 10.0


class Tap(TestServer):
    """A tap in front of one server, on a thread of its own.

    Its `connections` say what a test server's would say: requests, subprotocols, frames, bytes.

    Args:
        upstream: The server; TCP.
        name: What the records call it.
        plain: Whether it speaks no WebSocket: bytes are counted then, and nothing is looked into.
        limits: How much the records keep.
    """

    def __init__(
        self,
        upstream: Upstream,
        *,
        name: str = "tap",
        plain: bool = False,
        limits: RecordLimits | None = None,
    ) -> None:
        super().__init__(limits=limits)
        self._upstream = upstream
        self._name = name
        self._plain = plain

    def _new_host(self) -> Host:
        return _TapHost(self._settings, self._upstream, name=self._name, plain=self._plain)


class _TapHost(Host):
    """Accepts connections and passes them on."""

    def __init__(self, settings: Settings, upstream: Upstream, *, name: str, plain: bool) -> None:
        super().__init__(settings)
        self.upstream = upstream
        self.name = name
        self.plain = plain

    def new_connection(self) -> TcpConnection:
        return _Tapped(self)


class _Tapped(TcpConnection):
    """The client's side of one connection."""

    def __init__(self, host: _TapHost) -> None:
        super().__init__(host)
        self._plan = host
        self._far: asyncio.Transport | None = None
        self._far_full = False
        self._unsent: list[bytes] = []
        self._unsent_end = False
        self._ended = {"client": False, "server": False}

    def established(self) -> None:
        """Reach the server before anything is read."""
        plan = self._plan
        self._overheard = Overheard(self.recorder, plain=plan.plain, name=plan.name)
        self.apply_reading()
        self.spawn(self._reach())

    async def _reach(self) -> None:
        upstream = self._plan.upstream
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await asyncio.get_running_loop().create_connection(
                    lambda: _FarSide(self), upstream.host, upstream.port
                )
        except (OSError, TimeoutError) as error:
            why = str(error) or "it did not answer"
            self.recorder.faulty(1014, f"the server at {upstream} cannot be reached: {why}")
            self.abort()  # the nearest to a refused connection that is left

    def far_made(self, far: asyncio.Transport) -> None:
        """Begin to pass on."""
        if self.over:  # the client left while the server was being reached
            far.abort()
            return
        self._far = far
        for data in self._unsent:
            far.write(data)
        self._unsent.clear()
        if self._unsent_end:
            far.write_eof()
        self.apply_reading()

    # -- from the client --------------------------------------------------------------------

    def received(self, view: memoryview) -> None:
        """Pass on what the client says, then look at it."""
        data = bytes(view)
        if self._far is not None:
            self._far.write(data)
        else:
            self._unsent.append(data)  # uvloop reads once, whatever it was told as it accepted
            self.apply_reading()
        self._overheard.from_client(data)

    def eof_received(self) -> bool:
        """Pass on the client's FIN; True keeps the server's direction open."""
        self.recorder.half_closed("client")
        self.recorder.closing("client")
        if self._far is None:
            self._unsent_end = True
        elif not self._far.is_closing():
            self._far.write_eof()
        self._direction_ended("client")
        return True

    def may_read(self, *, congested: bool) -> bool:  # noqa: ARG002 - each direction for itself
        """Read while the server takes it."""
        return self.over or (self._far is not None and not self._far_full)

    def congestion(self, *, begins: bool) -> None:
        """Read from the server only while the client takes it."""
        if self._far is not None and not self._far.is_closing():
            (self._far.pause_reading if begins else self._far.resume_reading)()

    def lost(self) -> None:
        """Pass on the client's end."""
        self._overheard.ended()
        if self._far is not None:
            (self._far.abort if self.recorder.reset else self._far.close)()

    def failed(self, error: Exception) -> None:
        """End this connection, and no other."""
        self.recorder.faulty(1011, f"the tap failed: {error!r}")
        self.drop()

    def drop(self) -> None:
        """Let go of both sides at once."""
        if self._far is not None:
            self._far.abort()
        super().drop()

    # -- from the server --------------------------------------------------------------------

    def far_received(self, data: bytes) -> None:
        """Pass on what the server says, then look at it."""
        if self.over:
            return
        self.out.write(data)
        self._overheard.from_server(data)

    def far_full(self, *, full: bool) -> None:
        """Note whether the server takes what it is sent."""
        self._far_full = full
        self.apply_reading()

    def far_ended(self) -> None:
        """Pass on the server's FIN."""
        if not self.over:
            self.end_writing()
            self._direction_ended("server")

    def far_lost(self, error: Exception | None) -> None:
        """Pass on the server's end."""
        if self.over:
            return
        if isinstance(error, ConnectionError):
            self.recorder.noted("the server reset the connection")
            self.recorder.closing("server")
            self.abort()
        else:
            self.finish()

    def _direction_ended(self, side: str) -> None:
        self._ended[side] = True
        if all(self._ended.values()):
            self.finish()


class _FarSide(asyncio.Protocol):
    """The server's side of one connection."""

    def __init__(self, near: _Tapped) -> None:
        self._near = near

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        far = cast("asyncio.Transport", transport)
        far.set_write_buffer_limits(high=_HIGH_WATER)
        self._near.far_made(far)

    def data_received(self, data: bytes) -> None:
        self._near.far_received(data)

    def pause_writing(self) -> None:
        self._near.far_full(full=True)

    def resume_writing(self) -> None:
        self._near.far_full(full=False)

    def eof_received(self) -> bool:
        self._near.far_ended()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._near.far_lost(exc)
