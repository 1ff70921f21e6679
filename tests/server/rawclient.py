"""A WebSocket client of a few lines that does exactly as it is told, right or wrong.

It shares no code with the package, so that a mistake there cannot hide here.
"""

from __future__ import annotations

import os
import socket
import struct
from types import TracebackType
from typing import NamedTuple, Self

__all__ = ["Frame", "RawClient", "frame", "handshake"]

_SECONDS = 10.0 * float(os.environ.get("EMSOCKETS_TEST_TIME_SCALE", "1"))
_MASK = b"\x37\xfa\x21\x3d"
KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # the example of RFC 6455 section 1.3
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


class Frame(NamedTuple):
    """A frame that the server sent."""

    opcode: int
    payload: bytes
    fin: bool = True
    reserved: int = 0


def handshake(
    path: str = "/", *, subprotocols: str | None = "binary", extra: dict[str, str] | None = None
) -> bytes:
    """Write a handshake; ``extra`` replaces headers, an empty value removes one."""
    headers = {
        "Host": "127.0.0.1",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": KEY,
        "Sec-WebSocket-Version": "13",
    }
    if subprotocols is not None:
        headers["Sec-WebSocket-Protocol"] = subprotocols
    headers.update(extra or {})
    lines = [f"{name}: {value}" for name, value in headers.items() if value]
    return "\r\n".join([f"GET {path} HTTP/1.1", *lines, "", ""]).encode("latin-1")


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    reserved: int = 0,
    masked: bool = True,
    length: int | None = None,
    width: int | None = None,
) -> bytes:
    """Write a client's frame; ``length`` and ``width`` can make its header lie."""
    size = len(payload) if length is None else length
    if width is None:
        width = 0 if size < 126 else 2 if size < 65536 else 8
    bit = 0x80 if masked else 0
    head = bytes([(0x80 if fin else 0) | reserved << 4 | opcode])
    if width == 0:
        head += bytes([bit | size])
    else:
        code = 126 if width == 2 else 127
        head += bytes([bit | code]) + struct.pack("!H" if width == 2 else "!Q", size)
    if not masked:
        return head + payload
    body = bytes(byte ^ _MASK[place % 4] for place, byte in enumerate(payload))
    return head + _MASK + body


class RawClient:
    """A TCP client that can speak WebSocket."""

    def __init__(self, port: int, *, receive_buffer: int = 0) -> None:
        self._socket = socket.socket()
        self._socket.settimeout(_SECONDS)
        if receive_buffer:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._socket.connect(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""
        self.at_end = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def reset(self) -> None:
        """Reset the connection."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def finish(self) -> None:
        """Send FIN."""
        self._socket.shutdown(socket.SHUT_WR)

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self._socket.sendall(data)

    def read_some(self) -> bytes:
        """Return what comes next, nothing at the end."""
        if self._rest:
            data, self._rest = self._rest, b""
            return data
        return self._socket.recv(65536)

    def read_exactly(self, count: int) -> bytes:
        """Return ``count`` bytes, or fewer at the end."""
        while len(self._rest) < count and not self.at_end:
            data = self._socket.recv(max(65536, count - len(self._rest)))
            self.at_end = not data
            self._rest += data
        data, self._rest = self._rest[:count], self._rest[count:]
        return data

    def read_all(self) -> bytes:
        """Return everything up to the end."""
        parts = []
        while data := self.read_some():
            parts.append(data)
        self.at_end = True
        return b"".join(parts)

    def read_head(self) -> tuple[int, dict[str, str]]:
        """Return the status and headers (names in lower case) of an HTTP answer."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = self.read_exactly(1)
            assert byte, f"the connection ended after {head!r}"
            head += byte
        first, *lines = head.decode("latin-1").strip().split("\r\n")
        pairs = (line.split(": ", 1) for line in lines)
        return int(first.split(" ")[1]), {name.lower(): value for name, value in pairs}

    def open(self, path: str = "/", *, subprotocols: str | None = "binary") -> Self:
        """Do the handshake and expect success."""
        self.send(handshake(path, subprotocols=subprotocols))
        status, headers = self.read_head()
        assert status == 101
        assert headers["sec-websocket-accept"] == ACCEPT
        return self

    def read_frame(self) -> Frame | None:
        """Return the next frame, or None when the server has closed TCP."""
        head = self.read_exactly(2)
        if len(head) < 2:
            return None
        first, second = head
        assert not second & 0x80, "a server's frame is not masked"
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", self.read_exactly(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self.read_exactly(8))
        payload = self.read_exactly(length)
        return Frame(first & 0x0F, payload, bool(first & 0x80), first >> 4 & 7)

    def read_message(self) -> Frame | None:
        """Return the next data message, its fragments joined, or None."""
        message = self.read_frame()
        while message is not None and not message.fin:
            more = self.read_frame()
            assert more is not None
            assert more.opcode == 0
            message = Frame(message.opcode, message.payload + more.payload, more.fin)
        return message

    def read_close(self) -> int | None:
        """Return the code of the close frame that comes next; None if TCP ends without one."""
        got = self.read_frame()
        if got is None:
            return None
        assert got.opcode == 8, got
        return int.from_bytes(got.payload[:2], "big") if got.payload else 1005
