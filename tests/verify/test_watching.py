"""The verdict on a page that is watched, from events alone."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

import pytest

from emsockets_build.run.model import RunResult
from emsockets_build.transcript.event import Event, Kind, Source
from emsockets_build.verify.model import Expectations
from emsockets_build.verify.sockets import sockets_of
from emsockets_build.verify.watching import watched_mismatches

URL = "ws://127.0.0.1:9000/"


def event(kind: Kind, socket: str = "1", text: str = "", **detail: object) -> Event:
    return Event(kind, Source.PROGRAM, 0.0, socket, text=text, detail=MappingProxyType(detail))


CONNECT = event(Kind.CONNECT, text=URL)
OPEN = event(Kind.OPEN, protocol="binary")
REFUSED = event(Kind.ERROR, text="refused")
CLOSING = event(Kind.NOTE, report="closing", answering=False)


def result(events: Iterable[Event], code: int | None = None, *, stuck: bool = False) -> RunResult:
    return RunResult(
        (), code, None, stuck, False, b"", b"", 0, 0, 0.0, 1.0, events=tuple(events)  # noqa: FBT003
    )  # fmt: skip


def closed(code: int) -> Event:
    return event(Kind.CLOSE, code=code)


@pytest.mark.parametrize(
    "events",
    [
        [CONNECT, OPEN],
        [CONNECT, OPEN, closed(1000)],
        [CONNECT, OPEN, closed(1005)],
        [CONNECT, OPEN, CLOSING, closed(1006)],
        [CONNECT, REFUSED, event(Kind.CONNECT, "2", URL), event(Kind.OPEN, "2")],
    ],
    ids=["open", "closed-well", "without-code", "by-the-page", "second-try"],
)
def test_a_page_whose_last_socket_is_well_passes(events: list[Event]) -> None:
    assert watched_mismatches(Expectations(exit_code=None), result(events), ()) == ()


@pytest.mark.parametrize(
    ("events", "expectation", "found"),
    [
        ([], "connection", "no WebSocket in 1.0 s"),
        ([CONNECT], "WebSocket", "never answered"),
        ([CONNECT, REFUSED], "WebSocket", "refused"),
        ([CONNECT, OPEN, closed(1011)], "WebSocket", "closed by the server with 1011"),
        ([CONNECT, OPEN, closed(1006)], "WebSocket", "closed by the server with 1006"),
        ([CONNECT, OPEN, event(Kind.EXCEPTION, "", "bad")], "page", "bad"),
        (
            [event(Kind.ERROR, "", "insecure", report="constructor-threw", url=URL)],
            "WebSocket",
            "insecure",
        ),
        ([CONNECT, OPEN, *[event(Kind.NOTE, "", "alert", report="dialog")] * 3], "dialog", "3, "),
    ],
)
def test_what_is_not_well_is_said(events: list[Event], expectation: str, found: str) -> None:
    (miss,) = watched_mismatches(Expectations(exit_code=None), result(events), ())
    assert miss.expectation == expectation
    assert found in miss.found


def test_a_page_that_is_lost_is_judged_by_nothing_else() -> None:
    """No WebSocket can be asked of a page that never came."""
    lost = event(Kind.NOTE, "", "its server answered 404", report="navigation-failed")
    (miss,) = watched_mismatches(Expectations(exit_code=3), result([lost]), ())
    assert (miss.expectation, miss.found) == ("page", "its server answered 404")


@pytest.mark.parametrize(
    ("expected", "code", "passes"),
    [(None, None, True), (None, 0, True), (None, 3, False), (3, 3, True), (3, None, False)],
)
def test_an_exit_code_counts_where_it_is_told_or_asked_for(
    expected: int | None, code: int | None, passes: bool
) -> None:  # fmt: skip
    found = watched_mismatches(Expectations(exit_code=expected), result([CONNECT, OPEN], code), ())
    assert (found == ()) is passes


def test_a_page_that_stands_still_fails() -> None:
    (miss,) = watched_mismatches(
        Expectations(exit_code=None), result([CONNECT, OPEN], stuck=True), ()
    )
    assert (miss.expectation, miss.found) == ("page", "it stood still to the end")


def test_sockets_are_counted_one_by_one() -> None:
    """By what the page's script counted, and not mixed up."""
    totals = event(
        Kind.TOTALS, sent_messages=2, sent_bytes=9, received_messages=1, received_bytes=5
    )
    other = event(Kind.CONNECT, "2", "ws://localhost:1/")
    first, second = sockets_of([CONNECT, other, OPEN, totals])
    assert (first.sent_messages, first.sent_bytes) == (2, 9)
    assert (first.received_messages, first.received_bytes, first.subprotocol) == (1, 5, "binary")
    assert (second.url, second.opened, second.sent_bytes) == ("ws://localhost:1/", False, 0)
