"""An existing CMake project gets what its target needs: found, written down, shown as a diff."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from emsockets_build.cmake_source import Call, read_calls
from emsockets_build.errors import UsageError

__all__ = ["Adoption", "Place", "adopt", "find_target", "read_sources", "unified_diff"]

_TOP = "CMakeLists.txt"
_SKIPPED = re.compile(r"\.|_?build|out$|node_modules$|cmake-build-")
_MOST_FILES = 2000
_VARIABLE = re.compile(r"\$\{([A-Za-z0-9_.+-]+)\}")
# Flags of the days before emsockets_target(), which gives them from now on.
_OLD_FLAG = re.compile(
    r"ASYNCIFY|JSPI|PROXY_TO_PTHREAD|PROXY_POSIX_SOCKETS|NODERAWSOCKETS|SOCKET_DEBUG"
    r"|WEBSOCKET_(?:URL|SUBPROTOCOL|DEBUG)|-lwebsocket\.js"
)
_FLAG_COMMANDS = re.compile(
    r"set|string|list|set_target_properties|set_property"
    r"|(?:target_|add_)?(?:link|compile)_(?:options|libraries)"
)
_WAITS = {"PROXY_TO_PTHREAD": "pthread", "JSPI": "jspi", "ASYNCIFY": "asyncify"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a target is made.

    Attributes:
        file: The CMake file, relative to the project.
        call: The ``add_executable()`` or ``add_library()``.
        wait: How the target waits, by the flags that the project gives already; None if no flag
            says it.
        old_flags: ``FILE:LINE: flag`` of each flag that ``emsockets_target()`` gives from now on.
        adopted: Whether ``emsockets_target()`` is called for it already.
        package: Whether its file or the top-level one finds, fetches or includes EmSockets already.
        testing: Whether the top-level file enables CTest.
    """

    file: str
    call: Call
    wait: str | None
    old_flags: tuple[str, ...]
    adopted: bool
    package: bool
    testing: bool


@dataclass(frozen=True, slots=True)
class Adoption:
    """What is added where.

    Attributes:
        before: The files that change, by their path; None for a new one.
        after: The same files with the additions.
    """

    before: Mapping[str, str | None]
    after: Mapping[str, str]


def read_sources(project: Path) -> dict[str, str]:
    """Read the CMake files of a project, build folders and hidden ones left out.

    Args:
        project: The folder of its top-level CMakeLists.txt.

    Returns:
        Their texts by path relative to the project, the top-level file first; undecodable bytes
        and line ends survive a round trip.

    Raises:
        UsageError: There is no CMakeLists.txt.
    """
    if not (project / _TOP).is_file():
        raise UsageError(
            f"{project} is not a CMake project",
            where=str(project / _TOP),
            remedy="give the folder of its top-level CMakeLists.txt, or start a project with "
            "`emsockets init`",
        )
    texts = {}
    for number, path in enumerate(_cmake_files(project)):
        if number >= _MOST_FILES:
            break
        content = path.read_bytes().decode("utf-8", "surrogateescape")
        texts[path.relative_to(project).as_posix()] = content
    return texts


def _cmake_files(folder: Path) -> Iterator[Path]:
    entries = sorted(folder.iterdir())
    yield from (path for path in entries if path.name == _TOP and path.is_file())
    yield from (path for path in entries if path.suffix == ".cmake" and path.is_file())
    for entry in entries:
        skipped = _SKIPPED.match(entry.name) or (entry / "CMakeCache.txt").exists()
        if entry.is_dir() and not entry.is_symlink() and not skipped:
            yield from _cmake_files(entry)


def find_target(texts: Mapping[str, str], target: str) -> Place:
    """Find the call that makes a target.

    Args:
        texts: From `read_sources`.
        target: Its name.

    Returns:
        The place, and what the project says already.

    Raises:
        UsageError: No call, or more than one, makes it; a file cannot be read as CMake.
    """
    calls = {file: _calls(file, text) for file, text in texts.items()}
    every = [(file, call) for file, found in calls.items() for call in found]
    values = _variables(call for _, call in every)
    made = [
        (file, call)
        for file, call in every
        if call.name in {"add_executable", "add_library"}
        and call.arguments
        and _expand(call.arguments[0], values) == target
        and not {"ALIAS", "IMPORTED"} & set(call.arguments)
    ]
    if len(made) != 1:
        raise _not_one(target, made, every, values)
    ((file, call),) = made
    flags = list(_old_flags(every))
    return Place(
        file=file,
        call=call,
        wait=next((wait for flag, wait in _WAITS.items() if flag in {f for _, f in flags}), None),
        old_flags=tuple(f"{where}: {flag}" for where, flag in flags),
        adopted=any(
            call.name == "emsockets_target" and _expand(call.arguments[0], values) == target
            for _, call in every
            if call.arguments
        ),
        # Anywhere else it may not have been read yet, or be a vendored copy that nobody includes.
        package=any(_gives_package(c) for name in {_TOP, file} for c in calls[name]),
        testing=any(_enables_tests(call) for call in calls[_TOP]),
    )


def _calls(file: str, text: str) -> tuple[Call, ...]:
    try:
        return tuple(read_calls(text))
    except ValueError as error:
        raise UsageError(
            "a CMake file cannot be read",
            where=file,
            why=str(error),
            remedy="mend it until CMake configures the project, then try again",
        ) from error


def _variables(calls: Iterable[Call]) -> dict[str, str]:
    """Collect what plain ``set()`` and ``project()`` say of names; the first word wins."""
    values: dict[str, str] = {}
    for call in calls:
        if call.name == "project" and call.arguments:
            for name in ("PROJECT_NAME", "CMAKE_PROJECT_NAME"):
                values.setdefault(name, _expand(call.arguments[0], values))
        elif call.name == "set" and len(call.arguments) == 2:  # noqa: PLR2004 - a name and a word
            values.setdefault(call.arguments[0], _expand(call.arguments[1], values))
    return values


def _expand(text: str, values: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda match: values.get(match[1], match[0]), text)


def _not_one(
    target: str,
    made: Sequence[tuple[str, Call]],
    every: Sequence[tuple[str, Call]],
    values: Mapping[str, str],
) -> UsageError:
    if made:
        places = ", ".join(f"{file}:{call.line}" for file, call in made)
        return UsageError(
            f"more than one call makes the target {target}",
            why=places,
            remedy="put emsockets_target() behind the right ones by hand; "
            f"`emsockets snippet {target}` prints it",
        )
    known = sorted(
        {
            _expand(call.arguments[0], values)
            for _, call in every
            if call.name == "add_executable" and call.arguments
        }
    )
    return UsageError(
        f"no add_executable() or add_library() of the project makes a target {target}",
        why=f"it makes: {', '.join(known)}" if known else "it makes no executable",
        remedy="give one of these, or the project's top-level folder",
    )


def _old_flags(every: Iterable[tuple[str, Call]]) -> Iterator[tuple[str, str]]:
    for file, call in every:
        if _FLAG_COMMANDS.fullmatch(call.name):
            flags = dict.fromkeys(_OLD_FLAG.findall(" ".join(call.arguments)))
            yield from ((f"{file}:{call.line}", flag) for flag in flags)


def _gives_package(call: Call) -> bool:
    first = call.arguments[0] if call.arguments else ""
    if call.name in {"find_package", "fetchcontent_makeavailable"}:
        return first == "EmSockets"
    return call.name == "include" and first.rpartition("/")[2] in {"EmSockets", "EmSockets.cmake"}


def _enables_tests(call: Call) -> bool:
    return call.name == "enable_testing" or (call.name == "include" and "CTest" in call.arguments)


def adopt(
    texts: Mapping[str, str],
    place: Place,
    package: Sequence[str],
    lines: Sequence[str],
    new_files: Mapping[str, str],
) -> Adoption:
    """Write the additions.

    Args:
        texts: From `read_sources`.
        place: From `find_target`.
        package: The lines that give the project EmSockets; left out where it has it.
        lines: The lines that stand behind the target.
        new_files: Files that the project lacks.

    Returns:
        The files that change; none if the target has been given its call before.
    """
    if place.adopted:
        return Adoption({}, {})
    after = dict(texts)
    block = [*(() if place.package else package), *lines]
    after[place.file] = _insert(texts[place.file], place.call, block)
    if not place.testing:
        opening = next((c for c in read_calls(after[_TOP]) if c.name == "project"), None)
        if opening is not None:
            after[_TOP] = _insert(after[_TOP], opening, ["enable_testing()"])
    changed = [file for file in texts if texts[file] != after[file]]
    return Adoption(
        {**{file: texts[file] for file in changed}, **dict.fromkeys(new_files)},
        {**{file: after[file] for file in changed}, **new_files},
    )


def _insert(text: str, call: Call, lines: Sequence[str]) -> str:
    """Put lines behind the line that a call ends on, indented as the call is."""
    newline = "\r\n" if "\r\n" in text else "\n"
    end = text.find("\n", call.end)
    head, tail = (text + newline, "") if end < 0 else (text[: end + 1], text[end + 1 :])
    begin = text.rfind("\n", 0, call.start) + 1
    before = text[begin : call.start]
    indent = before if not before.strip() else ""
    added = "".join(f"{indent}{line}".rstrip() + newline for line in lines)
    return head + added + tail


def unified_diff(adoption: Adoption) -> str:
    """Show additions as ``diff -u`` and ``git diff`` would.

    Args:
        adoption: From `adopt`.

    Returns:
        The diff; empty if nothing changes.
    """
    parts: list[str] = []
    for file, after in adoption.after.items():
        before = adoption.before[file]
        parts += difflib.unified_diff(
            (before or "").splitlines(),
            after.splitlines(),
            "/dev/null" if before is None else f"a/{file}",
            f"b/{file}",
            lineterm="",
        )
    return "".join(f"{line}\n" for line in parts)
