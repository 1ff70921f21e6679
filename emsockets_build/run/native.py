"""Run a native program under the same bounds as a WebAssembly one."""

from __future__ import annotations

import os
from pathlib import Path

from emsockets_build.run.channel import HookReader, ReportChannel
from emsockets_build.run.model import Limits, Program, RunResult, Watch
from emsockets_build.run.supervise import Callbacks, supervise
from emsockets_build.run.watch import watched_environment

__all__ = ["run_native"]


def run_native(
    program: Program,
    *,
    limits: Limits | None = None,
    watch: Watch | None = None,
    watcher: Path | None = None,
) -> RunResult:
    """Run an executable to its end or its time limit, and leave no process behind.

    Args:
        program: What to run.
        limits: Bounds; the defaults of `Limits` if None.
        watch: Who watches; nobody if None.
        watcher: The library of `watch.call_watcher`, which reports the program's socket calls;
            None leaves the program alone.

    Returns:
        What was seen of the run; there are no events without a watcher.

    Raises:
        ToolMissingError: The program cannot be started.
    """
    limits, watch = limits or Limits(), watch or Watch()
    command = (str(program.path.absolute()), *program.arguments)
    environment = {**os.environ, **program.environment}
    callbacks = Callbacks(watch.stop, watch.on_output)
    if watcher is None:
        return supervise(command, program, limits, environment=environment, callbacks=callbacks)
    channel, reports = ReportChannel(), HookReader(limits.events, watch.on_event)
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
