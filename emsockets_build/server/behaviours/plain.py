"""Behaviours of a server that means well: echo, sink, source, chat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from emsockets_build.server.behaviour import Behaviour, Link, Session
from emsockets_build.server.frames import Opcode
from emsockets_build.server.parameters import count, flag, size

__all__ = ["Chat", "Echo", "EchoSession", "EchoText", "Sink", "Source", "counting_bytes"]


class EchoSession(Session):
    """Sends every message back; the base of the behaviours that are an echo with a twist."""

    def received(self, opcode: Opcode, payload: bytes) -> None:
        """Send the message back."""
        self.link.send(payload, opcode)


@dataclass(frozen=True)
class Echo(Behaviour):
    """Sends every message back as it came."""

    name: ClassVar[str] = "echo"
    summary: ClassVar[str] = "sends every message back"
    seen: ClassVar[str] = (
        "recv() returns what send() sent; one recv() never crosses the end of a message"
    )

    def session(self, link: Link) -> Session:
        """Begin an echo."""
        return EchoSession(link)


class _EchoTextSession(Session):
    def received(self, opcode: Opcode, payload: bytes) -> None:  # noqa: ARG002 - always text
        self.link.send(payload.decode("utf-8", "replace").encode(), Opcode.TEXT)


@dataclass(frozen=True)
class EchoText(Behaviour):
    """Sends every message back in a text frame; bytes that are no UTF-8 are replaced."""

    name: ClassVar[str] = "echo-text"
    summary: ClassVar[str] = "sends every message back as text frames"
    seen: ClassVar[str] = (
        "under Node nothing arrives and no error says why; a browser delivers the text"
    )

    def session(self, link: Link) -> Session:
        """Begin a text echo."""
        return _EchoTextSession(link)


class _SinkSession(Session):
    streaming: ClassVar[bool] = True


@dataclass(frozen=True)
class Sink(Behaviour):
    """Takes everything, of any size, and answers nothing."""

    name: ClassVar[str] = "sink"
    summary: ClassVar[str] = "takes everything and answers nothing"
    seen: ClassVar[str] = "send() succeeds every time; recv() has nothing (EAGAIN)"

    def session(self, link: Link) -> Session:
        """Begin to swallow."""
        return _SinkSession(link)


def counting_bytes(length: int, start: int = 0) -> bytes:
    """Return ``length`` bytes that count 0, 1, ... 255, 0, ... from place ``start`` on."""
    shift = start % 256
    return (bytes(range(256)) * (length // 256 + 2))[shift : shift + length]


class _SourceSession(Session):
    def __init__(self, link: Link, plan: Source) -> None:
        super().__init__(link)
        self._plan = plan

    def opened(self) -> None:
        self.link.spawn(self._pour())

    async def _pour(self) -> None:
        left = self._plan.bytes
        sent = 0
        while left and self.link.open:
            length = min(left, self._plan.message)
            self.link.send(counting_bytes(length, sent))
            sent += length
            left -= length
            await self.link.writable()
        if self._plan.close:
            self.link.close(1000, "that was all")


@dataclass(frozen=True)
class Source(Behaviour):
    """Sends a known sequence of bytes (0, 1, ... 255, 0, ...) and closes."""

    name: ClassVar[str] = "source"
    summary: ClassVar[str] = "sends bytes as soon as the socket is open"
    seen: ClassVar[str] = (
        "the bytes, then recv() returns 0; the whole may arrive and end before the first "
        "poll(), so that the socket is readable but was never writable"
    )

    bytes: int = size(1024 * 1024, "bytes to send", high=1 << 40)
    message: int = size(16 * 1024, "bytes in one message", low=1)
    close: bool = flag("close when all is sent", default=True)

    def session(self, link: Link) -> Session:
        """Begin to pour."""
        return _SourceSession(link, self)


class _ChatSession(Session):
    def __init__(self, link: Link, *, own: bool) -> None:
        super().__init__(link)
        self._own = own

    def received(self, opcode: Opcode, payload: bytes) -> None:
        for peer in self.link.peers:
            if self._own or peer is not self.link:
                peer.send(payload, opcode)


@dataclass(frozen=True)
class Chat(Behaviour):
    """Sends every message to everyone who is connected."""

    name: ClassVar[str] = "chat"
    summary: ClassVar[str] = "sends every message to everyone connected"
    seen: ClassVar[str] = "recv() returns what any client sent, its own messages included"

    own: bool = flag("send a client its own messages too", default=True)
    room: int = count(0, "clients of the same room hear each other")

    def session(self, link: Link) -> Session:
        """Join."""
        return _ChatSession(link, own=self.own)
