"""What the hook reports, as events."""

from __future__ import annotations

import json
import time
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from emsockets_build.run.channel import HookReader, event_of
from emsockets_build.transcript.event import Event, Kind


def line(event: str, **fields: Any) -> bytes:
    """One report, stamped now."""
    stamp = int(time.monotonic() * 1e6)
    return json.dumps({"t": stamp, "event": event, "thread": 0, **fields}).encode() + b"\n"


def test_reports_become_events_on_our_clock() -> None:
    """Microseconds of the same monotonic clock."""
    before = time.monotonic()
    reader = HookReader(10)
    reader.feed(line("send", socket=3, size=5, binary=True))
    (event,) = reader.events
    assert (event.kind, event.socket, event.size) == (Kind.SEND, "3", 5)
    assert event.time is not None
    assert before - 0.001 <= event.time <= time.monotonic() + 0.001
    assert event.detail["binary"] is True


def test_a_program_with_another_clock_is_aligned() -> None:
    """The first report is taken to have come at once."""
    reader = HookReader(10)
    reader.feed(b'{"t": 5000000, "event": "start", "thread": 0}\n')
    reader.feed(b'{"t": 5250000, "event": "exit", "thread": 0, "code": 0}\n')
    first, second = reader.events
    assert first.time is not None
    assert second.time is not None
    assert abs(first.time - time.monotonic()) < 1
    assert second.time - first.time == 0.25


def test_a_report_may_come_in_halves() -> None:
    """A pipe cuts where it likes."""
    reader = HookReader(10)
    whole = line("open", socket=1, protocol="binary")
    reader.feed(whole[:9])
    assert not reader.events
    reader.feed(whole[9:])
    assert reader.events[0].text == "binary"


def test_the_pulse_is_kept_apart() -> None:
    """Hundreds of pulses are one time, and the last word about what is waited for."""
    reader = HookReader(10)
    reader.feed(line("alive", resources=["Timeout"], sockets=[]))
    reader.feed(line("alive"))
    assert not reader.events
    assert reader.last_alive is not None
    assert reader.waiting_for is not None
    assert reader.waiting_for.detail["resources"] == ["Timeout"]


def test_more_events_than_the_limit_are_counted_but_the_end_is_kept() -> None:
    """How it ended matters most."""
    seen: list[Event] = []
    reader = HookReader(2, seen.append)
    for _ in range(5):
        reader.feed(line("send", socket=1, size=1))
    reader.feed(line("exit", code=0))
    assert [event.kind for event in reader.events] == [Kind.SEND, Kind.SEND, Kind.EXIT]
    assert reader.dropped == 3
    assert len(seen) == 6


@given(st.binary())
def test_what_is_no_report_is_passed_over(data: bytes) -> None:
    """The program may write to a descriptor that it does not know."""
    reader = HookReader(5)
    reader.feed(data + b"\n")
    reader.feed(line("exit", code=0))
    assert reader.events[-1].kind is Kind.EXIT


@given(st.dictionaries(st.text(), st.one_of(st.none(), st.text(), st.integers(), st.floats())))
def test_no_report_breaks_the_conversion(report: dict[str, Any]) -> None:
    """A hook from another version says other things."""
    event_of(report)
