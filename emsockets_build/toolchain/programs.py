"""cmake and ninja: from PyPI's packages, or from PATH."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from emsockets_build.errors import EmSocketsError, ToolMissingError
from emsockets_build.process import run_bounded
from emsockets_build.toolchain.model import Tool
from emsockets_build.toolchain.probe import probes
from emsockets_build.toolchain.version import version_in

__all__ = ["find_cmake", "find_ninja"]

_TIMEOUT = 20.0


def find_cmake() -> Tool:
    """Find cmake.

    Returns:
        The real binary of PyPI's package, which we depend on with the bad versions left out;
        else what PATH has.

    Raises:
        ToolMissingError: There is none.
    """
    return _find("cmake")


def find_ninja() -> Tool:
    """Find ninja, in the same order as `find_cmake`.

    Raises:
        ToolMissingError: There is none.
    """
    return _find("ninja")


def _find(name: str) -> Tool:
    for path, origin, reason in _candidates(name):
        if path.is_file():
            text = probes().get(f"{name}-version", [path.resolve()], lambda: _ask(path))  # noqa: B023 - called at once
            return Tool(path, version_in(text or ""), origin, reason)
    raise ToolMissingError(
        f"{name} was not found",
        where=f"PyPI's {name} package, PATH",
        remedy=f"run `{Path(sys.executable).name} -m pip install {name}` in the environment of "
        "emsockets, or put it on PATH",
    )


def _candidates(name: str) -> Iterator[tuple[Path, str, str]]:
    binary = f"{name}.exe" if sys.platform == "win32" else name
    spec = importlib.util.find_spec(name)
    for location in (spec.submodule_search_locations or ()) if spec else ():
        # The scripts beside Python start an interpreter first, a tenth of a second each time.
        yield Path(location) / "data" / "bin" / binary, "PyPI", "our own dependency"
    if spec is not None:
        # Newer ninja wheels put the binary itself there.
        yield Path(sys.prefix) / _scripts() / binary, "PyPI", "our own dependency"
    path = shutil.which(name)
    if path:
        yield Path(path), "PATH", "first on PATH; PyPI's package is not installed"


def _scripts() -> str:
    return "Scripts" if sys.platform == "win32" else "bin"


def _ask(path: Path) -> str | None:
    try:
        done = run_bounded([path, "--version"], timeout=_TIMEOUT)
    except EmSocketsError:
        return None
    return done.text.partition("\n")[0] if done.returncode == 0 else None
