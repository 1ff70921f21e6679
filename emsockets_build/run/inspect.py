"""How a program that emcc wrote was built, read from its files alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from emsockets_build.errors import UsageError
from emsockets_build.run.baked import scan_baked
from emsockets_build.run.features import ModuleKind, ProgramFeatures, WsStyle, read_features

__all__ = ["Inspection", "inspect_program"]

_MOST_BYTES = 256 << 20
_MARK = "ENVIRONMENT_IS_"  # in every release's output and in nobody else's


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a program's files say.

    Attributes:
        path: The ``.js`` or ``.mjs`` file.
        module: How it is started: ``script``, ``factory`` or ``es-module``.
        backend: How its socket calls reach the network; None if it makes none.
        wait: How it waits: ``events``, ``asyncify``, ``jspi`` or ``pthread``.
        posix: Whether ``POSIX ON`` makes its calls wait.
        url: ``WEBSOCKET_URL``; None if it is not used or not to be read.
        subprotocols: ``WEBSOCKET_SUBPROTOCOL``, likewise; ``null`` offers none.
        environments: Where it runs; None if unknown.
        threads: Whether it starts worker threads.
        socket_debug: Whether it logs its socket calls.
        needs: What it wants of Node: the major version of ``ws``, or ``WebSocket``; None for
            nothing.
        js_bytes: Size of the file.
        wasm_bytes: Size of the WebAssembly beside it; None if there is none.
    """

    path: Path
    module: str
    backend: str | None
    wait: str
    posix: bool
    url: str | None
    subprotocols: str | None
    environments: tuple[str, ...] | None
    threads: bool
    socket_debug: bool
    needs: str | None
    js_bytes: int
    wasm_bytes: int | None


def inspect_program(path: Path) -> Inspection:
    """Read a program's files and say how it was built.

    Args:
        path: The ``.js`` or ``.mjs`` file, or the ``.wasm`` or ``.html`` beside it.

    Returns:
        What they say.

    Raises:
        UsageError: There is no such file, or emcc did not write it.
    """
    script = _script_of(path)
    try:
        size = script.stat().st_size
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read",
            where=str(script),
            why=str(error),
            remedy="give the .js or .mjs file that emcc wrote",
        ) from error
    if size > _MOST_BYTES:
        raise _not_ours(script, f"it has {size:,} bytes, more than emcc writes")
    features = read_features(script)
    text = script.read_bytes().decode("utf-8", "replace")
    if _MARK not in text:
        raise _not_ours(script, f"{_MARK}..., which every release writes, is not in it")
    baked = scan_baked(text)
    wasm = script.with_suffix(".wasm")
    backend = _backend(features, emulated=baked.url is not None)
    emulated = backend == "websocket"
    return Inspection(
        path=script,
        module=ModuleKind(features.kind).value,
        backend=backend,
        wait=_wait(features),
        posix=features.posix,
        url=baked.url.text if baked.url and emulated else None,
        subprotocols=baked.subprotocols.text if baked.subprotocols and emulated else None,
        environments=baked.environments,
        threads=features.pthreads,
        socket_debug=features.socket_debug,
        needs=_needs(features),
        js_bytes=size,
        wasm_bytes=wasm.stat().st_size if wasm.is_file() else None,
    )


def _script_of(path: Path) -> Path:
    if path.suffix in (".wasm", ".html"):
        for suffix in (".js", ".mjs"):
            if path.with_suffix(suffix).is_file():
                return path.with_suffix(suffix)
    return path


def _not_ours(path: Path, why: str) -> UsageError:
    return UsageError(
        f"{path} is no program that emcc wrote",
        where=str(path),
        why=why,
        remedy="give the .js or .mjs file of a program; --closure 1 makes programs unreadable",
    )


def _backend(features: ProgramFeatures, *, emulated: bool) -> str | None:
    if features.raw:
        return "node"
    if features.proxy:
        return "proxy"
    if emulated:
        return "websocket"
    return "websocket-api" if features.web_socket else None


def _wait(features: ProgramFeatures) -> str:
    if features.jspi:
        return "jspi"
    if features.asyncify:
        return "asyncify"
    return "pthread" if features.proxy_to_pthread else "events"


def _needs(features: ProgramFeatures) -> str | None:
    if features.ws is not None:
        return f"ws {'1 or 2' if features.ws is WsStyle.OLD else '8'}"
    return "globalThis.WebSocket" if features.web_socket else None
