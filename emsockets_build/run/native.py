"""Run a native program under the same bounds as a WebAssembly one."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

from emsockets_build.run.channel import HookReader, ReportChannel
from emsockets_build.run.model import Limits, Program, RunResult
from emsockets_build.run.supervise import Callbacks, supervise
from emsockets_build.run.watch import watched_environment
from emsockets_build.transcript.event import Event

__all__ = ["run_native"]


def run_native(
    program: Program,
    *,
    limits: Limits | None = None,
    stop: threading.Event | None = None,
    on_output: Callable[[str, bytes], None] | None = None,
    watcher: Path | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> RunResult:
    """Run an executable to its end or its time limit, and leave no process behind.

    Args:
        program: What to run.
        limits: Bounds; the defaults of `Limits` if None.
        stop: Ends the run early when set, from any thread.
        on_output: Called with ``stdout`` or ``stderr`` and each piece, in reading threads.
        watcher: The library of `watch.call_watcher`, which reports the program's socket calls;
            None leaves the program alone.
        on_event: Called with each of these reports, in a reading thread.

    Returns:
        What was seen of the run; there are no events without a watcher.

    Raises:
        ToolMissingError: The program cannot be started.
    """
    limits = limits or Limits()
    command = (str(program.path.absolute()), *program.arguments)
    environment = {**os.environ, **program.environment}
    callbacks = Callbacks(stop, on_output)
    if watcher is None:
        return supervise(command, program, limits, environment=environment, callbacks=callbacks)
    channel, reports = ReportChannel(), HookReader(limits.events, on_event)
    try:
        environment |= watched_environment(watcher, channel.pass_fds[0])
        return supervise(
            command,
            program,
            limits,
            environment=environment,
            callbacks=callbacks,
            hook=(channel, reports),
        )
    finally:
        channel.close()
