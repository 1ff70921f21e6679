"""The gallery: real mistakes, each with the cause that must be found."""

from __future__ import annotations

from tests.gallery.entries.ends import ENDS
from tests.gallery.entries.hangs import HANGS
from tests.gallery.entries.setup import SETUP
from tests.gallery.entries.wire import WIRE
from tests.gallery.entry import Entry

__all__ = ["ENTRIES"]

ENTRIES: tuple[Entry, ...] = (*WIRE, *SETUP, *HANGS, *ENDS)
