"""Run a native program under the same bounds as a WebAssembly one."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from emsockets_build.run.model import Limits, Program, RunResult
from emsockets_build.run.supervise import Callbacks, supervise

__all__ = ["run_native"]


def run_native(
    program: Program,
    *,
    limits: Limits | None = None,
    stop: threading.Event | None = None,
    on_output: Callable[[str, bytes], None] | None = None,
) -> RunResult:
    """Run an executable to its end or its time limit, and leave no process behind.

    Args:
        program: What to run.
        limits: Bounds; the defaults of `Limits` if None.
        stop: Ends the run early when set, from any thread.
        on_output: Called with ``stdout`` or ``stderr`` and each piece, in reading threads.

    Returns:
        What was seen of the run; native programs have no hook, so there are no events.

    Raises:
        ToolMissingError: The program cannot be started.
    """
    return supervise(
        (str(program.path.absolute()), *program.arguments),
        program,
        limits or Limits(),
        environment={**os.environ, **program.environment},
        callbacks=Callbacks(stop, on_output),
    )
