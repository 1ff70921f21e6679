"""What differs from Linux, in which cells, and why."""

from __future__ import annotations

import re
from dataclasses import dataclass

from emsockets_build.settings import Version
from tests.posix.cells import Case, Cell

__all__ = ["DIFFERENCES", "Difference", "difference"]


@dataclass(frozen=True, slots=True)
class Difference:
    """A behaviour that is not Linux's.

    Attributes:
        saw: What the case sees instead, as a regular expression.
        why: The reason, for people.
        backend: The only backend that has it; both if empty.
        in_pages: Whether only browsers have it.
        before: The first release that no longer has it, if that is Emscripten's to mend.
    """

    saw: str
    why: str
    backend: str = ""
    in_pages: bool = False
    before: Version | None = None

    def concerns(self, version: Version, cell: Cell) -> bool:
        """Whether a cell of a release has it."""
        return (
            self.backend in {"", cell.backend}
            and (not self.in_pages or cell.runner != "node")
            and (self.before is None or version < self.before)
        )


def _no_listening(saw: str) -> Difference:
    return Difference(f"listener=EOPNOTSUPP {saw}", "a page cannot listen", in_pages=True)


DIFFERENCES = {
    "select_tells_the_time_left": Difference(
        saw="less=0",
        why="`select()` leaves its time-out as it is; POSIX allows both",
    ),
    "send_after_the_peer_closed": Difference(
        saw="recv=0 send=ECONNRESET",
        why="Node tells the reset first, Linux here the broken pipe",
        backend="node",
    ),
    "duplicate_shares_the_connection": Difference(
        saw="close=0 send=EBADF echo='' close=EBADF",
        why="`dup()` of a socket fails there",
        before=(3, 1, 69),
    ),
    "duplicate_over_a_connection": Difference(
        saw="dup2=errno-44 send=EBADF peer=''",
        why="`dup2()` of a socket fails there",
        before=(3, 1, 69),
    ),
    "own_name_connected": Difference(
        saw="getsockname=0 0.0.0.0 no-port",
        why="a page is not told its own address",
        in_pages=True,
    ),
    "shutdown_of_writing_ends_the_stream": Difference(
        saw="shutdown=0 answer=''",
        why="browsers drop what arrives after the closing handshake has begun",
        in_pages=True,
    ),
    "accept_waits": _no_listening(r"accept=0 client=OUT\|ERR\|HUP recv='' back='' end=EBADF"),
    "accept_nonblocking": _no_listening("accept=EINVAL"),
    "accept_timeout": _no_listening("accept=EINVAL at-once"),
    "accept_tells_the_address": _no_listening(r"[\d.]+ port length=16"),
    "accept_does_not_inherit_flags": _no_listening("poll=HUP nonblocking=1"),
    "accept4_sets_flags": _no_listening("nonblocking=1 wrong=EINVAL"),
    "accept_inherits_options": _no_listening("nodelay=EBADF"),
    "listener_is_what_it_is": _no_listening("listens=0 port=0 recv=ENOTCONN again=EOPNOTSUPP"),
    "listener_cannot_connect": _no_listening("connect=0"),
    "listen_on_a_used_port": _no_listening("used=EOPNOTSUPP"),
}


def difference(case: Case, version: Version, cell: Cell) -> Difference | None:
    """Return the documented difference that explains what a case saw, if there is one."""
    found = DIFFERENCES.get(case.name)
    if found is None or not found.concerns(version, cell):
        return None
    return found if re.fullmatch(found.saw, case.saw) else None
