"""What a program that does not end is doing: the pure part of finding out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import PurePosixPath

from emsockets_build.run.imports import IMPORTS
from emsockets_build.run.stacks import Frame, Observation, ThreadView
from emsockets_build.run.symbolize import SourceLine

__all__ = ["Hang", "HangKind", "classify", "describe_handles", "with_names", "with_sources"]


class HangKind(StrEnum):
    """The ways in which a program fails to come to an end."""

    BUSY_MAIN = "busy-main"  # a loop on the main thread: the event loop cannot turn
    BUSY_WORKER = "busy-worker"  # a loop on a pthread
    BLOCKED_WORKER = "blocked-worker"  # a pthread waits for another one
    SUSPENDED = "suspended"  # ASYNCIFY or JSPI: main sleeps, the event loop turns
    IDLE = "idle"  # nothing runs, but something keeps Node alive
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Hang:
    """What was found.

    Attributes:
        kind: The way in which it hangs.
        thread: The thread that it hangs on.
        waiting_in: The library function that it spins or waits in, such as ``select``; may be
            empty.
        function: The program's own function that holds the loop or the call; may be empty.
        location: ``file:line`` there, where debug information tells.
        stack: The stack that shows it, innermost frame first, inlined functions included.
        handles: What keeps Node alive, in words.
        trouble: Why no more could be found out; empty if nothing went wrong.
    """

    kind: HangKind
    thread: str = "main"
    waiting_in: str = ""
    function: str = ""
    location: str | None = None
    stack: tuple[Frame, ...] = ()
    handles: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def hopeless(self) -> bool:
        """Whether it can never end: no socket changes while the main thread waits for one."""
        return self.kind is HangKind.BUSY_MAIN and self.waiting_in in _OF_SOCKETS


_BLOCKING = frozenset(
    {
        "emscripten_futex_wait",
        "pthread_barrier_wait",
        "pthread_cond_timedwait",
        "pthread_cond_wait",
        "pthread_join",
        "pthread_mutex_lock",
        "pthread_mutex_timedlock",
        "pthread_rwlock_rdlock",
        "pthread_rwlock_wrlock",
        "sem_timedwait",
        "sem_wait",
    }
)
_TRANSFER = frozenset(
    {"accept", "accept4", "connect", "read", "readv", "recv", "recvfrom", "recvmsg"}
    | {"send", "sendmsg", "sendto", "write", "writev"}
)
_SLEEP = frozenset(
    {"clock_nanosleep", "nanosleep", "sched_yield", "sleep", "thrd_sleep", "usleep"}
    | {"emscripten_sleep", "emscripten_thread_sleep"}
)
_OF_SOCKETS = (
    _TRANSFER
    | {"epoll_pwait", "epoll_wait", "poll", "ppoll", "pselect", "select"}
    | {"emscripten_websocket_get_ready_state"}
)
_WAITING = _BLOCKING | _OF_SOCKETS | _SLEEP | {"getaddrinfo", "gethostbyname"}
_MAIN = frozenset({"main", "__main_argc_argv", "__original_main", "__main_void", "_start"})
_NOT_THE_USERS = re.compile(
    r"^(?:std::|__|emscripten_|_emscripten|_main_thread$|dynCall|invoke_|emsockets_)"
)
# Of POSIX ON (cmake/posix): what is left of a call where its wrapper was inlined.
_WRAPPED = {
    "emsockets_receive_vector": "recv",
    "emsockets_send_vector": "send",
    "emsockets_wait_for": "poll",
    "emsockets_pause_for": "sleep",
}
_NAMELESS = re.compile(r"^func\d+$")
_HANDLES = {
    "TCPSocketWrap": "a TCP socket",
    "TCPServerWrap": "a listening server",
    "TCPConnectWrap": "a connection being made",
    "UDPWrap": "a UDP socket",
    "Timeout": "a timer (a main loop, or a sleep under ASYNCIFY)",
    "Interval": "a repeating timer",
    "AnimationFrame": "a main loop (requestAnimationFrame)",
    "Loading": "something that is still being loaded",
    "MessagePort": "a worker thread (pthread)",
    "Worker": "a worker thread (pthread)",
    "ProcessWrap": "a child process",
    "GetAddrInfoReqWrap": "a name lookup",
}


def classify(
    observation: Observation,
    *,
    turning: bool,
    suspends: bool,
    lines: Mapping[int, Sequence[SourceLine]],
    handles: tuple[str, ...] = (),
) -> Hang:
    """Say how a program hangs.

    Args:
        observation: What the inspector saw.
        turning: Whether Node's event loop still turns (the hook's pulse).
        suspends: Whether the program can suspend (ASYNCIFY, JSPI).
        lines: The source of WebAssembly offsets, innermost inlined function first.
        handles: What keeps Node alive.

    Returns:
        The hang, named as far as the stacks allow.
    """
    main, *workers = observation.threads
    at_work = [worker for worker in workers if _wasm_samples(worker)]
    # On a busy machine the pulse may be late: a main thread that was never met at work is idle.
    if not turning and (main.samples or not at_work):
        found = _name(main, lines, HangKind.BUSY_MAIN)
        return replace(found, handles=handles)
    if at_work:
        named = [_name(worker, lines, HangKind.BUSY_WORKER) for worker in at_work]
        # The one that the program's main() runs in says more than its helpers.
        found = max(named, key=lambda hang: (_runs_main(hang.stack), bool(hang.function)))
        if found.waiting_in in _BLOCKING:
            found = replace(found, kind=HangKind.BLOCKED_WORKER)
        return replace(found, handles=handles)
    found = _name(main, lines, HangKind.IDLE)
    if suspends and (_runs_main(found.stack) or not found.stack):
        found = replace(found, kind=HangKind.SUSPENDED)
    return replace(found, handles=handles)


def with_names(observation: Observation, names: Mapping[str, str]) -> Observation:
    """Give names to functions that V8 only knows by number.

    Args:
        observation: What was seen.
        names: From V8's ``func12`` to the name (`read_symbol_map`).

    Returns:
        The same with names.
    """

    def named(frame: Frame) -> Frame:
        return replace(frame, function=names.get(frame.function, frame.function))

    return Observation(
        tuple(
            replace(thread, samples=tuple(tuple(map(named, stack)) for stack in thread.samples))
            for thread in observation.threads
        )
    )


def describe_handles(
    resources: Iterable[object], sockets: Iterable[Mapping[str, object]]
) -> tuple[str, ...]:
    """Put into words what keeps Node alive.

    Args:
        resources: ``process.getActiveResourcesInfo()``.
        sockets: The hook's list of WebSockets that are not closed.

    Returns:
        The most telling first; each once.
    """
    words = []
    for socket in sockets:
        buffered = socket.get("buffered") or 0
        waiting = f", {buffered} bytes not sent yet" if buffered else ""
        if socket.get("state") == "listening":
            words.append("a listening WebSocket server")
        else:
            to = f" to {socket['url']}" if socket.get("url") else ""
            name = "socket" if str(socket.get("url")).startswith("tcp:") else "WebSocket"
            words.append(f"{name} {socket.get('socket')}{to} ({socket.get('state')}{waiting})")
    covered = {"PipeWrap", "TTYWrap"}  # standard input and output
    if words:
        covered |= {"TCPSocketWrap", "TCPServerWrap", "TCPConnectWrap"}
    words += [_HANDLES.get(str(name), str(name)) for name in resources if str(name) not in covered]
    return tuple(dict.fromkeys(words))


def _wasm_samples(thread: ThreadView) -> list[tuple[Frame, ...]]:
    return [sample for sample in thread.samples if any(frame.wasm for frame in sample)]


def _runs_main(stack: Iterable[Frame]) -> bool:
    return any(frame.function in _MAIN for frame in stack)


def _name(thread: ThreadView, lines: Mapping[int, Sequence[SourceLine]], kind: HangKind) -> Hang:
    """Name the function that a thread hangs in, from its samples."""
    samples = _wasm_samples(thread)
    if not samples:
        trouble = "" if kind is HangKind.IDLE else "the thread could not be paused in WebAssembly"
        return Hang(kind, thread.name, trouble=trouble)
    found = [(_waiting_call(sample, lines), sample) for sample in samples]
    calls = Counter(call for (call, _), _ in found if call)
    waiting_in = calls.most_common(1)[0][0] if calls else ""
    (_, call), stack = max(
        (entry for entry in found if entry[0][0] == waiting_in), key=lambda entry: len(entry[1])
    )
    place = _own_frame(stack, call, thread.loop_depth, lines)
    shown = tuple(with_sources(_up_to_wasm(stack), lines))
    if place is None:
        return Hang(kind, thread.name, waiting_in, stack=shown)
    own = next(iter(with_sources([stack[place]], lines)))
    if own.location is None:
        own = _sourced_elsewhere(own, len(stack) - place, samples, lines)
    return Hang(kind, thread.name, waiting_in, own.function, own.location, shown)


def _sourced_elsewhere(
    own: Frame,
    depth: int,
    samples: Iterable[Sequence[Frame]],
    lines: Mapping[int, Sequence[SourceLine]],
) -> Frame:
    """Find a moment when the same frame stood at a place that has a line (a loop's edge has none).

    Args:
        own: The frame without a location.
        depth: Its place in the stack, counted from the outermost frame.
        samples: All stacks of the thread.
        lines: The source of offsets.
    """
    for sample in samples:
        if len(sample) >= depth and sample[-depth].function == own.function:
            known = next(iter(with_sources([sample[-depth]], lines)))
            if known.location is not None:
                return known
    return own


def _waiting_call(
    stack: Sequence[Frame], lines: Mapping[int, Sequence[SourceLine]]
) -> tuple[str, int]:
    """Find the outermost library call that can wait, and the index of its frame."""
    for index in range(len(stack) - 1, -1, -1):
        frame = stack[index]
        if frame.wasm:
            name = frame.function
            if _NAMELESS.match(name) and (file := _library_file(frame, lines)):
                name = PurePosixPath(file).stem  # musl keeps select() in select.c
            name = _WRAPPED.get(name, name.removeprefix("__wrap_"))
            if name in _WAITING:
                return name, index
        elif index + 1 < len(stack) and stack[index + 1].wasm:
            call = IMPORTS.get(frame.function.removeprefix("_"))
            if call is not None:
                return call, index
    return "", -1


def _own_frame(
    stack: Sequence[Frame],
    call: int,
    loop_depth: int,
    lines: Mapping[int, Sequence[SourceLine]],
) -> int | None:
    """Return the index of the program's own frame that holds the loop, or else the call."""
    own = [
        index
        for index in range(call + 1, len(stack))
        if stack[index].wasm and not _is_library(stack[index], lines)
    ]
    if not own:
        return None
    # The innermost function that is not entered again holds the loop.
    loop = len(stack) - loop_depth
    return next((index for index in own if index >= loop), own[0]) if loop_depth else own[0]


def _is_library(frame: Frame, lines: Mapping[int, Sequence[SourceLine]]) -> bool:
    if frame.function in _MAIN:
        return False
    if _library_file(frame, lines):
        return True
    return frame.function in _WAITING or _NOT_THE_USERS.match(frame.function) is not None


def _library_file(frame: Frame, lines: Mapping[int, Sequence[SourceLine]]) -> str:
    """Return the file of a function of Emscripten's own libraries; empty for all others."""
    known = lines.get(frame.offset, ())
    return known[-1].file if known and "system/lib/" in known[-1].file else ""


def _up_to_wasm(stack: Sequence[Frame]) -> Sequence[Frame]:
    """Leave out the JavaScript that called into WebAssembly: it is always the same."""
    last = max((index for index, frame in enumerate(stack) if frame.wasm), default=len(stack) - 1)
    return stack[: last + 1]


def with_sources(
    stack: Iterable[Frame], lines: Mapping[int, Sequence[SourceLine]]
) -> Iterable[Frame]:
    """Add what debug information knows: source lines, and the inlined functions as frames.

    Args:
        stack: Frames.
        lines: The source of WebAssembly offsets, innermost inlined function first.

    Returns:
        The frames in the same order, with those of inlined functions before their function's.
    """
    for frame in stack:
        known = lines.get(frame.offset, ()) if frame.wasm else ()
        for line in known[:-1]:
            yield replace(frame, function=line.function, location=line.place)
        if known:
            # For the function itself V8's name is the better one: LLVM 19 and 21 name some libc
            # functions wrongly while the line is right.
            named = frame.function if not _NAMELESS.match(frame.function) else known[-1].function
            yield replace(frame, function=named or frame.function, location=known[-1].place)
        else:
            yield frame
