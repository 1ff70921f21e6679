"""Run a scenario: its server, its program, and the verdict."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from emsockets_build.run.model import Limits, Program, RunResult, Watch
from emsockets_build.server import ConnectionRecord, TestServer
from emsockets_build.verify.diagnose import diagnose
from emsockets_build.verify.evidence import Evidence
from emsockets_build.verify.expect import client_mismatches, find_mismatches
from emsockets_build.verify.model import Cause, Mismatch, Outcome, Scenario
from emsockets_build.verify.own_server import server_cause, server_mismatches
from emsockets_build.verify.runners import Runtime, run_program
from emsockets_build.verify.serving import fill_in, filled, serving
from emsockets_build.verify.timeline import log_of
from emsockets_build.verify.watching import watched_mismatches

__all__ = ["execute"]

# How long a program that is a server may take to end by itself after our client has left.
_LINGER_SECONDS = 0.5


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
    with serving(scenario, stop, server) as served:
        if served.ready:
            program = _program(scenario, lambda text: fill_in(text, served.server))
            scenario = replace(scenario, url=fill_in(scenario.url, served.server))
            limits = Limits(seconds=scenario.timeout)
            result = run_program(scenario, program, runtime, limits, Watch(stop, on_output))
        else:
            result = RunResult.not_started(cancelled=stop is not None and stop.is_set())
        connections = served.settled()
    report = served.report
    mismatches = server_mismatches(report)
    if served.ready and scenario.url:
        mismatches += watched_mismatches(scenario.expectations, result, connections)
    elif served.ready:
        mismatches += find_mismatches(
            scenario.expectations, result, connections, plain=scenario.plain_tcp
        )
    cause = None
    if mismatches:
        cause = server_cause(scenario.server_command, report, connections)
        cause = cause or _cause(result, connections, mismatches)
    return Outcome(scenario, result, connections, mismatches, cause, own_server=report)


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
    from emsockets_build.run.ports import free_port
    from emsockets_build.verify.client import ServerVisit, StopWhenVisited

    visit = ServerVisit(scenario.client)
    port = free_port()
    values = {"{host}": "127.0.0.1", "{port}": str(port), "{url}": f"ws://127.0.0.1:{port}/"}
    program = _program(scenario, lambda text: filled(text, values))
    until = StopWhenVisited(visit, stop, _LINGER_SECONDS)
    watch = Watch(until, on_output, visit.on_event)
    native = scenario.runner == "native"
    with visit.watching(port) if native else contextlib.nullcontext():
        result = run_program(scenario, program, runtime, Limits(seconds=scenario.timeout), watch)
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
