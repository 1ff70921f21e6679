"""One accepted TCP connection, with TLS or without: reading, writing and the ways to end it.

The read buffer belongs to the server and is shared by all connections: each read is consumed before
the next one, so an idle connection holds no buffer of its own.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from abc import abstractmethod
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, cast

from emsockets_build.server.lifetime import Lifetime
from emsockets_build.server.outlet import Outlet
from emsockets_build.server.throttle import Throttle

if TYPE_CHECKING:
    from emsockets_build.server.host import Host

__all__ = ["TcpConnection"]

# struct linger: two ints on POSIX, two unsigned shorts on Windows.
_RESET_ON_CLOSE = struct.pack("HH" if sys.platform == "win32" else "ii", 1, 0)
_REASON_SECONDS = 0.1


class TcpConnection(asyncio.BufferedProtocol):
    """What every connection does below HTTP and WebSocket.

    TLS is begun here and not by the listening socket, so that a client that fails at it has a
    record, and can be dropped, like any other.

    Args:
        host: The server that it belongs to.
    """

    def __init__(self, host: Host) -> None:
        self.host = host
        self.lifetime = Lifetime(self.failed)
        self.over = False
        """Whether the end has begun: what still comes is dropped."""
        self._early = b""
        self._securing = host.settings.tls is not None
        self._held = False
        self.frozen = False
        """Whether a control keeps it from reading, whatever its behaviour wants."""
        self._lost = False
        self._gone = False  # before TLS stood

    # -- for subclasses ---------------------------------------------------------------------

    @abstractmethod
    def established(self) -> None:
        """The connection can be used."""

    @abstractmethod
    def received(self, view: memoryview) -> None:
        """Bytes have come; the view is valid until this returns."""

    @abstractmethod
    def failed(self, error: Exception) -> None:
        """Something that runs beside the connection has raised ``error``."""

    @abstractmethod
    def may_read(self, *, congested: bool) -> bool:
        """Tell whether reading makes sense now, ``congested`` if the client does not read."""

    @abstractmethod
    def congestion(self, *, begins: bool) -> None:
        """The client has stopped, or begun again, to take what is sent."""

    @abstractmethod
    def lost(self) -> None:
        """The connection is gone."""

    # -- the transport's side ---------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, with TLS if the server speaks it."""
        self.recorder = self.host.enter(self, transport)
        self._use(transport)
        if self._securing:
            self._transport.pause_reading()
            self.lifetime.deadline(self.host.settings.timeouts.handshake, self.drop)
            self.lifetime.spawn(self._secure())
        else:
            self.established()

    def _use(self, transport: asyncio.BaseTransport) -> None:
        # Not asserted: uvloop's transports behave like asyncio.Transport but do not derive from it.
        self._transport = cast("asyncio.Transport", transport)
        self.out = Outlet(self._transport)

    async def _secure(self) -> None:
        settings = self.host.settings
        loop = asyncio.get_running_loop()
        assert settings.tls is not None  # noqa: S101 - for the type checker; see connection_made
        handshake = loop.create_task(
            loop.start_tls(
                self._transport,
                self,
                settings.tls,
                server_side=True,
                ssl_handshake_timeout=settings.timeouts.handshake,
                ssl_shutdown_timeout=settings.timeouts.close,
            )
        )
        try:
            await self._hand_over()
            transport = await handshake
        except (OSError, RuntimeError) as error:  # RuntimeError: uvloop, when TCP went away
            why = str(error) or "the client left, as it does when it does not trust the certificate"
            self.recorder.faulty(1015, f"the TLS handshake failed: {why}")
            self.drop()
            return
        finally:
            handshake.cancel()
        # asyncio returns nothing when TCP went away, uvloop sometimes a transport that is closing;
        # that the connection is lost was told before, and is not told again.
        if transport is None or self._gone or transport.is_closing():
            self.drop()
            return
        self.lifetime.no_deadline()
        self._use(transport)
        self._securing = False
        self.established()
        early, self._early = self._early, b""
        if early:
            self.received(memoryview(early))

    async def _hand_over(self) -> None:
        """Give TLS what was read before it stood: uvloop begins to read whatever it is told."""
        await asyncio.sleep(0)  # start_tls puts its protocol in place
        await asyncio.sleep(0)  # and tells it of the transport
        early, self._early = self._early, b""
        if early:
            protocol = cast("asyncio.BufferedProtocol", self._transport.get_protocol())
            memoryview(protocol.get_buffer(len(early)))[: len(early)] = early
            protocol.buffer_updated(len(early))

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        """Lend the server's read buffer."""
        return self.host.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Consume what was read."""
        view = self.host.buffer[:nbytes]
        if self._securing:
            # The request may come with the last of TLS's messages, before start_tls returns.
            self._early += view
        elif not self.over:
            self.received(view)

    def pause_writing(self) -> None:
        """Note that the client does not read."""
        self.out.pause()
        self.apply_reading()
        self.congestion(begins=True)

    def resume_writing(self) -> None:
        """Note that it reads again."""
        if self.out.throttle is not None and self.out.throttle.full:
            return
        self.out.resume()
        self.apply_reading()
        self.congestion(begins=False)

    def connection_lost(self, exc: Exception | None) -> None:
        """End, unless TLS has not stood yet: whoever awaits it hears of the end, and why."""
        if self._securing:
            self._gone = True
            # asyncio says why within a few turns; uvloop would wait for the handshake all the same.
            self.later(_REASON_SECONDS, self.drop)
        else:
            self._end(exc)

    def _end(self, exc: Exception | None) -> None:
        """Stop timers and tasks, and complete the record."""
        if self._lost:
            return
        self._lost = self.over = True
        if isinstance(exc, ConnectionError):
            self.recorder.reset = True
        self.recorder.closing("client")
        self.out.resume()
        if self.out.throttle is not None:
            self.out.throttle.stop()
        self.lifetime.guard(self.lost)
        self.lifetime.end()
        self.recorder.peak_buffered = self.out.peak
        self.recorder.ended()
        self.host.leave(self)

    # -- what the connection can do ---------------------------------------------------------

    async def writable(self) -> None:
        """Wait until little enough is waiting to be sent; at once if the connection is gone."""
        await self.out.writable()

    def hold(self, *, reading: bool) -> None:
        """Stop reading, so that the client's TCP window fills, or go on reading."""
        self._held = not reading
        self.apply_reading()

    def apply_reading(self) -> None:
        """Read or do not read, as everything that speaks for or against it adds up."""
        stopped = self._held or self.frozen
        wanted = not stopped and self.may_read(congested=self.out.congested)
        if self._transport.is_closing() or wanted == self._transport.is_reading():
            return
        (self._transport.resume_reading if wanted else self._transport.pause_reading)()

    def new_throttle(self) -> Throttle:
        """Make what holds back what is sent; it counts as the client's being slow."""
        return Throttle(self._transport, self.pause_writing, self.resume_writing)

    def later(self, delay: float, action: Callable[[], None]) -> None:
        """Do something after ``delay`` seconds if the connection still stands then."""
        self.lifetime.later(delay, action)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine beside the connection; it is cancelled when the connection ends."""
        self.lifetime.spawn(work)

    def note(self, text: str) -> None:
        """Write a remark into the record."""
        self.recorder.noted(text)

    # -- the ways to end it -----------------------------------------------------------------

    def finish(self) -> None:
        """Close the TCP connection when everything has been sent, without a close frame."""
        self.out.last()
        self.recorder.closing("server")
        self.over = True
        self.lifetime.deadline(self.host.settings.timeouts.close, self._transport.abort)
        self._transport.close()

    def finish_gently(self) -> None:
        """Close after the client: with unread data, TCP would be reset and the last words lost."""
        self.recorder.closing("server")
        self.out.last()
        self.over = True
        self.hold(reading=True)
        if self._transport.is_closing():
            return
        if self._transport.can_write_eof():
            self._transport.write_eof()
            self.lifetime.deadline(self.host.settings.timeouts.linger, self.finish)
        else:
            self.finish()

    def end_writing(self) -> None:
        """Send FIN and go on reading; TLS cannot do that, and does nothing."""
        self.out.last()
        self.recorder.closing("server")
        if self._transport.can_write_eof():
            self.recorder.half_closed("server")
            self._transport.write_eof()

    def abort(self) -> None:
        """Reset the TCP connection (RST)."""
        self.out.flush()
        self.recorder.reset = True
        raw = self._transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.drop()

    def drop(self) -> None:
        """Let go at once, whatever was still to be sent."""
        self.recorder.closing("server")
        self.over = True
        self._transport.abort()
        if self._securing:
            self._end(None)
