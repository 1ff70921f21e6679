"""Emscripten's own interfaces: <emscripten/websocket.h>, callbacks, JavaScript in C."""

from __future__ import annotations

import re
from collections.abc import Iterator

from emsockets_build.lint.source.hit import Hit, at
from emsockets_build.lint.source.names import SUSPENDS
from emsockets_build.lint.source.unit import Call, Function, Unit
from emsockets_build.lint.source.web import Web

__all__ = ["callbacks_on_pthread", "early_sends", "old_macro", "replaced_settings", "unchecked_new"]

_NEW = "emscripten_websocket_new"
_SEND = re.compile(r"emscripten_websocket_send_\w+")
_SETTER = re.compile(r"emscripten_set_socket_(\w+)_callback")
_SCRIPT = re.compile(rb"\b(?:MAIN_THREAD_)?(?:ASYNC_)?EM_(?:ASM|JS|ASYNC_JS|ASM_ASYNC)\w*\s*\(")
_REPLACED = re.compile(rb"Module\s*(?:\[\s*(['\"])websocket\1\s*\]|\.\s*websocket\b)\s*=(?!=)")
_MACRO = re.compile(r"(?<![\w_])EMSCRIPTEN(?![\w_])")
_LONGEST_SCRIPT = 20_000
_LEFT, _RIGHT = b"()"


def unchecked_new(unit: Unit, _: Web) -> Iterator[Hit]:
    """ES062: nobody looks whether a WebSocket could be made."""
    if unit.mentions("emscripten_websocket_is_supported"):
        return
    for function in unit.functions:
        for call in function.calls:
            if call.name != _NEW or function.doubtful:
                continue
            variable = _target(unit, call)
            if variable is not None and not _is_compared(unit, variable):
                yield at(
                    "ES062",
                    call.node,
                    f"{variable or 'the result'} may be -1 or 0: Node before 22 has no WebSocket, "
                    f"and a bad URL makes none. Check {variable or 'it'} <= 0, or ask "
                    "emscripten_websocket_is_supported() first",
                )


def _target(unit: Unit, call: Call) -> str | None:
    """Return where a result goes: empty for nowhere, None if it is looked at or passed on."""
    parent = call.node.parent
    while parent is not None and parent.kind in ("parenthesized_expression", "cast_expression"):
        parent = parent.parent
    if parent is None:
        return None
    if parent.kind == "expression_statement":
        return ""
    if parent.kind in ("init_declarator", "assignment_expression"):
        outer = parent.parent
        if outer is not None and outer.kind in ("expression_statement", "declaration"):
            target = parent.child("declarator") or parent.child("left")
            return unit.text(target).strip() if target is not None else None
    return None


def _is_compared(unit: Unit, variable: str) -> bool:
    name = re.escape(re.split(r"\.|->", variable)[-1].split("[")[0]).encode()
    return bool(name) and (
        re.search(
            rb"\b%s\b[\])\s]*(?:<=?|>=?|[!=]=)|[!(]\s*[\w.>\[-]*\b%s\s*\)\s*(?:\{|[a-z]|\?|&&)"
            rb"|!\s*[\w.>-]*\b%s\b|return\s+%s\b|(?:assert|if)\s*\(\s*%s\b"
            % (name, name, name, name, name),
            unit.code,
        )
        is not None
    )


def early_sends(unit: Unit, _: Web) -> Iterator[Hit]:
    """ES063: a message for a WebSocket that was made a moment before."""
    for function in unit.functions:
        made = {
            variable: call
            for call in function.calls
            if call.name == _NEW and (variable := _target(unit, call))
        }
        for call in function.calls:
            if not _SEND.fullmatch(call.name) or not call.arguments:
                continue
            socket = unit.text(call.arguments[0]).strip()
            new = made.get(socket)
            if new is None or new.node.start > call.node.start or _waits(function, new, call):
                continue
            yield at(
                "ES063",
                call.node,
                f"{socket} is not open yet: the browser throws InvalidStateError, past all C code. "
                "Send from the callback of emscripten_websocket_set_onopen_callback()",
            )


def _waits(function: Function, new: Call, send: Call) -> bool:
    between = (
        call for call in function.calls if new.node.start < call.node.start < send.node.start
    )
    return any(
        call.name in SUSPENDS or "sleep" in call.name or "ready" in call.name or "wait" in call.name
        for call in between
    )


def replaced_settings(unit: Unit, web: Web) -> Iterator[Hit]:
    """ES064: ``Module.websocket`` that is replaced while the program runs."""
    if web.surely_before(3, 1, 71):
        return
    for match in _SCRIPT.finditer(unit.code):
        end = _closing(unit.code, match.end())
        for found in _REPLACED.finditer(unit.code, match.end(), end):
            yield Hit(
                "ES064",
                found.start(),
                found.end(),
                "since Emscripten 3.1.71 nobody looks at a new Module.websocket once the program "
                "runs: set .url and .subprotocol of the object that is there, or give it in a "
                "--pre-js file",
            )


def _closing(code: bytes, start: int) -> int:
    depth = 1
    for place in range(start, min(len(code), start + _LONGEST_SCRIPT)):
        depth += (code[place] == _LEFT) - (code[place] == _RIGHT)
        if depth == 0:
            return place
    return start


def callbacks_on_pthread(unit: Unit, web: Web) -> Iterator[Hit]:
    """ES066: socket callbacks that are registered on another thread than the sockets' one."""
    if web.wait != "pthread" or not web.emulated:
        return
    for function in unit.functions:
        for call in function.calls:
            if _SETTER.fullmatch(call.name) and not unit.view.uncertain(call.node.start):
                yield at(
                    "ES066",
                    call.node,
                    f"{call.name}() registers in the thread of main(), while the sockets live in "
                    "the browser's main thread: the callback is never called, or the program "
                    "crashes here. Use poll() in the loop of main()",
                )


def old_macro(unit: Unit, web: Web) -> Iterator[Hit]:
    """ES067: a condition on a macro that is not defined any more."""
    if web.surely_before(5, 0, 4) or any(
        directive.word == "define" and directive.rest.split()[:1] == ["EMSCRIPTEN"]
        for directive in unit.view.directives
    ):
        return
    for condition in unit.view.conditions:
        if "__EMSCRIPTEN__" in condition.rest:
            continue
        text = unit.view.original[condition.start : condition.end].decode(
            "utf-8", "surrogateescape"
        )
        for match in _MACRO.finditer(text):
            start = condition.start + len(text[: match.start()].encode("utf-8", "surrogateescape"))
            yield Hit(
                "ES067",
                start,
                start + len(match[0]),
                "since Emscripten 5.0.4 this is defined by <emscripten.h> only, so that files "
                "without it take the branch of other platforms: ask for __EMSCRIPTEN__",
                "__EMSCRIPTEN__",
            )
