"""Whether a page that was watched is well: a pure function of what was seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from emsockets_build.run.model import RunResult
from emsockets_build.server import ConnectionRecord
from emsockets_build.transcript.event import Kind
from emsockets_build.verify.browsing import MANY_DIALOGS
from emsockets_build.verify.expect import opened_of, output_mismatches, traffic_mismatches
from emsockets_build.verify.model import Expectations, Mismatch
from emsockets_build.verify.sockets import SocketSeen, sockets_of

__all__ = ["watched_mismatches"]

# What the browser says of a page that is not there, or not there any more.
_LOST = {
    "navigation-failed": "loads",
    "page-reloads": "comes to rest",
    "page-crashed": "stays",
    "page-closed": "stays",
    "browser-lost": "stays",
}


def watched_mismatches(
    expectations: Expectations, result: RunResult, connections: Sequence[ConnectionRecord]
) -> tuple[Mismatch, ...]:
    """Hold what was seen of a page against what a page with sockets must show.

    A page has no end of its own. It is well if it loads and stays, throws nothing that nobody
    catches, keeps its event loop turning, and if the last WebSocket that it made for each address
    opened and did not end badly.

    Args:
        expectations: What it must show besides; the exit code of a page that tells none is not
            held against it, unless one is expected.
        result: What was seen of it.
        connections: What the test server saw, if the page was to talk to one.

    Returns:
        Everything that was not met.
    """
    lost = tuple(_lost(result))
    return lost or (
        *_page(result),
        *_sockets(result),
        *_ending(expectations, result),
        *output_mismatches(expectations, result),
        *traffic_mismatches(expectations, opened_of(connections)),
    )


def _lost(result: RunResult) -> Iterator[Mismatch]:
    for event in result.events:
        report = str(event.detail.get("report"))
        if report in _LOST:
            yield Mismatch("page", _LOST[report], event.text or report)


def _page(result: RunResult) -> Iterator[Mismatch]:
    if result.timed_out:
        yield Mismatch("page", "its event loop turns", "it stood still to the end")
    dialogs = [event for event in result.events if event.detail.get("report") == "dialog"]
    if len(dialogs) >= MANY_DIALOGS:
        yield Mismatch("dialog", "none", f"{len(dialogs)}, the first: {dialogs[0].text}")
    for event in [event for event in result.events if event.kind is Kind.EXCEPTION][:1]:
        yield Mismatch("page", "nothing is thrown that nobody catches", event.text)


def _sockets(result: RunResult) -> Iterator[Mismatch]:
    sockets = sockets_of(result.events)
    if not sockets:
        yield Mismatch("connection", "at least one", f"no WebSocket in {result.seconds:.1f} s")
    last: dict[str, SocketSeen] = {socket.url: socket for socket in sockets}
    for url, socket in last.items():
        if not socket.well:
            expected = "stays open" if socket.opened else "opens"
            yield Mismatch("WebSocket", f"{url} {expected}", socket.state)


def _ending(expectations: Expectations, result: RunResult) -> Iterator[Mismatch]:
    expected, found = expectations.exit_code, result.exit_code
    if expected is None and found not in {None, 0}:
        yield Mismatch("exit code", "0, or none", str(found))
    elif expected is not None and expected != found:
        yield Mismatch("exit code", str(expected), "none" if found is None else str(found))
