"""HTTP and WebSocket on one connection: what stands between TCP and a behaviour's session.

It reads the request, lets the behaviour answer, moves frames, and keeps the record.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING

from emsockets_build.server.behaviour import Behaviour, Link, Session
from emsockets_build.server.closing import close_payload, parse_close_payload
from emsockets_build.server.frames import FrameReader, Opcode, Piece, ProtocolError, frame_header
from emsockets_build.server.handshake import (
    HEAD_END,
    SWITCHING_PROTOCOLS,
    Answer,
    RefusedError,
    Request,
    check_upgrade,
    offered_subprotocols,
    parse_request,
    refusal,
    split_head,
)
from emsockets_build.server.messages import MessageAssembler
from emsockets_build.server.tcp import TcpConnection

if TYPE_CHECKING:
    from emsockets_build.server.host import Host

__all__ = ["Connection"]

_LOG = logging.getLogger(__name__)


class _State(Enum):
    HEAD = auto()  # the request is still coming
    WAITING = auto()  # the request is there, the answer is not
    OPEN = auto()  # frames both ways
    CLOSING = auto()  # our close frame is out, the client's is not in
    RAW = auto()  # bytes that are no frames


class Connection(TcpConnection):
    """Treats one client as its behaviour says; it is the behaviour's `Link`.

    Args:
        host: The server that it belongs to.
    """

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.behaviour: Behaviour | None = None
        self._state = _State.HEAD
        self._head = b""
        self._reader = FrameReader()
        self._assembler = MessageAssembler()
        self._session: Session = Session(self)
        self._client_closed = False
        self._accounted = 0

    # -- what TCP tells ---------------------------------------------------------------------

    def established(self) -> None:
        """Await a request, or raw bytes if the port speaks no HTTP."""
        settings = self.host.settings
        if settings.behaviour.websocket or settings.by_path:
            self.lifetime.deadline(settings.timeouts.handshake, self._handshake_late)
        else:
            self._begin_raw(settings.behaviour, b"")

    def get_buffer(self, sizehint: int) -> memoryview:
        """Lend the server's read buffer, or a part of it to a session that reads slowly."""
        limit = self._session.read_limit
        return self.host.buffer[:limit] if limit else super().get_buffer(sizehint)

    def received(self, view: memoryview) -> None:
        """Take bytes as the state says."""
        if self._state in (_State.OPEN, _State.CLOSING):
            if not self._client_closed:
                self._read_frames(view)
            if self._session.read_limit:
                self._session.took(len(view))
        elif self._state is _State.HEAD:
            self._read_head(bytes(view))
        elif self._state is _State.WAITING:
            self._head += view
        else:
            self._read_raw(bytes(view))

    def eof_received(self) -> bool:
        """Take the client's FIN; True keeps the transport open for the server's direction."""
        self.recorder.half_closed("client")
        self.recorder.closing("client")
        if self._state is _State.RAW and self._session.raw_ended():
            return True
        self.over = True
        return False

    def may_read(self, *, congested: bool) -> bool:
        """Read unless the answer is due, or the client does not take what it gets."""
        blocked = congested and not self._session.independent
        return self.over or not (blocked or self._state is _State.WAITING)

    def congestion(self, *, begins: bool) -> None:
        """Tell the session."""
        (self._session.congested if begins else self._session.relieved)()

    def lost(self) -> None:
        """Tell the session, and give back what was kept."""
        self._account(0)
        self._session.ended()

    def failed(self, error: Exception) -> None:
        """End this connection, and no other, when its behaviour fails."""
        _LOG.error("behaviour %s failed", self.recorder.behaviour, exc_info=error)
        self._fail(ProtocolError(1011, f"the server's behaviour failed: {error!r}"))

    # -- the handshake ----------------------------------------------------------------------

    def _handshake_late(self) -> None:
        seconds = self.host.settings.timeouts.handshake
        self._refuse(RefusedError(408, f"no whole request within {seconds:g} s"))

    def _read_head(self, data: bytes) -> None:
        self._head += data
        try:
            split = split_head(self._head)
            if split is None:
                return
            self.lifetime.no_deadline()
            head, self._head = split
            self._take_request(parse_request(head), head + HEAD_END)
        except RefusedError as error:
            self._refuse(error)

    def _take_request(self, request: Request, head: bytes) -> None:
        try:
            self.host.admit(request)  # first: who is not let in shall not learn which files exist
            behaviour = self.host.route(request)
        except RefusedError:
            self.recorder.requested(request, "")
            raise
        self.recorder.requested(request, behaviour.name)
        if not behaviour.websocket:
            self._begin_raw(behaviour, head + self._head)
            return
        self.behaviour = behaviour
        key = check_upgrade(request)
        offered = offered_subprotocols(request)
        answer = behaviour.answer(request, offered, self.host.settings.subprotocols)
        self._state = _State.WAITING
        preparation = None
        if answer.status == SWITCHING_PROTOCOLS:
            self._session = behaviour.session(self)
            preparation = self._session.prepare()
        if preparation is None:
            self._respond(answer, key, offered)
            return
        self.apply_reading()

        async def prepare() -> None:
            self._respond(await preparation or answer, key, offered)

        self.spawn(prepare())

    def _refuse(self, error: RefusedError) -> None:
        self.lifetime.no_deadline()
        self._respond(refusal(error), "", ())

    def _respond(self, answer: Answer, key: str, offered: tuple[str, ...]) -> None:
        self.recorder.answered(answer, offered)
        self.out.write(answer.encode(key))
        if answer.status != SWITCHING_PROTOCOLS:
            self.finish_gently()
            return
        self._state = _State.OPEN
        limit = self.behaviour.max_message if self.behaviour else 0
        self._assembler = MessageAssembler(limit, keep=not self._session.streaming)
        self.host.joined(self)
        self.apply_reading()
        early, self._head = self._head, b""
        self.lifetime.guard(self._session.opened)
        if early:
            self.received(memoryview(early))

    # -- frames -----------------------------------------------------------------------------

    def _read_frames(self, view: memoryview) -> None:
        self.out.corked = True
        try:
            for piece in self._reader.feed(view):
                self._take_piece(piece)
                if self._client_closed or self.over:
                    break
            self._session.settled()
            self._account(self._assembler.held)
        except ProtocolError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001 - whatever a behaviour raises, others go on
            self.failed(error)
        finally:
            self.out.corked = False
            self.out.flush()

    def _account(self, held: int) -> None:
        """Count what is kept of unfinished messages, over all connections, against the limit."""
        if held == self._accounted:
            return
        grown = held > self._accounted
        self.host.unfinished += held - self._accounted
        self._accounted = held
        if grown and self.host.unfinished > self.host.settings.max_unfinished:
            raise ProtocolError(1013, "the server holds too much of unfinished messages")

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
        if self.open:
            self.recorder.closing("server", error.code, error.reason)
            self._put(Opcode.CLOSE, close_payload(error.code, error.reason))
        self._assembler = MessageAssembler()
        self._account(0)
        self.finish_gently()

    # -- bytes that are no frames -----------------------------------------------------------

    def _begin_raw(self, behaviour: Behaviour, early: bytes) -> None:
        self._state = _State.RAW
        self.behaviour = behaviour
        self.recorder.behaviour = behaviour.name
        self._session = behaviour.session(self)
        self.lifetime.guard(self._session.raw_opened)
        if early:
            self._read_raw(early)

    def _read_raw(self, data: bytes) -> None:
        self.recorder.raw("client", data)
        self.lifetime.guard(lambda: self._session.raw(data))

    # -- Link: what the session may do, beside what TCP can do ------------------------------

    @property
    def open(self) -> bool:
        """Whether messages can still be sent."""
        return self._state is _State.OPEN and not self.over

    @property
    def peers(self) -> Collection[Link]:
        """The open connections under an equal behaviour, this one included."""
        return self.host.peers(self.behaviour)

    def send(self, payload: bytes, opcode: Opcode = Opcode.BINARY, *, fin: bool = True) -> None:
        """Send one frame; dropped once a close frame is out."""
        if self.open:
            self._put(opcode, payload, fin=fin)

    def _put(self, opcode: Opcode, payload: bytes, *, fin: bool = True) -> None:
        size = len(payload)
        self.recorder.frame("server", opcode, payload, size, fin=fin)
        self.out.write_two(frame_header(opcode, size, fin=fin), payload)

    def send_raw(
        self, data: bytes, *, frames: Sequence[tuple[int, bool, int]] | None = None
    ) -> None:
        """Put bytes on the wire as they are; see `Link.send_raw`."""
        if self.over or self._state in (_State.HEAD, _State.WAITING):
            return
        if frames is None:
            self.recorder.raw("server", data)
        for opcode, fin, size in frames or ():
            self.recorder.frame("server", opcode, b"", size, fin=fin)
        self.out.write(data)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Send a close frame and end the connection when the client's has come."""
        if not self.open:
            return
        self.recorder.closing("server", code, reason)
        self._put(Opcode.CLOSE, close_payload(code, reason))
        self._state = _State.CLOSING
        self.hold(reading=True)
        if self._client_closed:
            self.finish()
        else:
            self.lifetime.deadline(self.host.settings.timeouts.close, self.finish)

    def half_close(self) -> None:
        """End the server's direction of the TCP connection (FIN) and go on reading."""
        if self._state is not _State.RAW:
            self._state = _State.CLOSING
        self.end_writing()
