"""The tables in docs/posix.md: ``python -m tests.posix.table`` writes them anew.

That nothing else differs is no claim of the tables: test_conformance.py holds every cell to it.
"""

from __future__ import annotations

import re
from pathlib import Path

from emsockets_build.settings import Version, parse_version
from tests.generations import GENERATIONS
from tests.posix.cells import RUNNERS, Cell, cells_of
from tests.posix.differences import DIFFERENCES

__all__ = ["DOCUMENT", "document"]

_HERE = Path(__file__).parent
DOCUMENT = _HERE.parent.parent / "docs" / "posix.md"
_NEWEST = "6.0.2"  # from which on 6.x has every backend
_BEGIN = "<!-- cases: written by `python -m tests.posix.table` -->\n"
_CASE = re.compile(r'^CASE\((\w+), "([^"]+)"\)', re.MULTILINE)


def document(text: str) -> str:
    """Return the document with the tables as the sources have them."""
    cases = [
        found
        for path in sorted((_HERE / "conformance").glob("*.c"))
        for found in _CASE.findall(path.read_text("utf-8"))
    ]
    lines = [
        f"{len(cases)} cases, {len(DIFFERENCES)} with a documented difference in some cell.",
        "No fault. Those of threads run with `WAIT pthread` only.\n",
        *_cells([name for name, _ in cases]),
        "\n| case | written down in | against Linux |",
        "|---|---|---|",
    ]
    for name, source in cases:
        found = DIFFERENCES.get(name)
        verdict = "equal" if found is None else f"different{_where(name)}: {found.why}"
        lines.append(f"| `{name}` | {source} | {verdict} |")
    return text.partition(_BEGIN)[0] + _BEGIN + "\n" + "\n".join(lines) + "\n"


def _cells(names: list[str]) -> list[str]:
    """Return the table of what is equal and what is different in each cell."""
    lines = [
        f"| Emscripten | `BACKEND` | `WAIT` | {' | '.join(map(str.capitalize, RUNNERS))} |",
        "|---|---|---|---|---|---|",
    ]
    for generation in GENERATIONS:
        version = parse_version(_NEWEST if generation == "6" else generation)
        cells = cells_of(version)
        for backend, wait in dict.fromkeys((cell.backend, cell.wait) for cell in cells):
            row = [generation if "." in generation else f"{generation}.x", backend, wait]
            for runner in RUNNERS:
                cell = Cell(backend, wait, runner)
                row.append(_counts(names, version, cell) if cell in cells else "-")
            lines.append(f"| {' | '.join(row)} |")
    return lines


def _counts(names: list[str], version: Version, cell: Cell) -> str:
    run = [name for name in names if cell.wait == "pthread" or not name.startswith("threads_")]
    different = sum(
        name in DIFFERENCES and DIFFERENCES[name].concerns(version, cell) for name in run
    )
    return f"{len(run) - different} equal, {different} different"


def _where(name: str) -> str:
    found = DIFFERENCES[name]
    words = [f"`BACKEND {found.backend}`"] if found.backend else []
    words += ["browsers"] if found.in_pages else []
    if found.before:
        words.append("before " + ".".join(map(str, found.before)))
    return f" ({', '.join(words)})" if words else ""


if __name__ == "__main__":
    DOCUMENT.write_text(document(DOCUMENT.read_text("utf-8")), "utf-8")
