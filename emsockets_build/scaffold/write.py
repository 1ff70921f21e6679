"""Rendered files become a project on disk: all of them, or none."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from emsockets_build.errors import UsageError
from emsockets_build.scaffold.names import check_file_name
from emsockets_build.scaffold.render import RenderedFile
from emsockets_build.storage import write_whole

__all__ = ["write_project"]

_REPORTED = 10  # files that are named in an error


def write_project(
    files: Sequence[RenderedFile], destination: Path, *, force: bool = False
) -> tuple[Path, ...]:
    """Write a project into a folder, which may exist and hold other files.

    When it fails or is interrupted, what it wrote is gone again and what it replaced is back.

    Args:
        files: What `emsockets_build.scaffold.render.render` made.
        destination: The project's folder.
        force: Replace files that are there already.

    Returns:
        The paths that were written, in the order of ``files``.

    Raises:
        UsageError: A file is there already, a path leads out of the destination, or something
            cannot be written.
    """
    root = destination.resolve()
    paths = [root.joinpath(*_safe_parts(file.path)) for file in files]
    _refuse_obstacles(root, paths, force=force)
    with contextlib.ExitStack() as undo:
        for file, path in zip(files, paths, strict=True):
            _make_folder(path.parent, undo)
            _put(file, path, undo)
        undo.pop_all()
    return tuple(paths)


def _safe_parts(path: PurePosixPath) -> tuple[str, ...]:
    """Return the names that lead to a file below the destination."""
    if path.is_absolute() or not path.parts:
        raise UsageError(
            "a file of the project would lie outside of its folder",
            where=str(path),
            remedy="give relative paths",
        )
    return tuple(check_file_name(part) for part in path.parts)


def _refuse_obstacles(root: Path, paths: Sequence[Path], *, force: bool) -> None:
    """Refuse before anything is written what would have to be overwritten, or led elsewhere."""
    if os.path.lexists(root) and not root.is_dir():
        raise UsageError(
            "the destination is no folder", where=str(root), remedy="choose another destination"
        )
    present = []
    for path in paths:
        for folder in _between(root, path):
            if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
                raise _in_the_way(folder)
        if path.is_symlink() or path.is_dir():
            raise _in_the_way(path)
        if path.exists():
            present.append(str(path.relative_to(root)))
    if present and not force:
        more = f"\nand {len(present) - _REPORTED} more" if len(present) > _REPORTED else ""
        raise UsageError(
            "files that are there already would be overwritten",
            where=str(root),
            why="\n".join(present[:_REPORTED]) + more,
            remedy="choose another destination, or pass --force to replace them",
        )


def _between(root: Path, path: Path) -> list[Path]:
    """Return the folders below ``root`` on the way to ``path``."""
    return [folder for folder in path.parents if root in folder.parents]


def _in_the_way(path: Path) -> UsageError:
    return UsageError(
        "a link or something else that is not ours to replace is in the way of the project",
        where=str(path),
        remedy="choose another destination, or move it away",
    )


def _make_folder(folder: Path, undo: contextlib.ExitStack) -> None:
    """Create a folder and those above it, each to be removed again if it stays empty."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for new in reversed(missing):
        undo.callback(_remove_folder, new)
        try:
            new.mkdir(exist_ok=True)
        except OSError as error:
            raise UsageError(
                "a folder cannot be created",
                where=str(new),
                why=str(error),
                remedy="choose another destination, or make the folder above it writable",
            ) from error


def _remove_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()


def _put(file: RenderedFile, path: Path, undo: contextlib.ExitStack) -> None:
    """Write one file; undone, it is gone or has its former content."""
    if path.exists():
        undo.callback(_restore, path, path.read_bytes(), path.stat().st_mode)
    else:
        undo.callback(path.unlink, missing_ok=True)
    write_whole(path, file.content)
    if file.executable:
        mode = path.stat().st_mode
        path.chmod(mode | (mode & 0o444) >> 2)  # whoever may read it may run it


def _restore(path: Path, content: bytes, mode: int) -> None:
    write_whole(path, content)
    path.chmod(mode)
