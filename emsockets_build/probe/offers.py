"""The handshakes that Emscripten programs send, byte for byte as each client writes them; no I/O.

Recorded from Chromium 156, Firefox 153, ws 8.23 and Node 24's own WebSocket (undici). They differ
in the blank of a list of subprotocols, in the spelling of header names and in the ``Origin``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from emsockets_build.probe.target import Target

__all__ = ["Dialect", "Offer", "encode"]


class Dialect(Enum):
    """Who writes the handshake; the value says it in words."""

    CHROME = "Chrome"
    FIREFOX = "Firefox"
    WS = "ws 8 under Node"
    UNDICI = "Node's own WebSocket"
    NONE = "a request without Upgrade"


@dataclass(frozen=True, slots=True)
class Offer:
    """One handshake.

    Attributes:
        name: What it is called in a report.
        dialect: Whose it is.
        subprotocols: What is offered, in order; empty for no header.
        origin: The page's origin; only browsers send one.
        path: Where to, if not to the target's path.
    """

    name: str
    dialect: Dialect
    subprotocols: tuple[str, ...] = ()
    origin: str = ""
    path: str = ""

    @property
    def separator(self) -> str:
        """What stands between two subprotocols: only ws leaves the blank out."""
        return "," if self.dialect is Dialect.WS else ", "

    @property
    def extensions(self) -> str:
        """The extensions that are offered."""
        return {
            Dialect.FIREFOX: "permessage-deflate",
            Dialect.NONE: "",
        }.get(self.dialect, "permessage-deflate; client_max_window_bits")


_CHROME = (
    "Host Connection=Upgrade Pragma=no-cache Cache-Control=no-cache User-Agent Upgrade=websocket "
    "Origin Sec-WebSocket-Version=13 Accept-Encoding Sec-WebSocket-Key Sec-WebSocket-Extensions "
    "Sec-WebSocket-Protocol"
)
_FIREFOX = (
    "Host User-Agent Accept=*/* Accept-Encoding Sec-WebSocket-Version=13 Origin "
    "Sec-WebSocket-Protocol Sec-WebSocket-Extensions Sec-WebSocket-Key Connection=Upgrade "
    "Sec-Fetch-Dest=empty Sec-Fetch-Mode=websocket Sec-Fetch-Site=same-site Pragma=no-cache "
    "Cache-Control=no-cache Upgrade=websocket"
)
_WS = (
    "Sec-WebSocket-Version=13 Sec-WebSocket-Key Connection=Upgrade Upgrade=websocket "
    "Sec-WebSocket-Extensions Sec-WebSocket-Protocol Host"
)
_UNDICI = (
    "host connection=upgrade upgrade=websocket sec-websocket-key sec-websocket-version=13 "
    "sec-websocket-protocol sec-websocket-extensions accept=*/* accept-language=* "
    "sec-fetch-mode=websocket user-agent pragma=no-cache cache-control=no-cache accept-encoding"
)
_PLAIN = "Host User-Agent Accept=*/* Connection=close"
_HEADERS = {
    Dialect.CHROME: _CHROME,
    Dialect.FIREFOX: _FIREFOX,
    Dialect.WS: _WS,
    Dialect.UNDICI: _UNDICI,
    Dialect.NONE: _PLAIN,
}
_AGENTS = {
    Dialect.CHROME: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/156.0.0.0 Safari/537.36",
    Dialect.FIREFOX: "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0",
    Dialect.UNDICI: "node",
    Dialect.NONE: "emsockets-probe",
}


def encode(offer: Offer, target: Target, key: str, *, extensions: bool = True) -> bytes:
    """Write a handshake.

    Args:
        offer: What is offered, and in whose manner.
        target: Whom it goes to.
        key: The ``Sec-WebSocket-Key``.
        extensions: Whether compression is offered, as all clients do.

    Returns:
        The request's head.
    """
    encodings = "gzip, deflate" + ", br, zstd" * (offer.dialect is not Dialect.UNDICI)
    values = {
        "host": target.authority,
        "origin": offer.origin,
        "user-agent": _AGENTS.get(offer.dialect, ""),
        "accept-encoding": encodings,
        "sec-websocket-key": key,
        "sec-websocket-extensions": offer.extensions if extensions else "",
        "sec-websocket-protocol": offer.separator.join(offer.subprotocols),
    }
    lines = [f"GET {offer.path or target.path} HTTP/1.1", *_lines(_HEADERS[offer.dialect], values)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _lines(template: str, values: dict[str, str]) -> Sequence[str]:
    lines = []
    for word in template.split():
        name, equals, value = word.partition("=")
        text = value if equals else values[name.lower()]
        if text:
            lines.append(f"{name}: {text}")
    return lines
