"""The CMake files as a part of somebody's project, for builds that want no Python."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from emsockets_build.resources import cmake_dir
from emsockets_build.scaffold.render import RenderedFile

__all__ = ["different_files", "vendored_files"]

_SUFFIXES = frozenset({".cmake", ".json"})


def vendored_files() -> tuple[RenderedFile, ...]:
    """Return what ``find_package(EmSockets)`` needs, byte for byte.

    Returns:
        The files, each beside the others, by name.
    """
    return tuple(
        RenderedFile(PurePosixPath(path.name), path.read_bytes())
        for path in sorted(cmake_dir().iterdir())
        if path.suffix in _SUFFIXES and path.is_file()
    )


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
