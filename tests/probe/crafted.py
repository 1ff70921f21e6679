"""Answers to a handshake that are wrong in one place, each with the cause that it must have."""

from __future__ import annotations

from collections.abc import Callable

from emsockets_build.server.handshake import accept_key

__all__ = ["REPLIES", "header_of", "switching"]

_HEAD = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"


def header_of(request: str, name: str) -> str:
    """Return a header of a request; empty if there is none."""
    for line in request.split("\r\n"):
        key, _, value = line.partition(": ")
        if key.lower() == name:
            return value
    return ""


def switching(extra: str = "Sec-WebSocket-Protocol: binary\r\n") -> Callable[[str], bytes]:
    """Answer every request with a good 101, and something of one's own."""

    def answer(request: str) -> bytes:
        accept = accept_key(header_of(request, "sec-websocket-key"))
        return f"{_HEAD}Sec-WebSocket-Accept: {accept}\r\n{extra}\r\n".encode("latin-1")

    return answer


REPLIES: dict[str, tuple[Callable[[str], bytes], str]] = {
    "no Upgrade header": (
        lambda head: switching()(head).replace(b"Upgrade: websocket\r\n", b"", 1),
        "handshake-invalid",
    ),
    "no Connection header": (
        lambda head: switching()(head).replace(b"Connection: Upgrade\r\n", b""),
        "handshake-invalid",
    ),
    "another key": (
        lambda head: switching()(head.replace("ebSocket-Key: ", "ebSocket-Key: A")),
        "handshake-invalid",
    ),
    "an extension that nobody offered": (
        switching("Sec-WebSocket-Protocol: binary\r\nSec-WebSocket-Extensions: x-own\r\n"),
        "handshake-invalid",
    ),
    "the whole list sent back": (
        switching("Sec-WebSocket-Protocol: binary, base64\r\n"),
        "subprotocol-unexpected",
    ),
    "the name in another case": (
        switching("Sec-WebSocket-Protocol: Binary\r\n"),
        "subprotocol-unexpected",
    ),
    "the header twice": (
        switching("Sec-WebSocket-Protocol: binary\r\n" * 2),
        "subprotocol-unexpected",
    ),
}
