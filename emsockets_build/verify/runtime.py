"""What a program that Emscripten built must be run with, as its own text tells."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from emsockets_build.errors import ToolMissingError
from emsockets_build.run.features import ProgramFeatures, WsStyle, read_features
from emsockets_build.run.model import Version
from emsockets_build.toolchain import (
    EmscriptenConfig,
    Node,
    find_emscripten,
    find_ws,
    node_with_jspi,
)
from emsockets_build.verify.runners import Runtime

if TYPE_CHECKING:
    from emsockets_build.run.browser import Browsers

__all__ = ["page_runtime", "runtime_for"]

# One release for each side of the change of interface (#16720).
_FIRST_WITH_WS_8 = (3, 1, 10)
_BEFORE_WS_8 = (3, 1, 9)


def runtime_for(
    program: Path, node: Node | None, version: Version | None = None, *, substitute: bool = False
) -> Runtime:
    """Choose the Node flags and the ``ws`` that fit a program.

    A ``ws`` that is missing is no error here: how the program fails without it is for the verdict
    to say.

    Args:
        program: The ``.js`` or ``.mjs`` file.
        node: The Node to run it with.
        version: The Emscripten release that built it, where it is known.
        substitute: Take another Node of this machine if the program needs JSPI and ``node`` has
            none; for callers who were not told which Node to use.

    Returns:
        What `verify.execute` wants.

    Raises:
        UsageError: The program cannot be read.
        ToolMissingError: The program needs JSPI, and this Node has it in no way.
    """
    features = read_features(program, version)
    # <emscripten/websocket.h> needs a global WebSocket, which older Nodes borrow from ws.
    needs_ws = features.ws is not None or features.web_socket
    flags: tuple[str, ...] = ()
    if features.jspi and node is not None:
        able = node_with_jspi(node) if substitute else node
        if able is None or able.features.jspi is None:
            raise ToolMissingError(
                f"Node {node.version_text} cannot run this program",
                where=str(node.path),
                why="it was built with JSPI, and this Node has no WebAssembly.Suspending, not even "
                "behind a flag",
                remedy="use a newer Node (`emsockets setup --node`), or build with WAIT asyncify",
            )
        node, flags = able, able.features.jspi
    return Runtime(
        node=node.path if node else None,
        node_flags=flags,
        ws_modules=_ws_modules(program, node, features) if needs_ws else None,
        emscripten_version=version,
        symbolizer=find_symbolizer,
    )


def page_runtime(browsers: Browsers, version: Version | None = None) -> Runtime:
    """Return what a program is run with in a browser.

    Args:
        browsers: The browsers.
        version: The Emscripten release that built it, where it is known.
    """
    return Runtime(emscripten_version=version, symbolizer=find_symbolizer, browsers=browsers)


def find_symbolizer() -> Path | None:
    """Find ``llvm-symbolizer``: that of the Emscripten in use, else one on PATH.

    Returns:
        The program; None if there is none, and then source maps alone tell lines.
    """
    try:
        config = find_emscripten().config
    except ToolMissingError:
        config = EmscriptenConfig()
    if config.llvm_root is not None:
        for suffix in (config.llvm_suffix, ""):
            found = shutil.which(f"llvm-symbolizer{suffix}", path=str(config.llvm_root))
            if found:
                return Path(found)
    found = shutil.which("llvm-symbolizer")
    return Path(found) if found else None


def _ws_modules(program: Path, node: Node | None, features: ProgramFeatures) -> Path | None:
    stand_in = _BEFORE_WS_8 if features.ws is WsStyle.OLD else _FIRST_WITH_WS_8
    try:
        found = find_ws(
            stand_in,
            start=program.absolute().parent,
            node=node.path if node else None,
        )
    except ToolMissingError:
        return None
    return found.path if found.fits else None
