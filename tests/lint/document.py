"""The tables of the documentation that are made of the rules: `python -m tests.lint.document`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from emsockets_build.lint.rule import load_rules, releases_of
from tests.lint import foretold

__all__ = ["DOCUMENT", "part", "table"]

DOCUMENT = Path(__file__).parents[2] / "docs" / "lint.md"


def part(name: str, content: str) -> str:
    """Return a part of the document that is generated, with the comments around it."""
    return f"<!-- {name}: begin -->\n{content}<!-- {name}: end -->\n"


def table() -> str:
    """Write one row for each rule."""
    rows = [
        "| rule | level | what it finds | releases |",
        "|---|---|---|---|",
        *(
            f"| {rule.id} `{rule.name}` | {rule.level} | {_cell(rule.summary)} |"
            f" {releases_of(rule)} |"
            for rule in sorted(load_rules().values(), key=lambda rule: rule.id)
        ),
    ]
    return "".join(f"{row}\n" for row in rows)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _write(name: str, content: str) -> None:
    begin, _, end = part(name, "\0").partition("\0")
    before, _, rest = DOCUMENT.read_text("utf-8").partition(begin)
    _, _, after = rest.partition(end)
    DOCUMENT.write_text(before + part(name, content) + after, "utf-8")


if __name__ == "__main__":
    _write("rules", table())
    with tempfile.TemporaryDirectory() as folder:
        _write("gallery", foretold.table(Path(folder)))
    sys.stdout.write(f"{DOCUMENT} is written\n")
