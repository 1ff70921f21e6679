"""Files that appear whole or not at all, and the folder that the user's cache lives in."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from emsockets_build.errors import UsageError

__all__ = ["CACHE_VARIABLE", "cache_dir", "write_whole"]

CACHE_VARIABLE = "EMSOCKETS_CACHE_DIR"


def cache_dir() -> Path:
    """Return the user's cache folder, which need not exist yet.

    ``EMSOCKETS_CACHE_DIR`` if set, else the platform's place for caches.
    """
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_cache_dir("emsockets", appauthor=False))


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that no reader ever sees a part of it, creating its folder.

    The content goes to a file beside the destination, which is then renamed over it.

    Args:
        path: The destination; an existing file is replaced and keeps its permissions.
        content: Text (written as UTF-8, newlines untouched) or bytes.

    Raises:
        UsageError: The file cannot be written there.
    """
    data = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
    aside = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, aside = tempfile.mkstemp(prefix=f".{path.name[:80]}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(aside).chmod(path.stat().st_mode & 0o7777 if path.exists() else _default_mode())
        Path(aside).replace(path)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written",
            where=str(path),
            why=str(error),
            remedy="choose another destination, or make the folder writable and free some space",
        ) from error
    finally:
        if aside:
            Path(aside).unlink(missing_ok=True)


def _default_mode() -> int:
    """Return what the umask leaves of 0666; reading the umask means setting it for a moment."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
