"""One mistake of the gallery, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from emsockets_build.run.hang import HangKind
from emsockets_build.run.model import Version
from emsockets_build.verify import Expectations

__all__ = ["LOCAL", "Entry"]

_ALWAYS: Version = (99,)
LOCAL = ("{host}", "{port}")


@dataclass(frozen=True)
class Entry:
    """One mistake.

    Attributes:
        name: Its name in tests and in the documentation.
        cause: The identifier that must be found.
        mistake: What the user did, or what was wrong around the program; numbers in brackets are
            issues of emscripten-core/emscripten.
        source: The program's source in ``programs``.
        flags: Link and compile flags besides ``-O1``.
        builds: Whether the program can be built; if not, ``cause`` is why.
        server: The server's behaviour; empty for none.
        arguments: The program's arguments.
        seconds: Time limit; a hang is looked into at its end.
        since: The first release that it is shown with.
        until: The first release that it is not shown with any more.
        why: Why other releases are left out.
        ws: ``fitting``, ``none``, or ``unfit``: a major that the release cannot talk to.
        stage: What stands in for the server: ``closed-port`` (nobody listens), ``tls`` (a
            certificate that nobody trusts), ``ipv6`` (it listens at ``::1`` only), ``taken`` (the
            port is the server's own); empty for an ordinary server.
        function: The function that must be named.
        mark: The comment in the source whose line must be named; empty for none.
        hang: The way in which it must hang.
        expectations: What was expected of the run.
        environment: Variables of the program.
        needs: What the Node must lack: ``jspi`` or ``websocket``.
        only_script: Whether the ``.js`` file alone was copied to where it runs.
    """

    name: str
    cause: str
    mistake: str
    source: str = "events.c"
    flags: tuple[str, ...] = ()
    builds: bool = True
    server: str = "echo"
    arguments: tuple[str, ...] = LOCAL
    seconds: float = 15.0
    since: Version = (3,)
    until: Version = _ALWAYS
    why: str = ""
    ws: str = "fitting"
    stage: str = ""
    function: str = ""
    mark: str = ""
    hang: HangKind | None = None
    expectations: Expectations = field(default_factory=Expectations)
    environment: Mapping[str, str] = field(default_factory=dict)
    needs: str = ""
    only_script: bool = False

    def shown(self, version: Version) -> bool:
        """Whether a release shows it."""
        return self.since <= version < self.until
