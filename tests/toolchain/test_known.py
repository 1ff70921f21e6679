"""The table of bad versions, and what becomes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from emsockets_build.settings.version import Version
from emsockets_build.toolchain import known
from emsockets_build.toolchain.finding import Severity
from emsockets_build.toolchain.known import known_findings
from emsockets_build.toolchain.model import Emscripten, EmscriptenConfig, Tool, Toolchain
from emsockets_build.toolchain.version import in_range

NOTHING = Toolchain(None, None, None, None, None)


def _emscripten(version: Version) -> Emscripten:
    root = Path("/nowhere")
    return Emscripten(root, root, version, "", "", root, {}, EmscriptenConfig())


def _found(emscripten: Version | None = None, cmake: Version | None = None) -> set[str]:
    compiler = _emscripten(emscripten) if emscripten else None
    tool = Tool(Path("/cmake"), cmake, "", "") if cmake else None
    return {row.id for row in known_findings(Toolchain(compiler, None, tool, None, None))}


@pytest.mark.parametrize(
    ("version", "present", "absent"),
    [
        ((4, 0, 0), "es6-loses-ws", "pthread-poll-deaf"),
        ((4, 0, 1), "es6-loses-ws", "pthread-poll-deaf"),
        ((4, 0, 2), "websocket-h-undefined", "es6-loses-ws"),
        ((4, 0, 22), "websocket-h-undefined", "pthread-poll-deaf"),
        ((4, 0, 23), "pthread-poll-deaf", "es6-loses-ws"),
        ((5, 0, 2), "websocket-h-undefined", "es6-loses-ws"),
        ((5, 0, 3), "pthread-poll-deaf", "websocket-h-undefined"),
        ((6, 0, 2), "pthread-poll-deaf", "websocket-h-undefined"),
        ((3, 1, 70), "refused-never-writable", "pthread-poll-deaf"),
        ((3, 1, 71), "websocket-h-undefined", "refused-never-writable"),
    ],
)
def test_releases_of_emscripten(version: Version, present: str, absent: str) -> None:
    found = _found(version)
    assert present in found
    assert absent not in found


def test_the_newest_generation_has_no_known_fault() -> None:
    assert _found((6, 0, 5)) == set()


@pytest.mark.parametrize(
    ("version", "bad"),
    [((4, 2, 0), True), ((4, 2, 5), True), ((4, 2, 6), False), ((4, 3, 0), True),
     ((4, 3, 2), True), ((4, 3, 3), False), ((4, 4, 4), False), ((3, 25, 1), False)],
)  # fmt: skip
def test_releases_of_cmake(version: Version, bad: bool) -> None:
    assert ("cmake-no-shared" in _found(cmake=version)) is bad


def test_what_is_not_there_has_no_version_to_be_wrong() -> None:
    assert known_findings(NOTHING) == ()


def test_each_row_is_complete() -> None:
    rows = known._rows()
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        assert set(row) == {"id", "severity", "when", "summary", "cause", "remedy", "reference"}
        assert Severity(row["severity"])
        assert not row["summary"].endswith(".")
        for tool, ranges in row["when"].items():
            assert tool in {"emscripten", "node", "cmake", "ninja", "ws"}
            in_range((1, 0, 0), ranges)
