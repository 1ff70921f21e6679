"""Put one thing into the cache, whole or not at all, by one set-up at a time.

A thing is built where it will stay, because an ELF program names its loader by an absolute path.
What makes it whole is its manifest, the last file to be written and the first to be removed.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from emsockets_build.errors import EmSocketsError, ToolMissingError, UsageError
from emsockets_build.storage import CACHE_VARIABLE, cache_dir, write_whole
from emsockets_build.toolchain.install.progress import Progress
from emsockets_build.toolchain.installed import (
    KINDS,
    MANIFEST,
    Installed,
    installed,
    kind_dir,
    unfinished,
)

__all__ = ["disk_errors", "install_once", "locked", "need_space", "remove", "tree_size"]

_LOCK_TIMEOUT = 3600.0


def install_once(
    kind: str,
    version: str,
    build: Callable[[Path], Mapping[str, object]],
    progress: Progress,
) -> Installed:
    """Build one thing in the cache unless it is there already.

    Args:
        kind: One of `KINDS`.
        version: The name of its folder.
        build: Fills the empty folder that it is given and returns the manifest's facts.
        progress: Where to report to.

    Returns:
        What is there now.

    Raises:
        UsageError: The cache cannot be written.
        ToolMissingError: The disk is full, or `build` failed in a way of its own.
    """
    with locked(f"{kind}-{version}", progress):
        found = _whole(kind, version)
        if found is not None:
            progress.say(f"{kind} {version} is set up already in {found.folder}")
            return found
        folder = kind_dir(kind) / version
        with disk_errors(folder):
            _clear(folder)  # what an interrupted set-up left
            folder.mkdir(parents=True)
            try:
                facts = dict(build(folder))
                facts |= {"schema": 1, "kind": kind, "version": version, "size": tree_size(folder)}
                write_whole(folder / MANIFEST, json.dumps(facts, indent=1, sort_keys=True))
            except BaseException:
                _clear(folder)
                raise
    found = _whole(kind, version)
    if found is None:
        raise ToolMissingError(
            f"{kind} {version} was removed while it was being set up",
            where=str(folder),
            remedy="run `emsockets setup` again",
        )
    return found


def remove(version: str, progress: Progress) -> tuple[Installed | Path, ...]:
    """Take everything of one version out of the cache, remnants included.

    Args:
        version: The version of an Emscripten, a Node, or ``ws`` (its major).
        progress: Where to report to.

    Returns:
        What was taken away.

    Raises:
        UsageError: Nothing of that version is there.
    """
    whole = [entry for kind in KINDS for entry in installed(kind) if entry.version == version]
    remnants = [path for kind in KINDS for path in unfinished(kind) if path.name == version]
    if not whole and not remnants:
        names = sorted({entry.version for kind in KINDS for entry in installed(kind)})
        raise UsageError(
            f"nothing of version {version} is set up",
            where=str(cache_dir()),
            why="set up: " + (", ".join(names) or "nothing"),
            remedy="`emsockets setup --list` shows it all",
        )
    for folder in [*(entry.folder for entry in whole), *remnants]:
        with locked(f"{folder.parent.name}-{version}", progress), disk_errors(folder):
            _clear(folder)
            progress.say(f"removed {folder}")
    return (*whole, *remnants)


@contextmanager
def locked(name: str, progress: Progress) -> Iterator[None]:
    """Hold the lock that keeps two set-ups of one thing apart.

    Raises:
        UsageError: The cache cannot be written.
        ToolMissingError: Another set-up held it for an hour.
    """
    import filelock

    folder = cache_dir() / "locks"
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / f"{name}.lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            progress.say(f"another set-up of {name} is at work; waiting for it")
            try:
                lock.acquire(timeout=_LOCK_TIMEOUT)
            except filelock.Timeout as error:
                raise ToolMissingError(
                    f"another set-up of {name} did not end within an hour",
                    where=lock.lock_file,
                    remedy="end that process, then try again",
                ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def disk_errors(place: Path) -> Iterator[None]:
    """Turn a full disk and a cache that cannot be written into errors that say what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise ToolMissingError(
                "the disk is full",
                where=str(place),
                why=str(error),
                remedy=f"free some space, or set {CACHE_VARIABLE} to a folder on another disk; "
                "`emsockets setup --list` shows what is there",
            ) from error
        if isinstance(error, PermissionError) or error.errno == errno.EROFS:
            raise UsageError(
                "the cache cannot be written",
                where=str(place),
                why=str(error),
                remedy=f"make it writable, or set {CACHE_VARIABLE} to a folder that is",
            ) from error
        raise EmSocketsError(
            "the set-up failed", where=str(place), why=str(error), remedy="try again"
        ) from error


def need_space(folder: Path, size: int) -> None:
    """Refuse to begin what cannot end.

    Args:
        folder: Where it will go; it must exist.
        size: Bytes that it will take.

    Raises:
        ToolMissingError: There is not that much.
    """
    free = shutil.disk_usage(folder).free
    if free < size:
        reason = f"{size // 2**20} MiB are needed, {free // 2**20} MiB are free"
        with disk_errors(folder):
            raise OSError(errno.ENOSPC, reason)


def tree_size(folder: Path) -> int:
    """Return the bytes on disk of a folder; a file with several names counts once."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            status = Path(parent, name).lstat()
            if (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                total += getattr(status, "st_blocks", status.st_size // 512) * 512
    return total


def _whole(kind: str, version: str) -> Installed | None:
    return next((entry for entry in installed(kind) if entry.version == version), None)


def _clear(folder: Path) -> None:
    (folder / MANIFEST).unlink(missing_ok=True)
    if folder.exists():
        shutil.rmtree(folder)
