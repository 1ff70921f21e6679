"""The table in docs/posix.md: ``python -m tests.posix.table`` writes it anew.

What is equal and what differs is no claim of the table: test_conformance.py holds every cell to it.
"""

from __future__ import annotations

import re
from pathlib import Path

from tests.posix.differences import DIFFERENCES

__all__ = ["DOCUMENT", "document"]

_HERE = Path(__file__).parent
DOCUMENT = _HERE.parent.parent / "docs" / "posix.md"
_BEGIN = "<!-- cases: written by `python -m tests.posix.table` -->\n"
_CASE = re.compile(r'^CASE\((\w+), "([^"]+)"\)', re.MULTILINE)


def document(text: str) -> str:
    """Return the document with the table as the sources have it."""
    cases = [
        found
        for path in sorted((_HERE / "conformance").glob("*.c"))
        for found in _CASE.findall(path.read_text("utf-8"))
    ]
    lines = [
        f"{len(cases)} cases, {len(DIFFERENCES)} with a documented difference, no fault.\n",
        "| case | written down in | against Linux |",
        "|---|---|---|",
    ]
    for name, source in cases:
        found = DIFFERENCES.get(name)
        verdict = "equal" if found is None else f"different{_where(name)}: {found.why}"
        lines.append(f"| `{name}` | {source} | {verdict} |")
    return text.partition(_BEGIN)[0] + _BEGIN + "\n" + "\n".join(lines) + "\n"


def _where(name: str) -> str:
    found = DIFFERENCES[name]
    words = [f"`BACKEND {found.backend}`"] if found.backend else []
    if found.before:
        words.append("before " + ".".join(map(str, found.before)))
    return f" ({', '.join(words)})" if words else ""


if __name__ == "__main__":
    DOCUMENT.write_text(document(DOCUMENT.read_text("utf-8")), "utf-8")
