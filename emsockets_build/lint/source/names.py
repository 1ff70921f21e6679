"""The functions that the rules on sources speak of, and the words that make it worth parsing."""

from __future__ import annotations

import re

__all__ = [
    "ARITY",
    "CALLBACK_SETTERS",
    "INTERESTING",
    "LATER",
    "NAPS",
    "SPEAKING",
    "SUSPENDS",
    "THREAD_STARTERS",
    "WAITS",
    "YIELDS",
    "worth_parsing",
]

ARITY = {
    "accept": 3,
    "accept4": 4,
    "bind": 3,
    "close": 1,
    "connect": 3,
    "epoll_create": 1,
    "epoll_create1": 1,
    "epoll_pwait": 5,
    "epoll_wait": 4,
    "getaddrinfo": 4,
    "gethostbyname": 1,
    "gethostbyname_r": 6,
    "getpeername": 3,
    "getprotobyname": 1,
    "getsockname": 3,
    "getsockopt": 5,
    "listen": 2,
    "nanosleep": 2,
    "poll": 3,
    "ppoll": 4,
    "pselect": 6,
    "read": 3,
    "recv": 4,
    "recvfrom": 6,
    "recvmsg": 3,
    "select": 5,
    "send": 4,
    "sendmsg": 3,
    "sendto": 6,
    "setsockopt": 5,
    "shutdown": 2,
    "sleep": 1,
    "socket": 3,
    "usleep": 1,
    "write": 3,
}
"""The C library's functions and how many arguments each takes: a method of the same name, such as
Qt's ``connect``, or the program's own function seldom takes as many."""

WAITS = frozenset({"select", "pselect", "poll", "ppoll", "epoll_wait", "epoll_pwait"})
"""What waits for a socket elsewhere."""

NAPS = frozenset({"sleep", "usleep", "nanosleep", "sleep_for", "SDL_Delay", "g_usleep"})
"""What only burns time on the main thread, under every WAIT but pthread."""

SUSPENDS = frozenset(
    {
        "emscripten_sleep",
        "emscripten_sleep_with_yield",
        "emscripten_scan_registers",
        "emscripten_wget",
        "emscripten_idb_load",
        "emscripten_idb_store",
        "emscripten_fiber_swap",
        "emscripten_promise_await",
        "EM_ASYNC_JS",
    }
)
"""What ASYNCIFY and JSPI suspend the program in."""

YIELDS = SUSPENDS | {
    "emscripten_thread_sleep",
    "emscripten_set_main_loop",
    "emscripten_set_main_loop_arg",
    "emscripten_exit_with_live_runtime",
    "emscripten_unwind_to_js_event_loop",
    "emscripten_main_thread_process_queued_calls",
    "emscripten_current_thread_process_queued_calls",
}
"""What lets the event loop run, or would not be in a loop that blocks it."""

SPEAKING = frozenset(
    {"connect", "accept", "accept4", "recv", "recvfrom", "recvmsg", "send", "sendto", "sendmsg"}
)
"""What makes it clear that a loop is about sockets."""

CALLBACK_SETTERS = re.compile(
    r"emscripten_(?:set_socket_\w+|websocket_set_on\w+)_callback(?:_on_thread)?"
)
LATER = re.compile(
    r"emscripten_(?:async_call|set_(?:timeout|interval|immediate|main_loop)\w*|request_animation\w*)"
)
THREAD_STARTERS = frozenset(
    {
        "pthread_create",
        "thrd_create",
        "thread",
        "jthread",
        "async",
        "emplace_back",
        "SDL_CreateThread",
        "g_thread_new",
        "uv_thread_create",
        "emscripten_wasm_worker_post_function_v",
    }
)

INTERESTING = re.compile(
    rb"\b(?:"
    + b"|".join(
        name.encode()
        for name in sorted(
            (ARITY.keys() | NAPS | YIELDS | {"pthread_create", "ioctl", "fcntl"}) - {"EM_ASYNC_JS"}
        )
    )
    + rb"|emscripten_websocket_\w+|emscripten_set_socket_\w+|"
    + LATER.pattern.encode()
    + rb")\s*\("
)

_WORDS = (
    b"sockaddr",
    b"EINPROGRESS",
    b"EWOULDBLOCK",
    b"sys/socket.h",
    b"emscripten_websocket_",
    b"emscripten_set_socket_",
    b"sys/select.h",
    b"poll.h",
    b"SO_ERROR",
    b"SOCK_STREAM",
    b"SOCK_DGRAM",
    b"AF_INET",
    b"FD_SET",
    b"pollfd",
    b"recv(",
    b"setsockopt",
    b"epoll_create",
    b"FIONBIO",
    b"emscripten_sleep",
    b"'websocket'",
    b'"websocket"',
    b"Module.websocket",
    b"emscripten_async_call",
)


def worth_parsing(data: bytes) -> bool:
    """Tell whether a file can have anything to do with sockets, at the cost of a few searches."""
    return any(word in data for word in _WORDS)
