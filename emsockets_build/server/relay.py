"""The relay: WebSocket clients joined to one fixed TCP, UDP or Unix upstream, byte for byte.

The upstream is reached before the handshake is answered, so that a client learns in the ordinary
way (ECONNREFUSED) that nobody is there. Each side is read only while the other takes its bytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

from emsockets_build.server.behaviour import Behaviour, Link, Session
from emsockets_build.server.behaviours.datagrams import MAX_DATAGRAM, port_of
from emsockets_build.server.frames import Opcode, Piece
from emsockets_build.server.handshake import Answer
from emsockets_build.server.upstream import Upstream

__all__ = ["Relay"]

_HIGH_WATER = 256 * 1024
_JOIN_BYTES = 16 * 1024


class _StreamUpstream(asyncio.Protocol):
    """The TCP or Unix side of one relayed connection."""

    def __init__(self, session: _StreamSession) -> None:
        self._session = session

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        stream = cast("asyncio.Transport", transport)
        stream.set_write_buffer_limits(high=_HIGH_WATER)
        self._session.upstream_made(stream)

    def data_received(self, data: bytes) -> None:
        self._session.link.send(data)

    def pause_writing(self) -> None:
        self._session.link.hold(reading=False)

    def resume_writing(self) -> None:
        self._session.link.hold(reading=True)

    def eof_received(self) -> bool:
        self._session.upstream_ended()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._session.upstream_lost(exc)


class _StreamSession(Session):
    streaming: ClassVar[bool] = True
    independent: ClassVar[bool] = True

    def __init__(self, link: Link, plan: Relay) -> None:
        super().__init__(link)
        self._plan = plan
        self._upstream: asyncio.Transport | None = None
        self._gone = False
        self._parts: list[bytes] = []
        self._closing: tuple[int, str] | None = None
        self._warned = False

    def prepare(self) -> Coroutine[Any, Any, Answer | None]:
        return self._reach()

    def upstream_made(self, upstream: asyncio.Transport) -> None:
        self._upstream = upstream
        if self._gone:  # the client left while the upstream was being reached
            upstream.abort()

    async def _reach(self) -> Answer | None:
        target = self._plan.upstream
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._plan.connect_timeout):
                if target.kind == "unix":
                    await loop.create_unix_connection(lambda: _StreamUpstream(self), target.path)
                else:
                    await loop.create_connection(
                        lambda: _StreamUpstream(self), target.host, target.port
                    )
        except TimeoutError:
            return Answer(504, reason=f"the upstream {target} did not answer")
        except OSError as error:
            return Answer(502, reason=f"the upstream {target} cannot be reached: {error}")
        return None

    def piece(self, piece: Piece) -> None:
        if piece.opcode is Opcode.TEXT and not self._warned:
            self._warned = True
            self.link.note("the client sends text frames; their bytes are relayed as they are")
        if piece.payload:
            self._parts.append(piece.payload)

    def settled(self) -> None:
        """Write what one read has brought, at once: small messages would cost a call each."""
        parts, self._parts = self._parts, []
        if not parts or self._upstream is None or self._upstream.is_closing():
            return
        # Not writelines(): see Outlet.write_two.
        if sum(map(len, parts)) <= _JOIN_BYTES:
            parts = [b"".join(parts)]
        for part in parts:
            self._upstream.write(part)

    def congested(self) -> None:
        if self._upstream is not None and not self._upstream.is_closing():
            self._upstream.pause_reading()

    def relieved(self) -> None:
        if self._upstream is not None and not self._upstream.is_closing():
            self._upstream.resume_reading()

    def closed(self, code: int, reason: str) -> None:
        """Pass the end on, and let the upstream finish what it has to say (RFC 6455 5.5.1)."""
        self._closing = (code, reason)
        self.settled()
        if self._upstream is None or self._upstream.is_closing():
            self._answer_close()
            return
        if self._upstream.can_write_eof():
            self._upstream.write_eof()
        self.link.later(self._plan.linger, self._answer_close)

    def _answer_close(self) -> None:
        self.link.close(*self._closing or (1000, "the upstream ended the connection"))

    def upstream_ended(self) -> None:
        """The upstream has sent everything: so has the relay."""
        self._answer_close()

    def upstream_lost(self, error: Exception | None) -> None:
        if error is not None:
            self.link.note(f"the upstream was lost: {error}")
            self.link.close(1014, f"the upstream was lost: {error}")
        self.upstream_ended()

    def ended(self) -> None:
        self._gone = True
        if self._upstream is not None:
            self._upstream.close()


class _DatagramUpstream(asyncio.DatagramProtocol):
    """The UDP side of one relayed connection."""

    def __init__(self, session: _DatagramSession) -> None:
        self._session = session

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - one peer
        self._session.from_upstream(data)

    def error_received(self, exc: Exception) -> None:
        self._session.link.note(f"the upstream answers with an error: {exc}")


class _DatagramSession(Session):
    independent: ClassVar[bool] = True

    def __init__(self, link: Link, plan: Relay) -> None:
        super().__init__(link)
        self._plan = plan
        self._upstream: asyncio.DatagramTransport | None = None
        self._first = True
        self._congested = False
        self._lost = 0

    def prepare(self) -> Coroutine[Any, Any, Answer | None]:
        return self._reach()

    async def _reach(self) -> Answer | None:
        target = self._plan.upstream
        try:
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _DatagramUpstream(self), remote_addr=(target.host, target.port)
            )
        except OSError as error:
            return Answer(502, reason=f"the upstream {target} cannot be reached: {error}")
        self._upstream = transport
        return None

    def received(self, opcode: Opcode, payload: bytes) -> None:  # noqa: ARG002 - bytes are bytes
        first, self._first = self._first, False
        port = port_of(payload) if first else None
        if port is not None:
            self.link.note(f"the datagram socket is bound to port {port}")
        elif len(payload) > MAX_DATAGRAM:
            self.link.note(f"{len(payload)} bytes are more than a UDP datagram can carry: dropped")
        elif payload and self._upstream is not None:
            self._upstream.sendto(payload)

    def from_upstream(self, data: bytes) -> None:
        """Pass a datagram on; one that finds the way blocked is lost, as datagrams are."""
        if self._congested:
            self._lost += 1
        elif data:
            self.link.send(data)

    def congested(self) -> None:
        self._congested = True

    def relieved(self) -> None:
        self._congested = False

    def ended(self) -> None:
        if self._lost:
            self.link.note(f"{self._lost} datagrams were lost: the client did not keep up")
        if self._upstream is not None:
            self._upstream.close()


@dataclass(frozen=True)
class Relay(Behaviour):
    """Joins every client to one upstream; not in the table, so that no URL can ask for it."""

    name: ClassVar[str] = "relay"
    summary: ClassVar[str] = "joins clients to one TCP, UDP or Unix address"

    upstream: Upstream = field(default_factory=lambda: Upstream("tcp", "127.0.0.1", 7))
    connect_timeout: float = 10.0
    linger: float = 1.0

    @property
    def max_message(self) -> int:
        """No limit for a stream, which keeps nothing; a datagram's for datagrams."""
        return 1 << 20 if self.upstream.kind == "udp" else 1 << 62

    def session(self, link: Link) -> Session:
        """Join one client."""
        kind = _DatagramSession if self.upstream.kind == "udp" else _StreamSession
        return kind(link, self)
