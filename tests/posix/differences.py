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
        before: The first release that no longer has it, if that is Emscripten's to mend.
    """

    saw: str
    why: str
    backend: str = ""
    before: Version | None = None


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
}


def difference(case: Case, version: Version, cell: Cell) -> Difference | None:
    """Return the documented difference that explains what a case saw, if there is one."""
    found = DIFFERENCES.get(case.name)
    if (
        found is None
        or found.backend not in {"", cell.backend}
        or (found.before is not None and version >= found.before)
    ):
        return None
    return found if re.fullmatch(found.saw, case.saw) else None
