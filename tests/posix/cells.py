"""The conformance program in each generation, backend, wait and runner; what its cases saw."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from emsockets_build.buildtree import BuildTree, Configuration, build, configure, read_targets
from emsockets_build.run.browser import Browsers
from emsockets_build.run.model import Limits, Program, RunResult, Watch
from emsockets_build.run.native import run_native
from emsockets_build.run.node import run_node
from emsockets_build.server import TestServer
from emsockets_build.server.relay import Relay
from emsockets_build.server.upstream import Upstream
from emsockets_build.verify import runtime_for
from tests.generations import Tools
from tests.posix.peer import Peer

__all__ = ["RUNNERS", "Case", "Cell", "cells_of", "program_of", "run_cell", "run_natively"]

RUNNERS = ("node", "chromium", "firefox")

_HERE = Path(__file__).parent
_SECONDS = 60 * float(os.environ.get("EMSOCKETS_TEST_TIME_SCALE", "1"))
_NODE_SINCE = (6, 0, 2)
_JSPI_SINCE = (3, 1, 61)
# Browsers put off a connect to a port that has refused some: what is tested is not their patience.
_CLOSED_PORTS = 8


@dataclass(frozen=True, slots=True)
class Case:
    """What one case saw, and where the behaviour is written down."""

    name: str
    source: str
    saw: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A backend, a wait and a runner of one generation."""

    backend: str
    wait: str
    runner: str = "node"

    @property
    def target(self) -> str:
        """Its target in CMake."""
        return f"{self.backend}-{self.wait}"


def cells_of(version: tuple[int, int, int]) -> tuple[Cell, ...]:
    """Return the cells that a release can have."""
    return tuple(
        Cell(backend, wait, runner)
        for backend in ("websocket", "node")
        for wait in ("asyncify", "jspi", "pthread")
        for runner in RUNNERS
        if (backend == "websocket" or (version >= _NODE_SINCE and runner == "node"))
        and (wait != "jspi" or version >= _JSPI_SINCE)
    )


def program_of(tools: Tools, cell: Cell | None, folder: Path) -> Path:
    """Build the program of a cell, or natively if there is none; all cells are configured once."""
    cells = cells_of(tools.emscripten.version)
    tree = BuildTree(_HERE / "conformance", folder, tools.whole)
    definitions = {"CELLS": ";".join(sorted({f"{each.backend}/{each.wait}" for each in cells}))}
    configure(
        tree, Configuration("Release", definitions, native=cell is None), progress=lambda _: None
    )
    target = "native" if cell is None else cell.target
    build(tree, [target], progress=lambda _: None)
    built = {found.name: found for found in read_targets(tree.build)}
    return built[target].artifacts[0]


def run_natively(program: Path, only: str = "") -> dict[str, Case]:
    """Run the native program against the peer itself."""
    with Peer() as peer, _closed_ports() as closed:
        limits = Limits(seconds=_SECONDS)
        return _cases(run_native(Program(program, _words(peer.port, closed, only)), limits=limits))


def run_cell(
    tools: Tools, cell: Cell, program: Path, browsers: Browsers, only: str = ""
) -> dict[str, Case]:
    """Run the program of a cell, through relays unless its backend speaks TCP itself."""
    with contextlib.ExitStack() as stack:
        peer = stack.enter_context(Peer())
        ports = [peer.port, *stack.enter_context(_closed_ports())]
        if cell.backend == "websocket":
            ports = [
                stack.enter_context(TestServer(Relay(Upstream("tcp", "127.0.0.1", port)))).port
                for port in ports
            ]
        running = Program(program, _words(ports[0], ports[1:], only))
        if cell.runner == "node":
            result = _run_node(tools, running)
        else:
            result = browsers.get(cell.runner).run(
                running,
                limits=Limits(seconds=_SECONDS),
                watch=Watch(emscripten_version=tools.emscripten.version),
            )
        peer.drop()
    return _cases(result)


def _run_node(tools: Tools, program: Program) -> RunResult:
    runtime = runtime_for(program.path, tools.node, tools.emscripten.version)
    assert runtime.node is not None
    return run_node(
        program,
        node=runtime.node,
        node_flags=runtime.node_flags,
        ws_modules=runtime.ws_modules,
        limits=Limits(seconds=_SECONDS),
        watch=Watch(emscripten_version=tools.emscripten.version),
    )


def _words(port: int, closed: Sequence[int], only: str) -> tuple[str, ...]:
    return (str(port), ",".join(map(str, closed)), *([only] if only else []))


def _cases(result: RunResult) -> dict[str, Case]:
    found = {}
    for line in result.stdout.decode("utf-8", "replace").splitlines():
        fields: Mapping[str, str] = json.loads(line)
        found[fields["case"]] = Case(fields["case"], fields["source"], fields["saw"])
    last = next(reversed(found), "none")
    assert result.exit_code == 0, (
        f"exit code {result.exit_code} after the case {last}:\n"
        f"{result.stderr.decode('utf-8', 'replace')[-2000:]}\n{result.hang}"
    )
    return found


@contextlib.contextmanager
def _closed_ports() -> Iterator[list[int]]:
    """Keep ports of loopback that nobody listens on."""
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(socket.socket()) for _ in range(_CLOSED_PORTS)]
        for each in held:
            each.bind(("127.0.0.1", 0))
        yield [each.getsockname()[1] for each in held]
