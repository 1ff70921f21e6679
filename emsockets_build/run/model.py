"""What goes into a run and what comes out of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emsockets_build.run.features import ProgramFeatures
    from emsockets_build.run.hang import Hang
    from emsockets_build.run.stacks import Frame
    from emsockets_build.transcript.event import Event

__all__ = ["Limits", "Program", "RunResult", "Version", "Watch"]

Version = tuple[int, ...]
"""An Emscripten or Node version, such as ``(3, 1, 6)``."""

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Program:
    """A program to run.

    Attributes:
        path: The ``.js`` or ``.mjs`` file that Emscripten wrote, or a native executable.
        arguments: Its command-line arguments.
        environment: Variables added to the inherited environment.
        stdin: What it reads from standard input; None lends it our own standard input.
    """

    path: Path
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    stdin: bytes | None = b""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one run, so that neither a hang nor a flood of output hurts.

    Attributes:
        seconds: Wall time; after it the whole process group is killed.
        output: Bytes kept of each of standard output and standard error: the first and the
            last half of it, with a count of what was between them.
        events: Events kept.
        examine: Look into the program through Node's inspector before it is killed.
        stall: Seconds that Node's event loop may stand still before the inspector looks whether
            the program waits for a socket on the main thread. That can never end well, so the run
            ends early; any other program goes on to its time limit. None never looks early.
    """

    seconds: float = 60.0
    output: int = 16 << 20
    events: int = 20_000
    examine: bool = True
    stall: float | None = 10.0


@dataclass(frozen=True, slots=True)
class Watch:
    """How one run is watched: who may end it, who is told, and what helps to read what it does.

    Attributes:
        stop: Ends the run early when set, from any thread.
        on_output: Called with ``stdout`` or ``stderr`` and each piece, in other threads.
        on_event: Called with each event that is reported, in another thread.
        every_call: Have each socket call reported instead of each new result of one.
        emscripten_version: The release that built the program, where it is known; it decides what
            the program's text leaves open.
        symbolizer: Finds ``llvm-symbolizer``; called only for a hang or a crash.
    """

    stop: threading.Event | None = None
    on_output: Callable[[str, bytes], None] | None = None
    on_event: Callable[[Event], None] | None = None
    every_call: bool = False
    emscripten_version: Version | None = None
    symbolizer: Callable[[], Path | None] | None = None


@dataclass(frozen=True, slots=True)
class RunResult:
    """What one run left behind.

    Attributes:
        command: The command line.
        exit_code: The exit code; None if a signal ended it or we did.
        signal: The signal that ended it, if it was not ours.
        timed_out: Whether its time ran out (or it stalled) and it was killed.
        cancelled: Whether the caller's stop event ended it.
        stdout: Its standard output, byte for byte, up to `Limits.output`.
        stderr: Its standard error, likewise.
        stdout_dropped: Bytes missing from the middle of ``stdout``.
        stderr_dropped: Bytes missing from the middle of ``stderr``.
        started: `time.monotonic` when it was started.
        ended: `time.monotonic` when it was gone.
        events: What the hook in Node saw, in order (empty for native programs).
        events_dropped: Events beyond `Limits.events`.
        last_alive: `time.monotonic` when Node's event loop last turned; None if never.
        left_behind: Processes that outlived the program and were killed.
        features: What was read from the program's own text; None for native programs.
        hang: What the inspector found when the time ran out.
        crash: The stack of the last uncaught exception, innermost frame first.
    """

    command: tuple[str, ...]
    exit_code: int | None
    signal: int | None
    timed_out: bool
    cancelled: bool
    stdout: bytes
    stderr: bytes
    stdout_dropped: int
    stderr_dropped: int
    started: float
    ended: float
    events: tuple[Event, ...] = ()
    events_dropped: int = 0
    last_alive: float | None = None
    left_behind: int = 0
    features: ProgramFeatures | None = None
    hang: Hang | None = None
    crash: tuple[Frame, ...] = ()

    @property
    def seconds(self) -> float:
        """Wall time of the run."""
        return self.ended - self.started

    @classmethod
    def not_started(cls, *, cancelled: bool = False) -> RunResult:
        """Stand for a program that was not started at all.

        Args:
            cancelled: Whether that is because the caller's stop event was set.
        """
        now = time.monotonic()
        return cls((), None, None, False, cancelled, b"", b"", 0, 0, now, now)  # noqa: FBT003 - timed_out
