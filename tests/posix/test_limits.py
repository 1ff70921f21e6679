from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from emsockets_build.process import run_bounded
from tests.generations import Tools

pytestmark = [pytest.mark.node, pytest.mark.slow]


def test_a_thousand_sockets_and_a_second_suspended_call(tools: Tools, tmp_path: Path) -> None:
    """All sockets are served; a call that ASYNCIFY cannot suspend ends the program in words.

    A main thread that waits for a lock goes on sending for the thread that holds it.
    """
    waits = "asyncify;pthread" + (";jspi" if tools.emscripten.version >= (3, 1, 61) else "")
    done = run_bounded(
        [
            *(sys.executable, "-m", "emsockets_build", "check", Path(__file__).parent / "limits"),
            *("--json", "--build-dir", tmp_path / "build", "-D", f"WAITS={waits}"),
            *("--emscripten", tools.emscripten.root, "--node", tools.node.path),
        ],
        timeout=250,
    )
    assert done.returncode == 0, done.text
    runs = {run["name"]: run for run in json.loads(done.stdout)["runs"]}
    assert len(runs) == len(waits.split(";")) + 2
    for name, run in runs.items():
        if name.startswith("many-"):
            assert run["server_saw"]["connections"] == 1000
    assert runs["locked"]["server_saw"]["messages_in"] == 100
    second = runs["second-call"]
    assert not second["timed_out"]
    assert "ASYNCIFY suspends one call at a time" in second["stderr"]
