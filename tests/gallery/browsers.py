"""What the gallery's programs show in browsers, where that is not what they show under Node."""

from __future__ import annotations

from collections.abc import Mapping

from tests.gallery.entries import ENTRIES
from tests.gallery.entry import Entry

__all__ = ["DIFFERENT", "LINE_BEFORE", "NOT_IN_PAGES", "cells", "shown_in", "table"]

WORKS = ""
"""In place of a cause: the run passes."""

# The cause in Chromium and in Firefox.
DIFFERENT: Mapping[str, tuple[str, str]] = {
    "accepts-too-early-unread": ("page-cannot-listen", "page-cannot-listen"),
    "built-for-the-web": (WORKS, WORKS),
    "listener-left-open": ("page-cannot-listen", "page-cannot-listen"),
    "plain-tcp-server": ("not-a-websocket-server", "handshake-refused"),
    "port-in-use": ("page-cannot-listen", "page-cannot-listen"),
    "server-without-subprotocols": ("subprotocol-not-selected", WORKS),
    "text-server": (WORKS, WORKS),
    "url-of-the-author": ("port-blocked", "connection-failed"),
    "url-without-scheme": ("handshake-refused", "handshake-refused"),  # relative to the page
}
NOT_IN_PAGES: Mapping[str, str] = {
    "exits-before-open": "a page may open its WebSocket in the moment of exit() or not",
    "odd-node-options": "it is about Node",
}
# Of Firefox's hangs only the function's first line is known, and each takes seconds to look into.
_FIREFOX_HANGS = ("select-loop", "lost-wake-up")
_UNSURE_IN_FIREFOX: Mapping[str, str] = {
    "server-closes-in-mid-message": "Firefox may close the socket before it says that it opened",
    "proxy-drops": "the reset may come before Firefox has told the page that the socket is open",
}


LINE_BEFORE = frozenset({"flag-loop"})
"""Loops of one instruction, at whose opening only V8 156 stops: the line before is named."""


def shown_in(runner: str, entry: Entry) -> bool:
    """Whether a program is run in a browser."""
    if not entry.builds or entry.needs or entry.ws != "fitting" or entry.name in NOT_IN_PAGES:
        return False
    if runner == "firefox" and entry.hang is not None:
        return entry.name in _FIREFOX_HANGS
    return runner != "firefox" or entry.name not in _UNSURE_IN_FIREFOX


def cells(entry: Entry) -> tuple[str, str, str]:
    """Return the causes under Node, in Chromium and in Firefox."""
    return (entry.cause, *DIFFERENT.get(entry.name, (entry.cause, entry.cause)))


def table() -> str:
    """Write one row for each mistake that shows otherwise in a browser, then what is left out."""
    rows = ["| mistake or server | Node | Chromium | Firefox |", "|---|---|---|---|"]
    for entry in sorted(ENTRIES, key=lambda entry: entry.name):
        if entry.name in DIFFERENT:
            words = [f"`{cause}`" if cause else "it works" for cause in cells(entry)]
            rows.append(f"| {entry.mistake} | {' | '.join(words)} |")
    alike = sum(shown_in("chromium", e) and e.name not in DIFFERENT for e in ENTRIES)
    in_firefox = sum(shown_in("firefox", e) and e.name not in DIFFERENT for e in ENTRIES)
    said = f"{alike} more of its programs show the same cause in Chromium as under Node, and "
    said += f"{in_firefox} of them are held to the same in Firefox by the tests."
    rows += [
        "",
        said,
        "Not run in pages, or not in Firefox:",
        "",
        *(
            f"- {name}: {why}"
            for name, why in sorted({**NOT_IN_PAGES, **_UNSURE_IN_FIREFOX}.items())
        ),
    ]
    return "".join(f"{row}\n" for row in rows)
