"""The gallery: real mistakes, each with the cause that must be found.

Numbers in the notes are issues of emscripten-core/emscripten.
"""

from __future__ import annotations

from tests.gallery.endings import ENDS, HANGS
from tests.gallery.entry import Entry
from tests.gallery.wire import SETUP, WIRE

__all__ = ["ENTRIES", "Entry"]

ENTRIES: tuple[Entry, ...] = (*WIRE, *SETUP, *HANGS, *ENDS)
