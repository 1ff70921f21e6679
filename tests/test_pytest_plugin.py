from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from emsockets_build.process import Completed, run_bounded
from tests.verify.test_declared import ENTRY

pytestmark = pytest.mark.node


def _pytest(folder: Path, *arguments: str) -> Completed:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return run_bounded(command, timeout=120, cwd=folder)


def _project(folder: Path, ini: str = "") -> Path:
    """Write a project with one scenario that passes and one that fails, and one plain test."""
    (folder / "pytest.ini").write_text(f"[pytest]\n{ini}\n")
    (folder / "test_plain.py").write_text("def test_plain():\n    pass\n")
    entries = []
    for name, text in (("good", "console.log('ok')"), ("bad", "process.exit(3)")):
        program = folder / f"{name}.js"
        program.write_text(text)
        entry = {"name": name, "program": str(program), "server": "NONE", "labels": [name]}
        entries.append(ENTRY | entry)
    file = folder / "build" / "web" / "emsockets" / "scenarios.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"schema": 1, "scenarios": entries}))
    return file


def test_a_file_of_scenarios_is_collected(tmp_path: Path) -> None:
    """Each scenario is an item; the failure reads like that of `emsockets check`."""
    file = _project(tmp_path)
    done = _pytest(tmp_path, str(file))
    assert "1 failed, 1 passed" in done.text
    assert "exit code: expected 0, found 3" in done.text
    assert "Traceback" not in done.text


def test_the_configuration_names_files_once(tmp_path: Path) -> None:
    """A plain `pytest` runs the scenarios beside the tests; one that is narrower does not."""
    tmp_path = tmp_path / "build" / "project"  # a project may itself lie in such a folder
    tmp_path.mkdir(parents=True)
    file = _project(tmp_path, "emsockets_scenarios = build/*/emsockets/scenarios.json")
    # What else lies in a build folder is none of pytest's business, as before.
    (file.parent / "test_of_a_dependency.py").write_text("def test_it():\n    raise OSError\n")
    assert "1 failed, 2 passed" in _pytest(tmp_path).text
    assert "1 passed" in _pytest(tmp_path, "test_plain.py").text


def test_labels_are_keywords(tmp_path: Path) -> None:
    """-k chooses scenarios by their labels."""
    file = _project(tmp_path)
    assert "1 passed, 1 deselected" in _pytest(tmp_path, str(file), "-k", "good").text


def test_missing_scenarios_are_named_in_the_header(tmp_path: Path) -> None:
    """A project that was never configured is not silently green."""
    _project(tmp_path, "emsockets_scenarios = other/*/emsockets/scenarios.json")
    done = _pytest(tmp_path)
    assert "emsockets: no scenarios at" in done.text
    assert "1 passed" in done.text


def test_a_damaged_file_is_an_error_in_words(tmp_path: Path) -> None:
    """What cannot be read fails the run and says what to do."""
    file = _project(tmp_path)
    file.write_text("{")
    done = _pytest(tmp_path, str(file))
    assert done.returncode != 0
    assert "configure the project again" in done.text
