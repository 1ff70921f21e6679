"""Programs that misbehave, and ends of our own, through the real commands: nothing survives.

Each program is JavaScript written by hand: Emscripten's output is JavaScript like any other.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.processes import SCALE, marked, new_mark, until, until_none
from tests.verify.test_declared import ENTRY

pytestmark = [
    pytest.mark.node,
    pytest.mark.skipif(
        not sys.platform.startswith("linux"), reason="counts processes by /proc, sends signals"
    ),
]

# Each says that it runs by a file of its own in the folder that is its first argument.
UP = """
require("fs").writeFileSync(require("path").join(process.argv[2], String(process.pid)), "");
"""
GOOD = UP + "console.log('echo ok');"
FORKS = (
    """
const { spawn } = require("child_process");
const stay = ["-e", "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"];
spawn(process.execPath, stay, { stdio: "ignore" }).unref();
spawn(process.execPath, stay, { stdio: "ignore", detached: true }).unref();
"""
    + UP
)
FLOODS = (
    UP
    + """
const line = Buffer.alloc(1 << 16, "x");
for (let count = 0; count < 640; count++) require("fs").writeSync(1, line);
"""
)
IGNORES = (
    """
for (const name of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(name, () => {});
"""
    + UP
    + "setTimeout(() => { for (;;); }, 1);"
)
WRITES_HALF = UP + "process.stdout.write(Buffer.from([0x6f, 0x6b, 0xe2, 0x82]));"
FLOOD_BYTES = 640 << 16


@pytest.fixture
def mark() -> Iterator[str]:
    """A mark for the processes of one test."""
    with new_mark() as chosen:
        yield chosen


class Project:
    """Programs, the scenarios that run them, and commands at work on them.

    Args:
        folder: Where to write.
        mark: What all processes carry.
        programs: The text of each program, by the scenario's name.
        timeout: Seconds for each.
    """

    def __init__(
        self, folder: Path, mark: str, programs: Mapping[str, str], *, timeout: float = 60
    ) -> None:
        self.folder, self.mark = folder, mark
        self.up = folder / "up"
        self.up.mkdir()
        self.report = folder / "junit.xml"
        entries = []
        for name, text in programs.items():
            (folder / f"{name}.js").write_text(text, "utf-8")
            own = {
                "name": name,
                "program": str(folder / f"{name}.js"),
                "server": "NONE",
                "args": [str(self.up)],
                "timeout": timeout * SCALE,
            }
            entries.append(ENTRY | own)
        self.scenarios = folder / "scenarios.json"
        self.scenarios.write_text(json.dumps({"schema": 1, "scenarios": entries}), "utf-8")

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start ``emsockets`` with arguments, in a process group of its own as shells do."""
        return subprocess.Popen(
            [sys.executable, "-m", "emsockets_build", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, "MARK": self.mark},
        )

    def start_check(self, jobs: int) -> subprocess.Popen[bytes]:
        """Start ``emsockets check`` on the scenarios."""
        file, report = str(self.scenarios), str(self.report)
        return self.start(
            "check", "--scenarios", file, "--junit", report, "--json", "-j", str(jobs)
        )

    def start_run(self, name: str, *, timeout: float = 60) -> subprocess.Popen[bytes]:
        """Start ``emsockets run`` with one program."""
        program, limit = str(self.folder / f"{name}.js"), str(timeout * SCALE)
        return self.start(
            "run", program, "--server", "none", "--timeout", limit, "--json", "--", str(self.up)
        )

    def all_up(self, count: int) -> bool:
        """Wait until so many programs are at work."""
        return until(lambda: len(list(self.up.iterdir())) >= count, 30)


def finished(child: subprocess.Popen[bytes]) -> tuple[int, dict[str, Any]]:
    """Wait for a command; return its exit code and the one object on its standard output."""
    try:
        out, err = child.communicate(timeout=60 * SCALE)
    finally:
        child.kill()
    assert out, err.decode()
    return child.returncode, json.loads(out)


def test_each_misbehaves_in_its_own_way_and_the_others_are_kept(tmp_path: Path, mark: str) -> None:
    """Forks, floods, ignores signals, writes half a character: every result, and no process."""
    programs = {
        "forks": FORKS,
        "floods": FLOODS,
        "ignores": IGNORES,
        "half": WRITES_HALF,
        "good": GOOD,
    }
    project = Project(tmp_path, mark, programs, timeout=5)
    code, document = finished(project.start_check(jobs=2))
    assert marked(mark) == set()
    assert code == 1
    runs = {run["name"]: run for run in document["runs"]}
    assert {name: run["verdict"] for name, run in runs.items()} == {
        "forks": "pass",
        "floods": "pass",
        "ignores": "fail",
        "half": "pass",
        "good": "pass",
    }
    assert runs["ignores"]["cause"]["id"] == "busy-loop-main"
    assert runs["half"]["stdout"].startswith("ok")
    assert len(runs["floods"]["stdout"]) < FLOOD_BYTES
    assert len(ET.parse(project.report).findall(".//testcase")) == len(programs)  # noqa: S314 - our own file


def test_a_time_out_ends_the_program_and_all_that_it_started(tmp_path: Path, mark: str) -> None:
    """A program that forks and then never ends."""
    project = Project(tmp_path, mark, {"never": FORKS + "setInterval(() => {}, 1000);"})
    code, document = finished(project.start_run("never", timeout=2))
    assert marked(mark) == set()
    assert code == 1
    assert document["runs"][0]["timed_out"] is True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_check_reports_and_leaves_nothing(
    tmp_path: Path, mark: str, number: signal.Signals
) -> None:
    """Ctrl-C, and the polite signal of a CI system: what was done is written down."""
    programs = {"good": GOOD, "first": IGNORES, "second": IGNORES, "later": GOOD}
    project = Project(tmp_path, mark, programs)
    child = project.start_check(jobs=2)
    assert project.all_up(3)
    child.send_signal(number)
    code, document = finished(child)
    assert marked(mark) == set()
    assert code == 130
    assert [run["name"] for run in document["runs"]] == ["good"]
    assert document["not_run"] == ["first", "second", "later"]
    assert len(ET.parse(project.report).findall(".//skipped")) == 3  # noqa: S314 - our own file


@pytest.mark.parametrize("command", ["check", "run"])
def test_nothing_survives_a_killed_command(tmp_path: Path, mark: str, command: str) -> None:
    """A kill -9 leaves us no moment to clear up, so somebody else does."""
    project = Project(tmp_path, mark, {"forks": FORKS + IGNORES})
    child = project.start_check(jobs=1) if command == "check" else project.start_run("forks")
    assert project.all_up(1)
    child.kill()
    child.communicate(timeout=60 * SCALE)
    assert until_none(mark, 10) == set()


def test_ctrl_c_ends_a_run(tmp_path: Path, mark: str) -> None:
    """One program, in front of a person."""
    project = Project(tmp_path, mark, {"ignores": IGNORES})
    child = project.start_run("ignores")
    assert project.all_up(1)
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=60 * SCALE)
    assert marked(mark) == set()
    assert child.returncode == 130
