"""Who is let in: the checks on Host, Origin and token, as decisions on a request's text."""

from __future__ import annotations

import hmac
import ipaddress
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from emsockets_build.server.handshake import RefusedError, Request

__all__ = ["Gate", "check_same_origin", "host_name", "is_loopback"]


def is_loopback(host: str) -> bool:
    """Tell whether a name or address can only mean this machine."""
    if host.lower().rstrip(".") == "localhost" or host.lower().endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def host_name(authority: str) -> str:
    """Return the host of ``host:port`` or ``[address]:port``; nothing if it is neither."""
    try:
        return urlsplit(f"//{authority}").hostname or ""
    except ValueError:
        return ""


@dataclass(frozen=True, slots=True)
class Gate:
    """Lets a request in or refuses it.

    Attributes:
        hosts: Names that the Host header may have beside loopback ones and addresses; None lets
            every name in. A page that has rebound its own name to this machine still sends that
            name. A WebSocket that carries the token may come by any name.
        origins: Origins that a browser's WebSocket may come from, such as
            ``https://example.org``, beside pages of this machine; None lets every origin in.
            Programs outside browsers send no Origin and are not stopped by this.
        token: What the URL of a WebSocket must carry as ``?token=``; empty for none. Files are
            not asked for it: what a page loads could not carry it.
    """

    hosts: frozenset[str] | None = None
    origins: frozenset[str] | None = None
    token: str = ""

    def __call__(self, request: Request) -> None:
        """Look at a request.

        Raises:
            RefusedError: 403, with the reason.
        """
        if request.wants_upgrade:
            self._check_origin(request)
            self._check_token(request)
        if not (self.token and request.wants_upgrade):
            self._check_host(request)

    def _check_host(self, request: Request) -> None:
        if self.hosts is None:
            return
        name = host_name(request.header("Host") or "")
        # Only a name can be rebound: who sends an address has typed it, or followed a link to it.
        if not is_loopback(name) and not _is_address(name) and name not in self.hosts:
            raise RefusedError(403, f"the Host header names {name!r}, which is not served here")

    def _check_origin(self, request: Request) -> None:
        origin = request.header("Origin")
        if self.origins is None or origin is None or origin in self.origins:
            return
        if not is_loopback(host_name(origin.partition("://")[2])):
            raise RefusedError(403, f"the page's origin {origin!r} is not allowed (--origin)")

    def _check_token(self, request: Request) -> None:
        given = parse_qs(request.query).get("token", [""])[0]
        if self.token and not hmac.compare_digest(given.encode(), self.token.encode()):
            raise RefusedError(403, "the URL does not carry the right `?token=`")


def check_same_origin(request: Request) -> None:
    """Refuse a WebSocket that a page of another origin opens, be it of this machine.

    Raises:
        RefusedError: 403, with the reason.
    """
    origin = request.header("Origin")
    if origin is not None and origin.partition("://")[2].lower() != _authority(request):
        raise RefusedError(403, f"the page's origin {origin!r} is not this server's own")


def _authority(request: Request) -> str:
    return (request.header("Host") or "").lower()
