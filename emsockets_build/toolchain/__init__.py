"""Find, describe and install toolchains: Emscripten, Node, cmake, ninja and ``ws``."""

from __future__ import annotations

from emsockets_build.toolchain.find import (
    NodeNeeds,
    find_cmake,
    find_emscripten,
    find_emscriptens,
    find_ninja,
    find_node,
    find_nodes,
    find_toolchain,
    find_ws,
    node_needs,
    node_with_jspi,
)
from emsockets_build.toolchain.model import (
    Emscripten,
    EmscriptenConfig,
    Node,
    NodeFeatures,
    Tool,
    Toolchain,
    WsModule,
)

__all__ = [
    "Emscripten",
    "EmscriptenConfig",
    "Node",
    "NodeFeatures",
    "NodeNeeds",
    "Tool",
    "Toolchain",
    "WsModule",
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
