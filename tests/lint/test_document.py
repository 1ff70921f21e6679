"""The documentation's tables say what is so; `python -m tests.lint.document` writes them anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gallery.entries import ENTRIES
from tests.lint import foretold
from tests.lint.document import DOCUMENT, part, table


def test_the_documentation_shows_the_rules_as_they_are() -> None:
    assert part("rules", table()) in DOCUMENT.read_text("utf-8")


def test_the_documentation_shows_what_lint_finds_of_the_gallery(tmp_path: Path) -> None:
    assert part("gallery", foretold.table(tmp_path)) in DOCUMENT.read_text("utf-8")


_MISTAKES = {entry.name: entry for entry in ENTRIES}


@pytest.mark.parametrize("name", _MISTAKES)
def test_a_mistake_is_found_or_it_is_said_why_not(name: str, tmp_path: Path) -> None:
    found = foretold.foretold(_MISTAKES[name], tmp_path)
    assert bool(found) is (name not in foretold.UNKNOWABLE)


def test_nothing_is_said_of_mistakes_that_are_not_there() -> None:
    assert foretold.UNKNOWABLE.keys() | foretold.BESIDE.keys() <= _MISTAKES.keys()
