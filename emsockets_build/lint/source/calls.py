"""Calls that this way to the network does not know, or answers differently."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from emsockets_build.lint.source.flow import Outcome, outcome
from emsockets_build.lint.source.hit import Hit, at
from emsockets_build.lint.source.unit import Call, Function, Unit
from emsockets_build.lint.source.values import ERRNO, STALE, Answer
from emsockets_build.lint.source.web import Web

__all__ = ["fatal_options", "not_carried", "single_calls"]

_PROXY = {
    **dict.fromkeys(("poll", "ppoll"), "it is not carried to the proxy: it answers POLLNVAL or 0"),
    **dict.fromkeys(("select", "pselect"), "it is not carried to the proxy: it answers EBADF"),
    **dict.fromkeys(
        ("epoll_create", "epoll_create1"), "it is not carried to the proxy and knows no sockets"
    ),
    **dict.fromkeys(("sendmsg", "recvmsg"), "it aborts the program: use send() and recv()"),
    **dict.fromkeys(
        ("getsockname", "getpeername"),
        "it hangs unless the address has exactly 256 bytes: do without it",
    ),
    **dict.fromkeys(
        ("gethostbyname", "gethostbyname_r", "getprotobyname"),
        "it does not link with PROXY_POSIX_SOCKETS: use getaddrinfo()",
    ),
}
_ON_SOCKETS = {
    "read": "it answers EBADF for a socket of the proxy: use recv()",
    "write": "it answers EBADF for a socket of the proxy: use send()",
    "close": "it does not close a socket of the proxy: use shutdown(..., SHUT_RDWR)",
    "fcntl": "it answers EBADF for a socket of the proxy, whose calls block in any case",
    "ioctl": "it answers EBADF for a socket of the proxy, whose calls block in any case",
}
_DATAGRAMS = ("send", "sendto", "sendmsg", "recv", "recvfrom", "recvmsg")
_GIVES_UP = (Outcome.FAILURE, Outcome.REPORTED)
# What asks whether something is there gives up when it is not, and rightly so.
_ASKS = re.compile(
    r"(?:is|has|have|can|supports?|check|probe|detect|test)_?\w*"
    r"(?:ip_?v?6|multicast|avail\w*|support\w*|work\w*|enabled)",
    re.IGNORECASE,
)


def fatal_options(unit: Unit, web: Web) -> Iterator[Hit]:
    """ES018: a program that gives up because ``setsockopt`` fails."""
    if not web.emulated or web.posix or unit.mentions("ENOPROTOOPT"):
        return
    for function, call in _posix_calls(unit, "setsockopt"):
        if function.doubtful or unit.view.uncertain(call.node.start):
            continue
        if _ASKS.fullmatch(function.name):
            continue
        failed = outcome(unit, function, Answer(call, -1, ERRNO["ENOPROTOOPT"]))
        fine = outcome(unit, function, Answer(call, 0, STALE))
        if failed is Outcome.REPORTED and not _does_more(unit, function, call):
            continue  # a function that sets options: its callers decide
        if failed in _GIVES_UP and fine not in _GIVES_UP:
            option = unit.text(call.arguments[2]).strip()
            yield at(
                "ES018",
                call.node,
                f"setsockopt({option}) always answers ENOPROTOOPT here, and {function.title} "
                "gives up then: go on without it, or leave the call out under __EMSCRIPTEN__",
            )


def _does_more(unit: Unit, function: Function, call: Call) -> bool:
    """Tell whether a function makes use of the socket once the option is set."""
    return any(
        other.node.start > call.node.end
        and unit.posix(other) in ("bind", "listen", "connect", "close", "send", "recv", "socket")
        for other in function.calls
    )


def not_carried(unit: Unit, web: Web) -> Iterator[Hit]:
    """ES019: a call that does not reach the proxy."""
    if web.backend != "proxy":
        return
    for function in unit.functions:
        sockets = _socket_variables(unit, function)
        for call in function.calls:
            why = _PROXY.get(unit.posix(call) or "")
            if unit.posix(call) == "accept4" and unit.text(call.arguments[3]).strip() != "0":
                why = "it aborts the program when it is given flags: use accept()"
            if why is None and call.arguments and call.qualifier in ("", "::"):
                first = unit.text(call.arguments[0]).strip()
                why = _ON_SOCKETS.get(call.name) if first in sockets else None
            if why is not None:
                yield at("ES019", call.node, f"{call.name}(): {why}")


def _socket_variables(unit: Unit, function: Function) -> frozenset[str]:
    """Return the variables that a function puts sockets into, or connects."""
    found: set[str] = set()
    for call in function.calls:
        name = unit.posix(call)
        if name in ("socket", "accept", "accept4"):
            parent = call.node.parent
            target = parent and (parent.child("left") or parent.child("declarator"))
            if target:
                found.add(unit.text(target).strip())
        elif name in ("connect", "bind", "listen", "send", "recv"):
            found.add(unit.text(call.arguments[0]).strip())
    return frozenset(found)


def _posix_calls(unit: Unit, *names: str) -> Iterator[tuple[Function, Call]]:
    for function in unit.functions:
        for call in function.calls:
            if unit.posix(call) in names:
                yield function, call


def single_calls(unit: Unit, web: Web) -> Iterator[Hit]:
    """Calls that are wrong wherever they stand; not in code that may not be compiled at all."""
    for function in unit.functions:
        for call in function.calls:
            if unit.view.uncertain(call.node.start):
                continue
            judge = _JUDGES.get(call.name)
            if judge is not None and call.qualifier in ("", "::"):
                yield from judge(unit, web, function, call)


def _shutdown(unit: Unit, web: Web, function: Function, call: Call) -> Iterator[Hit]:
    """ES054."""
    if not web.emulated or web.posix or unit.posix(call) is None:
        return
    how = unit.text(call.arguments[1]).strip()
    if how in ("SHUT_WR", "1", "SD_SEND"):
        socket = unit.text(call.arguments[0]).strip()
        closed = any(
            other.name in ("close", "closesocket")
            and other.node.start > call.node.start
            and other.arguments
            and unit.text(other.arguments[0]).strip() == socket
            and not _reads_between(unit, function, call, other)
            for other in function.calls
        )
        if not closed:
            yield at(
                "ES054",
                call.node,
                f"shutdown() answers ENOSYS and {socket} stays open: a WebSocket has no "
                "half-close. Say in the protocol that this was the last message, or close()",
            )


def _reads_between(unit: Unit, function: Function, first: Call, last: Call) -> bool:
    return any(
        unit.posix(call) in ("recv", "read", "recvfrom", "poll", "select")
        for call in function.calls
        if first.node.start < call.node.start < last.node.start
    )


def _socket(unit: Unit, web: Web, function: Function, call: Call) -> Iterator[Hit]:
    """ES055 and ES056."""
    if unit.posix(call) is None or not web.emulated or _ASKS.fullmatch(function.name):
        return
    family, kind = (unit.text(argument).strip() for argument in call.arguments[:2])
    refused = outcome(unit, function, Answer(call, -1, ERRNO["EINVAL"]))
    if (
        family in ("AF_INET6", "PF_INET6")
        and not web.surely_before(4, 0, 10)
        and refused is not Outcome.OTHER
    ):
        yield at(
            "ES055",
            call.node,
            "socket(AF_INET6) answers EAFNOSUPPORT since Emscripten 4.0.10, as the emulation has "
            "IPv4 addresses only (names are resolved where the WebSocket is made): use AF_INET "
            "under __EMSCRIPTEN__",
        )
    if (
        re.search(r"\bSOCK_DGRAM\b", kind)
        and family not in ("AF_UNIX", "AF_LOCAL", "AF_NETLINK")
        and any(_posix_calls(unit, *_DATAGRAMS))
    ):
        yield at(
            "ES056",
            call.node,
            "datagrams go out as messages of a WebSocket to each address, reliably and in order, "
            "and never reach a UDP server: put a relay in front of it, such as "
            "`emsockets serve --relay`",
        )


def _listen(unit: Unit, web: Web, _: Function, call: Call) -> Iterator[Hit]:
    """ES057."""
    if unit.posix(call) and web.browser_only and web.backend in ("websocket", "node"):
        yield at(
            "ES057",
            call.node,
            "listen() answers EOPNOTSUPP in a browser, which takes no connections: let this side "
            "connect, or run it in Node (ENVIRONMENT node)",
        )


def _epoll(unit: Unit, web: Web, _: Function, call: Call) -> Iterator[Hit]:
    """ES058."""
    if unit.posix(call) and web.before(6, 0, 8) and web.backend != "proxy":
        yield at(
            "ES058",
            call.node,
            f"{call.name}() is not there before Emscripten 6.0.8 (no header, no symbol, or ENOSYS)"
            ": use poll() under __EMSCRIPTEN__",
        )


def _ioctl(unit: Unit, web: Web, _: Function, call: Call) -> Iterator[Hit]:
    """ES059."""
    if len(call.arguments) != 3 or web.posix or web.backend == "proxy":  # noqa: PLR2004 # its own
        return
    if unit.text(call.arguments[1]).strip() == "FIONBIO" and web.before(4, 0, 11):
        socket = unit.text(call.arguments[0]).strip()
        yield at(
            "ES059",
            call.node,
            "ioctl(FIONBIO) answers EINVAL before Emscripten 4.0.11 and aborts old releases such "
            f"as 3.1.6: use fcntl({socket}, F_SETFL, O_NONBLOCK)",
        )


def _peek(unit: Unit, web: Web, _: Function, call: Call) -> Iterator[Hit]:
    """ES060."""
    if unit.posix(call) is None or not web.emulated or web.posix or not web.before(6, 0, 3):
        return
    if any(re.search(r"\bMSG_PEEK\b", unit.text(argument)) for argument in call.arguments[2:]):
        yield at(
            "ES060",
            call.node,
            f"{call.name}() ignores MSG_PEEK before Emscripten 6.0.3 and takes the bytes: keep "
            "what was read in a buffer of your own",
        )


def _service(unit: Unit, web: Web, _: Function, call: Call) -> Iterator[Hit]:
    """ES069."""
    if unit.posix(call) is None or web.backend == "proxy" or web.posix:
        return
    service = unit.text(call.arguments[1]).strip()
    if re.fullmatch(r'"[A-Za-z][\w.+-]*"', service):
        yield at(
            "ES069",
            call.arguments[1],
            f"getaddrinfo() knows no services, so {service} answers EAI_SERVICE: give the number "
            "of the port",
        )


_JUDGES: dict[str, Callable[[Unit, Web, Function, Call], Iterator[Hit]]] = {
    "epoll_create": _epoll,
    "epoll_create1": _epoll,
    "getaddrinfo": _service,
    "ioctl": _ioctl,
    "listen": _listen,
    "recv": _peek,
    "recvfrom": _peek,
    "recvmsg": _peek,
    "shutdown": _shutdown,
    "socket": _socket,
}
