"""The ``ws`` package of npm, in the major that a release of Emscripten can talk to."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from emsockets_build.errors import ToolMissingError
from emsockets_build.settings.version import Version
from emsockets_build.toolchain.installed import installed
from emsockets_build.toolchain.model import WsModule
from emsockets_build.toolchain.version import version_in

__all__ = ["find_ws", "ws_fits", "ws_major"]

# Emscripten 3.1.10 (commit 4b662b2e8f, #16720) moved to the interface of ws 8. Before, only
# ws 1 and 2 pass the subprotocol and the messages on; after it, 3 to 7 drop the messages.
_NEW_INTERFACE: Version = (3, 1, 10)
_OLD_MAJORS = (1, 2)
_NEW_MAJOR = 8
_OLD_MAJOR = 2


def ws_major(emscripten: Version | None) -> int:
    """Return the major of ``ws`` to install for a release; the newest release if None."""
    return _OLD_MAJOR if emscripten and emscripten < _NEW_INTERFACE else _NEW_MAJOR


def ws_fits(ws: Version, emscripten: Version | None) -> bool:
    """Tell whether a release can talk to a version of ``ws`` (both generations work with 1, 2)."""
    if ws[0] in _OLD_MAJORS:
        return True
    return ws[0] >= _NEW_MAJOR and ws_major(emscripten) == _NEW_MAJOR


def find_ws(
    emscripten: Version | None = None, *, start: Path | None = None, node: Path | None = None
) -> WsModule:
    """Find the ``ws`` that programs of a release should load.

    Args:
        emscripten: The release; None for the newest.
        start: The folder of the program or project; its ``node_modules`` and its parents' come
            first, as in Node's own search.
        node: The Node whose global packages are looked at too.

    Returns:
        The first that fits; if none fits, the first of all, with `WsModule.fits` false.

    Raises:
        ToolMissingError: There is none at all.
    """
    misfit: WsModule | None = None
    seen: set[Path] = set()
    for folder, origin, reason in _candidates(emscripten, start, node):
        if folder in seen:
            continue
        seen.add(folder)
        version = _version(folder)
        if version is None:
            continue
        fits = ws_fits(version, emscripten)
        if fits:
            return WsModule(folder, version, origin, reason, fits=True)
        misfit = misfit or WsModule(folder, version, origin, reason, fits=False)
    if misfit:
        return misfit
    raise ToolMissingError(
        "the npm package ws was not found",
        where="node_modules of the project, NODE_PATH, the user's cache, Debian's packages",
        why="Emscripten's socket emulation loads it under Node",
        remedy="run `emsockets setup --ws`",
    )


def _candidates(
    emscripten: Version | None, start: Path | None, node: Path | None
) -> Iterator[tuple[Path, str, str]]:
    here = (start or Path()).absolute()
    for parent in (here, *here.parents):
        yield parent / "node_modules", "project", f"Node finds it from {here}"
    for place in os.environ.get("NODE_PATH", "").split(os.pathsep):
        if place:
            yield Path(place), "NODE_PATH", "NODE_PATH names it"
    wanted = str(ws_major(emscripten))
    for entry in sorted(installed("ws"), key=lambda entry: entry.version != wanted):
        yield entry.path("modules"), "cache", "set up by emsockets"
    yield Path("/usr/share/nodejs"), "Debian", "the node-ws package is installed"
    if node is not None:
        yield node.resolve().parent.parent / "lib" / "node_modules", "npm", "a global package"


def _version(folder: Path) -> Version | None:
    try:
        package = json.loads((folder / "ws" / "package.json").read_bytes())
    except (OSError, ValueError):
        return None
    return version_in(str(package.get("version"))) if isinstance(package, dict) else None
