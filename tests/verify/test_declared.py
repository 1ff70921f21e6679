from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emsockets_build.errors import UsageError
from emsockets_build.verify import load_scenarios

ENTRY: dict[str, Any] = {
    "name": "one",
    "target": "game",
    "program": "/build/game.js",
    "runner": "node",
    "backend": "websocket",
    "wait": "asyncify",
    "declared": "/CMakeLists.txt",
    "server": "",
    "server_args": [],
    "args": [],
    "environment": [],
    "expect_stdout": [],
    "reject_stdout": [],
    "labels": [],
    "expect_exit": None,
    "expect_close": None,
    "expect_sent": None,
    "expect_received": None,
    "client": None,
    "timeout": None,
    "expect_subprotocol": "",
}


def _write(folder: Path, **changes: Any) -> Path:
    path = folder / "scenarios.json"
    path.write_text(json.dumps({"schema": 1, "scenarios": [ENTRY | changes]}))
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"expect_stdout": ["("]}, r"'\(' is not a regular expression"),
        ({"server": "ekho"}, "no behaviour `ekho`"),
        ({"server": "close", "server_args": ["soon=1"]}, "soon"),
        ({"environment": ["=1"]}, "cannot be read"),
        ({"timeout": "soon"}, "cannot be read"),
        ({"args": None}, "cannot be read"),
    ],
)
def test_wrong_scenarios_are_refused_with_their_place(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    """What CMake cannot know to be wrong is found before anything runs."""
    with pytest.raises(UsageError, match=message) as caught:
        load_scenarios(_write(tmp_path, **changes))
    assert "scenarios.json" in caught.value.where
    assert caught.value.remedy


def test_other_versions_are_told_apart(tmp_path: Path) -> None:
    """A file of another schema is not half understood."""
    path = tmp_path / "scenarios.json"
    path.write_text('{"schema": 2, "scenarios": []}')
    with pytest.raises(UsageError, match="another version"):
        load_scenarios(path)


def test_no_file_says_how_to_declare_one(tmp_path: Path) -> None:
    """A project without scenarios is told what to write."""
    with pytest.raises(UsageError, match="declares no scenarios") as caught:
        load_scenarios(tmp_path / "scenarios.json")
    assert "emsockets_add_test" in caught.value.remedy


@given(st.binary(max_size=200))
def test_rubbish_is_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """Whatever the file holds, the answer is an error of ours."""
    path = tmp_path_factory.mktemp("rubbish") / "scenarios.json"
    path.write_bytes(data)
    with pytest.raises(UsageError):
        load_scenarios(path)
