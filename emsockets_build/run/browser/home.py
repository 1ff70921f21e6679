"""The folder that a browser's profile lives in, and what dead runs left of theirs."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from emsockets_build import guard
from emsockets_build.errors import UsageError
from emsockets_build.storage import cache_dir

__all__ = ["browser_home", "clear_dead"]

_YOUNG_SECONDS = 10.0  # a lock's file is there for a moment before it is locked


@contextlib.contextmanager
def browser_home(cookie: str) -> Iterator[Path]:
    """Make a folder for one browser, and take it away at the end.

    A lock beside it tells that we are alive: the system gives it back however we end. The next run
    clears folders whose lock nobody holds, and ends the processes that carry their name.

    Args:
        cookie: The name of the folder; also what the browser's processes carry.

    Yields:
        The empty folder.

    Raises:
        UsageError: The cache cannot be written to.
    """
    base = cache_dir() / "browsers"
    home = base / cookie
    try:
        base.mkdir(parents=True, exist_ok=True)
        clear_dead(base)
        lock = FileLock(base / f"{cookie}.lock")
        lock.acquire(timeout=0)
        home.mkdir()
    except (OSError, Timeout) as error:
        raise UsageError(
            "there is no place for a browser's profile",
            where=str(home),
            why=str(error),
            remedy="make the cache writable, or name another with EMSOCKETS_CACHE_DIR",
        ) from error
    try:
        yield home
    finally:
        _remove(home)
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)


def clear_dead(base: Path) -> int:
    """Clear what runs left that could not clear up themselves.

    Args:
        base: The folder of all browsers' folders.

    Returns:
        How many were cleared.
    """
    cleared = 0
    for file in base.glob("*.lock"):
        with contextlib.suppress(OSError, Timeout):
            if time.time() - file.stat().st_mtime < _YOUNG_SECONDS:
                continue
            with FileLock(file, timeout=0):
                guard.kill_cookie(file.stem)
                _remove(base / file.stem)
                file.unlink(missing_ok=True)
                cleared += 1
    return cleared


def _remove(home: Path) -> None:
    """Remove a folder; a process that is about to die may still write into it."""
    for _ in range(20):
        shutil.rmtree(home, ignore_errors=True)
        if not home.exists():
            return
        time.sleep(0.05)
