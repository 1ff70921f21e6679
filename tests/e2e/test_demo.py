"""``emsockets demo`` from end to end, as people start it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from emsockets_build.process import Completed, run_bounded
from tests.e2e.matrix import SECONDS, WAITS, Cell, promised_refusal
from tests.generations import Tools

# Five programs are built in one test.
pytestmark = [pytest.mark.node, pytest.mark.slow, pytest.mark.timeout(900, func_only=True)]

BYTES = 74_242


def emsockets(
    *words: str | Path, cwd: Path | None = None, environment: dict[str, str] | None = None
) -> Completed:
    """Run the command to its end; never with a traceback."""
    command: list[str | Path] = [sys.executable, "-m", "emsockets_build", *words]
    done = run_bounded(command, timeout=5 * SECONDS, cwd=cwd, env=environment)
    assert not done.timed_out
    assert b"Traceback" not in done.stderr, done.text
    return done


def test_every_wait_of_every_generation_is_proven(tools: Tools, tmp_path: Path) -> None:
    """Byte counts are the server's; a wait that the release cannot do is named with the reason."""
    emscripten = tools.emscripten
    chosen = ("--emscripten", emscripten.version_text)
    node = ("--node", tools.node.path)
    place = tmp_path / "kept"
    done = emsockets("demo", "--json", "--keep", place, *chosen, *node)
    assert done.returncode == 0, done.text
    report = json.loads(done.stdout)
    assert (report["schema"], report["command"], report["verdict"]) == (1, "demo", "pass")
    assert report["emscripten"] == emscripten.version_text
    refused = {
        wait for wait in WAITS if promised_refusal(Cell("websocket", wait), emscripten.version)
    }
    assert [run["wait"] for run in report["runs"]] == [w for w in WAITS if w not in refused]
    assert set(report["not_possible"]) == refused
    for run in report["runs"]:
        saw = run["server_saw"]
        assert (run["verdict"], run["exit_code"], run["subprotocol"]) == ("pass", 0, "binary")
        assert (saw["bytes_in"], saw["bytes_out"]) == (BYTES, BYTES)
        assert saw["messages_in"] == saw["messages_out"] == 5
        assert run["sizes"]["js"] > 0 < run["sizes"]["wasm"]
    _build_and_run_again(place, chosen, node)


def _build_and_run_again(place: Path, chosen: tuple[str, str], node: tuple[str, Path]) -> None:
    """What is kept is an ordinary project, which `build` and `run` take as it is."""
    built = emsockets("build", place, *chosen)
    assert built.returncode == 0, built.text
    (program,) = built.stdout.decode().splitlines()
    ran = emsockets("run", program, *chosen, *node, "--json", "--", "{host}", "{port}")
    assert ran.returncode == 0, ran.text
    assert json.loads(ran.stdout)["runs"][0]["server_saw"]["bytes_in"] == BYTES


@pytest.fixture
def bare_machine(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine that has Python and nothing else."""
    empty = tmp_path / "empty"
    empty.mkdir()
    return {"PATH": str(empty), "HOME": str(empty), "EMSOCKETS_CACHE_DIR": str(tmp_path / "cache")}


def test_a_machine_without_tools_is_told_what_is_missing(
    bare_machine: dict[str, str], tmp_path: Path
) -> None:
    """And nothing is installed, because nobody said yes."""
    done = emsockets(
        "demo", "--json", "--emscripten", "1.2.3", cwd=tmp_path, environment=bare_machine
    )
    words = done.stderr.decode()
    assert done.returncode == 3, done.text
    assert done.stdout == b""
    assert "missing: Emscripten 1.2.3" in words
    assert "remedy: run `emsockets setup --yes`" in words.replace("  ", " ")
    assert not (tmp_path / "cache" / "emscripten").exists()


def test_the_folder_to_keep_it_in_must_be_empty(tools: Tools, tmp_path: Path) -> None:
    """What is there stays as it is."""
    mine = tmp_path / "CMakeLists.txt"
    mine.write_text("mine\n")
    done = emsockets("demo", "--keep", tmp_path, "--emscripten", tools.generation)
    assert done.returncode == 2, done.text
    assert b"overwrites nothing" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["CMakeLists.txt"]
    assert mine.read_text() == "mine\n"
