"""TCP ports of this machine: which are free, and whether somebody listens on one."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path
from typing import Any

__all__ = ["accepts", "free_port", "is_this_machine", "listens"]

_TRY_SECONDS = 0.25
_LISTEN = "0A"  # TCP_LISTEN in /proc/net/tcp (proc(5))
# Where a listener can be reached at 127.0.0.1, as /proc/net/tcp and tcp6 write addresses: there,
# anywhere, anywhere in IPv6 (which takes IPv4, too, unless IPV6_V6ONLY is set), and mapped.
_REACHABLE = {"0100007F", "00000000", "0" * 32, "0000000000000000FFFF00000100007F"}


def is_this_machine(host: str) -> bool:
    """Tell whether a name or address leads to this machine, and nowhere else.

    Args:
        host: As it stands in a URL, without brackets; names are looked up.
    """
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761: never another machine
        return True
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return bool(found) and all(_is_own(family, address) for family, _, _, _, address in found)


def _is_own(family: int, address: tuple[Any, ...]) -> bool:
    """Tell whether an address is one of our interfaces': only those can be bound."""
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind(address)
    except OSError:
        return False
    return True


def free_port() -> int:
    """Find a TCP port on loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool | None:
    """Tell whether somebody listens on a port of loopback, without a connection that they see.

    Args:
        port: 1 to 65535.

    Returns:
        None where the system does not tell (all but Linux).
    """
    known = False
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            lines = Path(table).read_text("ascii").splitlines()[1:]
            known = True
            if any(_is_listener(line, port) for line in lines):
                return True
    return False if known else None


def _is_listener(line: str, port: int) -> bool:
    fields = line.split()
    address, _, number = fields[1].rpartition(":")
    return fields[3] == _LISTEN and int(number, 16) == port and address in _REACHABLE


def accepts(port: int) -> bool:
    """Tell whether a connection to a port of loopback is accepted; it is closed at once."""
    try:
        with socket.create_connection(("127.0.0.1", port), _TRY_SECONDS):
            return True
    except OSError:
        return False
