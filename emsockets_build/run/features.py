"""What a program's own text says about how it was built.

Emscripten leaves the version out of what it writes, but what must be known to run a program shows
in the text: whether it is a factory, which major of the npm package ``ws`` it was written for, and
what it needs of Node. The markers survive -O3; ``--closure 1`` removes some, and then the caller's
version decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from emsockets_build.errors import UsageError
from emsockets_build.run.model import Version

__all__ = ["ModuleKind", "ProgramFeatures", "WsStyle", "read_features", "scan_features"]

WS_8_SINCE: Version = (3, 1, 10)  # emscripten 4b662b2e8f, issue 16720
NO_FETCH_SINCE: Version = (3, 1, 12)  # emscripten eab875588e


class ModuleKind(StrEnum):
    """How the file wants to be started."""

    SCRIPT = "script"  # runs when it is loaded
    FACTORY = "factory"  # CommonJS, -sMODULARIZE: module.exports is the factory
    ES_MODULE = "es-module"  # -sEXPORT_ES6: the default export is the factory


class WsStyle(StrEnum):
    """The interface of the npm package ``ws`` that a program was written for."""

    OLD = "2"  # {protocol: ...} and flags.binary: ws 1 and 2
    NEW = "8"  # (data, isBinary): ws 8


@dataclass(frozen=True, slots=True)
class ProgramFeatures:
    """What the text of a program says.

    Attributes:
        kind: How it is started.
        ws: The ``ws`` interface it needs; None if it never asks for the package.
        web_socket: It uses ``globalThis.WebSocket`` through ``<emscripten/websocket.h>``.
        proxy: It was linked with ``-sPROXY_POSIX_SOCKETS``.
        raw: It was linked with ``-sNODERAWSOCKETS``.
        pthreads: It starts worker threads.
        proxy_to_pthread: Its ``main`` runs in a worker thread.
        asyncify: It can suspend by unwinding its stack.
        jspi: It suspends by JavaScript Promise Integration.
        socket_debug: It was linked with ``-sSOCKET_DEBUG``.
        posix: Its socket calls are those of ``POSIX ON``.
        fetch_file: It calls ``fetch`` on a file path, which kills it on Node >= 18.
        dirname_in_module: It is an ES module that uses ``__dirname`` (3.1.6), which fails.
        drops_text: Under Node its sockets ignore text frames.
        wasmfs: It was linked with ``-sWASMFS``, which has no sockets.
    """

    kind: ModuleKind
    ws: WsStyle | None = None
    web_socket: bool = False
    proxy: bool = False
    raw: bool = False
    pthreads: bool = False
    proxy_to_pthread: bool = False
    asyncify: bool = False
    jspi: bool = False
    socket_debug: bool = False
    posix: bool = False
    fetch_file: bool = False
    dirname_in_module: bool = False
    drops_text: bool = False
    wasmfs: bool = False


# A message of websocket_to_posix_socket.c, which every build of it carries.
_BRIDGE = b"Received corrupt WebSocket result message"
_EXPORT_DEFAULT = re.compile(r"\bexport\s+default\b|\bexport\s*\{[^}]*\bas\s+default\b")
_FACTORY_EXPORT = re.compile(r"\bmodule\.exports\s*=\s*[A-Za-z_$]")
_REQUIRE_WS = re.compile(r"""\brequire\(\s*["']ws["']\s*\)""")
_STREAMING = re.compile(r"instantiateStreaming\b.{0,900}?\btypeof fetch\b", re.DOTALL)


def read_features(path: Path, version: Version | None = None) -> ProgramFeatures:
    """Read a program's file and say how it was built.

    Args:
        path: The ``.js`` or ``.mjs`` file.
        version: The Emscripten that built it, where the caller knows; it decides what the
            text leaves open.

    Returns:
        The features.

    Raises:
        UsageError: The file cannot be read.
    """
    try:
        text = path.read_bytes().decode("utf-8", "replace")
    except OSError as error:
        raise UsageError(
            f"the program {path} cannot be read",
            where=str(path),
            why=str(error),
            remedy="build it first, or give the path of the .js or .mjs file that emcc wrote",
        ) from error
    features = scan_features(text, module=path.suffix == ".mjs", version=version)
    return replace(features, proxy=features.web_socket and _is_proxied(path.with_suffix(".wasm")))


def _is_proxied(wasm: Path) -> bool:
    """Whether the bridge to the POSIX proxy was linked: only the WebAssembly side shows it."""
    try:
        return _BRIDGE in wasm.read_bytes()
    except OSError:
        return False


def scan_features(
    text: str, *, module: bool = False, version: Version | None = None
) -> ProgramFeatures:
    """Say how a program was built, from its text.

    Args:
        text: The content of the file.
        module: Whether its name already says that it is an ES module.
        version: As for `read_features`.

    Returns:
        The features.
    """
    is_module = module or _EXPORT_DEFAULT.search(text[-4000:]) is not None
    raw = _has(text, "NodeSockFS", "NODERAWSOCKETS", 'require("dgram")', "node:dgram")
    ws = None if raw else _ws_style(text, version)
    jspi = _has(text, "WebAssembly.Suspending", "WebAssembly.promising", "WebAssembly.Suspender")
    return ProgramFeatures(
        kind=_kind(text, is_module=is_module),
        ws=ws,
        web_socket=_has(text, "emscripten_websocket_", "webSockets"),
        raw=raw,
        pthreads="PThread" in text or "ENVIRONMENT_IS_PTHREAD" in text,
        proxy_to_pthread=_has(text, "_emscripten_proxy_main", "emscripten_proxy_main"),
        asyncify="Asyncify" in text and not jspi,
        jspi=jspi,
        posix=_has(text, "_emsockets_receive", "_emsockets_poll", "emsockets: ASYNCIFY"),
        socket_debug=_has(text, "handle message (", "websocket adding peer", "adding peer:"),
        fetch_file=_fetches_file(text, version),
        dirname_in_module=is_module and "__dirname" in text and "createRequire" not in text,
        drops_text=ws is not None,
        wasmfs="wasmfs" in text and "SOCKFS" not in text,
    )


def _has(text: str, *words: str) -> bool:
    return any(word in text for word in words)


def _kind(text: str, *, is_module: bool) -> ModuleKind:
    if is_module:
        return ModuleKind.ES_MODULE
    if _FACTORY_EXPORT.search(text[-2000:]):
        return ModuleKind.FACTORY
    return ModuleKind.SCRIPT


def _ws_style(text: str, version: Version | None) -> WsStyle | None:
    if not _REQUIRE_WS.search(text):
        return None
    if "flags.binary" in text:
        return WsStyle.OLD
    if "isBinary" in text or version is None:
        return WsStyle.NEW
    return WsStyle.OLD if version < WS_8_SINCE else WsStyle.NEW


def _fetches_file(text: str, version: Version | None) -> bool:
    if version is not None and version >= NO_FETCH_SINCE:
        return False
    found = _STREAMING.search(text)
    # Since 3.1.12 the condition names Node.
    return found is not None and "ENVIRONMENT_IS_NODE" not in found[0]
