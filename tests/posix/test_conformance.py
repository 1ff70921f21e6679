"""POSIX behaviours: natively against a TCP server, unchanged in every cell against the relay."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from filelock import FileLock

from tests.generations import Tools
from tests.posix.cells import Cell, cells_of, program_of, run_cell, run_natively
from tests.posix.differences import difference
from tests.posix.table import DOCUMENT, document

pytestmark = [pytest.mark.node, pytest.mark.timeout(300, func_only=True)]

_FEWEST = 120


def _folder(shared_folder: Path, name: str) -> Path:
    folder = shared_folder / f"posix-{name}"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("wait", ["asyncify", "jspi", "pthread"])
@pytest.mark.parametrize("backend", ["websocket", "node"])
def test_every_case_sees_what_it_sees_natively(
    tools: Tools, shared_folder: Path, backend: str, wait: str
) -> None:
    """Equal, or the difference that is documented; never a fault, a hang or an exception."""
    cell = Cell(backend, wait)
    if cell not in cells_of(tools.emscripten.version):
        # Refused at configure time, as tests/e2e/test_generations.py proves.
        return
    native, here = _folder(shared_folder, "native"), _folder(shared_folder, tools.generation)
    with FileLock(native / "lock"):
        wanted = run_natively(program_of(tools, None, native / "tree"))
    with FileLock(here / "lock"):
        program = program_of(tools, cell, here / "tree")
    found = run_cell(tools, cell, program)
    assert len(wanted) >= _FEWEST
    missing = wanted.keys() - found.keys()
    assert missing == ({name for name in wanted if name.startswith("threads_")} - found.keys())
    assert not missing or wait != "pthread"
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
