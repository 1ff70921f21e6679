from __future__ import annotations

from tests.lint.document import BEGIN, DOCUMENT, END, table


def test_the_documentation_shows_the_rules_as_they_are() -> None:
    """`python -m tests.lint.document` writes the table anew."""
    assert BEGIN + table() + END in DOCUMENT.read_text("utf-8")
