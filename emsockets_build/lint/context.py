"""What a checker may know besides the file: the release, and the targets the file belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from emsockets_build.settings.names import ReleaseSettings
from emsockets_build.settings.version import Version

__all__ = ["USES", "Context", "TargetFacts"]

USES = ("emscripten/websocket.h", "sys/socket.h", "Module.websocket")
"""What a project's sources and pages may use, by the words that show it."""


@dataclass(frozen=True, slots=True)
class TargetFacts:
    """What the build files say of one target.

    Attributes:
        name: Its name.
        wait: ``events``, ``asyncify``, ``jspi`` or ``pthread``; None if the build files do not
            say it. A target that is linked with Emscripten's flags and none of these is ``events``.
        backend: ``websocket``, ``proxy``, ``node`` or ``websocket-api``; None if not known.
        environment: Where it runs; empty for anywhere.
        link: Its link options as single tokens, such as ``-sWEBSOCKET_URL=ws://``.
        posix: Whether ``emsockets_target(... POSIX ON)`` makes its socket calls wait.
    """

    name: str
    wait: str | None = None
    backend: str | None = None
    environment: tuple[str, ...] = ()
    link: tuple[str, ...] = ()
    posix: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """What the checkers of one file are told.

    Attributes:
        version: The Emscripten release in use; None if there is none, and a checker then judges
            for all releases.
        targets: The targets that the file is a part of, as far as the build files tell; empty if
            they do not.
        installed: What the release says of its settings, where it is installed; for build files.
        uses: Which of `USES` the sources and pages in the file's folder and below have; None if
            there are none. For build files.
        uses_anywhere: The same of all files that are checked with it.
        elsewhere: The options that other build files of the project give, as single tokens. For
            build files.
        native: Whether only targets that Emscripten never comes to name the file. For sources.
        headers: The texts of headers whose functions the file calls. For sources.
    """

    version: Version | None = None
    targets: tuple[TargetFacts, ...] = ()
    installed: ReleaseSettings | None = None
    uses: frozenset[str] | None = None
    uses_anywhere: frozenset[str] | None = None
    elsewhere: frozenset[str] = frozenset()
    native: bool = False
    headers: tuple[str, ...] = ()

    def concerns(self, since: Version | None = None, until: Version | None = None) -> bool:
        """Tell whether something that holds in ``[since, until)`` concerns the release in use.

        Args:
            since: The first release; None for all from the beginning.
            until: The first release that it does not hold for; None if it still does.

        Returns:
            True also if no release is known.
        """
        if self.version is None:
            return True
        return (since is None or self.version >= since) and (until is None or self.version < until)
