"""Which files are checked: what people name, and what lies in folders that they name."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from emsockets_build.errors import UsageError
from emsockets_build.lint.kinds import kind_by_first_line, kind_of
from emsockets_build.lint.text import Kind

__all__ = ["MOST_FILES", "File", "collect"]

MOST_FILES = 100_000
_SKIPPED_FOLDERS = re.compile(r"\..+|node_modules|__pycache__|CMakeFiles|_deps")
_BUILD_TREE = "CMakeCache.txt"
_HEAD = 128


@dataclass(frozen=True, slots=True)
class File:
    """A file to check.

    Attributes:
        path: Where it is.
        shown: How it is named in findings.
        kind: What it is.
    """

    path: Path
    shown: str
    kind: Kind


def collect(paths: Sequence[Path]) -> Iterator[File]:
    """Find the files to check, each once, in a stable order.

    Hidden folders, ``node_modules`` and CMake's build trees are passed by; links to folders are not
    followed, and so cannot lead in circles. What emcc wrote is taken from folders, too, but only a
    look into it tells it from other JavaScript.

    Args:
        paths: Files and folders. A file is taken whatever its folder is.

    Yields:
        The files.

    Raises:
        UsageError: A path is not there, or is a file of no kind that lint knows.
    """
    seen: set[str] = set()
    for path in paths:
        for file in _named(path):
            real = os.path.realpath(file.path)
            if real not in seen:
                seen.add(real)
                yield file
            if len(seen) >= MOST_FILES:
                return


def _named(path: Path) -> Iterable[File]:
    if path.is_dir():
        return _walk(path)
    if not path.is_file():
        raise UsageError(
            f"there is no file or folder {path}",
            where=str(path.absolute()),
            remedy="give the folder of a project, or files of it",
        )
    kind = kind_of(path) or kind_by_first_line(_head(path))
    if kind is None:
        raise UsageError(
            f"lint does not know what {path.name} is",
            where=str(path),
            why="it reads CMake files, Makefiles, shell scripts, C and C++ sources, and the "
            "JavaScript and WebAssembly that emcc writes, and tells them by their names",
            remedy="give a file with one of their names, or a folder",
        )
    return (File(path, path.as_posix(), kind),)


def _walk(folder: Path) -> Iterator[File]:
    def failed(error: OSError) -> None:
        raise UsageError(
            f"{error.filename} cannot be read", where=str(error.filename), why=str(error.strerror)
        ) from error

    for where, folders, names in os.walk(folder, onerror=failed):
        if _BUILD_TREE in names and Path(where) != folder:
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not _SKIPPED_FOLDERS.fullmatch(name))
        for name in sorted(names):
            path = Path(where, name)
            kind = kind_of(path)
            if kind is None and "." not in name and path.is_file():
                kind = kind_by_first_line(_head(path))
            # A link to a file is that file; a dangling one, a pipe or a device is none.
            if kind is not None and path.is_file():
                yield File(path, path.as_posix(), kind)


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError:
        return b""
