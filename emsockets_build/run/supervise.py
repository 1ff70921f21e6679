"""The life of one child: start, feed, watch, end; the same for Node and for native programs."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import IO

from emsockets_build import guard
from emsockets_build.process import child_process, end_group
from emsockets_build.run.capture import BoundedCapture, Pump
from emsockets_build.run.channel import HookReader, ReportChannel
from emsockets_build.run.model import Limits, Program, RunResult

__all__ = ["Callbacks", "Ending", "Running", "output_taker", "supervise"]

_DRAIN_SECONDS = 2.0  # for what is still in the pipes when every process is gone
_LOOK_SECONDS = 0.1  # between two looks at the stop event and at the pulse


class Ending(Enum):
    """What ended a run."""

    EXIT = "exit"
    TIMEOUT = "timeout"
    HOPELESS = "hopeless"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Running:
    """A program at work, as the callbacks of a run see it.

    Attributes:
        pid: Its process.
        reports: What its hook said so far; None without a hook.
        errors: What it wrote to standard error so far.
    """

    pid: int
    reports: HookReader | None
    errors: BoundedCapture


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Who is told while a program runs.

    Attributes:
        stop: Ends the run early when set, from any thread.
        on_output: Called with ``stdout`` or ``stderr`` and each piece, in reading threads.
        on_timeout: Called before a program that timed out is killed.
        on_stall: Called once when the event loop has stood still for long; returns whether the
            program is beyond hope and shall end now.
    """

    stop: threading.Event | None = None
    on_output: Callable[[str, bytes], None] | None = None
    on_timeout: Callable[[Running], object] | None = None
    on_stall: Callable[[Running], bool] | None = None


def supervise(
    command: Sequence[str | Path],
    program: Program,
    limits: Limits,
    *,
    environment: Mapping[str, str],
    callbacks: Callbacks,
    hook: tuple[ReportChannel, HookReader] | None = None,
) -> RunResult:
    """Run a command to its end or to its time limit, and leave no process behind.

    Args:
        command: Program and arguments.
        program: Where ``stdin`` comes from.
        limits: Time, output and events.
        environment: The whole environment of the child.
        callbacks: Who is told on the way.
        hook: The hook's channel, not yet started, and who reads it.

    Returns:
        What is known of the run; `RunResult.features` and `RunResult.hang` are the caller's.

    Raises:
        ToolMissingError: The program cannot be started.
    """
    captures = (BoundedCapture(limits.output), BoundedCapture(limits.output))
    reports = hook[1] if hook else None
    started = time.monotonic()
    with (
        guard.cookie() as cookie,
        child_process(
            command,
            env={**environment, guard.COOKIE_VARIABLE: cookie},
            stdin={None: None, b"": subprocess.DEVNULL}.get(program.stdin, subprocess.PIPE),
            pass_fds=hook[0].pass_fds if hook else (),
        ) as child,
    ):
        pumps = _start_pumps(child, captures, callbacks, hook)
        if child.stdin is not None:
            _feed(child.stdin, program.stdin or b"")
        running = Running(child.pid, reports, captures[1])
        ending = _wait(child, limits, started, callbacks, running)
        if ending is Ending.TIMEOUT and callbacks.on_timeout is not None:
            callbacks.on_timeout(running)
        left_behind = _clear(child, cookie, ending)
        ended = time.monotonic()
        for finish in pumps:
            finish(_DRAIN_SECONDS)
    result = RunResult(
        command=tuple(os.fspath(word) for word in command),
        exit_code=child.returncode,
        signal=None,
        timed_out=ending in {Ending.TIMEOUT, Ending.HOPELESS},
        cancelled=ending is Ending.STOP,
        stdout=captures[0].data,
        stderr=captures[1].data,
        stdout_dropped=captures[0].dropped,
        stderr_dropped=captures[1].dropped,
        started=started,
        ended=ended,
        left_behind=left_behind,
    )
    return _with_reports(_with_own_ending(result, ending), reports)


def _with_own_ending(result: RunResult, ending: Ending) -> RunResult:
    """Tell signals from exit codes; what we killed has neither of its own."""
    code = result.exit_code
    if ending is not Ending.EXIT:
        return replace(result, exit_code=None)
    return result if code is None or code >= 0 else replace(result, exit_code=None, signal=-code)


def _with_reports(result: RunResult, reports: HookReader | None) -> RunResult:
    if reports is None:
        return result
    return replace(
        result,
        events=tuple(reports.events),
        events_dropped=reports.dropped,
        last_alive=reports.last_alive,
    )


def _start_pumps(
    child: subprocess.Popen[bytes],
    captures: tuple[BoundedCapture, BoundedCapture],
    callbacks: Callbacks,
    hook: tuple[ReportChannel, HookReader] | None,
) -> list[Callable[[float], None]]:
    """Begin to read everything the child says; return what waits for the end of each stream."""
    finishers: list[Callable[[float], None]] = []
    if hook is not None:
        hook[0].start(hook[1].feed)
        finishers.append(hook[0].finish)
    streams = (("stdout", child.stdout), ("stderr", child.stderr))
    for (name, stream), capture in zip(streams, captures, strict=True):
        if stream is not None:
            finishers.append(Pump(stream, output_taker(name, capture, callbacks.on_output)).finish)
    return finishers


def output_taker(
    name: str, capture: BoundedCapture, on_output: Callable[[str, bytes], None] | None
) -> Callable[[bytes], None]:
    """Return what takes one stream's output: it is kept, and handed to whoever listens.

    Args:
        name: ``stdout`` or ``stderr``.
        capture: Where it is kept.
        on_output: Who listens; nobody if None.
    """
    listener = on_output

    def take(data: bytes) -> None:
        nonlocal listener
        capture.add(data)
        if listener is not None:
            try:
                listener(name, data)
            except OSError:
                # Its own output is closed (`| head`). The program's must be read all the same, or
                # it waits for a full pipe until its time is up.
                listener = None

    return take


def _feed(stream: IO[bytes], data: bytes) -> None:
    """Write standard input in a thread of its own: a program that never reads must not block us."""

    def write() -> None:
        with contextlib.suppress(OSError, ValueError):
            stream.write(data)
        with contextlib.suppress(OSError, ValueError):
            stream.close()

    threading.Thread(target=write, daemon=True).start()


def _wait(
    child: subprocess.Popen[bytes],
    limits: Limits,
    started: float,
    callbacks: Callbacks,
    running: Running,
) -> Ending:
    """Wait for the end, and return what brought it."""
    # Popen.wait(timeout) looks every 50 ms; a thread that blocks in waitpid() costs no such delay.
    gone = threading.Event()

    def reap() -> None:
        child.wait()
        gone.set()

    threading.Thread(target=reap, daemon=True).start()
    stop, on_stall = callbacks.stop, callbacks.on_stall
    deadline = started + limits.seconds
    while True:
        remaining = deadline - time.monotonic()
        watched = stop is not None or on_stall is not None
        if gone.wait(max(0.0, min(remaining, _LOOK_SECONDS) if watched else remaining)):
            return Ending.EXIT
        if stop is not None and stop.is_set():
            return Ending.STOP
        if time.monotonic() >= deadline:
            return Ending.TIMEOUT
        if on_stall is not None and _stalled(running, limits):
            if on_stall(running):
                return Ending.HOPELESS
            on_stall = None  # one look is enough


def _stalled(running: Running, limits: Limits) -> bool:
    if limits.stall is None or running.reports is None or running.reports.last_alive is None:
        return False
    return time.monotonic() - running.reports.last_alive > limits.stall


def _clear(child: subprocess.Popen[bytes], cookie: str, ending: Ending) -> int:
    """End what is left of the group and what left the group; return how many outlived the child."""
    left = 0
    if ending is Ending.EXIT and sys.platform != "win32":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, 0)
            left = 1
    end_group(child)
    return max(left, guard.kill_cookie(cookie))
