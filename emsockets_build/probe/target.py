"""What is probed: a URL or ``HOST:PORT`` as people type it, checked and taken apart; no I/O."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace
from urllib.parse import quote, urlsplit

from emsockets_build.errors import UsageError

__all__ = ["BLOCKED_PORTS", "Target", "is_loopback_name", "parse_page", "parse_target"]

BLOCKED_PORTS = frozenset(
    {
        *(1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95),
        *(101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161),
        *(179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563),
        *(587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060),
        *(5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080),
    }
)
"""Ports that browsers connect to for nobody (https://fetch.spec.whatwg.org/#port-blocking)."""

_DEFAULT_PORTS = {"ws": 80, "wss": 443, "http": 80, "https": 443}
_READ_AS = {"http": "ws", "https": "wss"}
_HIGHEST_PORT = 65535
_LONGEST = 8192
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*)://")
_HOST = re.compile(r"[A-Za-z0-9_.-]{1,253}")


@dataclass(frozen=True, slots=True)
class Target:
    """An address that is spoken to.

    Attributes:
        scheme: ``ws`` or ``wss``; of pages ``http`` or ``https``.
        host: A name in ASCII or an address, without brackets.
        port: 1 to 65535.
        path: Path and query, as they are sent.
    """

    scheme: str
    host: str
    port: int
    path: str = "/"

    @property
    def secure(self) -> bool:
        """Whether TLS is spoken."""
        return self.scheme in {"wss", "https"}

    @property
    def authority(self) -> str:
        """What the ``Host`` header says."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == _DEFAULT_PORTS[self.scheme] else f"{name}:{self.port}"

    @property
    def url(self) -> str:
        """The whole URL."""
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def origin(self) -> str:
        """The origin of pages that come from this address."""
        scheme = "https" if self.secure else "http"
        return f"{scheme}://{replace(self, scheme=scheme).authority}"

    @property
    def loopback(self) -> bool:
        """Whether it is this machine, as browsers see it."""
        return is_loopback_name(self.host)


def is_loopback_name(host: str) -> bool:
    """Tell whether a name or address is this machine's by its looks."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def parse_target(text: str) -> Target:
    """Read a WebSocket URL, ``HOST:PORT`` or ``:PORT``.

    Args:
        text: As typed. ``http`` and ``https`` URLs are read as ``ws`` and ``wss``.

    Raises:
        UsageError: It names no address that a program could connect to.
    """
    if not _SCHEME.match(text):
        host, colon, port = text.rpartition(":")
        bare = text.isdecimal() or (not host and colon and port.isdecimal())
        text = f"localhost:{text.lstrip(':')}" if bare else text
        text = f"ws://{text}"
    return _parse(text, {"ws", "wss", "http", "https"})


def parse_page(text: str) -> Target:
    """Read the URL of a page, which must have the scheme ``http`` or ``https``."""
    return _parse(text, {"http", "https"}, websocket=False)


def _parse(text: str, schemes: set[str], *, websocket: bool = True) -> Target:
    what = "WebSocket" if websocket else "page"
    example = "ws://127.0.0.1:9000/" if websocket else "http://127.0.0.1:8000/game.html"

    def bad(why: str, remedy: str = "") -> UsageError:
        return UsageError(
            f"this is no address of a {what}",
            where=text if len(text) < _LONGEST else f"{text[:80]}...",
            why=why,
            remedy=remedy or f"give a URL such as {example}" + " or HOST:PORT" * websocket,
        )

    if len(text) >= _LONGEST:
        raise bad("it is too long")
    if any(character.isspace() or not character.isprintable() for character in text):
        raise bad("a URL holds no blanks and no control characters")
    found = _SCHEME.match(text)
    scheme = found[1].lower() if found else ""
    if scheme not in schemes:
        raise bad(f"the scheme `{scheme}` is none of {', '.join(sorted(schemes))}")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise bad(str(error)) from error
    if parts.username is not None or parts.password is not None:
        raise bad("it holds a user name or password, which WebSockets do not send")
    if parts.fragment or text.endswith("#"):
        raise bad("it has a fragment (#...), which no server ever sees")
    if port == 0:
        raise bad("there is no port 0", f"give a port from 1 to {_HIGHEST_PORT}")
    host = _ascii_host(parts.hostname or "")
    if host is None:
        raise bad(f"`{parts.hostname or ''}` is no host name")
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=-._~")
    query = f"?{quote(parts.query, safe='/?%:@!$&()*+,;=-._~')}" if parts.query else ""
    kind = _READ_AS.get(scheme, scheme) if websocket else scheme
    return Target(kind, host, port or _DEFAULT_PORTS[kind], path + query)


def _ascii_host(host: str) -> str | None:
    if ":" in host:
        try:
            ipaddress.IPv6Address(host.partition("%")[0])
        except ValueError:
            return None
        return host
    try:
        name = host.encode("idna").decode()
    except UnicodeError:
        return None
    return name if _HOST.fullmatch(name) else None
