"""Options that hide errors, talk too much, or need another release."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from emsockets_build.cmake_source import Call
from emsockets_build.lint.buildfiles.flags import Option, Setting, Stage, Unit, can_meet
from emsockets_build.lint.buildfiles.read import BuildFile
from emsockets_build.lint.finding import Edit, Finding, Fix
from emsockets_build.settings.version import format_version

__all__ = ["check_habits"]

_OPTIMISED = re.compile(r"-O[23sz]|-flto")
_CPP = re.compile(r"\.(?:cc|cpp|cxx|c\+\+|mm)$", re.IGNORECASE)
_C = re.compile(r"\.(?:c|m)$")


def check_habits(file: BuildFile) -> Iterator[Finding]:
    """ES008, ES014, ES015, ES020, ES036, ES042, ES043."""
    if not file.web:
        return
    for option, setting in file.settings():
        if setting.name == "ERROR_ON_UNDEFINED_SYMBOLS" and not setting.on:
            yield file.at(
                "ES008",
                option,
                "a socket function that is missing shows only when it is called; leave this out, "
                "and link what is missing",
            )
        elif setting.name in {"SOCKET_DEBUG", "WEBSOCKET_DEBUG"} and setting.on:
            yield from _debug(file, option, setting)
        elif setting.name == "VERBOSE" and setting.on and not option.debug_only:
            yield file.at("ES042", option, "VERBOSE makes every link print pages; leave it out")
    for unit in file.units:
        if unit.stage & Stage.LINK:
            yield from _safe_heap(file, unit)
            yield from _release(file, unit)
            yield from _linked_by_emcc(file, unit)


def _debug(file: BuildFile, option: Option, setting: Setting) -> Iterator[Finding]:
    if option.debug_only or not option.stage & Stage.LINK or not setting.known:
        return
    fix = None
    if file.cmake is not None and file.source.text[option.start : option.end] == option.text:
        text = f"$<$<CONFIG:Debug>:{option.text}>"
        fix = _in_list(file.cmake.calls, option, text)
        remedy = f"write {text} in target_link_options()"
    else:
        remedy = "give it in a build for debugging only"
    yield file.at(
        "ES020",
        option,
        f"{setting.name} prints every byte that is sent and received, in a release, too; {remedy}",
        fix,
    )


def _in_list(calls: Iterable[Call], option: Option, text: str) -> Fix | None:
    """Replace an option where generator expressions are resolved."""
    lists = {"target_link_options", "add_link_options"}
    for call in calls:
        if call.name in lists and call.start <= option.start < call.end:
            return Fix((Edit(option.start, option.end, text),), f"write {text}")
    return None


def _safe_heap(file: BuildFile, unit: Unit) -> Iterator[Finding]:
    option = unit.on("SAFE_HEAP")
    optimised = next((o for o in unit.options if _OPTIMISED.fullmatch(o.text)), None)
    if option is None or option.implied or optimised is None or option.debug_only:
        return
    if can_meet(option, optimised):
        yield file.at(
            "ES043",
            option,
            f"SAFE_HEAP checks every access to memory, which {optimised.text} cannot make up for; "
            "give it in a build for debugging only",
        )


def _release(file: BuildFile, unit: Unit) -> Iterator[Finding]:
    """What only some releases suffer, and only where the release is known."""
    version = file.context.version
    if version is None:
        return
    threads = unit.on("PROXY_TO_PTHREAD")
    other = unit.on("PROXY_POSIX_SOCKETS", "NODERAWSOCKETS")
    sockets = any(unit.of(n) for n in ("WEBSOCKET_URL", "WEBSOCKET_SUBPROTOCOL", "SOCKET_DEBUG"))
    sockets = sockets or unit.backend == "websocket"
    sockets = sockets or "sys/socket.h" in (file.context.uses or ())
    if threads is not None and sockets and other is None:
        yield file.at(
            "ES014",
            threads,
            f"in Emscripten {format_version(version)} poll() and select() on a thread sleep "
            "through what happens to a socket, until their time is out; use 6.0.3 or newer, or "
            "short time-outs",
        )
    module = unit.on("EXPORT_ES6")
    environment = (unit.value("ENVIRONMENT") or "node").split(",")
    if module is not None and sockets and other is None and "node" in environment:
        yield file.at(
            "ES015",
            module,
            f"an ES module of Emscripten {format_version(version)} looks for `ws` in the wrong "
            "place, so that connect() fails under Node; use 4.0.2 or newer",
        )


def _linked_by_emcc(file: BuildFile, unit: Unit) -> Iterator[Finding]:
    if unit.compiler != "emcc" or not unit.stage & Stage.LINK:
        return
    cpp = [name for name in unit.inputs if _CPP.search(name)]
    standard = any(option.text.startswith(("-std=c++", "-std=gnu++")) for option in unit.options)
    if (not cpp and not standard) or unit.on("DEFAULT_TO_CXX") or unit.given("-lc++", unit.stage):
        return
    written = file.source.text[unit.start : unit.end]
    only_cpp = not any(_C.search(name) for name in unit.inputs)
    fix = None
    if written == "emcc" and only_cpp:
        fix = Fix((Edit(unit.start, unit.end, "em++"),), "write em++")
    yield file.source.finding(
        "ES036",
        unit.start,
        unit.end,
        "since 6.0.6 emcc links C programs only, and C++ ends in undefined symbols; link with em++",
        fix,
    )
