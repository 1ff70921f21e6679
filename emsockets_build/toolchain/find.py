"""Find a whole toolchain: never the network, and no program that was asked before."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from emsockets_build.errors import ToolMissingError
from emsockets_build.settings.version import Version
from emsockets_build.toolchain.emscripten import find_emscripten, find_emscriptens, use_node
from emsockets_build.toolchain.model import Emscripten, Toolchain
from emsockets_build.toolchain.node import find_node, find_nodes, node_with_jspi
from emsockets_build.toolchain.programs import find_cmake, find_ninja
from emsockets_build.toolchain.version import version_in
from emsockets_build.toolchain.ws import find_ws

__all__ = [
    "NodeNeeds",
    "find_cmake",
    "find_emscripten",
    "find_emscriptens",
    "find_ninja",
    "find_node",
    "find_nodes",
    "find_toolchain",
    "find_ws",
    "node_needs",
    "node_with_jspi",
]

_Found = TypeVar("_Found")
_COMPILER_MINIMUM = re.compile(r"^MINIMUM_NODE_VERSION\s*=\s*\(([\d, ]+)\)", re.MULTILINE)
_PROGRAM_MINIMUM = re.compile(r"^var MIN_NODE_VERSION\s*=\s*(\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class NodeNeeds:
    """The oldest Node that a release wants, in its own words.

    Attributes:
        compiler: For emcc itself: ``MINIMUM_NODE_VERSION`` of ``tools/shared.py``.
        programs: For what it builds: ``MIN_NODE_VERSION`` of ``src/settings.js``.
    """

    compiler: Version
    programs: Version


def node_needs(emscripten: Emscripten) -> NodeNeeds:
    """Read what a release says about Node; 0.0.0 where it says nothing."""
    shared = _read(emscripten.root / "tools" / "shared.py")
    settings = _read(emscripten.root / "src" / "settings.js")
    compiler = _COMPILER_MINIMUM.search(shared)
    programs = _PROGRAM_MINIMUM.search(settings)
    number = int(programs[1]) if programs else 0
    return NodeNeeds(
        compiler=(version_in(compiler[1].replace(", ", ".")) if compiler else None) or (0, 0, 0),
        # 180300 is 18.3.0
        programs=(number // 10000, number // 100 % 100, number % 100),
    )


def find_toolchain(
    *,
    emscripten: str | None = None,
    node: str | None = None,
    start: Path | None = None,
) -> Toolchain:
    """Find all that a build and a run need.

    Args:
        emscripten: A path or a version; see `find_emscripten`.
        node: A path or a version; see `find_node`.
        start: The folder of the project, whose ``node_modules`` may hold ``ws``.

    Returns:
        What was found; None for what was not.

    Raises:
        ToolMissingError: What was asked for by name is not there.
    """
    compiler = _found(lambda: find_emscripten(emscripten), required=emscripten is not None)
    needs = node_needs(compiler) if compiler else NodeNeeds((0, 0, 0), (0, 0, 0))
    runner = _found(lambda: find_node(node, at_least=needs.programs), required=node is not None)
    return Toolchain(
        emscripten=use_node(compiler, runner, at_least=needs.compiler) if compiler else None,
        node=runner,
        cmake=_found(find_cmake),
        ninja=_found(find_ninja),
        ws=_found(
            lambda: find_ws(
                compiler.version if compiler else None,
                start=start,
                node=runner.path if runner else None,
            )
        ),
    )


def _found(find: Callable[[], _Found], *, required: bool = False) -> _Found | None:
    try:
        return find()
    except ToolMissingError:
        if required:
            raise
        return None


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
