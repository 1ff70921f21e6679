"""Settings that do not go together, and those that need others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from emsockets_build.lint.buildfiles.flags import Option, Stage, Unit, can_meet
from emsockets_build.lint.buildfiles.read import BuildFile
from emsockets_build.lint.finding import Finding

__all__ = ["check_pairs"]

_EMULATION = ("WEBSOCKET_URL", "WEBSOCKET_SUBPROTOCOL", "SOCKET_DEBUG")
_LIBRARY = ("-lwebsocket.js", "-lwebsocket")
_RAW_PAIRS = (
    ("WASMFS", "its sockets are not wired into that file system"),
    ("PROXY_POSIX_SOCKETS", "they are two backends of the same calls"),
    ("SOCKET_WEBRTC", "they are two backends of the same calls"),
)
_BRIDGE = "websocket_to_posix_proxy"


def check_pairs(file: BuildFile) -> Iterator[Finding]:
    """ES004 to ES007, ES013, ES021, ES024, ES031, ES033, ES037."""
    if not file.web:
        return
    for unit in file.units:
        if unit.stage & Stage.LINK:
            yield from _proxy(file, unit)
            yield from _without_effect(file, unit)
            yield from _library(file, unit)
            yield from _file_system(file, unit)
            yield from _raw(file, unit)
            yield from _module(file, unit)
            yield from _runtime(file, unit)
            yield from _refused(file, unit)
    yield from _bridge(file)
    yield from _library_missing(file)


def _own(option: Option | None) -> Option | None:
    """An option that stands in the file itself: what emsockets_target() gives is right."""
    return None if option is None or option.implied else option


def _has(file: BuildFile, unit: Unit, *tokens: str) -> bool:
    """Whether an option is given, here or somewhere else in the project."""
    names = [token.removeprefix("-s") for token in tokens if token.startswith("-s")]
    return (
        any(unit.given(token, Stage.COMPILE | Stage.LINK) for token in tokens)
        or unit.on(*names) is not None
        or any(_same(token, other) for token in tokens for other in file.context.elsewhere)
    )


def _same(token: str, other: str) -> bool:
    return other == token or (token.startswith("-s") and other.partition("=")[0] == token)


def _meets(option: Option, others: Iterable[Option | None]) -> Option | None:
    return next((other for other in others if other is not None and can_meet(option, other)), None)


def _proxy(file: BuildFile, unit: Unit) -> Iterator[Finding]:
    option = _own(unit.on("PROXY_POSIX_SOCKETS"))
    if option is None or unit.partial or (not unit.program and unit.name):
        return
    wanted = {
        "-lwebsocket.js": _LIBRARY,
        "-pthread": ("-pthread", "-sUSE_PTHREADS"),
        "-sPROXY_TO_PTHREAD": ("-sPROXY_TO_PTHREAD",),
    }
    missing = [flag for flag, tokens in wanted.items() if not _has(file, unit, *tokens)]
    if missing:
        yield file.at(
            "ES004",
            option,
            "PROXY_POSIX_SOCKETS blocks the calling thread and works with -lwebsocket.js, -pthread "
            f"and -sPROXY_TO_PTHREAD only; {' and '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing",
        )


def _without_effect(file: BuildFile, unit: Unit) -> Iterator[Finding]:
    backend = unit.on("PROXY_POSIX_SOCKETS", "NODERAWSOCKETS")
    if backend is None or backend.setting is None:
        return
    for name in ("WEBSOCKET_URL", "WEBSOCKET_SUBPROTOCOL"):
        for option in unit.of(name):
            if not option.implied and can_meet(option, backend):
                yield file.at(
                    "ES005",
                    option,
                    f"{name} has no effect with {backend.setting.name}: only the WebSocket "
                    "emulation reads it; leave it out",
                )


def _library(file: BuildFile, unit: Unit) -> Iterator[Finding]:
    option = next(
        (o for o in unit.options if o.text in _LIBRARY and not o.implied and o.stage & Stage.LINK),
        None,
    )
    uses = file.context.uses_anywhere
    if option is None or _has(file, unit, "-sPROXY_POSIX_SOCKETS"):
        return
    emulation = next((o for name in _EMULATION for o in unit.of(name) if can_meet(o, option)), None)
    if uses is not None and "emscripten/websocket.h" not in uses:
        yield file.at(
            "ES006",
            option,
            f"{option.text} is the library of <emscripten/websocket.h>, which no source here "
            "includes; POSIX sockets need no library: leave it out",
        )
    elif uses is None and emulation is not None and emulation.setting is not None:
        yield file.at(
            "ES006",
            option,
            f"{option.text} is the library of <emscripten/websocket.h>, but "
            f"{emulation.setting.name} is for POSIX sockets, which need no library; leave out the "
            "one that the program does not use",
        )


def _library_missing(file: BuildFile) -> Iterator[Finding]:
    """The header is included somewhere, and nothing in the project links its library."""
    if "emscripten/websocket.h" not in (file.context.uses or ()) or file.cmake is None:
        return
    programs = [
        unit
        for unit in file.units
        if unit.program and unit.inputs and unit.emscripten
        if not unit.adopted or unit.backend is not None  # else a variable may say websocket-api
    ]
    linked = any(_has(file, unit, *_LIBRARY) for unit in file.units)
    # A library from elsewhere may bring it along.
    local = {unit.name for unit in file.units}
    if programs and not linked and all(local.issuperset(unit.libraries) for unit in programs):
        unit = programs[0]
        yield file.source.finding(
            "ES006",
            unit.start,
            unit.end,
            "sources of the project include <emscripten/websocket.h>, and nothing links its "
            f"library; {_linking(unit)}",
        )


def _linking(unit: Unit) -> str:
    if unit.adopted:
        return f"write emsockets_target({unit.name} BACKEND websocket-api ...)"
    return f"add target_link_options({unit.name} PRIVATE -lwebsocket.js)"


def _file_system(file: BuildFile, unit: Unit) -> Iterator[Finding]:
    wasmfs = _own(unit.on("WASMFS"))
    switched_off = [
        option
        for option in unit.of("FILESYSTEM")
        if option.setting and not option.setting.on and not option.implied
    ]
    blamed = wasmfs or next(iter(switched_off), None)
    if blamed is None or unit.on("PROXY_POSIX_SOCKETS", "NODERAWSOCKETS"):
        return
    what = "WASMFS" if wasmfs else "FILESYSTEM=0"
    emulation = _meets(blamed, (o for name in _EMULATION for o in unit.of(name)))
    emulated = unit.backend == "websocket" or "sys/socket.h" in (file.context.uses or ())
    library = next((o for o in unit.options if o.text in _LIBRARY), None)
    if emulation is not None or emulated:
        yield file.at(
            "ES007",
            blamed,
            f"{what} takes the socket emulation out of the program: socket() fails with ENOSYS or "
            f"does not link; leave {what} out, or use <emscripten/websocket.h>",
        )
    elif library is not None:
        yield file.at(
            "ES033",
            blamed,
            f"with {what} only <emscripten/websocket.h> reaches the network; POSIX sockets, such "
            "as a library may use them, fail with ENOSYS",
        )


def _raw(file: BuildFile, unit: Unit) -> Iterator[Finding]:
    option = _own(unit.on("NODERAWSOCKETS"))
    if option is None:
        return
    environment = unit.value("ENVIRONMENT")
    if environment and "$" not in environment and "node" not in environment.split(","):
        yield file.at(
            "ES013",
            option,
            f"NODERAWSOCKETS is ignored, because ENVIRONMENT={environment} leaves node out; add "
            "node, or link another program for Node",
        )


def _module(file: BuildFile, unit: Unit) -> Iterator[Finding]:
    if "Module.websocket" not in (file.context.uses or ()):
        return
    api = unit.value("INCOMING_MODULE_JS_API")
    blamed = next(iter(unit.of("INCOMING_MODULE_JS_API")), None) or unit.on("STRICT")
    if blamed is None or blamed.implied or (api is not None and "websocket" in api):
        return
    if api is not None and ("$" in api or api.startswith("@")):
        return
    yield file.at(
        "ES021",
        blamed,
        "the program does not look at Module.websocket, which the project sets: the list of what "
        "it takes from Module lacks websocket; add it to INCOMING_MODULE_JS_API",
    )


def _runtime(file: BuildFile, unit: Unit) -> Iterator[Finding]:
    option = _own(unit.on("PROXY_TO_PTHREAD"))
    environment = unit.value("ENVIRONMENT")
    if option is None or unit.partial or environment is None or unit.value("EXIT_RUNTIME"):
        return
    if "node" in environment.split(",") and not _has(file, unit, "-sEXIT_RUNTIME"):
        yield file.at(
            "ES024",
            option,
            "the threads keep Node alive when main() has returned, so that the program never ends; "
            "add -sEXIT_RUNTIME",
        )


def _refused(file: BuildFile, unit: Unit) -> Iterator[Finding]:
    raw = _own(unit.on("NODERAWSOCKETS"))
    for name, why in _RAW_PAIRS:
        other = unit.on(name)
        if raw is not None and other is not None and can_meet(raw, other):
            yield file.at("ES031", raw, f"emcc refuses NODERAWSOCKETS with {name}: {why}")
    proxied = _own(unit.on("PROXY_TO_PTHREAD"))
    threads = _has(file, unit, "-pthread", "-sUSE_PTHREADS")
    if (
        proxied is not None
        and not threads
        and not unit.partial
        and not unit.on("PROXY_POSIX_SOCKETS")
    ):
        yield file.at("ES031", proxied, "emcc refuses PROXY_TO_PTHREAD without -pthread; add it")
    for first, second, why in file.names.incompatible:
        if "NODERAWSOCKETS" in {first, second}:
            continue
        one, other = _either(unit, first), _either(unit, second)
        if one is not None and other is not None and not one.implied and can_meet(one, other):
            reason = f": {why}" if why else ""
            yield file.at("ES031", one, f"emcc refuses {first} with {second}{reason}")


def _either(unit: Unit, name: str) -> Option | None:
    """Return the option that switches a setting on, or with ``NO_`` the one that does so off."""
    bare = name.removeprefix("NO_")
    if bare == name:
        return unit.on(name)
    return next((o for o in unit.of(bare) if o.setting and not o.setting.on), None)


def _bridge(file: BuildFile) -> Iterator[Finding]:
    """The helper of one backend beside the settings of another."""
    place = file.source.text.find(_BRIDGE)
    if place < 0:
        return
    emulated = [o for unit in file.units for name in _EMULATION for o in unit.of(name)]
    proxied = any(unit.on("PROXY_POSIX_SOCKETS") for unit in file.units)
    if emulated and not proxied:
        yield file.source.finding(
            "ES037",
            place,
            place + len(_BRIDGE),
            f"{_BRIDGE} speaks the protocol of PROXY_POSIX_SOCKETS, but the program is linked for "
            "plain WebSockets; put websockify or `emsockets serve --relay HOST:PORT` in front of "
            "the server",
        )
