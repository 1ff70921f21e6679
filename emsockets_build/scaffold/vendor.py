"""The CMake files as a part of somebody's project, for builds that want no Python."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from emsockets_build.resources import cmake_dir
from emsockets_build.scaffold.render import RenderedFile

__all__ = ["different_files", "posix_files", "vendored_files"]

_SUFFIXES = frozenset({".cmake", ".json"})
_POSIX_SUFFIXES = frozenset({".c", ".cpp", ".h", ".js"})


def posix_files(folder: str) -> tuple[RenderedFile, ...]:
    """Return the sources of ``EmSockets::posix``, byte for byte.

    Args:
        folder: The name of the folder that they shall lie in.
    """
    return tuple(
        RenderedFile(PurePosixPath(folder, path.name), path.read_bytes())
        for path in sorted((cmake_dir() / "posix").iterdir())
        if path.suffix in _POSIX_SUFFIXES
    )


def vendored_files() -> tuple[RenderedFile, ...]:
    """Return what ``find_package(EmSockets)`` needs, byte for byte.

    Returns:
        The files by name, those of ``EmSockets::posix`` in a folder beside the others.
    """
    modules = (
        RenderedFile(PurePosixPath(path.name), path.read_bytes())
        for path in sorted(cmake_dir().iterdir())
        if path.suffix in _SUFFIXES and path.is_file()
    )
    return (*modules, *posix_files("posix"))


def different_files(folder: Path) -> tuple[str, ...]:
    """Compare a vendored copy with the files of this release.

    Args:
        folder: Where the copy lies.

    Returns:
        The names of files that are missing or different.
    """
    return tuple(
        str(file.path)
        for file in vendored_files()
        if not (folder / file.path).is_file() or (folder / file.path).read_bytes() != file.content
    )
