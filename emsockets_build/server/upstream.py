"""Where a relay leads: one TCP, UDP or Unix-domain address, fixed when the server starts."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from typing import Literal

from emsockets_build.errors import UsageError

__all__ = ["Upstream", "parse_upstream"]

_HOST_PORT = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[^\[\]:/?#@\s]+)):(?P<port>[0-9]{1,5})"
)


@dataclass(frozen=True, slots=True)
class Upstream:
    """One address.

    Attributes:
        kind: The transport.
        host: Name or address; empty for ``unix``.
        port: 1 to 65535; 0 for ``unix``.
        path: The socket's path, for ``unix``.
    """

    kind: Literal["tcp", "udp", "unix"]
    host: str = ""
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        if self.kind == "unix":
            return f"unix:{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" if self.kind == "tcp" else f"udp:{host}:{self.port}"

    def check(self) -> None:
        """See whether the address can be used at all; whether anyone listens shows later.

        Raises:
            UsageError: The name does not resolve, or the platform has no such sockets.
        """
        if self.kind == "unix":
            if not hasattr(socket, "AF_UNIX"):
                raise UsageError("this platform has no Unix-domain sockets", where=str(self))
            return
        try:
            socket.getaddrinfo(self.host, self.port)
        except OSError as error:
            raise UsageError(
                f"the upstream's name {self.host} does not resolve",
                where=str(self),
                why=str(error),
                remedy="check the spelling, or give the address in numbers",
            ) from error


def parse_upstream(text: str) -> Upstream:
    """Read ``HOST:PORT``, ``udp:HOST:PORT`` or ``unix:PATH``.

    Args:
        text: What a person wrote; IPv6 addresses in brackets.

    Returns:
        The address.

    Raises:
        UsageError: It is none of these.
    """
    if text.startswith("unix:") and len(text) > len("unix:"):
        return Upstream("unix", path=text.removeprefix("unix:"))
    kind: Literal["tcp", "udp"] = "udp" if text.startswith("udp:") else "tcp"
    match = _HOST_PORT.fullmatch(text.removeprefix("udp:").removeprefix("tcp:"))
    port = int(match["port"]) if match else 0
    if match is None or not 0 < port <= 65535:  # noqa: PLR2004 - the ports there are
        raise UsageError(
            f"`{text}` is no address to relay to",
            where="--relay",
            remedy="write HOST:PORT, [ADDRESS]:PORT, udp:HOST:PORT or unix:PATH",
        )
    return Upstream(kind, match["v6"] or match["name"], port)
