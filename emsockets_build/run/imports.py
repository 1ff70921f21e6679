"""The functions of Emscripten's JavaScript in which a program waits, and the calls behind them."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["IMPORTS", "find_waiting_functions", "place_in"]

# What the library's JavaScript is called where the C side of it was inlined or has no name.
IMPORTS = {
    "__syscall__newselect": "select",
    "__syscall_poll": "poll",
    "__syscall_poll_nonblocking": "poll",
    "__syscall_recvfrom": "recv",
    "__syscall_recvmsg": "recvmsg",
    "__syscall_sendto": "send",
    "__syscall_sendmsg": "sendmsg",
    "__syscall_accept4": "accept",
    "__syscall_connect": "connect",
    "fd_read": "read",
    "fd_write": "write",
    "emscripten_sleep": "emscripten_sleep",
    "emscripten_thread_sleep": "emscripten_thread_sleep",
    "emscripten_websocket_get_ready_state": "emscripten_websocket_get_ready_state",
    "usleep": "usleep",
    "sched_yield": "sched_yield",
    # Of POSIX ON (cmake/posix).
    "emsockets_receive": "recv",
    "emsockets_send": "send",
    "emsockets_accept": "accept",
    "emsockets_connect": "connect",
    "emsockets_poll": "poll",
}
# A loop that prints does not wait in write().
_NAMES = "|".join(re.escape(name) for name in IMPORTS if name != "fd_write")
_DEFINITION = re.compile(
    rf"\b_(?:{_NAMES})\s*(?:=\s*(?:function\s*\w*\s*)?)?\([^()]*\)\s*(?:=>\s*)?\{{"
)


def find_waiting_functions(source: str) -> Iterator[tuple[int, int]]:
    """Find where the functions begin in which a program waits.

    Args:
        source: JavaScript that emcc wrote, minified or not.

    Returns:
        The line and the column, from 0, behind the brace that opens each body.
    """
    for found in _DEFINITION.finditer(source):
        yield place_in(source, found.end())


def place_in(source: str, offset: int) -> tuple[int, int]:
    """Return the line and the column, from 0, of an offset in a text."""
    return source.count("\n", 0, offset), offset - (source.rfind("\n", 0, offset) + 1)
