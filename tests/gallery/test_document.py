"""The gallery's table is part of the documentation."""

from __future__ import annotations

from tests.gallery.building import PROGRAMS
from tests.gallery.catalogue import NOT_SHOWN, known_causes
from tests.gallery.document import BEGIN, DOCUMENT, END, table
from tests.gallery.entries import ENTRIES


def test_the_documentation_shows_the_gallery_as_it_is() -> None:
    """`python -m tests.gallery.document` writes the table anew."""
    assert BEGIN + table() + END in DOCUMENT.read_text("utf-8")


def test_every_program_of_the_gallery_is_used() -> None:
    """A source that no entry names shows nothing."""
    sources = {path.name for path in PROGRAMS.iterdir() if path.suffix != ".h"}
    assert sources == {entry.source for entry in ENTRIES}


def test_names_are_unique() -> None:
    """They are the rows of the documentation."""
    assert len({entry.name for entry in ENTRIES}) == len(ENTRIES)


def test_every_cause_is_shown_or_says_what_would_show_it() -> None:
    """A new cause wants an entry; an entry's cause must exist."""
    shown = {entry.cause for entry in ENTRIES}
    assert shown | NOT_SHOWN.keys() == known_causes()
    assert not shown & NOT_SHOWN.keys()
