"""POSIX behaviours: natively against a TCP server, unchanged in every cell against the relay."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from filelock import FileLock

from emsockets_build.run.browser import Browsers
from tests.generations import Tools
from tests.posix.cells import (
    RUNNERS,
    Case,
    Cell,
    cells_of,
    program_of,
    run_cell,
    run_natively,
)
from tests.posix.differences import difference
from tests.posix.table import DOCUMENT, document

pytestmark = [pytest.mark.node, pytest.mark.timeout(300, func_only=True)]

_FEWEST = 120
_CELLS = [
    pytest.param(
        Cell(backend, wait, runner),
        id=f"{backend}-{wait}-{runner}",
        marks=() if runner == "node" else pytest.mark.browser,
    )
    for backend in ("websocket", "node")
    for wait in ("asyncify", "jspi", "pthread")
    for runner in (RUNNERS if backend == "websocket" else ("node",))
]


@pytest.fixture(scope="module")
def browsers() -> Iterator[Browsers]:
    """One process of each kind for all cells, gone at the end."""
    with Browsers() as found:
        yield found


@pytest.fixture(scope="module")
def wanted(newest_tools: Tools, shared_folder: Path) -> Mapping[str, Case]:
    """What each case sees natively."""
    native = _folder(shared_folder, "native")
    with FileLock(native / "lock"):
        program = program_of(newest_tools, None, native / "tree")
    return run_natively(program)


def _folder(shared_folder: Path, name: str) -> Path:
    folder = shared_folder / f"posix-{name}"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("cell", _CELLS)
def test_every_case_sees_what_it_sees_natively(
    tools: Tools,
    shared_folder: Path,
    browsers: Browsers,
    wanted: Mapping[str, Case],
    cell: Cell,
) -> None:
    """Equal, or the difference that is documented; never a fault, a hang or an exception."""
    if cell not in cells_of(tools.emscripten.version):
        # Refused at configure time, as tests/e2e/test_generations.py proves.
        return
    here = _folder(shared_folder, tools.generation)
    with FileLock(here / "lock"):
        program = program_of(tools, cell, here / "tree")
    found = run_cell(tools, cell, program, browsers)
    assert len(wanted) >= _FEWEST
    missing = wanted.keys() - found.keys()
    assert missing == ({name for name in wanted if name.startswith("threads_")} - found.keys())
    assert not missing or cell.wait != "pthread"
    faults = [
        f"{name}: natively {wanted[name].saw!r}, here {case.saw!r}"
        for name, case in found.items()
        if case.saw != wanted[name].saw and not difference(case, tools.emscripten.version, cell)
    ]
    assert faults == []


def test_the_table_of_the_documentation_is_current() -> None:
    """docs/posix.md names every case of the program, and every documented difference."""
    assert DOCUMENT.read_text("utf-8") == document(DOCUMENT.read_text("utf-8"))


def test_every_case_cites_a_page() -> None:
    """Each case says where the behaviour is written down."""
    text = document(DOCUMENT.read_text("utf-8"))
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \|", text.partition("## Cases")[2], re.MULTILINE)
    assert len(rows) >= _FEWEST
    assert [row for row in rows if not re.match(r"[a-z_0-9]+\([1-8]p?\)", row[1])] == []
