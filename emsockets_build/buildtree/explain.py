"""Why a configure run or a build failed, where the reason is one that socket programs meet."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Explanation", "explain", "failure_lines"]

_KEPT_LINES = 30
_KEPT_ENDS = 160


@dataclass(frozen=True, slots=True)
class Explanation:
    """A known reason.

    Attributes:
        id: A stable identifier, such as ``websocket-library-not-linked``.
        pattern: What the tools' output shows.
        why: The reason in words.
        remedy: What to do.
    """

    id: str
    pattern: re.Pattern[str]
    why: str
    remedy: str


# What the tools say is quoted from runs of Emscripten 3.1.6, 3.1.69 and 6.0.5.
_KNOWN = (
    Explanation(
        "acorn-missing",
        re.compile(r"Cannot find module 'acorn'"),
        "emcc's own JavaScript tools do not find the Node module acorn (Debian puts it where only "
        "NODE_PATH points)",
        "set NODE_PATH=/usr/share/nodejs, or build with `emsockets build`, which does",
    ),
    Explanation(
        "cache-frozen",
        re.compile(r"FROZEN_CACHE is set, but cache file is missing"),
        "this Emscripten may not build system libraries and lacks the one it needs",
        "unset EM_CACHE, or take an Emscripten of your own: `emsockets setup`",
    ),
    Explanation(
        "websocket-library-not-linked",
        re.compile(r"undefined symbol: emscripten_websocket_\w+"),
        "the program uses <emscripten/websocket.h> without its library",
        "emsockets_target(... BACKEND websocket-api) links it",
    ),
    Explanation(
        "threads-not-everywhere",
        re.compile(r"--shared-memory is disallowed by (\S+)"),
        "an object was compiled without -pthread but is linked into a program with threads",
        "call emsockets_target(... WAIT pthread) for that library too",
    ),
    Explanation(
        "call-unknown-to-release",
        re.compile(r"undefined symbol: (\$SOCKFS|epoll_\w+|__syscall_accept4)"),
        "this Emscripten release has no such call for sockets (or FILESYSTEM=0 or WASMFS took "
        "them away)",
        "remove the setting, or use a release that has the call",
    ),
    Explanation(
        "setting-unknown-to-release",
        re.compile(r"Attempt to set a non-existent setting: '(\w+)'"),
        "this Emscripten release does not know a setting that is given to it",
        "take the setting out, or use a release that knows it",
    ),
    Explanation(
        "setting-of-another-type",
        re.compile(r"setting `(\w+)` expects `\w+` but got `\w+`"),
        "a setting of Emscripten is given a value of another kind; WEBSOCKET_URL and "
        "WEBSOCKET_SUBPROTOCOL are texts, not switches",
        "give a URL, such as -sWEBSOCKET_URL=ws://127.0.0.1:9000/, or leave the setting out",
    ),
    Explanation(
        "html-minifier-missing",
        re.compile(r"html-minifier-terser was not found|htmlmin", re.IGNORECASE),
        "optimised .html output needs an HTML minifier that this Emscripten package lacks",
        "build .js and write the page yourself, or link with -g or at -O0",
    ),
    Explanation(
        "html-shell-missing",
        re.compile(
            r"No such file or directory: '[^']*"
            r"(?:/html|/shell\.css|/shell\.html|/powered_by_logo_shell\.png)'"
        ),
        "this Emscripten package lacks what emcc makes .html output of, as Debian's of 3.1.69 and "
        "6.0.5 do",
        "build .js and write the page yourself: `<script src=program.js></script>` starts it",
    ),
    Explanation(
        "closure-compiler-missing",
        re.compile(r"No such file or directory: 'closure-compiler'"),
        "--closure needs the Closure compiler, which is not installed",
        "leave --closure out, or install closure-compiler",
    ),
    Explanation(
        "cmake-package-not-found",
        re.compile(r"Could not find a package configuration file provided by \"EmSockets\""),
        "CMake does not find this project's CMake package (Emscripten's toolchain file restricts "
        "the search, so EmSockets_ROOT and CMAKE_PREFIX_PATH have no effect)",
        'configure with -DEmSockets_DIR="$(emsockets cmakedir)", or use `emsockets build`',
    ),
)


def explain(output: str) -> Explanation | None:
    """Find the known reason that a tool's output shows, the first of the table that does."""
    return next((known for known in _KNOWN if known.pattern.search(output)), None)


def failure_lines(output: str) -> str:
    """Cut the part that matters out of what CMake or Ninja printed.

    Args:
        output: Everything they printed.

    Returns:
        The text from the first failure on, at most 30 lines of it; of long lines, which are
        commands with all their files, the beginning and the end.
    """
    lines = output.splitlines()
    starts = [
        number
        for number, line in enumerate(lines)
        if line.startswith(("FAILED:", "CMake Error", "ninja: error", "make: ***"))
    ]
    chosen = lines[starts[0] :] if starts else lines[-_KEPT_LINES:]
    if len(chosen) > _KEPT_LINES:
        chosen = [*chosen[:_KEPT_LINES], f"... ({len(chosen) - _KEPT_LINES} more lines)"]
    return "\n".join(map(_shortened, chosen))


def _shortened(line: str) -> str:
    left_out = len(line) - 2 * _KEPT_ENDS
    if left_out <= _KEPT_ENDS:
        return line
    return f"{line[:_KEPT_ENDS]} ... ({left_out:,} characters) ... {line[-_KEPT_ENDS:]}"
