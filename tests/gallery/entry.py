"""What an entry of the gallery is made of."""

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
        mistake: What the user did, or what was wrong around the program.
        source: The program's source in ``programs``.
        flags: Link and compile flags besides ``-O1``.
        server: The server's behaviour; empty for none.
        arguments: The program's arguments.
        seconds: Time limit; a hang is looked into at its end.
        since: The first release that it is shown with.
        until: The first release that it is not shown with any more.
        ws: ``fitting``, ``none`` or ``8`` (whatever the release wants).
        function: The function that must be named; its line is marked ``HERE`` in the source.
        hang: The way in which it must hang.
        expectations: What was expected of the run.
        environment: Variables of the program.
        suffix: The suffix of the program's file.
        needs: What the Node must lack: ``jspi`` or ``websocket``.
        tls: Whether the server speaks TLS, with a certificate that nobody trusts.
        spoil: A file beside the program that is deleted before the run.
    """

    name: str
    cause: str
    mistake: str
    source: str = "events.c"
    flags: tuple[str, ...] = ()
    server: str = "echo"
    arguments: tuple[str, ...] = LOCAL
    seconds: float = 15.0
    since: Version = (3,)
    until: Version = _ALWAYS
    ws: str = "fitting"
    function: str = ""
    hang: HangKind | None = None
    expectations: Expectations = field(default_factory=Expectations)
    environment: Mapping[str, str] = field(default_factory=dict)
    suffix: str = ".js"
    needs: str = ""
    tls: bool = False
    spoil: str = ""
