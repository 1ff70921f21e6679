"""The rules as the table of the documentation: `python -m tests.lint.document`."""

from __future__ import annotations

import sys
from pathlib import Path

from emsockets_build.lint.rule import load_rules, releases_of

__all__ = ["BEGIN", "DOCUMENT", "END", "table"]

DOCUMENT = Path(__file__).parents[2] / "docs" / "lint.md"
BEGIN, END = "<!-- rules: begin -->\n", "<!-- rules: end -->\n"


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


if __name__ == "__main__":
    before, _, rest = DOCUMENT.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    DOCUMENT.write_text(before + BEGIN + table() + END + after, "utf-8")
    sys.stdout.write(f"{DOCUMENT} is written\n")
