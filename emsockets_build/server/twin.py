"""Behaviours on plain TCP: what a native program meets where a web build meets a WebSocket.

A native program speaks no WebSocket. To compare it with its web build both must be treated alike,
so the same session serves both: here it sends its messages without frames, and gets bytes as if
they were messages. What exists in WebSocket alone has no twin, and `no_twin` says why.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, ClassVar

from emsockets_build.server.behaviour import Behaviour, Link, Session
from emsockets_build.server.behaviours.datagrams import Datagram
from emsockets_build.server.behaviours.endings import Abort, Close, HalfClose, MaxSize
from emsockets_build.server.behaviours.framing import Garbage
from emsockets_build.server.behaviours.handshakes import (
    NoSubprotocol,
    RawTcp,
    Refuse,
    RequireNone,
    SlowAccept,
    WrongSubprotocol,
)
from emsockets_build.server.behaviours.pacing import Freeze
from emsockets_build.server.behaviours.plain import Echo, EchoText
from emsockets_build.server.events import ConnectionRecord
from emsockets_build.server.frames import Opcode

__all__ = ["TcpTwin", "Unreachable", "no_twin", "tcp_twin"]

_DATA = frozenset({Opcode.CONTINUATION, Opcode.TEXT, Opcode.BINARY})
_CLOSE_SECONDS = 5.0
_COUNTING = (Close, Abort, HalfClose, Freeze)
_HANDSHAKES = (Refuse, NoSubprotocol, WrongSubprotocol, RequireNone)
_NO_TWIN: dict[type[Behaviour], str] = {
    EchoText: "TCP knows no text messages, and Emscripten drops them",
    Datagram: "the native twin of Emscripten's UDP is UDP, which this server does not speak",
    RawTcp: "a WebSocket cannot be opened to it, while a native program talks to it well",
    SlowAccept: "natively the kernel accepts at once, and nothing can make it wait",
    Garbage: "what breaks WebSocket's rules breaks none of TCP",
}


def no_twin(behaviour: Behaviour, records: Sequence[ConnectionRecord] = ()) -> str:
    """Say why a behaviour cannot be had on plain TCP.

    Args:
        behaviour: How the web build was treated.
        records: What the server saw of the web build.

    Returns:
        The reason; empty if there is a twin.
    """
    if isinstance(behaviour, Freeze) and behaviour.stage == "handshake":
        return _NO_TWIN[SlowAccept]
    if isinstance(behaviour, MaxSize) and any(record.fault for record in records):
        return "TCP knows no messages whose size could be limited"
    return _NO_TWIN.get(type(behaviour), "")


def tcp_twin(behaviour: Behaviour, records: Sequence[ConnectionRecord] = ()) -> Behaviour:
    """Return how to treat a native program as a behaviour treats its web build.

    Behaviours that count messages are told how long those of the web build were: TCP does not say
    where a message ends, and "after 3 messages" shall mean the same place for both.

    Args:
        behaviour: How the web build was treated; `no_twin` must have nothing against it.
        records: What the server saw of the web build.

    Returns:
        A behaviour that speaks plain TCP.
    """
    if isinstance(behaviour, _HANDSHAKES):
        opened = any(record.status == HTTPStatus.SWITCHING_PROTOCOLS for record in records)
        return TcpTwin(Echo()) if opened and not isinstance(behaviour, Refuse) else Unreachable()
    cuts: tuple[tuple[int, ...], ...] = ()
    if isinstance(behaviour, _COUNTING):
        until = None if getattr(behaviour, "after_bytes", 0) else behaviour.after
        cuts = tuple(
            tuple(message.size for message in record.messages[:until])
            for record in records
            if record.status == HTTPStatus.SWITCHING_PROTOCOLS
        )
    return TcpTwin(behaviour, cuts)


@dataclass(frozen=True)
class Unreachable(Behaviour):
    """A port that is taken and on which nobody listens: the twin of every refused handshake."""

    name: ClassVar[str] = "unreachable"
    summary: ClassVar[str] = "does not listen at all"
    websocket: ClassVar[bool] = False
    listens: ClassVar[bool] = False


@dataclass(frozen=True)
class TcpTwin(Behaviour):
    """Serves the sessions of another behaviour on plain TCP.

    Attributes:
        original: The behaviour.
        cuts: For each connection the sizes of the first messages that its bytes are cut into.
    """

    name: ClassVar[str] = "tcp-twin"
    summary: ClassVar[str] = "treats TCP clients as another behaviour treats WebSocket clients"
    websocket: ClassVar[bool] = False

    original: Behaviour
    cuts: tuple[tuple[int, ...], ...] = ()
    members: dict[_PlainLink, None] = field(default_factory=dict, compare=False, repr=False)
    count: Iterator[int] = field(default_factory=itertools.count, compare=False, repr=False)

    def session(self, link: Link) -> Session:
        """Begin to treat one connection."""
        number = next(self.count)
        return _PlainSession(link, self, self.cuts[number] if number < len(self.cuts) else ())


class _PlainLink:
    """A TCP connection as the session of a WebSocket behaviour sees it.

    Args:
        link: The connection.
        members: Those that stand under the same behaviour.
    """

    def __init__(self, link: Link, members: dict[_PlainLink, None]) -> None:
        self._link = link
        self._members = members
        self._frames = _Unframed()
        self.open = True
        self.client_ended = False
        self.answered: Callable[[bytes], None] = lambda _: None

    @property
    def peers(self) -> Collection[Link]:
        return [member for member in self._members if member.open]

    def send(self, payload: bytes, opcode: Opcode = Opcode.BINARY, *, fin: bool = True) -> None:  # noqa: ARG002 - TCP knows no ends of messages
        if not self.open:
            return
        if opcode in _DATA and payload:
            self._link.send_raw(payload)
        elif opcode is Opcode.PING:  # as the JavaScript side answers for the program
            self._link.later(0.0, lambda: self.answered(payload))

    def send_raw(
        self,
        data: bytes,
        *,
        frames: Sequence[tuple[int, bool, int]] | None = None,  # noqa: ARG002 - see `Link`
    ) -> None:
        if self.open:
            payload = self._frames.feed(data)
            if payload:
                self._link.send_raw(payload)

    async def writable(self) -> None:
        await self._link.writable()

    def close(self, code: int = 1000, reason: str = "") -> None:
        """End as the closing handshake does: say so, read on, and go when the client has."""
        if not self.open:
            return
        self.open = False
        self._link.note(f"closes; the WebSocket's close frame says {code} {reason}".rstrip())
        if self.client_ended:
            self._link.finish()
            return
        self._link.half_close()
        self._link.later(_CLOSE_SECONDS, self._link.finish)

    def finish(self) -> None:
        self.open = False
        self._link.finish()

    def half_close(self) -> None:
        self.open = False
        self._link.half_close()

    def abort(self) -> None:
        self.open = False
        self._link.abort()

    def hold(self, *, reading: bool) -> None:
        self._link.hold(reading=reading)

    def later(self, delay: float, action: Callable[[], None]) -> None:
        self._link.later(delay, action)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._link.spawn(work)

    def note(self, text: str) -> None:
        self._link.note(text)


class _PlainSession(Session):
    def __init__(self, link: Link, twin: TcpTwin, cuts: Sequence[int]) -> None:
        super().__init__(link)
        self._twin = twin
        self._plain = _PlainLink(link, twin.members)
        self._inner = twin.original.session(self._plain)
        self._plain.answered = self._inner.ponged
        self._cuts = list(cuts)
        self._waiting = b""
        self.read_limit = self._inner.read_limit

    def raw_opened(self) -> None:
        self._twin.members[self._plain] = None
        self._skip_empty()
        self._inner.opened()

    def _skip_empty(self) -> None:
        """An empty message leaves no trace in TCP, and counts all the same."""
        while self._cuts and not self._cuts[0] and self._plain.open:
            self._cuts.pop(0)
            self._inner.received(Opcode.BINARY, b"")

    def raw(self, data: bytes) -> None:
        if self._inner.read_limit:
            self._inner.took(len(data))
        if self._inner.streaming:
            return  # the one there is takes everything and does nothing
        self._waiting += data
        while self._cuts and len(self._waiting) >= self._cuts[0] and self._plain.open:
            size = self._cuts.pop(0)
            message, self._waiting = self._waiting[:size], self._waiting[size:]
            self._inner.received(Opcode.BINARY, message)
            self._skip_empty()
        if not self._cuts and self._waiting and self._plain.open:
            rest, self._waiting = self._waiting, b""
            self._inner.received(Opcode.BINARY, rest)

    def raw_ended(self) -> bool:
        self._plain.client_ended = True
        if not self._plain.open:
            self.link.finish()
        else:
            self._inner.closed(1000, "")
        return True

    def congested(self) -> None:
        self._inner.congested()

    def relieved(self) -> None:
        self._inner.relieved()

    def ended(self) -> None:
        self._twin.members.pop(self._plain, None)
        self._plain.open = False
        self._inner.ended()


class _Unframed:
    """Takes the frames that a behaviour writes by itself apart, and leaves their payload."""

    def __init__(self) -> None:
        self._header = b""
        self._left = 0
        self._data = False

    def feed(self, data: bytes) -> bytes:
        """Return the payload in the next bytes, whose frames are unmasked and well-formed."""
        payload = b""
        while data:
            if self._left:
                part, data = data[: self._left], data[self._left :]
                self._left -= len(part)
                payload += part if self._data else b""
                continue
            self._header, data = self._header + data[:1], data[1:]
            if len(self._header) == _header_size(self._header):
                length = self._header[1] & 0x7F
                self._left = int.from_bytes(self._header[2:], "big") if length > 125 else length  # noqa: PLR2004 - RFC 6455 section 5.2
                self._data = Opcode(self._header[0] & 0xF) in _DATA
                self._header = b""
        return payload


def _header_size(beginning: bytes) -> int:
    """How long the header is that begins so (RFC 6455 section 5.2)."""
    if len(beginning) < 2:  # noqa: PLR2004 - the fixed part
        return 2
    return {126: 4, 127: 10}.get(beginning[1] & 0x7F, 2)
