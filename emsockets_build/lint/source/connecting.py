"""What programs make of the answers of ``connect``, ``recv`` and ``accept``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from emsockets_build.lint.source.flow import Outcome, comes_round, outcome
from emsockets_build.lint.source.hit import Hit, at
from emsockets_build.lint.source.names import WAITS
from emsockets_build.lint.source.tree import Node
from emsockets_build.lint.source.unit import LOOPS, Call, Function, Unit
from emsockets_build.lint.source.values import ERRNO, STALE, Answer
from emsockets_build.lint.source.web import Web

__all__ = ["blocking_calls", "one_answer", "reconnects", "unread_error"]

_UNDER_WAY = ("EINPROGRESS", "EALREADY", "operation_in_progress", "CONNECT_RETRIABLE")
_TRY_AGAIN = ("EAGAIN", "EWOULDBLOCK", "would_block", "try_again", "TryAgain", "WANT_READ")
_WAITING_WORDS = (
    *WAITS,
    "pollfd",
    "fd_set",
    "kevent",
    "epoll",
    "emscripten_set_socket_",
    "SO_RCVTIMEO",
    "event_add",
    "uv_poll",
    "ev_io",
)
_GIVES_UP = (Outcome.FAILURE, Outcome.REPORTED)


def one_answer(unit: Unit, web: Web) -> Iterator[Hit]:
    """ES017: ``connect`` whose one answer is taken for a failure."""
    if web.posix or not web.emulated:
        return
    for function, call in _connects(unit):
        at_once = outcome(unit, function, Answer(call, 0, STALE))
        pending = outcome(unit, function, Answer(call, -1, ERRNO["EINPROGRESS"]))
        socket = unit.text(call.arguments[0])
        if at_once in _GIVES_UP and pending is Outcome.OTHER and not web.surely_before(3, 1, 69):
            yield at(
                "ES017",
                call.node,
                f"{function.title} gives up when connect() on {socket} returns 0, which it always "
                "does since Emscripten 3.1.69: take 0 and -1 with EINPROGRESS alike, wait until "
                f"{socket} is writable, then read SO_ERROR",
            )
        if (
            pending in _GIVES_UP
            and at_once is Outcome.OTHER
            and web.before(3, 1, 69)
            and not unit.mentions(*_UNDER_WAY)
        ):
            yield at(
                "ES017",
                call.node,
                f"{function.title} gives up when connect() on {socket} answers -1 with "
                "EINPROGRESS, its only answer before Emscripten 3.1.69 (0 means nothing since): "
                f"take both for a beginning, wait until {socket} is writable, then read SO_ERROR",
            )


def _connects(unit: Unit) -> Iterator[tuple[Function, Call]]:
    """Yield the calls of ``connect`` that make a stream to another machine."""
    for function in unit.functions:
        text = unit.text(function.node)
        if function.doubtful or "SOCK_DGRAM" in text or "sockaddr_un" in text or "AF_UNIX" in text:
            continue
        for call in function.calls:
            if unit.posix(call) == "connect" and not _made_for_datagrams(unit, text, call):
                yield function, call


def _made_for_datagrams(unit: Unit, text: str, call: Call) -> bool:
    """Tell whether the socket comes from a function of the file that makes one for UDP."""
    socket = re.escape(unit.text(call.arguments[0]).strip())
    makers = re.findall(rf"(?<![\w.>]){socket}\s*=\s*(\w+)\s*\(", text)
    return any(b"SOCK_DGRAM" in (unit.body_of(maker) or b"") for maker in makers)


def unread_error(unit: Unit, web: Web) -> Iterator[Hit]:
    """ES050: a connection that is waited for and never asked whether it failed."""
    if not web.emulated or web.posix or unit.mentions("SO_ERROR", "getpeername", "getsockopt"):
        return
    for function, call in _connects(unit):
        waits = [one for one in function.calls if unit.posix(one) in WAITS]
        waits = [
            one for one in waits if one.node.start > call.node.start and _for_writing(unit, one)
        ]
        if not waits or sum(unit.posix(one) == "connect" for one in function.calls) > 1:
            continue
        socket = unit.text(call.arguments[0])
        yield at(
            "ES050",
            call.node,
            f"{function.title} takes {socket} for connected when {waits[0].name}() says that it "
            "is ready, which it also says when the server refused: read "
            f"getsockopt({socket}, SOL_SOCKET, SO_ERROR, ...) then",
        )


def _for_writing(unit: Unit, call: Call) -> bool:
    if call.name in ("select", "pselect"):
        return unit.text(call.arguments[2]).strip() not in ("0", "NULL", "nullptr")
    return unit.mentions("POLLOUT", "EPOLLOUT", "POLLWRNORM")


def reconnects(unit: Unit, web: Web) -> Iterator[Hit]:
    """ES051: a second ``connect`` on a descriptor whose first one failed."""
    if web.posix or web.backend == "proxy":
        return
    for function, call in _connects(unit):
        socket = unit.text(call.arguments[0])
        loop = next((one for one in call.node.ancestors() if one.kind in LOOPS), None)
        again = loop is not None and _connects_again(unit, function, call, loop)
        if again or _in_close_callback(unit, function, call):
            yield at(
                "ES051",
                call.node,
                f"{function.title} connects {socket} again after it failed or was closed, which "
                "answers EISCONN: close it and make a new socket() for each try",
            )


def _connects_again(unit: Unit, function: Function, call: Call, loop: Node) -> bool:
    text = unit.text(loop)
    if re.search(r"EISCONN|EALREADY|EINPROGRESS|EINTR\b", text):
        return False  # it asks whether the connection is there yet
    socket = unit.text(call.arguments[0]).strip()
    if not re.fullmatch(r"[A-Za-z_][\w.>-]*", socket):
        return False
    if re.search(rf"(?<![\w.>]){re.escape(socket)}\s*(?:=[^=]|\[)", text):
        return False
    inside = [one for one in function.calls if loop.start <= one.node.start < loop.end]
    if any(re.search(r"socket|close|open", one.name, re.IGNORECASE) for one in inside):
        return False
    if any(
        unit.text(argument).replace(" ", "") in (f"&{socket}", f"*{socket}")
        for one in inside
        for argument in one.arguments
    ):
        return False
    return comes_round(unit, loop, Answer(call, -1, ERRNO["ECONNREFUSED"]))


def _in_close_callback(unit: Unit, function: Function, call: Call) -> bool:
    if not function.parameters or unit.text(call.arguments[0]) != function.parameters[0]:
        return False
    return any(
        re.fullmatch(r"emscripten_set_socket_(?:close|error)_callback", other.name)
        and any(unit.text(argument).lstrip("&") == function.name for argument in other.arguments)
        for one in unit.functions
        for other in one.calls
    )


def blocking_calls(unit: Unit, web: Web) -> Iterator[Hit]:
    """ES052 and ES053: ``recv`` and ``accept`` that are expected to wait."""
    if web.posix or web.backend == "proxy":
        return
    if unit.mentions(*_TRY_AGAIN, *_WAITING_WORDS):
        return
    for function in unit.functions:
        if function.doubtful or unit.mentions("SOCK_DGRAM"):
            continue
        for call in function.calls:
            name = unit.posix(call)
            socket = unit.text(call.arguments[0]) if call.arguments else ""
            if name in ("recv", "recvfrom") and _gives_up(unit, function, call, "EAGAIN", 1):
                yield at(
                    "ES052",
                    call.node,
                    f"{name}() on {socket} never waits, also on a blocking socket: it answers -1 "
                    f"with EAGAIN until data has come, and {function.title} gives up then. Wait "
                    "with poll() first, where that can wait, or try again after emscripten_sleep()",
                )
            elif name in ("accept", "accept4") and _gives_up(unit, function, call, "EINVAL", 5):
                yield at(
                    "ES053",
                    call.node,
                    f"{name}() on {socket} never waits: without a client it answers -1 with EINVAL "
                    f"(and Emscripten before 3.1.8 throws), and {function.title} gives up then. "
                    "Ask poll() first, or call it in the callback of "
                    "emscripten_set_socket_connection_callback()",
                )


def _gives_up(unit: Unit, function: Function, call: Call, errno: str, success: int) -> bool:
    nothing = outcome(unit, function, Answer(call, -1, ERRNO[errno]))
    something = outcome(unit, function, Answer(call, success, STALE))
    gives_up = nothing is Outcome.FAILURE or (
        nothing is Outcome.REPORTED and function.name == "main"  # others leave it to their callers
    )
    return gives_up and something not in _GIVES_UP
