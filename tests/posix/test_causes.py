"""What is said of programs with POSIX ON that fail: their calls are not those that are watched."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from emsockets_build.process import run_bounded
from tests.generations import Tools

pytestmark = [pytest.mark.node, pytest.mark.slow]

# The cause with ASYNCIFY and with threads, and a word of its summary or remedy in each.
_CAUSES = {
    "reads-sink": (
        ("still-waiting", ""),
        ("still-waiting", "reads_for_ever still waits in recv"),
    ),
    "spins-sink": (("busy-wait-main", "spins_in_recv"), ("still-waiting", "spins_in_recv")),
    "loops-sink": (("busy-loop-main", "loops_for_ever"), ("busy-wait-pthread", "loops_for_ever")),
    "returns-freeze": (("open-socket-keeps-alive", "closing"),) * 2,
    "begins-freeze": (("exited-before-open", "writable"),) * 2,
    "gives-up-freeze": (("exited-before-open", "SO_SNDTIMEO"),) * 2,
    "talks-refuse": (("handshake-refused", "400"),) * 2,
    "talks-abort": (("connection-reset", ""),) * 2,
    "talks-close": (("closed-by-server", "1000"),) * 2,
    "talks-nobody": (("server-not-listening", ""),) * 2,
}


def test_each_failure_has_its_true_cause(newest_tools: Tools, tmp_path: Path) -> None:
    """A hang is named by the program's own call, and no cause rests on a call that was not seen."""
    done = run_bounded(
        [
            *(sys.executable, "-m", "emsockets_build", "check", Path(__file__).parent / "causes"),
            *("--json", "--build-dir", tmp_path / "build"),
            *("--emscripten", newest_tools.emscripten.root, "--node", newest_tools.node.path),
        ],
        timeout=250,
    )
    assert done.returncode == 1, done.text
    found = {run["name"]: run["cause"] for run in json.loads(done.stdout)["runs"]}
    wrong = {}
    for name, causes in _CAUSES.items():
        for wait, (cause, word) in zip(("asyncify", "pthread"), causes, strict=True):
            seen = found.pop(f"{wait}-{name}")
            if seen["id"] != cause or word not in seen["summary"] + seen["remedy"]:
                wrong[f"{wait}-{name}"] = seen
    assert wrong == {}
    assert found == {}
