"""The toolchains of the tests: one for each generation of Emscripten, set up where it is missing.

Everything is found first and only then set up, by the same code that ``emsockets setup`` runs. Its
file locks keep two workers of pytest-xdist apart, so that no session needs a word about it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from emsockets_build.errors import ToolMissingError
from emsockets_build.settings import load_catalogue, parse_version
from emsockets_build.toolchain import (
    Emscripten,
    Node,
    Toolchain,
    find_emscripten,
    find_node,
    find_nodes,
    find_toolchain,
)
from emsockets_build.toolchain.install import (
    Want,
    ensure_toolchain,
    install_emscripten,
    install_node,
    install_ws,
    progress_for,
)
from emsockets_build.toolchain.ws import ws_major

__all__ = ["GENERATIONS", "Tools", "newest", "node_with_jspi", "table_lines", "tools_of"]

# The first and the second are frozen in Debian's stable suites. The third moves: it is whatever 6.x
# the distribution has today, and its facts are decided by its version.
GENERATIONS = ("3.1.6", "3.1.69", "6")
_MOVING = "6"


@dataclass(frozen=True, slots=True)
class Tools:
    """A toolchain without gaps.

    Attributes:
        generation: One of `GENERATIONS`.
        whole: All of it, with a Node that has JSPI.
        emscripten: The release.
        node: The Node.
    """

    generation: str
    whole: Toolchain
    emscripten: Emscripten
    node: Node


def newest(generations: list[str]) -> str:
    """Return the newest of some generations."""
    return max(generations, key=GENERATIONS.index)


def tools_of(generation: str) -> Tools:
    """Find the toolchain of a generation, and set up what it lacks in the user's cache.

    Raises:
        EmSocketsError: It cannot be set up here. The tests that need it fail; they are not skipped.
    """
    node = node_with_jspi()
    try:
        find_emscripten(generation)
    except ToolMissingError:
        if generation == _MOVING:
            install_emscripten(None, progress_for(sys.stderr))
    progress = progress_for(sys.stderr)
    found = ensure_toolchain(Want(generation, str(node.path)), progress=progress, assume_yes=True)
    assert found.emscripten is not None
    assert found.ws is not None, "ensure_toolchain() promises a ws"
    if found.ws.version[0] != ws_major(found.emscripten.version):
        # Every release bears ws 2, but what people have beside a new release is ws 8.
        install_ws(found.emscripten.version, progress)
        found = find_toolchain(emscripten=generation, node=str(node.path))
    assert found.emscripten is not None
    assert found.node is not None
    return Tools(generation, found, found.emscripten, found.node)


def node_with_jspi() -> Node:
    """Find a Node that has JSPI, maybe behind a flag, and set one up if there is none."""
    for node in find_nodes():
        if node.features.jspi is not None:
            return node
    entry = install_node(None, progress_for(sys.stderr))
    return find_node(str(entry.path("program")))


def table_lines(reports: Iterable[pytest.TestReport]) -> list[str]:
    """Return the table of what was found in each cell of the matrix.

    Args:
        reports: Of tests that recorded the property ``matrix``: release, backend, wait, result.

    Returns:
        Lines, one for each cell in the order of the tests; none if no cell was tested.
    """
    found: dict[tuple[str, ...], str] = {}
    for report in reports:
        for name, value in report.user_properties if report.when == "call" else ():
            if name == "matrix" and isinstance(value, list | tuple):
                *cell, result = map(str, value)
                found[tuple(cell)] = result if report.passed else "FAILED"
    rows = [[*cell, result] for cell, result in found.items()]
    if not rows:
        return []
    words = load_catalogue().options
    rows.sort(  # workers mix them
        key=lambda row: (
            parse_version(row[0]),
            words["backend"].index(row[1]),
            words["wait"].index(row[2]),
        )
    )
    rows.insert(0, ["release", "backend", "wait", "result"])
    widths = [max(len(row[place]) for row in rows) for place in range(3)]
    return [
        "  ".join([*(word.ljust(width) for word, width in zip(row, widths, strict=False)), row[3]])
        for row in rows
    ]
