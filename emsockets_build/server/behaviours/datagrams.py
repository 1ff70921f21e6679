"""Emscripten's UDP: one WebSocket for each peer, one message for each datagram."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from emsockets_build.server.behaviour import Behaviour, Link, Session
from emsockets_build.server.frames import Opcode

__all__ = ["MAX_DATAGRAM", "Datagram", "port_of"]

MAX_DATAGRAM = 65_507
"""Bytes that a UDP datagram over IPv4 can carry."""

_PORT_PREFIX = b"\xff\xff\xff\xffport"
_PORT_MESSAGE = len(_PORT_PREFIX) + 2


def port_of(payload: bytes) -> int | None:
    """Read the message by which a bound datagram socket tells its port.

    It is the first message of a connection, ten bytes: ``FF FF FF FF p o r t`` and the port, high
    byte first (Emscripten's src/lib/libsockfs.js, createPeer).

    Args:
        payload: The first message of a connection.

    Returns:
        The port, or None if the message is a datagram.
    """
    if len(payload) == _PORT_MESSAGE and payload.startswith(_PORT_PREFIX):
        return int.from_bytes(payload[-2:], "big")
    return None


class _DatagramSession(Session):
    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self._first = True

    def received(self, opcode: Opcode, payload: bytes) -> None:
        first, self._first = self._first, False
        port = port_of(payload) if first else None
        if port is not None:
            self.link.note(f"the datagram socket is bound to port {port}")
        elif not payload:
            self.link.note("an empty datagram, which Emscripten would drop, is not echoed")
        elif len(payload) > MAX_DATAGRAM:
            self.link.note(f"{len(payload)} bytes are more than a UDP datagram can carry: dropped")
        else:
            self.link.send(payload, opcode)


@dataclass(frozen=True)
class Datagram(Behaviour):
    """Echoes datagrams of Emscripten's UDP; the message that tells the port is understood."""

    name: ClassVar[str] = "datagram"
    summary: ClassVar[str] = "echoes datagrams of Emscripten's UDP emulation"
    seen: ClassVar[str] = (
        "recvfrom() returns each datagram with the address that sendto() was given; a bound "
        "socket's port message stays unseen"
    )

    def session(self, link: Link) -> Session:
        """Begin a datagram echo."""
        return _DatagramSession(link)
