"""Loops that wait for something that can only happen once they have ended."""

from __future__ import annotations

import re
from collections.abc import Iterator

from emsockets_build.lint.source.flow import comes_round
from emsockets_build.lint.source.hit import Hit, at
from emsockets_build.lint.source.names import (
    CALLBACK_SETTERS,
    LATER,
    NAPS,
    SPEAKING,
    SUSPENDS,
    WAITS,
    YIELDS,
)
from emsockets_build.lint.source.tree import Node
from emsockets_build.lint.source.unit import LOOPS, Call, Function, Unit
from emsockets_build.lint.source.values import ERRNO, STALE, Answer
from emsockets_build.lint.source.web import Web

__all__ = ["busy_flags", "sleeping_callbacks", "sleeps_without_support", "wait_loops"]

_READY_STATE = "emscripten_websocket_get_ready_state"
_RECEIVES = frozenset({"recv", "recvfrom", "recvmsg"})
_ACCEPTS = frozenset({"accept", "accept4"})
# Functions of other files that let the event loop run, to go by their names.
_YIELD_LIKE = re.compile(
    r"yield|asyncify|await|suspend|fiber|coro|wait|until|pause|pump|idle|delay|nap|tick|events"
    r"|run_?loop|run_?once",
    re.IGNORECASE,
)


def wait_loops(unit: Unit, web: Web) -> Iterator[Hit]:
    """ES016: a loop that waits and never lets the event loop run."""
    if web.posix or web.wait == "pthread" or web.backend == "proxy":
        return
    yielding = unit.calling(lambda call: call.name in YIELDS)
    waiting = unit.calling(lambda call: unit.posix(call) in WAITS or call.name == _READY_STATE)
    for function in unit.functions:
        if function.doubtful or unit.is_threaded(function):
            continue
        found: set[int] = set()
        for call in function.calls:
            answer = None if _counted(unit, function, call) else _answer(unit, web, call, waiting)
            loop = _waiting_loop(unit, web, function, answer, yielding) if answer else None
            if loop is None or loop.start in found:
                continue
            found.add(loop.start)
            yield at("ES016", call.node, _message(unit, web, call))


def _answer(  # noqa: PLR0911 # one for each kind of call
    unit: Unit, web: Web, call: Call, waiting: frozenset[str]
) -> Answer | None:
    """Return what a call that waits elsewhere answers here, where nothing has happened yet."""
    name = unit.posix(call)
    suspending = web.suspends and not web.surely_before(6, 0, 2)
    others = {} if suspending else dict.fromkeys(WAITS, 0)
    if name in WAITS:
        if name in ("select", "pselect") and _no_sockets(unit, call):
            return None
        return None if _suspends(unit, web, call) else Answer(call, 0)
    if call.name == _READY_STATE:
        return Answer(call, 0)
    if name in _RECEIVES:
        return Answer(call, -1, ERRNO["EAGAIN"], {**others, call.name: -1})
    if name in _ACCEPTS and web.emulated:
        return Answer(call, -1, ERRNO["EINVAL"], {**others, call.name: -1})
    if call.name in NAPS and _naps_for_socket(unit, call):
        return Answer(call, 0, STALE)
    if call.name in waiting and not call.qualifier and unit.find(call.name) and _in_condition(call):
        return None if web.suspends else Answer(call, 0)
    return None


def _counted(unit: Unit, function: Function, call: Call) -> bool:
    """Tell whether a call is made only if ``ioctl(FIONREAD)`` has counted something to read."""
    counts = {
        unit.text(one.arguments[2]).strip("& ")
        for one in function.calls
        if len(one.arguments) == 3 and unit.text(one.arguments[1]).strip() == "FIONREAD"  # noqa: PLR2004 # ioctl's
    }
    return bool(counts) and any(
        node.kind == "if_statement"
        and not counts.isdisjoint(re.findall(r"\w+", unit.text(node.child("condition") or node)))
        for node in call.node.ancestors()
    )


def _no_sockets(unit: Unit, call: Call) -> bool:
    """Tell whether ``select`` is used as a nap."""
    return all(unit.text(one).strip() in ("0", "NULL", "nullptr") for one in call.arguments[1:4])


def _never_suspends(unit: Unit, web: Web, call: Call) -> bool:
    """Tell whether a wait does not suspend the program under ASYNCIFY or JSPI."""
    if web.surely_before(6, 0, 2):
        return True
    return call.name == "poll" and unit.text(call.arguments[2]).strip() == "0"


def _naps_for_socket(unit: Unit, call: Call) -> bool:
    """Tell whether a nap stands in a loop that asks a socket how it is."""
    loop = _innermost(call.node)
    return loop is not None and any(
        other.node is not call.node
        and (
            unit.posix(other) in SPEAKING - {"connect", "send", "sendto"}
            or other.name == _READY_STATE
        )
        for function in unit.functions
        for other in function.calls
        if loop.start <= other.node.start < loop.end
    )


def _in_condition(call: Call) -> bool:
    loop = _innermost(call.node)
    condition = loop.child("condition") if loop is not None else None
    return condition is not None and condition.start <= call.node.start < condition.end


def _innermost(node: Node) -> Node | None:
    return next((one for one in node.ancestors() if one.kind in LOOPS), None)


def _waiting_loop(
    unit: Unit, web: Web, function: Function, answer: Answer, yielding: frozenset[str]
) -> Node | None:
    """Return the innermost loop that a call may keep running for ever; None if there is none."""
    call = answer.call
    for loop in call.node.ancestors():
        if loop is function.node:
            return None
        if loop.kind == "for_range_loop":
            return None  # one round for each element
        if loop.kind not in LOOPS or not _waits_in(unit, loop, call):
            continue
        if not comes_round(unit, loop, answer):
            continue
        inside = [one for one in function.calls if loop.start <= one.node.start < loop.end]
        if any(_yields(unit, one, yielding) or _suspends(unit, web, one) for one in inside):
            return None
        if "co_await" in unit.text(loop):
            return None
        return loop
    return None


def _waits_in(unit: Unit, loop: Node, call: Call) -> bool:
    """Tell whether a loop is one that waits, and not one that goes through a list."""
    if loop.kind != "for_statement":
        return True
    update, condition = loop.child("update"), loop.child("condition")
    if update is None:
        return True
    text = unit.text(update)
    if re.search(r"=\s*\w[\w.]*(?:->|\.)\s*\w*next|=\s*\w*next", text):
        return False
    counter = re.search(r"[A-Za-z_]\w*", text)
    if counter is None or condition is None:
        return True
    used = re.compile(rf"\b{re.escape(counter[0])}\b")
    return not any(used.search(unit.text(argument)) for argument in call.arguments)


def _yields(unit: Unit, call: Call, yielding: frozenset[str]) -> bool:
    elsewhere = call.name not in unit.declared and call.name not in WAITS
    return (
        call.name in YIELDS
        or call.name in yielding
        or (elsewhere and _YIELD_LIKE.search(call.name) is not None)
        or (call.name.startswith("emscripten_") and call.name.endswith(("_sync", "_sleep")))
    )


def _suspends(unit: Unit, web: Web, call: Call) -> bool:
    """Tell whether a call waits as it does elsewhere, and the event loop runs meanwhile."""
    waits = unit.posix(call) in WAITS
    return waits and web.suspends and not _never_suspends(unit, web, call)


def _message(unit: Unit, web: Web, call: Call) -> str:
    what = _what(unit, call)
    if web.suspends:
        return (
            f"{call.name}() does not suspend the program here, so the event loop never runs and "
            f"{what}: call emscripten_sleep() in this loop"
        )
    if web.wait == "events":
        return (
            f"this loop keeps the JavaScript event loop from running, so {what}: return from the "
            "function and look again in emscripten_set_main_loop() or a socket callback, or build "
            "with WAIT asyncify and emscripten_sleep() in the loop, or with WAIT pthread"
        )
    return (
        f"unless the program runs on a pthread, this loop keeps the JavaScript event loop from "
        f"running, so {what}: build with WAIT pthread, with WAIT asyncify and emscripten_sleep() "
        "in the loop, or look again in emscripten_set_main_loop()"
    )


def _what(unit: Unit, call: Call) -> str:
    if call.name == _READY_STATE:
        socket = unit.text(call.arguments[0]) if call.arguments else "the WebSocket"
        return f"the ready state of {socket} never changes"
    if call.name in _RECEIVES:
        return f"{call.name}() on {unit.text(call.arguments[0])} never gets anything"
    if call.name in _ACCEPTS:
        return f"{call.name}() on {unit.text(call.arguments[0])} never gets a client"
    return f"{call.name}() never sees a socket become ready"


def busy_flags(unit: Unit, web: Web) -> Iterator[Hit]:
    """ES016: a loop that waits for a variable that a callback sets."""
    if web.posix or web.wait == "pthread":
        return
    flags = {
        match[1].decode("ascii", "replace"): name
        for name in _registered(unit, CALLBACK_SETTERS, LATER)
        if (body := unit.body_of(name)) is not None
        for match in re.finditer(rb"(?<![\w.>])([A-Za-z_]\w*)\s*=[^=]", body)
    }
    if not flags:
        return
    names = b"|".join(re.escape(flag.encode()) for flag in sorted(flags))
    pattern = re.compile(
        rb"while\s*\(\s*(?:!\s*(%s)|(%s)\s*==\s*(?:0|false))\s*\)\s*(?:;|\{\s*\})" % (names, names)
    )
    for match in pattern.finditer(unit.code):
        flag = (match[1] or match[2]).decode("ascii", "replace")
        yield Hit(
            "ES016",
            match.start(),
            match.end(),
            f"{flag} is set in {flags[flag]}(), which the event loop calls, and this loop keeps "
            "the event loop from running: go on in the callback, or build with WAIT asyncify and "
            "call emscripten_sleep() in the loop",
        )


def _registered(unit: Unit, *setters: re.Pattern[str]) -> set[str]:
    """Return the names of the functions that are given to functions that register callbacks."""
    return {
        name
        for function in unit.functions
        for call in function.calls
        if any(setter.fullmatch(call.name) for setter in setters)
        for argument in call.arguments
        for name in re.findall(r"[A-Za-z_]\w*", unit.text(argument))
        if name in unit.declared
    }


def sleeping_callbacks(unit: Unit, web: Web) -> Iterator[Hit]:
    """ES065: a socket callback that suspends while the program is suspended."""
    if web.posix or web.wait in ("events", "pthread"):
        return
    registered = _registered(unit, CALLBACK_SETTERS)
    sleepers = [
        (function, call)
        for function in unit.functions
        for call in function.calls
        if call.name in SUSPENDS
    ]
    elsewhere = any(function.name not in registered for function, _ in sleepers)
    for function, call in sleepers:
        if function.name in registered and (elsewhere or web.wait == "jspi"):
            yield at(
                "ES065",
                call.node,
                f"{function.name}() is called by the event loop while the program sleeps, and only "
                f"one call can be suspended at a time: {call.name}() here breaks the memory or "
                "aborts. Set a flag, and let the sleeping function act on it",
            )


def sleeps_without_support(unit: Unit, web: Web) -> Iterator[Hit]:
    """ES068: a call that suspends in a target that cannot."""
    if web.wait != "events":
        return
    for function in unit.functions:
        for call in function.calls:
            if call.name in SUSPENDS and not unit.view.uncertain(call.node.start):
                yield at(
                    "ES068",
                    call.node,
                    f"{call.name}() aborts in a target with WAIT events: choose WAIT asyncify or "
                    "WAIT jspi, or go on in emscripten_async_call()",
                )
