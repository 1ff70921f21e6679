"""Run the two builds of a scenario's program against the same server, and compare them."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from emsockets_build.errors import EmSocketsError
from emsockets_build.server import Behaviour, ConnectionRecord, RecordLimits, TestServer
from emsockets_build.server.behaviours import from_spec
from emsockets_build.server.behaviours.endings import HalfClose
from emsockets_build.server.behaviours.handshakes import RawTcp
from emsockets_build.server.twin import no_twin, tcp_twin
from emsockets_build.verify.batch import stopped_by_signals
from emsockets_build.verify.conduct import Conduct, conduct_of
from emsockets_build.verify.execute import execute
from emsockets_build.verify.model import Expectations, Scenario, ServerCommand
from emsockets_build.verify.parity import Comparison
from emsockets_build.verify.parity_case import Setting
from emsockets_build.verify.parity_explain import explain
from emsockets_build.verify.runners import Runtime

__all__ = ["NotCompared", "Pair", "Parities", "pair_up", "port_given", "run_pairs"]

# Whole payloads are kept, for their digests.
_LIMITS = RecordLimits(payload=1 << 26, total=1 << 26, events=100_000)
_PLACEHOLDERS = {"{host}": ".+", "{port}": r"(\d+)", "{url}": r"wss?://[^/]+:(\d+)/"}


@dataclass(frozen=True, slots=True)
class Pair:
    """A scenario and the native build of its program.

    Attributes:
        web: The scenario as the web build declares it.
        native: The same with the native program.
    """

    web: Scenario
    native: Scenario


@dataclass(frozen=True, slots=True)
class NotCompared:
    """A scenario whose two builds cannot be compared.

    Attributes:
        name: Its name.
        why: The reason.
    """

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Parities:
    """What became of every scenario.

    Attributes:
        compared: Each scenario and what its comparison showed, in order.
        not_compared: Those that cannot be compared.
        broken: Those that could not be run, and why.
        interrupted: Whether Ctrl-C or SIGTERM ended it early.
    """

    compared: tuple[tuple[Scenario, Comparison], ...] = ()
    not_compared: tuple[NotCompared, ...] = ()
    broken: tuple[tuple[Scenario, EmSocketsError], ...] = ()
    interrupted: bool = False

    @property
    def equal(self) -> bool:
        """Whether something was compared, everything could be run, and nothing differs."""
        complete = bool(self.compared) and not (self.broken or self.interrupted)
        return complete and all(comparison.equal for _, comparison in self.compared)


def pair_up(
    scenarios: Sequence[Scenario], natives: Sequence[Scenario], programs: Mapping[str, Path]
) -> tuple[tuple[Pair, ...], tuple[NotCompared, ...]]:
    """Find the native program of each scenario.

    Args:
        scenarios: Those of the web build.
        natives: Those that the native build declares, for arguments that differ by build.
        programs: The native programs by target.

    Returns:
        Scenarios that can be compared, and those that cannot.
    """
    pairs: list[Pair] = []
    not_compared: list[NotCompared] = []
    declared = {scenario.name: scenario for scenario in natives}
    for web in scenarios:
        own = declared.get(web.name)
        program = own.program if own else programs.get(web.target)
        why = _obstacle(web, program, declared=own is not None)
        if why or program is None:
            not_compared.append(NotCompared(web.name, why))
            continue
        native = replace(
            web,
            runner="native",
            program=program,
            arguments=own.arguments if own else web.arguments,
            environment=own.environment if own else web.environment,
        )
        pairs.append(Pair(web, native))
    return tuple(pairs), tuple(not_compared)


def _obstacle(web: Scenario, program: Path | None, *, declared: bool) -> str:
    if program is None:
        return f"the native build has no program of the target {web.target}"
    if web.backend == "proxy":
        return "BACKEND proxy talks to websocket_to_posix_proxy, not to this server"
    if web.server_command is not None:
        return _own_obstacle(web.server_command, declared=declared)
    return no_twin(from_spec(web.server)) if web.server and web.backend != "node" else ""


def _own_obstacle(own: ServerCommand, *, declared: bool) -> str:
    if own.relay == "udp":
        return "its server speaks UDP"
    if not own.relay and not declared:
        return "its server speaks WebSocket, and the native build declares no such scenario"
    return ""


def run_pairs(
    pairs: Sequence[Pair],
    runtime: Callable[[Scenario], Runtime],
    watcher: Path | str,
    *,
    jobs: int,
    on_end: Callable[[], None] = lambda: None,
) -> Parities:
    """Run both builds of each pair, and compare them.

    Args:
        pairs: What to run.
        runtime: Chooses what a web build is run with; may raise like `execute`.
        watcher: The library that watches native calls, or why there is none.
        jobs: How many pairs at a time.
        on_end: Called after each pair, in any thread.

    Returns:
        Every comparison; what Ctrl-C cut short is left out.
    """
    stop = threading.Event()

    def one(pair: Pair) -> Comparison | NotCompared | EmSocketsError | None:
        if stop.is_set():
            return None
        try:
            return _run_pair(pair, runtime(pair.web), watcher, stop)
        except EmSocketsError as error:
            return error
        finally:
            on_end()

    with stopped_by_signals(stop), ThreadPoolExecutor(jobs, "parity") as pool:
        results = list(pool.map(one, pairs))
    told = list(zip((pair.web for pair in pairs), results, strict=True))
    return Parities(
        tuple((scenario, one) for scenario, one in told if isinstance(one, Comparison)),
        tuple(one for _, one in told if isinstance(one, NotCompared)),
        tuple((scenario, one) for scenario, one in told if isinstance(one, EmSocketsError)),
        interrupted=stop.is_set(),
    )


def _run_pair(
    pair: Pair, runtime: Runtime, watcher: Path | str, stop: threading.Event
) -> Comparison | NotCompared | None:
    """Run the web build, then the native one with messages cut at the same places."""
    posix = pair.web.backend == "node"
    behaviour = from_spec(pair.web.server) if pair.web.server else None
    plain = None if behaviour is None else _plain(behaviour, (), posix=posix)
    web = _conduct(pair.web, replace(runtime, every_call=True), plain if posix else behaviour, stop)
    if stop.is_set():
        return None
    records = web[1]
    if behaviour is not None:
        why = "" if posix else no_twin(behaviour, records)
        if why:
            return NotCompared(pair.web.name, why)
        plain = _plain(behaviour, records, posix=posix)
    library = watcher if isinstance(watcher, Path) else None
    native = _conduct(pair.native, Runtime(watcher=library), plain, stop)
    if stop.is_set():
        return None
    remarks = [] if library else [f"native calls were not watched: {watcher}"]
    if web[0].posix:
        remarks.append("the web build's calls are those of POSIX ON, which are not watched")
    return explain(native[0], web[0], Setting(pair.web.backend, pair.web.wait), remarks)


def _plain(behaviour: Behaviour, records: Sequence[ConnectionRecord], *, posix: bool) -> Behaviour:
    """How to treat what speaks TCP; with BACKEND node that is the web build, too."""
    if isinstance(behaviour, RawTcp):
        return behaviour
    return tcp_twin(behaviour, () if posix else records)


def _conduct(
    scenario: Scenario, runtime: Runtime, behaviour: Behaviour | None, stop: threading.Event
) -> tuple[Conduct, tuple[ConnectionRecord, ...]]:
    server = None if behaviour is None else TestServer(behaviour, limits=_LIMITS)
    # What the scenario expects of server and wire is the business of `check`.
    asked = scenario.expectations
    expectations = Expectations(
        exit_code=asked.exit_code, stdout=asked.stdout, reject_stdout=asked.reject_stdout
    )
    outcome = execute(
        replace(scenario, expectations=expectations), runtime, stop=stop, server=server
    )
    port = port_given(scenario, outcome.result.command) if server is None else server.port
    half_closes = isinstance(getattr(behaviour, "original", behaviour), HalfClose)
    return conduct_of(outcome, port, half_closes=half_closes), outcome.connections


def port_given(scenario: Scenario, command: Sequence[str]) -> int:
    """Find the port of a server that the scenario brought, in the arguments it was filled into.

    Args:
        scenario: With its placeholders.
        command: The command line that was made of it.

    Returns:
        The port; 0 if no argument holds it.
    """
    count = len(scenario.arguments)
    for template, word in zip(scenario.arguments, command[len(command) - count :], strict=False):
        pattern = re.escape(template)
        for placeholder, form in _PLACEHOLDERS.items():
            pattern = pattern.replace(re.escape(placeholder), form)
        match = re.fullmatch(pattern, word)
        if match and match.groups():
            return int(match[1])
    return 0
