"""Three sources, one order."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emsockets_build.transcript.event import Event, Kind, Source
from emsockets_build.transcript.record import events_of_record
from emsockets_build.transcript.sequence import draw_sequence
from emsockets_build.transcript.timeline import clock_difference, merge


def program(kind: Kind, time: float, size: int | None = None, **detail: Any) -> Event:
    """What the hook says of socket 1."""
    socket = str(detail.pop("socket", "1"))
    return Event(kind, Source.PROGRAM, time, socket, size, "", MappingProxyType(detail))


def server(kind: Kind, time: float, size: int | None = None, text: str = "") -> Event:
    """What the server says of connection 7."""
    return Event(kind, Source.SERVER, time, "7", size, text)


PROGRAM = (
    program(Kind.START, 1.0, socket=""),
    program(Kind.CONNECT, 1.1),
    program(Kind.OPEN, 1.2, local="127.0.0.1:40000"),
    program(Kind.SEND, 1.3, 3),
    program(Kind.SEND, 1.31, 5),
    program(Kind.MESSAGE, 1.4, 8),
    program(Kind.CLOSE, 1.5),
)
SERVER = (
    server(Kind.ACCEPT, 1.11, text="127.0.0.1:40000"),
    server(Kind.OPEN, 1.19),
    server(Kind.MESSAGE, 1.305, 3),
    server(Kind.MESSAGE, 1.315, 5),
    server(Kind.SEND, 1.39, 8),
    server(Kind.CLOSE, 1.49),
)
LOG = (
    Event(Kind.CONNECT, Source.LOG),
    Event(Kind.OPEN, Source.LOG),
    Event(Kind.SEND, Source.LOG, size=3),
    Event(Kind.SEND, Source.LOG, size=5),
    Event(Kind.MESSAGE, Source.LOG, size=8),
    Event(Kind.READ, Source.LOG, size=8),
    Event(Kind.PUT_BACK, Source.LOG, size=2),
    Event(Kind.CLOSE, Source.LOG),
)


def test_each_send_finds_the_frame_that_it_became() -> None:
    """And each message the frame it came in."""
    moments = merge(PROGRAM, SERVER)
    assert len(moments) == len(PROGRAM)
    pairs = {
        (moment.program.kind, moment.program.size, moment.server.size)
        for moment in moments
        if moment.program is not None and moment.server is not None
    }
    assert {(Kind.SEND, 3, 3), (Kind.SEND, 5, 5), (Kind.MESSAGE, 8, 8)} <= pairs


def test_the_travel_of_a_message_is_never_negative_after_alignment() -> None:
    """A server whose clock is an hour off is moved, in both directions."""
    for shift in (-3600.0, 3600.0):
        moved = [
            Event(e.kind, e.source, (e.time or 0) + shift, e.socket, e.size, e.text) for e in SERVER
        ]
        travels = [
            moment.travel
            for moment in merge(PROGRAM, moved)
            if moment.travel is not None
            and moment.program
            and moment.program.kind is not Kind.CLOSE
        ]
        assert travels
        assert min(travels) >= -1e-6


def test_clocks_that_contradict_nothing_are_left_alone() -> None:
    """The usual case: one machine, one clock."""
    pairs = [(PROGRAM[3], SERVER[2]), (PROGRAM[5], SERVER[4])]
    assert clock_difference(pairs) == 0.0
    assert clock_difference([]) == 0.0


def test_what_only_one_side_knows_keeps_its_place() -> None:
    """A ping of the server stands between the moments around it."""
    ping = Event(Kind.CONTROL, Source.SERVER, 1.35, "7", 0, "ping by the server")
    kinds = [(m.program or m.server) for m in merge(PROGRAM, (*SERVER, ping))]
    names = [event.kind for event in kinds if event is not None]
    assert names.index(Kind.CONTROL) == names.index(Kind.MESSAGE) - 1


def test_the_log_adds_what_nobody_else_knows_and_nothing_twice() -> None:
    """How much the program read stands right behind the message."""
    moments = merge(PROGRAM, SERVER, LOG)
    names = [m.program.kind for m in moments if m.program is not None]
    assert len(moments) == len(PROGRAM) + 2
    place = names.index(Kind.MESSAGE)
    assert names[place : place + 3] == [Kind.MESSAGE, Kind.READ, Kind.PUT_BACK]


def test_a_log_alone_keeps_its_order() -> None:
    """`emsockets trace` has nothing else."""
    assert [m.program for m in merge((), (), LOG)] == list(LOG)


def test_a_servers_record_becomes_events_on_our_clock() -> None:
    """Its times count from the server's start; one entry ties them to the wall clock."""
    record = [
        {"event": "accepted", "connection": 1, "at": 2.0, "peer": "127.0.0.1:4", "clock": 1000.0},
        {"event": "requested", "connection": 1, "at": 2.1, "method": "GET", "target": "/"},
        {"event": "answered", "connection": 1, "at": 2.2, "status": 101, "selected": "binary"},
        {"event": "frame", "connection": 1, "at": 2.3, "sender": "client", "opcode": 2, "size": 4},
        {"event": "frame", "connection": 1, "at": 2.4, "sender": "server", "opcode": 1, "size": 4},
        {"event": "frame", "connection": 1, "at": 2.5, "sender": "client", "opcode": 8, "size": 2},
        {"event": "ended", "connection": 1, "at": 2.6, "close_code": 1000, "closed_by": "client"},
        {"event": "something-new", "connection": 1, "at": 2.7},
    ]
    events = events_of_record(record, clock_offset=-900.0)
    assert [event.kind for event in events] == [
        Kind.ACCEPT,
        Kind.HANDSHAKE,
        Kind.OPEN,
        Kind.MESSAGE,
        Kind.SEND,
        Kind.CONTROL,
        Kind.CLOSE,
        Kind.NOTE,
    ]
    assert events[0].time == pytest.approx(100.0)
    assert events[4].text == "text"
    assert events[6].text == "1000 by the client"


@given(
    st.dictionaries(
        st.sampled_from(["event", "connection", "at", "opcode", "size", "clock", "sender"]),
        st.one_of(
            st.none(),
            st.integers(),
            st.floats(allow_nan=False, allow_infinity=False),
            st.text(),
            st.lists(st.integers()),
            st.sampled_from(["accepted", "frame", "ended", "answered", "raw"]),
        ),
    )
)
def test_no_record_breaks_the_reading(entry: dict[str, object]) -> None:
    """A file from another version, or from nobody."""
    events = events_of_record([entry], clock_offset=0.0)
    list(draw_sequence(merge((), events)))


EVENTS = st.builds(
    Event,
    st.sampled_from(list(Kind)),
    st.just(Source.PROGRAM),
    st.one_of(st.none(), st.floats(0, 100)),
    st.sampled_from(["", "1", "2"]),
    st.one_of(st.none(), st.integers(0, 9)),
    st.text(max_size=20),
)


@given(st.lists(EVENTS, max_size=15), st.lists(EVENTS, max_size=15), st.lists(EVENTS, max_size=15))
def test_nothing_is_lost_in_merging(
    hook: list[Event], record: list[Event], log: list[Event]
) -> None:
    """Every event of hook and server is in exactly one moment; the drawing never fails."""
    moments = merge(hook, record, log)
    if hook:
        programs = [id(m.program) for m in moments if m.program is not None]
        assert {id(event) for event in hook} <= set(programs)
        assert len([m for m in moments if m.server is not None]) == len(record)
    list(draw_sequence(moments))


def test_the_drawing_shows_direction_size_and_time() -> None:
    """Program at the left, server at the right, an arrow between."""
    lines = list(draw_sequence(merge(PROGRAM, SERVER), width=110))
    send = next(line for line in lines if "send" in line)
    message = next(line for line in lines if " message #1 8 B" in line)
    assert "5.0 ms" in send
    assert send.index(">") < send.index("message #7 3 B")
    assert message.index("<") > message.index("message #1 8 B")


def test_what_peers_say_cannot_move_the_cursor() -> None:
    """Reasons and URLs come from outside."""
    evil = Event(Kind.NOTE, Source.PROGRAM, 1.0, text="\x1b[2J\nhidden")
    (_, line) = draw_sequence(merge([evil]))
    assert "\x1b" not in line
    assert "\n" not in line
