"""The npm package ``ws``, in the major that a release needs, by npm with a lock file of ours.

The lock file holds the version and the SHA-512 of each package; npm refuses anything else.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from emsockets_build.errors import ToolMissingError
from emsockets_build.process import run_bounded
from emsockets_build.settings.version import Version
from emsockets_build.toolchain.install.progress import Progress
from emsockets_build.toolchain.install.slot import install_once
from emsockets_build.toolchain.installed import Installed
from emsockets_build.toolchain.node import find_nodes
from emsockets_build.toolchain.ws import ws_major

__all__ = ["install_ws"]

_LOCKS = Path(__file__).resolve().parent
_TIMEOUT = 300.0


def install_ws(emscripten: Version | None, progress: Progress) -> Installed:
    """Install ``ws``.

    Args:
        emscripten: The release that it is for; None for the newest.
        progress: Where to report to.

    Returns:
        What is in the cache now.

    Raises:
        UsageError: The cache cannot be written.
        ToolMissingError: There is no npm, no network, or a package is not what the lock says.
    """
    major = ws_major(emscripten)

    def build(folder: Path) -> Mapping[str, object]:
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(_LOCKS / f"ws{major}" / name, folder / name)
        progress.say(f"fetching ws {major} by npm")
        words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        done = run_bounded([*_npm(), *words], timeout=_TIMEOUT, cwd=folder, merge=True)
        if done.returncode != 0 or not (folder / "node_modules/ws/package.json").is_file():
            raise ToolMissingError(
                "the npm package ws cannot be fetched",
                where=str(folder),
                why="it took too long" if done.timed_out else done.text[-1200:],
                remedy=f"check the network, or run `npm install ws@{major}` in your project",
            )
        return {"provider": "npm", "modules": "node_modules"}

    return install_once("ws", str(major), build, progress)


def _npm() -> list[str | Path]:
    """Return the command of npm: of PATH, or of a Node that brought one."""
    path = shutil.which("npm")
    if path is not None and shutil.which("node") is not None:
        return [path]
    for node in find_nodes():
        for folder in (node.path.parent, node.path.parent.parent / "lib"):
            script = folder / "node_modules" / "npm" / "bin" / "npm-cli.js"
            if script.is_file():
                return [node.path, script]
    raise ToolMissingError(
        "npm is missing",
        why="the package ws comes by it",
        remedy="run `emsockets setup --node`, whose Node brings its npm",
    )
