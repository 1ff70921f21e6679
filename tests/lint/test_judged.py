"""Findings in libraries, each judged by hand."""

from __future__ import annotations

import pytest

from tests.lint.judged import DOCUMENT, VERDICTS, Library, document, found_in, load

LIBRARIES = load()


def test_every_finding_is_judged_and_the_document_shows_it() -> None:
    """`python -m tests.lint.judged` writes it anew."""
    for library in LIBRARIES:
        for judged in library.findings:
            assert judged.verdict in VERDICTS, judged
            assert judged.why, judged
    assert DOCUMENT.read_text("utf-8") == document(LIBRARIES)


@pytest.mark.slow
@pytest.mark.parametrize("library", LIBRARIES, ids=[one.name for one in LIBRARIES])
def test_lint_finds_what_was_judged(library: Library) -> None:
    assert found_in(library) == library
