"""The gallery as the table of the documentation: `python -m tests.gallery.document`."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.gallery.catalogue import NOT_SHOWN
from tests.gallery.entries import ENTRIES
from tests.gallery.entry import Entry

__all__ = ["BEGIN", "BROWSERS_DOCUMENT", "DOCUMENT", "END", "table"]

DOCUMENT = Path(__file__).parents[2] / "docs" / "causes.md"
BROWSERS_DOCUMENT = DOCUMENT.with_name("browsers.md")
BEGIN, END = "<!-- gallery: begin -->\n", "<!-- gallery: end -->\n"


def table() -> str:
    """Write one row for each mistake with the cause that is found, then the other causes."""
    rows = [
        "| mistake | cause | program | releases |",
        "|---|---|---|---|",
        *(
            f"| {entry.mistake} | `{entry.cause}` | {_program(entry)} | {_releases(entry)} |"
            for entry in sorted(ENTRIES, key=lambda entry: (entry.cause, entry.name))
        ),
    ]
    rows += [
        "",
        "Causes that have no program in the gallery, and what would show them:",
        "",
        "| cause | shown by |",
        "|---|---|",
        *(f"| `{cause}` | {how} |" for cause, how in sorted(NOT_SHOWN.items())),
    ]
    return "".join(f"{row}\n" for row in rows)


def _releases(entry: Entry) -> str:
    since = ".".join(map(str, entry.since)) if len(entry.since) > 1 else ""
    until = ".".join(map(str, entry.until)) if len(entry.until) > 1 else ""
    words = [f"{since} and newer"] if since else []
    words += [f"before {until}"] if until else []
    return f"{', '.join(words)}: {entry.why}" if words else "all"


def _program(entry: Entry) -> str:
    return f"`{entry.source}`" if entry.builds else f"`{entry.source}`, which cannot be built"


def _write(document: Path, content: str) -> None:
    text = document.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    document.write_text(before + BEGIN + content + END + after, "utf-8")
    sys.stdout.write(f"{document} is written\n")


if __name__ == "__main__":
    from tests.gallery.browsers import table as browsers_table

    _write(DOCUMENT, table())
    _write(BROWSERS_DOCUMENT, browsers_table())
