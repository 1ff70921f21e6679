"""The one exception tree: each error knows its exit code and says what to do next.

::

    EmSocketsError
    ├── CheckFailedError      1  a check ran and did not pass
    ├── UsageError            2  wrong usage or bad input
    ├── ToolMissingError      3  a tool is missing or cannot do what is asked of it
    └── BuildFailedError      4  configure or build failed

`emsockets_build.cli.main` is the one place that turns them into exit codes and text.
"""

from __future__ import annotations

from enum import IntEnum

__all__ = [
    "BuildFailedError",
    "CheckFailedError",
    "EmSocketsError",
    "ExitCode",
    "ToolMissingError",
    "UsageError",
]


class ExitCode(IntEnum):
    """The documented exit codes of every command."""

    OK = 0
    CHECK_FAILED = 1
    USAGE = 2
    TOOL_MISSING = 3
    BUILD_FAILED = 4
    INTERRUPTED = 130


class EmSocketsError(Exception):
    """An error that a person can act upon.

    Args:
        what: One sentence: what happened.
        where: The file, command or address that it happened at.
        why: The cause, or the evidence for it (may be several lines, such as a tool's output).
        remedy: What to do next.
    """

    exit_code: ExitCode = ExitCode.CHECK_FAILED

    def __init__(self, what: str, *, where: str = "", why: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.why = why
        self.remedy = remedy

    def __str__(self) -> str:
        labelled = (("where", self.where), ("why", self.why), ("remedy", self.remedy))
        parts = [self.what]
        for label, text in labelled:
            if text:
                first, *rest = text.rstrip().splitlines()
                parts.append(f"  {label + ':':<8}{first}")
                parts += [f"  {'':<8}{line}" for line in rest]
        return "\n".join(parts)

    def __reduce__(self) -> tuple[object, ...]:
        # BaseException.__reduce__ would lose the keyword arguments on the way between processes.
        return (_rebuild, (type(self), self.what, self.where, self.why, self.remedy))


def _rebuild(
    kind: type[EmSocketsError], what: str, where: str, why: str, remedy: str
) -> EmSocketsError:
    return kind(what, where=where, why=why, remedy=remedy)


class CheckFailedError(EmSocketsError):
    """A check ran and did not pass."""

    exit_code = ExitCode.CHECK_FAILED


class UsageError(EmSocketsError):
    """The command was called in a way that cannot work, or its input is bad."""

    exit_code = ExitCode.USAGE


class ToolMissingError(EmSocketsError):
    """A tool is missing, or the one that was found cannot do what is asked of it."""

    exit_code = ExitCode.TOOL_MISSING


class BuildFailedError(EmSocketsError):
    """CMake's configure step or the build failed."""

    exit_code = ExitCode.BUILD_FAILED
