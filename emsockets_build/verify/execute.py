"""Run a scenario: its server, its program, and the verdict."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from emsockets_build.run.model import Limits, Program, RunResult, Version
from emsockets_build.run.native import run_native
from emsockets_build.run.node import run_node
from emsockets_build.server import ConnectionRecord, TestServer
from emsockets_build.verify.diagnose import diagnose
from emsockets_build.verify.evidence import Evidence
from emsockets_build.verify.expect import find_mismatches
from emsockets_build.verify.model import Cause, Mismatch, Outcome, Scenario
from emsockets_build.verify.timeline import log_of

__all__ = ["Runtime", "execute", "fill_in"]

# How long the server may take to see the end of connections whose program is gone.
_SETTLE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Runtime:
    """What programs are run with.

    Attributes:
        node: The Node executable; None if there is none, which native programs do not mind.
        node_flags: Flags that it needs for these programs.
        ws_modules: The folder that holds the right ``ws``.
        emscripten_version: The release that built the programs, where it is known.
        symbolizer: Finds ``llvm-symbolizer``, for file and line of a hang or crash.
    """

    node: Path | None = None
    node_flags: tuple[str, ...] = ()
    ws_modules: Path | None = None
    emscripten_version: Version | None = None
    symbolizer: Callable[[], Path | None] | None = None


def fill_in(text: str, server: TestServer | None) -> str:
    """Put the server's address into an argument: ``{host}``, ``{port}``, ``{url}``."""
    if server is None:
        return text
    values = {"{host}": server.host, "{port}": str(server.port), "{url}": server.url}
    for placeholder, value in values.items():
        text = text.replace(placeholder, value)
    return text


def execute(
    scenario: Scenario,
    runtime: Runtime,
    *,
    stop: threading.Event | None = None,
    on_output: Callable[[str, bytes], None] | None = None,
) -> Outcome:
    """Run one scenario to its verdict; nothing of it is left afterwards.

    Args:
        scenario: What to run.
        runtime: What to run it with.
        stop: Ends the run early when set.
        on_output: Called with ``stdout`` or ``stderr`` and each piece, in reading threads.

    Returns:
        The verdict and all that it rests on.

    Raises:
        UsageError: The program or the server's behaviour does not exist.
        ToolMissingError: There is no Node, or it cannot be started.
    """
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(TestServer(scenario.server)) if scenario.server else None
        program = Program(
            scenario.program,
            tuple(fill_in(argument, server) for argument in scenario.arguments),
            {name: fill_in(value, server) for name, value in scenario.environment.items()},
        )
        limits = Limits(seconds=scenario.timeout)
        result = _run(scenario, program, runtime, limits, stop=stop, on_output=on_output)
        if server is not None:
            server.wait_idle(_SETTLE_SECONDS)
        connections = () if server is None else server.connections
    mismatches = find_mismatches(scenario.expectations, result, connections)
    cause = _cause(result, connections, mismatches) if mismatches else None
    return Outcome(scenario, result, connections, mismatches, cause)


def _cause(
    result: RunResult, connections: Sequence[ConnectionRecord], mismatches: Sequence[Mismatch]
) -> Cause | None:
    return diagnose(Evidence(result, connections, mismatches, log_of(result)))


def _run(
    scenario: Scenario,
    program: Program,
    runtime: Runtime,
    limits: Limits,
    *,
    stop: threading.Event | None,
    on_output: Callable[[str, bytes], None] | None,
) -> RunResult:
    if scenario.runner == "native":
        return run_native(program, limits=limits, stop=stop, on_output=on_output)
    if runtime.node is None:
        from emsockets_build.errors import ToolMissingError

        raise ToolMissingError(
            "there is no Node to run the program with",
            remedy="install Node.js 18 or newer, or get one with `emsockets setup --node`",
        )
    return run_node(
        program,
        node=runtime.node,
        node_flags=runtime.node_flags,
        ws_modules=runtime.ws_modules,
        emscripten_version=runtime.emscripten_version,
        symbolizer=runtime.symbolizer,
        limits=limits,
        stop=stop,
        on_output=on_output,
    )
