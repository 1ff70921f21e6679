"""Each behaviour against a real Emscripten program under Node: what docs/behaviours.md tells."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from emsockets_build.process import child_process, run_bounded
from emsockets_build.server import ConnectionRecord, TestServer
from emsockets_build.toolchain import Toolchain, find_toolchain

pytestmark = [pytest.mark.emcc, pytest.mark.node]

_SECONDS = 60.0 * float(os.environ.get("EMSOCKETS_TEST_TIME_SCALE", "1"))
_QUIET = "nothing more came"
_END = "end of stream"
_REFUSED = "connect failed"
_NEVER = "never open"

# What ends the program's observation, and how many bytes it received by then.
_SEEN = {
    "echo": (_QUIET, 18),
    "echo-text": (_QUIET, 0),
    "sink": (_QUIET, 0),
    "source?bytes=100000": (_END, 100_000),
    "source?bytes=100000&close=no": (_QUIET, 100_000),
    "chat": (_QUIET, 18),
    "datagram": (_QUIET, 18),
    "refuse?status=400": (_REFUSED, 0),
    "refuse?status=404": (_REFUSED, 0),
    "refuse?status=503": (_REFUSED, 0),
    "no-subprotocol": (_REFUSED, 0),
    "wrong-subprotocol": (_REFUSED, 0),
    "require-none": (_REFUSED, 0),
    "raw-tcp": (_REFUSED, 0),
    "raw-tcp?reply=nothing": (_NEVER, 0),
    "slow-accept?delay=500ms": (_QUIET, 18),
    "slow-read?rate=1KiB": (_QUIET, 18),
    "freeze?after=1": (_QUIET, 6),
    "freeze?stage=handshake": (_NEVER, 0),
    "latency?delay=100ms": (_QUIET, 18),
    "jitter?high=100ms": (_QUIET, 18),
    "ping?every=20ms": (_QUIET, 18),
    "close?after=1&code=1011": (_END, 6),
    "close?after=1&code=1006": (_END, 6),
    "close?after=1&mid-message=yes": (_END, 0),
    "close?code=1000": (_END, 0),
    "abort": (_END, 0),
    "half-close?after=1": (_END, 6),
    "max-size?limit=3": (_END, 0),
    "split?size=1": (_QUIET, 18),
    "merge?count=3&wait=100ms": (_QUIET, 18),
    "fragment?size=1&pings=yes": (_QUIET, 18),
    "huge?size=64MiB": (_QUIET, 64 * 1024 * 1024),
    "garbage?kind=opcode&after=1": (_END, 6),
    "garbage?kind=reserved&after=1": (_END, 6),
    "garbage?kind=length&after=1": (_END, 6),
    "garbage?kind=interleaved&after=1": (_END, 6),
    "garbage?kind=close-code&after=1": (_END, 6),
}


@dataclass(frozen=True, slots=True)
class _Outcome:
    lines: list[str]
    record: ConnectionRecord | None


@pytest.fixture(scope="module")
def toolchain() -> Toolchain:
    """The tools of this machine, all of them."""
    found = find_toolchain()
    assert found.emscripten is not None, "tests marked `emcc` need Emscripten"
    assert found.node is not None, "tests marked `node` need Node"
    assert found.ws is not None, "tests marked `node` need ws (`emsockets setup --ws`)"
    assert found.ws.fits, "ws is of a major that this Emscripten cannot talk to"
    return found


@pytest.fixture(scope="module")
def program(toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The observer, built."""
    assert toolchain.emscripten is not None
    output = tmp_path_factory.mktemp("observer") / "observer.js"
    source = Path(__file__).parent / "programs" / "observer.c"
    built = run_bounded(
        [
            *(toolchain.emscripten.emcc, "-O1", source, "-o", output),
            *("-sEXIT_RUNTIME=1", "-sALLOW_MEMORY_GROWTH=1", "-sSINGLE_FILE=1"),
        ],
        timeout=10 * _SECONDS,
        env={**os.environ, **toolchain.emscripten.environment},
        merge=True,
    )
    assert built.returncode == 0, built.text
    return output


def _observe(toolchain: Toolchain, program: Path, spec: str) -> _Outcome:
    """Run the program until it says that it has finished; Node may live on (see `freeze`)."""
    assert toolchain.node is not None
    assert toolchain.ws is not None
    environment = {**os.environ, "NODE_PATH": str(toolchain.ws.path)}
    kind = ["6", "datagram"] if spec == "datagram" else []
    with TestServer(spec) as server:
        command: list[str | Path] = [toolchain.node.path, program]
        command += [server.host, str(server.port), *kind]
        lines: list[str] = []
        with child_process(command, env=environment) as child:
            timer = threading.Timer(_SECONDS, child.kill)
            timer.start()
            assert child.stdout is not None
            while line := child.stdout.readline().decode():
                lines.append(line.strip())
                if line.startswith("finished: "):
                    break
            timer.cancel()
        records = server.connections
    return _Outcome(lines, records[0] if records else None)


@pytest.fixture(scope="module")
def outcomes(toolchain: Toolchain, program: Path) -> Iterator[dict[str, _Outcome]]:
    """All behaviours observed, several at a time: the programs mostly wait."""
    with ThreadPoolExecutor(6) as pool:
        results = pool.map(lambda spec: _observe(toolchain, program, spec), _SEEN)
        yield dict(zip(_SEEN, results, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("spec", _SEEN)
def test_what_the_program_sees(outcomes: dict[str, _Outcome], spec: str) -> None:
    """The reason why it stops looking, and the bytes that it got."""
    outcome = outcomes[spec]
    assert outcome.lines, "the program said nothing"
    sys.stdout.write("\n".join(outcome.lines) + "\n")
    found = re.fullmatch(r"finished: (.*); sent .* received (\d+) bytes .*", outcome.lines[-1])
    assert found is not None, outcome.lines
    assert (found[1], int(found[2])) == _SEEN[spec]


@pytest.mark.slow
def test_errors_look_alike_from_inside(outcomes: dict[str, _Outcome]) -> None:
    """ECONNREFUSED for every kind of refusal; only the server's record knows why."""
    refused = [spec for spec, (reason, _) in _SEEN.items() if reason == _REFUSED]
    assert {outcomes[spec].lines[0] for spec in refused} == {"SO_ERROR: Connection refused"}
    statuses = {getattr(outcomes[spec].record, "status", None) for spec in refused}
    assert {101, 400, 404, 503, None} <= statuses


@pytest.mark.slow
def test_the_server_saw_what_the_program_did(outcomes: dict[str, _Outcome]) -> None:
    """Three messages of six bytes each in an echo."""
    record = outcomes["echo"].record
    assert record is not None
    assert (record.messages_in, record.bytes_in, record.offered) == (3, 18, ("binary",))
