"""One TCP connection of the server: the asyncio protocol under every behaviour.

It reads the request, lets the behaviour answer, moves frames, and keeps the record. The read buffer
belongs to the server and is shared by all connections: each read is consumed before the next one,
so an idle connection holds no buffer of its own.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Callable, Collection, Coroutine, Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, cast

from emsockets_build.server.behaviour import Behaviour, Link, Session
from emsockets_build.server.closing import close_payload, parse_close_payload
from emsockets_build.server.frames import FrameReader, Opcode, Piece, ProtocolError, frame_header
from emsockets_build.server.handshake import (
    HEAD_END,
    SWITCHING_PROTOCOLS,
    Answer,
    RefusedError,
    check_upgrade,
    offered_subprotocols,
    parse_request,
    refusal,
    split_head,
)
from emsockets_build.server.lifetime import Lifetime
from emsockets_build.server.messages import MessageAssembler
from emsockets_build.server.outlet import Outlet

if TYPE_CHECKING:
    from emsockets_build.server.handshake import Request
    from emsockets_build.server.host import Host

__all__ = ["Connection"]

_LOG = logging.getLogger(__name__)
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class _State(Enum):
    HEAD = auto()  # the request is still coming
    WAITING = auto()  # the request is there, the answer is not
    OPEN = auto()  # frames both ways
    CLOSING = auto()  # our close frame is out, the client's is not in
    RAW = auto()  # bytes that are no frames
    DONE = auto()  # whatever still comes is dropped


_READS_FRAMES = frozenset({_State.OPEN, _State.CLOSING})


class Connection(asyncio.BufferedProtocol):
    """Treats one client as its behaviour says; it is the behaviour's `Link`.

    Args:
        host: The server that it belongs to.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._state = _State.HEAD
        self._head = b""
        self._reader = FrameReader()
        self._assembler = MessageAssembler()
        self._session: Session = Session(self)
        self._behaviour: Behaviour | None = None
        self._lifetime = Lifetime(self._behaviour_failed)
        self._held = False
        self._client_closed = False

    # -- the transport's side ---------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin: a request is awaited, or raw bytes if the port speaks no HTTP."""
        # Not asserted: uvloop's transports behave like asyncio.Transport but do not derive from it.
        self._transport = cast("asyncio.Transport", transport)
        self._out = Outlet(self._transport)
        self.recorder = self._host.enter(self, transport)
        self._lifetime.deadline(self._host.settings.timeouts.handshake, self._handshake_late)
        behaviour = self._host.settings.behaviour
        if not behaviour.websocket and not self._host.settings.by_path:
            self._begin_raw(behaviour, b"")

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        """Lend the server's read buffer, or a part of it to a session that reads slowly."""
        limit = self._session.read_limit
        return self._host.buffer[:limit] if limit else self._host.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Consume what was read."""
        view = self._host.buffer[:nbytes]
        if self._state in _READS_FRAMES:
            if not self._client_closed:
                self._read_frames(view)
            if self._session.read_limit:
                self._session.took(nbytes)
        elif self._state is _State.HEAD:
            self._read_head(bytes(view))
        elif self._state is _State.WAITING:
            self._head += view
        elif self._state is _State.RAW:
            self._read_raw(bytes(view))

    def eof_received(self) -> bool:
        """Take the client's FIN; True keeps the transport open for the server's direction."""
        self.recorder.half_closed("client")
        if self._state is _State.RAW and self._session.raw_ended():
            return True
        self.recorder.closing("client")
        self._state = _State.DONE
        return False

    def pause_writing(self) -> None:
        """Stop reading while the client does not read: nothing may pile up here."""
        self._out.pause()
        self._apply_reading()
        self._session.congested()

    def resume_writing(self) -> None:
        """Go on."""
        self._out.resume()
        self._apply_reading()
        self._session.relieved()

    def connection_lost(self, exc: Exception | None) -> None:
        """End: timers and tasks stop, the record is completed."""
        if isinstance(exc, ConnectionError):
            self.recorder.reset = True
            self.recorder.closing("client")
        self._state = _State.DONE
        self._out.resume()
        self._lifetime.guard(self._session.ended)
        self._lifetime.end()
        self.recorder.peak_buffered = self._out.peak
        self.recorder.ended()
        self._host.leave(self, self._behaviour)

    # -- the handshake ----------------------------------------------------------------------

    def _handshake_late(self) -> None:
        seconds = self._host.settings.timeouts.handshake
        self._refuse(RefusedError(408, f"no whole request within {seconds:g} s"))

    def _read_head(self, data: bytes) -> None:
        self._head += data
        try:
            split = split_head(self._head)
            if split is None:
                return
            self._lifetime.no_deadline()
            head, self._head = split
            self._take_request(parse_request(head), head + HEAD_END)
        except RefusedError as error:
            self._refuse(error)

    def _take_request(self, request: Request, head: bytes) -> None:
        behaviour = self._host.route(request)
        self.recorder.requested(request, behaviour.name)
        self._host.admit(request)
        if not behaviour.websocket:
            self._begin_raw(behaviour, head + self._head)
            return
        self._behaviour = behaviour
        key = check_upgrade(request)
        offered = offered_subprotocols(request)
        answer = behaviour.answer(request, offered, self._host.settings.subprotocols)
        self._state = _State.WAITING
        preparation = None
        if answer.status == SWITCHING_PROTOCOLS:
            self._session = behaviour.session(self)
            preparation = self._session.prepare()
        if preparation is None:
            self._respond(answer, key, offered)
            return
        self._apply_reading()

        async def prepare() -> None:
            self._respond(await preparation or answer, key, offered)

        self.spawn(prepare())

    def _refuse(self, error: RefusedError) -> None:
        self._lifetime.no_deadline()
        self._respond(refusal(error), "", ())

    def _respond(self, answer: Answer, key: str, offered: tuple[str, ...]) -> None:
        self.recorder.answered(answer, offered)
        self._out.write(answer.encode(key))
        if answer.status != SWITCHING_PROTOCOLS:
            self.recorder.closing("server")
            self._drain_then_close()
            return
        self._state = _State.OPEN
        limit = self._behaviour.max_message if self._behaviour else 0
        self._assembler = MessageAssembler(limit, keep=not self._session.streaming)
        self._host.joined(self, self._behaviour)
        self._apply_reading()
        early, self._head = self._head, b""
        self._lifetime.guard(self._session.opened)
        if early:
            self._read_frames(memoryview(early))

    # -- frames -----------------------------------------------------------------------------

    def _read_frames(self, view: memoryview) -> None:
        self._out.corked = True
        try:
            for piece in self._reader.feed(view):
                self._take_piece(piece)
                if self._client_closed or self._state not in _READS_FRAMES:
                    break
            self._session.settled()
        except ProtocolError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001 - whatever a behaviour raises, others go on
            self._behaviour_failed(error)
        finally:
            self._out.corked = False
            self._out.flush()

    def _take_piece(self, piece: Piece) -> None:
        self.recorder.piece(piece)
        complete = self._assembler.push(piece)
        data = piece.opcode <= Opcode.BINARY
        is_open = self._state is _State.OPEN
        if data and self._session.streaming and (is_open or self._session.independent):
            self._session.piece(piece)
        if complete is None:
            return
        opcode, payload = complete
        if data:
            self.recorder.message(opcode, payload, self._assembler.size)
            if is_open and not self._session.streaming:
                self._session.received(opcode, payload)
        elif opcode is Opcode.CLOSE:
            self._take_close(payload)
        elif is_open:
            (self._session.pinged if opcode is Opcode.PING else self._session.ponged)(payload)

    def _take_close(self, payload: bytes) -> None:
        code, reason = parse_close_payload(payload)
        self._client_closed = True
        self.recorder.closing("client", code, reason)
        if self._state is _State.CLOSING:
            self.finish()
        else:
            self._session.closed(code, reason)

    def _fail(self, error: ProtocolError) -> None:
        """Fail the WebSocket connection (RFC 6455 section 7.1.7)."""
        self.recorder.faulty(error.code, error.reason)
        self.recorder.closing("server", error.code, error.reason)
        if self._state is _State.OPEN:
            self._put(Opcode.CLOSE, close_payload(error.code, error.reason))
        self._drain_then_close()

    def _behaviour_failed(self, error: Exception) -> None:
        _LOG.error("behaviour %s failed", self.recorder.behaviour, exc_info=error)
        self._fail(ProtocolError(1011, f"the server's behaviour failed: {error!r}"))

    def _begin_raw(self, behaviour: Behaviour, early: bytes) -> None:
        self._lifetime.no_deadline()
        self._state = _State.RAW
        self._behaviour = behaviour
        self.recorder.behaviour = behaviour.name
        self._session = behaviour.session(self)
        self._lifetime.guard(self._session.raw_opened)
        if early:
            self._read_raw(early)

    def _read_raw(self, data: bytes) -> None:
        self.recorder.raw("client", data)
        self._lifetime.guard(lambda: self._session.raw(data))

    # -- Link: what the session may do ------------------------------------------------------

    @property
    def open(self) -> bool:
        """Whether messages can still be sent."""
        return self._state is _State.OPEN

    @property
    def peers(self) -> Collection[Link]:
        """The open connections under an equal behaviour, this one included."""
        return self._host.peers(self._behaviour)

    def send(self, payload: bytes, opcode: Opcode = Opcode.BINARY, *, fin: bool = True) -> None:
        """Send one frame; dropped once a close frame is out."""
        if self._state is _State.OPEN:
            self._put(opcode, payload, fin=fin)

    def _put(self, opcode: Opcode, payload: bytes, *, fin: bool = True) -> None:
        size = len(payload)
        self.recorder.frame("server", opcode, payload, size, fin=fin)
        self._out.write_two(frame_header(opcode, size, fin=fin), payload)

    def send_raw(
        self, data: bytes, *, frames: Sequence[tuple[int, bool, int]] | None = None
    ) -> None:
        """Put bytes on the wire as they are; see `Link.send_raw`."""
        if self._state in (_State.HEAD, _State.WAITING, _State.DONE):
            return
        if frames is None:
            self.recorder.raw("server", data)
        for opcode, fin, size in frames or ():
            self.recorder.frame("server", opcode, b"", size, fin=fin)
        self._out.write(data)

    async def writable(self) -> None:
        """Wait until little enough is waiting to be sent; at once if the connection is gone."""
        await self._out.writable()

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Send a close frame and end the connection when the client's has come."""
        if self._state is not _State.OPEN:
            return
        self.recorder.closing("server", code, reason)
        self._put(Opcode.CLOSE, close_payload(code, reason))
        self._state = _State.CLOSING
        self.hold(reading=True)
        if self._client_closed:
            self.finish()
        else:
            self._lifetime.deadline(self._host.settings.timeouts.close, self.finish)

    def finish(self) -> None:
        """Close the TCP connection when everything has been sent, without a close frame."""
        self._out.flush()
        self.recorder.closing("server")
        self._state = _State.DONE
        self._lifetime.deadline(self._host.settings.timeouts.close, self._transport.abort)
        self._transport.close()

    def _drain_then_close(self) -> None:
        """Close gently: closing with unread data would reset TCP and destroy what we said last."""
        self._out.flush()
        self._state = _State.DONE
        self.hold(reading=True)
        if self._transport.is_closing():
            return
        if self._transport.can_write_eof():
            self._transport.write_eof()
            self._lifetime.deadline(self._host.settings.timeouts.linger, self.finish)
        else:
            self.finish()

    def half_close(self) -> None:
        """End the server's direction of the TCP connection (FIN) and go on reading."""
        self._out.flush()
        self.recorder.closing("server")
        self._state = _State.CLOSING
        if self._transport.can_write_eof():
            self.recorder.half_closed("server")
            self._transport.write_eof()

    def abort(self) -> None:
        """Reset the TCP connection (RST)."""
        self._out.flush()
        self.recorder.reset = True
        raw = self._transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.drop()

    def drop(self) -> None:
        """Let go at once, whatever was still to be sent."""
        self.recorder.closing("server")
        self._state = _State.DONE
        self._transport.abort()

    def hold(self, *, reading: bool) -> None:
        """Stop reading, so that the client's TCP window fills, or go on reading."""
        self._held = not reading
        self._apply_reading()

    def _apply_reading(self) -> None:
        blocked = self._out.congested and not self._session.independent
        wanted = not (self._held or blocked or self._state is _State.WAITING)
        if self._transport.is_closing() or wanted == self._transport.is_reading():
            return
        (self._transport.resume_reading if wanted else self._transport.pause_reading)()

    def later(self, delay: float, action: Callable[[], None]) -> None:
        """Do something after ``delay`` seconds if the connection still stands then."""
        self._lifetime.later(delay, action)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine beside the connection; it is cancelled when the connection ends."""
        self._lifetime.spawn(work)

    def note(self, text: str) -> None:
        """Write a remark into the record."""
        self.recorder.noted(text)
