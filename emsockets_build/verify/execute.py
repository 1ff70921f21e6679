"""Run a scenario: its server, its program, and the verdict."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from emsockets_build.run.model import Limits, Program, RunResult, Version
from emsockets_build.run.native import run_native
from emsockets_build.run.node import run_node
from emsockets_build.server import ConnectionRecord, TestServer
from emsockets_build.transcript.event import Event
from emsockets_build.verify.diagnose import diagnose
from emsockets_build.verify.evidence import Evidence
from emsockets_build.verify.expect import client_mismatches, find_mismatches
from emsockets_build.verify.model import Cause, Mismatch, Outcome, Scenario
from emsockets_build.verify.timeline import log_of

__all__ = ["Runtime", "execute", "fill_in"]

# How long the server may take to see the end of connections whose program is gone.
_SETTLE_SECONDS = 5.0
# How long a program that is a server may take to end by itself after our client has left.
_LINGER_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Runtime:
    """What programs are run with.

    Attributes:
        node: The Node executable; None if there is none, which native programs do not mind.
        node_flags: Flags that it needs for these programs.
        ws_modules: The folder that holds the right ``ws``.
        emscripten_version: The release that built the programs, where it is known.
        symbolizer: Finds ``llvm-symbolizer``, for file and line of a hang or crash.
        every_call: Have each socket call reported instead of each new result of one.
        watcher: The library that reports the socket calls of native programs.
    """

    node: Path | None = None
    node_flags: tuple[str, ...] = ()
    ws_modules: Path | None = None
    emscripten_version: Version | None = None
    symbolizer: Callable[[], Path | None] | None = None
    every_call: bool = False
    watcher: Path | None = None


@dataclass(frozen=True, slots=True)
class _Watch:
    """Who watches a run: the caller's stop, its listener, and whoever wants the hook's events."""

    stop: threading.Event | None = None
    on_output: Callable[[str, bytes], None] | None = None
    on_event: Callable[[Event], None] | None = None


def fill_in(text: str, server: TestServer | None) -> str:
    """Put the server's address into an argument: ``{host}``, ``{port}``, ``{url}``."""
    if server is None:
        return text
    return _filled(text, {"{host}": server.host, "{port}": str(server.port), "{url}": server.url})


def _filled(text: str, values: Mapping[str, str]) -> str:
    for placeholder, value in values.items():
        text = text.replace(placeholder, value)
    return text


def execute(
    scenario: Scenario,
    runtime: Runtime,
    *,
    stop: threading.Event | None = None,
    on_output: Callable[[str, bytes], None] | None = None,
    server: TestServer | None = None,
) -> Outcome:
    """Run one scenario to its verdict; nothing of it is left afterwards.

    Args:
        scenario: What to run.
        runtime: What to run it with.
        stop: Ends the run early when set.
        on_output: Called with ``stdout`` or ``stderr`` and each piece, in reading threads.
        server: A server that has not been entered, instead of one that the scenario describes.

    Returns:
        The verdict and all that it rests on.

    Raises:
        UsageError: The program or the server's behaviour does not exist.
        ToolMissingError: There is no Node, or it cannot be started.
    """
    if scenario.client:
        return _execute_server(scenario, runtime, stop=stop, on_output=on_output)
    with contextlib.ExitStack() as stack:
        if server is None and scenario.server:
            server = TestServer(scenario.server)
        if server is not None:
            stack.enter_context(server)
        program = _program(scenario, lambda text: fill_in(text, server))
        limits = Limits(seconds=scenario.timeout)
        result = _run(scenario, program, runtime, limits, _Watch(stop, on_output))
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


def _execute_server(
    scenario: Scenario,
    runtime: Runtime,
    *,
    stop: threading.Event | None,
    on_output: Callable[[str, bytes], None] | None,
) -> Outcome:
    """Run a program that is a server itself, and be its client."""
    from emsockets_build.verify.client import ServerVisit, StopWhenVisited, free_port

    visit = ServerVisit(scenario.client)
    port = str(free_port())
    values = {"{host}": "127.0.0.1", "{port}": port, "{url}": f"ws://127.0.0.1:{port}/"}
    program = _program(scenario, lambda text: _filled(text, values))
    until = StopWhenVisited(visit, stop, _LINGER_SECONDS)
    watch = _Watch(until, on_output, visit.on_event)
    result = _run(scenario, program, runtime, Limits(seconds=scenario.timeout), watch)
    expectations = scenario.expectations
    if result.cancelled and visit.done.is_set():
        # We ended it after the visit, as is right for a server: neither cut short nor with a code.
        result = replace(result, cancelled=False)
        expectations = replace(expectations, exit_code=None)
    mismatches = (
        *find_mismatches(expectations, result, ()),
        *client_mismatches(scenario.client, visit.record),
    )
    cause = _cause(result, (), mismatches) if mismatches else None
    return Outcome(scenario, result, (), mismatches, cause, visit.record)


def _program(scenario: Scenario, fill: Callable[[str], str]) -> Program:
    return Program(
        scenario.program,
        tuple(map(fill, scenario.arguments)),
        {name: fill(value) for name, value in scenario.environment.items()},
    )


def _run(
    scenario: Scenario,
    program: Program,
    runtime: Runtime,
    limits: Limits,
    watch: _Watch,
) -> RunResult:
    if scenario.runner == "native":
        return run_native(
            program,
            limits=limits,
            stop=watch.stop,
            on_output=watch.on_output,
            watcher=runtime.watcher,
            on_event=watch.on_event,
        )
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
        stop=watch.stop,
        on_output=watch.on_output,
        on_event=watch.on_event,
        every_call=runtime.every_call,
    )
