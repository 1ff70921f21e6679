"""Programs of every installed Emscripten, of every kind, run as they are."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from emsockets_build.process import run_bounded
from emsockets_build.run.features import ModuleKind, read_features
from emsockets_build.run.model import Limits, Program, RunResult
from emsockets_build.run.node import run_node
from emsockets_build.server import TestServer
from emsockets_build.toolchain import (
    Emscripten,
    find_node,
    find_nodes,
    find_ws,
    node_needs,
)
from emsockets_build.transcript.event import Kind
from emsockets_build.verify.timeline import timeline_of
from tests.generations import Tools

pytestmark = [pytest.mark.emcc, pytest.mark.node, pytest.mark.slow]
SCALE = float(os.environ.get("EMSOCKETS_TEST_TIME_SCALE", "1"))
SOURCE = Path(__file__).parents[1] / "gallery" / "programs" / "events.c"
KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "plain": (".js", ("-O0",)),
    "optimised": (".js", ("-O3",)),
    "debug": (".js", ("-sSOCKET_DEBUG",)),
    "factory": (".js", ("-sMODULARIZE",)),
    "module": (".mjs", ("-sEXPORT_ES6",)),
    "for-node": (".js", ("-O2", "-sENVIRONMENT=node")),
    "exit-runtime": (".js", ("-sEXIT_RUNTIME",)),
}


@pytest.fixture(scope="module")
def emscripten(tools: Tools) -> Emscripten:
    """One release after the other."""
    return tools.emscripten


@pytest.fixture(scope="module")
def link(emscripten: Emscripten, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Link the echo client in one of the kinds, once."""

    @cache
    def linked(kind: str) -> Path:
        suffix, flags = KINDS[kind]
        path = tmp_path_factory.mktemp(kind) / f"client{suffix}"
        environment = {**os.environ, **emscripten.environment}
        command: list[str | Path] = [emscripten.emcc, SOURCE, "-O1", *flags, "-o", path]
        done = run_bounded(command, timeout=600 * SCALE, env=environment, merge=True)
        assert done.returncode == 0, done.text
        return path

    return linked


def echo(path: Path, emscripten: Emscripten, node: Path) -> RunResult:
    """Run a client against the echo server, from another folder than its own."""
    ws = find_ws(emscripten.version, start=SOURCE.parent, node=node)
    with TestServer("echo") as server:
        return run_node(
            Program(path, (server.host, str(server.port), "70000"), {"NODE_PATH": ""}),
            node=node,
            ws_modules=ws.path,
            limits=Limits(seconds=30 * SCALE),
        )


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_program_runs(
    emscripten: Emscripten, link: Callable[[str], Path], kind: str
) -> None:
    """Also those that die of fetch, of __dirname or of the wrong ws when they are run by hand."""
    node = find_node(at_least=node_needs(emscripten).programs).path
    result = echo(link(kind), emscripten, node)
    assert result.exit_code == 0, result
    assert result.stdout.endswith(b"echo ok\n")
    kinds = [event.kind for event in result.events if event.socket]
    assert kinds[0] is Kind.CONNECT
    assert kinds.index(Kind.OPEN) < kinds.index(Kind.SEND) < kinds.index(Kind.MESSAGE)


def test_every_node_that_is_installed_runs_it(
    emscripten: Emscripten, link: Callable[[str], Path]
) -> None:
    """Node 24 refuses the flag that took fetch away; nothing here depends on it."""
    needed = node_needs(emscripten).programs
    nodes = [node for node in find_nodes() if node.version >= needed]
    assert nodes
    for node in nodes:
        result = echo(link("plain"), emscripten, node.path)
        assert (node.version_text, result.exit_code) == (node.version_text, 0), result


def test_the_text_of_a_program_tells_what_it_needs(
    emscripten: Emscripten, link: Callable[[str], Path]
) -> None:
    """The same with and without knowing the release, whatever the optimiser did."""
    for kind in KINDS:
        path = link(kind)
        features = read_features(path)
        assert features == read_features(path, emscripten.version)
        assert features.ws == ("2" if emscripten.version < (3, 1, 10) else "8")
        assert features.fetch_file == (emscripten.version < (3, 1, 12))
        assert features.socket_debug == (kind == "debug")
        assert (features.kind is ModuleKind.ES_MODULE) == (kind == "module")
        assert (features.kind is ModuleKind.FACTORY) == (kind == "factory")


def test_the_three_sources_of_a_transcript_agree(
    emscripten: Emscripten, link: Callable[[str], Path]
) -> None:
    """Each message of one end is one of the other, and the log adds how much was read."""
    node = find_node(at_least=node_needs(emscripten).programs).path
    ws = find_ws(emscripten.version, start=SOURCE.parent, node=node)
    with TestServer("echo") as server:
        program = Program(link("debug"), (server.host, str(server.port), "100"))
        result = run_node(program, node=node, ws_modules=ws.path)
        server.wait_idle(5 * SCALE)
        moments = timeline_of(result, server.connections)
    assert result.exit_code == 0
    both = {m.program.kind: m for m in moments if m.program is not None and m.server is not None}
    assert {Kind.CONNECT, Kind.OPEN, Kind.SEND, Kind.MESSAGE} <= set(both)
    for kind in (Kind.SEND, Kind.MESSAGE):
        moment = both[kind]
        assert moment.program is not None
        assert moment.server is not None
        assert moment.program.size == moment.server.size == 100
        assert moment.travel is not None
        assert 0 <= moment.travel < 5 * SCALE
    assert Kind.READ in {m.program.kind for m in moments if m.program is not None}
