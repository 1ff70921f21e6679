from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from emsockets_build.cli import main
from tests.verify.test_declared import ENTRY

pytestmark = pytest.mark.node

GOOD = "console.log('echo ok');"
BAD = "process.exit(3);"
SLOW = "console.log('running'); setInterval(() => {}, 1000);"


def _scenarios(folder: Path, programs: dict[str, str], **changes: Any) -> Path:
    """Write programs in JavaScript and a file that declares a scenario for each."""
    entries = []
    for name, text in programs.items():
        path = folder / f"{name}.js"
        path.write_text(text)
        labels = ["bad"] if text == BAD else []
        entry = {"name": name, "program": str(path), "labels": labels, "server": "NONE"}
        entries.append(ENTRY | entry | changes)
    path = folder / "emsockets" / "scenarios.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"schema": 1, "scenarios": entries}))
    return path


def _names(output: str) -> list[str]:
    return [run["name"] for run in json.loads(output)["runs"]]


def test_all_pass_is_0_and_one_failure_is_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code is the verdict, and JSON is all that standard output holds."""
    file = str(_scenarios(tmp_path, {"a": GOOD, "b": GOOD}))
    assert main(["check", "--scenarios", file, "--json"]) == 0
    assert _names(capsys.readouterr().out) == ["a", "b"]
    file = str(_scenarios(tmp_path, {"a": GOOD, "b": BAD}))
    assert main(["check", "--scenarios", file, "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert [run["verdict"] for run in document["runs"]] == ["pass", "fail"]


def test_selection(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """-k, --exact, --shard and --repeat choose what runs."""
    file = str(_scenarios(tmp_path, {"a": GOOD, "ab": BAD, "c": GOOD}))
    for arguments, names in (
        (["-k", "a and not bad"], ["a"]),
        (["--exact", "c"], ["c"]),
        (["--shard", "1/2"], ["a", "c"]),
        (["--exact", "a", "--repeat", "3"], ["a", "a", "a"]),
    ):
        main(["check", "--scenarios", file, "--json", *arguments])
        assert _names(capsys.readouterr().out) == names


def test_reports_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """JUnit and HTML go to their files and annotations to standard output."""
    file = str(_scenarios(tmp_path, {"a": GOOD, "b": BAD}))
    report = tmp_path / "out" / "junit.xml"
    page = tmp_path / "out" / "report.html"
    outputs = ["--junit", str(report), "--html", str(page), "--github"]
    assert main(["check", "--scenarios", file, *outputs]) == 1
    assert 'failures="1"' in report.read_text()
    assert "<h1>1 failed of 2</h1>" in page.read_text()
    out, err = capsys.readouterr()
    assert out.startswith("::error file=/CMakeLists.txt,title=b::")
    assert "1 passed, 1 failed" in err


def test_a_program_that_is_gone_does_not_take_the_others_along(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot be run is said, with its exit code, and the others are proven."""
    file = _scenarios(tmp_path, {"a": GOOD, "b": GOOD})
    (tmp_path / "b.js").unlink()
    assert main(["check", "--scenarios", str(file), "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert [run["name"] for run in document["runs"]] == ["a"]
    assert document["broken"][0]["name"] == "b"
    assert document["verdict"] == "fail"


@pytest.mark.parametrize(
    "arguments",
    [
        ["-k", "nothing-of-this-name"],
        ["-k", "("],
        ["--shard", "5/2"],
        ["--repeat", "0"],
        ["-j", "0"],
    ],
)
def test_bad_input_is_exit_code_2(
    tmp_path: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A selection of nothing is not a pass."""
    file = str(_scenarios(tmp_path, {"a": GOOD}))
    assert main(["check", "--scenarios", file, *arguments]) == 2
    assert "remedy:" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")
def test_ctrl_c_writes_the_report_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """An interrupted check keeps what it has, says what it did not reach, and ends with 130."""
    file = _scenarios(tmp_path, {"a": GOOD, "b": SLOW, "c": GOOD})
    report = tmp_path / "junit.xml"
    page = tmp_path / "report.html"
    command = [sys.executable, "-m", "emsockets_build", "check", "--scenarios", str(file)]
    child = subprocess.Popen(
        [*command, "-j", "1", "--junit", str(report), "--html", str(page), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        for _ in range(3000):
            if _children_of(child.pid, str(tmp_path / "b.js")):
                break
            try:
                child.wait(0.01)
            except subprocess.TimeoutExpired:
                continue
            break
        os.kill(child.pid, signal.SIGINT)
        out, err = child.communicate(timeout=30)
    finally:
        child.kill()
    assert child.returncode == 130, err.decode()
    document = json.loads(out)
    assert [run["name"] for run in document["runs"]] == ["a"]
    assert document["not_run"] == ["b", "c"]
    assert 'skipped="2"' in report.read_text()
    assert "<h1>1 of 3 passed, interrupted</h1>" in page.read_text()
    assert not _children_of(None, str(tmp_path / "b.js"))


def _children_of(parent: int | None, word: str) -> list[int]:
    """Find processes whose command line holds ``word``; below ``parent`` if given."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            line = (entry / "cmdline").read_bytes().decode("utf-8", "replace")
        except OSError:
            continue
        if word in line and "emsockets_build\0check" not in line and parent != int(entry.name):
            found.append(int(entry.name))
    return found
