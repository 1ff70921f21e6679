"""The opening handshake (RFC 6455 section 4.2) as decisions on text: no I/O.

A request is parsed, checked and answered; every refusal says why in words, because an Emscripten
program sees no more of it than ECONNREFUSED.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

__all__ = [
    "HEAD_END",
    "MAX_HEAD",
    "SWITCHING_PROTOCOLS",
    "Answer",
    "RefusedError",
    "Request",
    "accept_key",
    "check_upgrade",
    "negotiate",
    "offered_subprotocols",
    "parse_request",
    "refusal",
    "split_head",
]

HEAD_END = b"\r\n\r\n"

MAX_HEAD = 16 * 1024
"""Bytes that a request's head may have."""

SWITCHING_PROTOCOLS = 101

_TLS_HELLO = b"\x16\x03"
_MAX_HEADERS = 100
_KEY_BYTES = 16
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


class RefusedError(Exception):
    """The request will not become a WebSocket.

    Args:
        status: The HTTP status that answers it.
        reason: Why, in words.
        headers: What the answer must carry, such as the version that is spoken here.
    """

    def __init__(self, status: int, reason: str, headers: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.headers = tuple(headers)


@dataclass(frozen=True)
class Request:
    """An HTTP request's head.

    Attributes:
        method: Such as ``GET``.
        target: The path and query as sent.
        version: Such as ``HTTP/1.1``.
        headers: Names and values in the order they came, names as they were written.
    """

    method: str
    target: str
    version: str
    headers: tuple[tuple[str, str], ...]

    @cached_property
    def _by_name(self) -> dict[str, str]:
        joined: dict[str, str] = {}
        for name, value in self.headers:
            key = name.lower()
            joined[key] = f"{joined[key]}, {value}" if key in joined else value
        return joined

    def header(self, name: str) -> str | None:
        """Return a header's value; several of one name joined by commas (RFC 9110 5.3)."""
        return self._by_name.get(name.lower())

    def count(self, name: str) -> int:
        """Return how many headers of this name came."""
        return sum(key.lower() == name.lower() for key, _ in self.headers)

    @property
    def path(self) -> str:
        """The path, percent-decoded."""
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> str:
        """The query as sent, without the question mark."""
        return urlsplit(self.target).query

    @property
    def wants_upgrade(self) -> bool:
        """Whether the request asks for a WebSocket at all, rightly or not."""
        return "websocket" in _tokens(self.header("Upgrade"))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request is answered with.

    Attributes:
        status: The HTTP status; 101 opens the WebSocket.
        subprotocol: The one that is selected, if any.
        reason: Why a request is refused, in words; also the answer's body.
        headers: Further headers.
        body: The body, if it is not to be ``reason``.
    """

    status: int = SWITCHING_PROTOCOLS
    subprotocol: str | None = None
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None

    def encode(self, key: str = "") -> bytes:
        """Write the answer's head and body.

        Args:
            key: The request's ``Sec-WebSocket-Key``, for status 101.

        Returns:
            The bytes for the wire.
        """
        headers = list(self.headers)
        body = b""
        if self.status == SWITCHING_PROTOCOLS:
            headers += [
                ("Upgrade", "websocket"),
                ("Connection", "Upgrade"),
                ("Sec-WebSocket-Accept", accept_key(key)),
            ]
            if self.subprotocol is not None:
                headers.append(("Sec-WebSocket-Protocol", self.subprotocol))
        else:
            body = f"{self.reason}\n".encode() if self.body is None else self.body
            if self.body is None:
                headers.append(("Content-Type", "text/plain; charset=utf-8"))
            headers += [("Content-Length", str(len(body))), ("Connection", "close")]
        phrase = HTTPStatus(self.status).phrase
        lines = [f"HTTP/1.1 {self.status} {phrase}", *(f"{name}: {text}" for name, text in headers)]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def refusal(error: RefusedError) -> Answer:
    """Turn a refusal into the answer that tells of it."""
    return Answer(error.status, reason=error.reason, headers=error.headers)


def split_head(data: bytes) -> tuple[bytes, bytes] | None:
    """Divide what has come so far into the request's head and what follows it.

    Args:
        data: Everything since the connection began.

    Returns:
        The head without its end, and the rest; None while the end has not come.

    Raises:
        RefusedError: This will not become a request: too long, or no HTTP at all.
    """
    if data.startswith(_TLS_HELLO):
        raise RefusedError(400, "a TLS client hello: wss:// was spoken to a ws:// port")
    end = data.find(HEAD_END)
    if end > MAX_HEAD or (end < 0 and len(data) > MAX_HEAD):
        raise RefusedError(431, f"a request's head of more than {MAX_HEAD} bytes")
    return None if end < 0 else (data[:end], data[end + len(HEAD_END) :])


def parse_request(head: bytes) -> Request:
    """Parse a request's head (RFC 9112 sections 3 and 5).

    Args:
        head: Everything before the empty line.

    Returns:
        The request; whether it is a good WebSocket handshake is for `check_upgrade` to say.

    Raises:
        RefusedError: It is no HTTP/1.1 request.
    """
    first, *rest = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not _TOKEN.fullmatch(words[0]) or not words[2].startswith("HTTP/"):  # noqa: PLR2004 - method, target, version
        raise RefusedError(400, f"not an HTTP request line: {_shortened(first)}")
    method, target, version = words
    if version != "HTTP/1.1":
        raise RefusedError(505, f"a WebSocket handshake needs HTTP/1.1, not {_shortened(version)}")
    if not target.startswith("/") or not target.isascii() or not target.isprintable():
        raise RefusedError(400, f"not a path: {_shortened(target)}")
    try:
        urlsplit(target)
    except ValueError as error:  # such as `//[`, which looks like a host
        raise RefusedError(400, f"not a path: {_shortened(target)}") from error
    if len(rest) > _MAX_HEADERS:
        raise RefusedError(431, f"{len(rest)} headers, more than {_MAX_HEADERS}")
    return Request(method, target, version, tuple(_parse_header(line) for line in rest))


def _parse_header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not _TOKEN.fullmatch(name):
        raise RefusedError(400, f"not a header: {_shortened(line)}")
    value = value.strip(" \t")
    if any(character in value for character in "\0\r\n"):
        raise RefusedError(400, f"control character in the header {_shortened(name)}")
    return name, value


def check_upgrade(request: Request) -> str:
    """Check that a request is a good handshake (RFC 6455 section 4.2.1).

    Args:
        request: As parsed.

    Returns:
        Its ``Sec-WebSocket-Key``.

    Raises:
        RefusedError: It is not; the reason names the header.
    """
    if request.method != "GET":
        raise RefusedError(405, f"method {_shortened(request.method)}, not GET", [("Allow", "GET")])
    if request.header("Host") is None or request.count("Host") != 1:
        raise RefusedError(400, "not exactly one Host header")
    if not request.wants_upgrade:
        raise RefusedError(
            426, "this is a WebSocket server, and the request asks for no WebSocket",
            [("Upgrade", "websocket")],
        )  # fmt: skip
    if "upgrade" not in _tokens(request.header("Connection")):
        raise RefusedError(400, "no `Connection: Upgrade` header")
    if request.header("Content-Length") not in (None, "0") or request.header("Transfer-Encoding"):
        raise RefusedError(400, "a handshake with a body")
    if request.header("Sec-WebSocket-Version") != "13":
        raise RefusedError(
            426, "no `Sec-WebSocket-Version: 13` header", [("Sec-WebSocket-Version", "13")]
        )
    return _checked_key(request)


def _checked_key(request: Request) -> str:
    key = request.header("Sec-WebSocket-Key") or ""
    try:
        decoded = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if len(decoded) != _KEY_BYTES:
        raise RefusedError(400, "no Sec-WebSocket-Key header of 16 bytes in base64")
    return key


def accept_key(key: str) -> str:
    """Return the ``Sec-WebSocket-Accept`` for a key (RFC 6455 section 4.2.2, item 5.4)."""
    digest = hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def offered_subprotocols(request: Request) -> tuple[str, ...]:
    """Return the subprotocols that a client offers, in its order.

    Raises:
        RefusedError: The header is no list of tokens without repetition (RFC 6455 4.1, item 10).
    """
    text = request.header("Sec-WebSocket-Protocol")
    if text is None:
        return ()
    names = tuple(name.strip(" \t") for name in text.split(","))
    for name in names:
        if not _TOKEN.fullmatch(name):
            raise RefusedError(400, f"not a list of subprotocols: {_shortened(text)}")
    if len(set(names)) != len(names):
        raise RefusedError(400, f"a subprotocol is offered twice: {_shortened(text)}")
    return names


def negotiate(offered: Sequence[str], spoken: Sequence[str]) -> Answer:
    """Select the subprotocol, or refuse a client that offers none of those spoken here.

    Args:
        offered: What the client offers, in its order, which decides.
        spoken: What this server speaks; with none, none is asked for and none selected.

    Returns:
        101 with the selection, or 400 with the reason.
    """
    if not spoken:
        return Answer()
    for name in offered:
        if name in spoken:
            return Answer(subprotocol=name)
    wanted = " or ".join(f"`{name}`" for name in spoken)
    said = ", ".join(f"`{name}`" for name in offered)
    got = f"offered only {said}" if offered else "offered none"
    return Answer(400, reason=f"the client must offer the subprotocol {wanted}, but {got}")


def _tokens(header: str | None) -> set[str]:
    return {token.strip().lower() for token in (header or "").split(",")}


def _shortened(text: str, limit: int = 80) -> str:
    return repr(text if len(text) <= limit else text[:limit] + "...")
