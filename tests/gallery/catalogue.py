"""Every cause that the package can name, and those that the gallery leaves out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import emsockets_build

__all__ = ["NOT_SHOWN", "known_causes"]

_PACKAGE = Path(emsockets_build.__file__).parent
_MAKERS = frozenset({"Cause", "_cause", "_reason", "_plain", "_message", "Explanation"})
_IDENTIFIER = re.compile(r"[a-z]+(-[a-z0-9]+)+|crash")

NOT_SHOWN: Mapping[str, str] = {
    "acorn-missing": "Debian's Emscripten in a build that is not ours; ours sets NODE_PATH",
    "asyncify-import-missing": "a JavaScript library of one's own that suspends",
    "cache-frozen": "an Emscripten whose cache was moved",
    "browser-died": "kill -9 of the browser while it runs a page",
    "call-unknown-to-release": "epoll, and sockets under -sFILESYSTEM=0",
    "cannot-listen": "an address that is not this machine's",
    "closure-compiler-missing": "--closure without the compiler",
    "cmake-package-not-found": "a CMake project that is configured by hand",
    "connection-failed": "what no other cause fits; it gives the true reason as it was seen",
    "content-security-policy": "a page with a strict policy; `emsockets probe --page` reads it",
    "fetch-of-file": "Emscripten before 3.1.12 run by hand; our runner hides fetch()",
    "file-not-served": "a page whose .js file is not there",
    "handshake-invalid": "a server that computes Sec-WebSocket-Accept wrongly",
    "host-unreachable": "an address that no route leads to: it takes the time limit of TCP",
    "html-minifier-missing": "optimised .html output of Debian's Emscripten",
    "html-shell-missing": ".html output of Debian's Emscripten 3.1.69 and 6.0.5",
    "killed-by-signal": "a signal from outside, or a native program's fault",
    "mixed-content": "ws:// from an https page; `emsockets probe --page` tells it beforehand",
    "name-not-found": "a host name that does not resolve: how fast that is told depends on the DNS",
    "page-cannot-listen": "a server of the gallery in a browser",
    "page-closed": "window.close()",
    "page-crashed": "a page whose process is killed",
    "page-not-loaded": "`emsockets run --url` of a server that is down",
    "page-opens-dialogs": "a page that calls alert() again and again",
    "page-reloads": "a page that calls location.reload()",
    "page-still-loading": "a page whose .wasm file never comes",
    "port-blocked": "a port such as 22, for which browsers have a list",
    "server-died": "a server of the project's own; tests/verify/test_serving.py has them all",
    "server-not-ready": "one that never says so, or never listens",
    "server-port-taken": "one that takes a port which somebody else has",
    "server-unreachable": "one that says that it is ready before it listens",
    "shared-memory-missing": "a page without COOP and COEP",
    "threads-not-everywhere": "an object with thread-local variables, compiled without -pthread",
    "unexpected-traffic": "a scenario that expects other bytes or close codes than it gets",
    "wrong-bridge": "websocket_to_posix_proxy and a program without BACKEND proxy",
    "websocket-library-broken": "a bug of some releases up to 5.0.2 in very small programs",
}
"""Causes without an entry, each with what would show it."""


def known_causes() -> set[str]:
    """Return the identifier of every cause, of runs and of builds."""
    sources = [
        *(_PACKAGE / "verify").glob("*.py"),
        _PACKAGE / "buildtree" / "explain.py",
        _PACKAGE / "reasons.py",
    ]
    return {name for source in sources for name in _named(source)}


def _named(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        if node.func.id in _MAKERS:
            # The second argument, where the first is the evidence.
            for argument in node.args[: 2 if node.func.id == "_cause" else 1]:
                for part in ast.walk(argument):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        yield from filter(_IDENTIFIER.fullmatch, [part.value])
