"""Every generation of Emscripten x every backend x every wait: proven, or refused as promised."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from emsockets_build.errors import ToolMissingError
from emsockets_build.toolchain import find_node
from emsockets_build.verify import Expectations, Outcome, Scenario
from tests.e2e.matrix import (
    BACKENDS,
    SECONDS,
    WAITS,
    Cell,
    Matrix,
    promised_refusal,
    running_proxy,
)
from tests.generations import Tools

pytestmark = [pytest.mark.node, pytest.mark.slow, pytest.mark.timeout(900, func_only=True)]

ECHO_BYTES = 74_242
API_BYTES = 1 + 125 + 4096 + 70_000
PROXY_BYTES = 1 + 125 + 70_000
LOGGED = (b"connect: ws://", b"handle message (")
_ON_THE_WIRE = Expectations(
    stdout=(r"^echo ok: ",),
    subprotocol="binary",
    connected=True,
    echoed=True,
    counted_alike=True,
)


@pytest.fixture(scope="session")
def matrix(tools: Tools, shared_folder: Path) -> Matrix:
    """The programs of a generation."""
    return Matrix(tools, shared_folder / f"matrix-{tools.generation}")


@pytest.mark.parametrize("wait", WAITS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_cell_is_proven_or_refused_as_promised(
    matrix: Matrix, backend: str, wait: str, record_property: Callable[[str, object], None]
) -> None:
    """A round trip that the server counted, or a configure error with the promised words."""
    cell = Cell(backend, wait)
    emscripten = matrix.tools.emscripten
    place = [emscripten.version_text, backend, wait]
    record_property("matrix", [*place, "FAILED"])
    promised = promised_refusal(cell, emscripten.version)
    if promised:
        refusal = matrix.refusal(cell)
        assert f"emsockets_target({cell.target}): {promised}" in refusal
        said = re.search(r"emsockets_target\(\S+\): (.*?) remedy:", refusal)
        result = f"refused: {said[1]}" if said else "refused"
    else:
        result = f"pass: {_PROOFS[backend](matrix, cell)} bytes each way"
    record_property("matrix", [*place, result])


def _prove_websocket(matrix: Matrix, cell: Cell) -> int:
    outcome = _talk(matrix, cell, ("{host}", "{port}"))
    (record,) = outcome.connections
    assert (record.messages_in, record.bytes_in) == (5, ECHO_BYTES)
    return record.bytes_in


def _prove_api(matrix: Matrix, cell: Cell) -> int:
    outcome = _talk(matrix, cell, ("{url}",))
    (record,) = outcome.connections
    assert (record.messages_in, record.bytes_in) == (4, API_BYTES)
    assert record.close_code == 1000
    return record.bytes_in


def _talk(matrix: Matrix, cell: Cell, arguments: tuple[str, ...]) -> Outcome:
    """Run a program against a WebSocket echo server; every expectation must be met."""
    scenario = Scenario(
        str(cell),
        matrix.program(cell.target),
        arguments=arguments,
        timeout=SECONDS,
        expectations=_ON_THE_WIRE,
    )
    outcome = matrix.run(scenario)
    assert outcome.mismatches == (), outcome.result.stderr
    return outcome


def _prove_node(matrix: Matrix, cell: Cell) -> int:
    return _talk_tcp(matrix, cell, ("{host}", "{port}"), ECHO_BYTES)


def _prove_proxy(matrix: Matrix, cell: Cell) -> int:
    matrix.program(cell.target)  # builds take longer than a proxy is let live
    with running_proxy(matrix.proxy()) as bridge:
        return _talk_tcp(matrix, cell, (bridge, "{host}", "{port}"), PROXY_BYTES)


def _talk_tcp(matrix: Matrix, cell: Cell, arguments: tuple[str, ...], size: int) -> int:
    """Run a program against a TCP echo server, which counts bytes and knows no messages."""
    scenario = Scenario(
        str(cell),
        matrix.program(cell.target),
        server="raw-tcp",
        arguments=arguments,
        timeout=SECONDS,
        expectations=Expectations(stdout=(r"^echo ok: ",)),
    )
    outcome = matrix.run(scenario)
    assert outcome.mismatches == (), outcome.result.stderr
    (record,) = outcome.connections
    assert (record.raw_in, record.raw_out) == (size, size)
    return record.raw_in


_PROOFS = {
    "websocket": _prove_websocket,
    "websocket-api": _prove_api,
    "node": _prove_node,
    "proxy": _prove_proxy,
}


def _echo(program: Path) -> Scenario:
    return Scenario(
        program.name,
        program,
        arguments=("{host}", "{port}"),
        timeout=SECONDS,
        expectations=_ON_THE_WIRE,
    )


def test_an_es_module_runs_in_every_generation(matrix: Matrix) -> None:
    """3.1.6 too, whose ES modules plain Node cannot start."""
    program = matrix.program("module")
    assert program.suffix == ".mjs"
    outcome = matrix.run(_echo(program))
    assert outcome.mismatches == (), outcome.result.stderr


def test_a_debug_build_logs_each_socket_call_and_a_release_build_none(matrix: Matrix) -> None:
    output = {}
    for build_type in ("Debug", "Release"):
        outcome = matrix.run(_echo(matrix.program("websocket-asyncify", build_type)))
        assert outcome.mismatches == (), outcome.result.stderr
        output[build_type] = outcome.result.stdout + outcome.result.stderr
    for words in LOGGED:
        assert words in output["Debug"]
        assert words not in output["Release"]


def test_the_machines_own_node_runs_them_too(matrix: Matrix) -> None:
    """Whatever Node comes first on this machine, beside the one that has JSPI."""
    for target, arguments in (
        ("websocket-asyncify", ("{host}", "{port}")),
        ("websocket-api-events", ("{url}",)),
    ):
        scenario = Scenario(
            target,
            matrix.program(target),
            arguments=arguments,
            timeout=SECONDS,
            expectations=_ON_THE_WIRE,
        )
        outcome = matrix.run(scenario, find_node())
        assert outcome.mismatches == (), outcome.result.stderr


def test_a_node_without_jspi_is_told_apart_before_the_run(matrix: Matrix) -> None:
    """Or the program runs under it, where it has JSPI."""
    if promised_refusal(Cell("websocket", "jspi"), matrix.tools.emscripten.version):
        assert "WAIT jspi needs" in matrix.refusal(Cell("websocket", "jspi"))
        return
    own = find_node()
    scenario = _echo(matrix.program("websocket-jspi"))
    if own.features.jspi is None:
        with pytest.raises(ToolMissingError, match="cannot run this program"):
            matrix.run(scenario, own)
    else:
        assert matrix.run(scenario, own).passed
