"""The inspector's parts, without sockets: shapes, the feed, requests, exports."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any, cast

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emsockets_build.errors import UsageError
from emsockets_build.server.controls import Control
from emsockets_build.server.events import (
    Accepted,
    Answered,
    Ended,
    Event,
    Fault,
    FrameSeen,
    HalfClosed,
    Noted,
    RawBytes,
    Requested,
    Side,
)
from emsockets_build.server.inspector.commands import ACTIONS, parse_command, perform
from emsockets_build.server.inspector.export import har_document, json_document
from emsockets_build.server.inspector.feed import Feed, Subscription
from emsockets_build.server.inspector.shape import Turnaround, connection_json, events_json
from emsockets_build.server.recorder import Recorder, RecordLimits
from tests.verify.observed import a_connection

HAR = {
    "type": "object",
    "required": ["log"],
    "properties": {
        "log": {
            "required": ["version", "creator", "entries"],
            "properties": {
                "entries": {
                    "items": {
                        "required": [
                            "startedDateTime", "time", "request", "response", "cache", "timings",
                        ],
                        "properties": {
                            "time": {"type": "number", "minimum": 0},
                            "request": {
                                "required": [
                                    "method", "url", "httpVersion", "cookies", "headers",
                                    "queryString", "headersSize", "bodySize",
                                ],
                            },
                            "response": {
                                "required": [
                                    "status", "statusText", "httpVersion", "cookies", "headers",
                                    "content", "redirectURL", "headersSize", "bodySize",
                                ],
                            },
                            "timings": {"required": ["send", "wait", "receive"]},
                            "_webSocketMessages": {
                                "items": {
                                    "required": ["type", "time", "opcode", "data"],
                                    "properties": {"type": {"enum": ["send", "receive"]}},
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}  # fmt: skip
"""What HAR 1.2 demands of an archive, as far as we write it."""


def seen(
    at: float, sender: Side, payload: bytes = b"", *, op: int = 2, fin: bool = True
) -> FrameSeen:
    """Make a frame."""
    return FrameSeen(1, at, sender, op, fin, len(payload), payload, "")


def test_an_answer_is_what_follows_the_other_side() -> None:
    """Only the first of several; a pong answers its ping, whatever was between."""
    events = [
        seen(1.0, "client"),
        seen(1.25, "server"),
        seen(1.5, "server"),
        seen(2.0, "server", op=9),
        seen(2.5, "client"),
        seen(3.0, "client", op=10),
        seen(4.0, "client", op=8),
        Noted(1, 5.0, "x"),
    ]
    turnaround = Turnaround()
    expected = [None, 0.25, None, None, 1.0, 1.0, None, None]
    assert [turnaround.of(event) for event in events] == expected


EVENTS: list[Event] = [
    Accepted(1, 0.0, "p", secure=False, clock=1000.0),
    Requested(1, 0.1, "GET", "/", (("A", "b"),), "echo"),
    Answered(1, 0.2, 101, ("binary",), "binary", ""),
    seen(0.3, "client", b"\xff"),
    RawBytes(1, 0.4, "server", 3, b"abc"),
    HalfClosed(1, 0.5, "client"),
    Noted(1, 0.6, "note"),
    Fault(1, 0.7, 1002, "fault"),
    Ended(1, 0.8, 1000, "", "client", reset=False),
]


def test_every_event_has_a_shape() -> None:
    """Numbered, as JSON."""
    shaped = json.loads(json.dumps(events_json(5, EVENTS, Turnaround())))
    assert [one["n"] for one in shaped] == list(range(5, 14))
    assert [one["kind"] for one in shaped] == [event.kind for event in EVENTS]
    assert all("text" in one or "data" in one for one in shaped)


@given(st.text(), st.binary(max_size=600))
def test_whatever_peers_say_is_data(text: str, payload: bytes) -> None:
    """Words without control characters, payloads in base64."""
    said: list[Event] = [Noted(1, 0.0, text), seen(0.0, "client", payload)]
    words, data = events_json(0, said, Turnaround())
    assert not any(ord(character) < 32 for character in words["text"])
    assert base64.b64decode(data["data"]) == payload[:256]
    json.dumps([words, data]).encode("ascii")


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"open": True}, "open"),
        ({"open": True, "status": None}, "handshake"),
        ({"open": False}, "closed"),
        ({"refusal": "no", "open": False}, "refused"),
        ({"behaviour": "static", "status": None}, "file"),
        ({"open": True, "status": None, "raw_in": 5}, "open"),
    ],
)
def test_the_state_in_a_word(changes: dict[str, Any], state: str) -> None:
    """As the list shows it."""
    assert connection_json(0, a_connection(**changes))["state"] == state


def test_the_feed_is_bounded_and_counts() -> None:
    """The oldest goes first; another connection's events only say that it has changed."""
    woken: list[int] = []
    feed, subscription = Feed(), Subscription(lambda: woken.append(1), limit=3)
    observe = feed.observer(0)
    observe(seen(0.0, "client"))  # nobody listens
    feed.join(subscription)
    subscription.watch((0, 1))
    for number in range(5):
        observe(seen(float(number), "client"))
    feed.observer(1)(seen(0.0, "client"))
    events, skipped, changed = subscription.take()
    assert [number for number, _ in events] == [3, 4, 5]
    assert (skipped, changed) == (2, [(0, 1), (1, 1)])
    assert subscription.take() == ([], 0, [])
    assert len(woken) == 6
    feed.leave(subscription)
    observe(seen(9.0, "client"))
    assert subscription.take() == ([], 0, [])


def test_numbers_are_the_records_own() -> None:
    """So that a payload can be asked for by the number that the feed gave it."""
    told: list[int] = []
    feed, subscription = Feed(), Subscription(lambda: None)
    feed.join(subscription)
    subscription.watch((0, 1))
    limits = RecordLimits(payload=10, total=1000, events=4, latest=True)
    recorder = Recorder(1, "p", secure=False, started=0.0, limits=limits, observer=feed.observer(0))
    for number in range(10):
        recorder.frame("client", 2, bytes([number]), 1)
    told = [number for number, _ in subscription.take()[0]]
    assert told == list(range(11))
    first, kept = recorder.kept
    assert (first, len(kept)) == (7, 4)
    for number in range(11):
        event = recorder.event(number)
        if number < first:
            assert event is None
        else:
            assert isinstance(event, FrameSeen)
            assert event.payload == bytes([number - 1])


@given(st.lists(st.integers(0, 300), max_size=60))
def test_the_latest_are_kept_within_their_limits(sizes: list[int]) -> None:
    """So many events, and so many bytes; the totals count everything."""
    limits = RecordLimits(payload=200, total=500, events=10, latest=True)
    recorder = Recorder(1, "p", secure=False, started=0.0, limits=limits, observer=None)
    for size in sizes:
        recorder.frame("client", 2, bytes(size), size)
    record = recorder.snapshot()
    assert len(record.events) <= 10
    kept = [event for event in record.events if isinstance(event, FrameSeen)]
    assert sum(len(event.payload) for event in kept) <= 500
    assert record.events_omitted + len(record.events) == len(sizes) + 1
    assert record.bytes_in == sum(sizes)
    if sizes:
        assert kept
        assert kept[-1].size == sizes[-1]


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_any_text_is_a_request_or_refused(text: str) -> None:
    """Never anything else."""
    with pytest.raises(UsageError):
        parse_command(text)


class _Control:
    """Notes what it is told to do."""

    def __init__(self) -> None:
        self.done: list[tuple[object, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *values: self.done.append((name, *values))


_VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)


@given(
    st.sampled_from(sorted(ACTIONS)),
    st.dictionaries(st.sampled_from(["code", "reason", "seconds", "size", "text"]), _VALUES),
)
def test_an_action_is_done_once_or_refused(do: str, values: dict[str, Any]) -> None:
    """Values of the wrong kind reach no connection."""
    control = _Control()
    command = parse_command(json.dumps({"id": 1, "do": do, "connection": "0.1", **values}))
    try:
        perform(command, cast("Control", control))
    except UsageError:
        assert not control.done
    else:
        assert len(control.done) == 1


@pytest.mark.parametrize(
    "text",
    [
        '{"do": "abort"}', '{"do": "abort", "connection": 1}', '{"do": "quit"}', "[]", "{",
        '{"do": "abort", "connection": "0.-1"}', '{"id": true, "do": "watch"}', '{"do": ["watch"]}',
        '{"do": {}}',
    ],
)  # fmt: skip
def test_bad_requests(text: str) -> None:
    """Each in words."""
    with pytest.raises(UsageError):
        parse_command(text)


def test_har_as_chrome_writes_it() -> None:
    """Messages, not frames; text as it is, bytes in base64; what is cut says so."""
    events = (
        *EVENTS[:3],
        seen(1.0, "client", b"a", op=1, fin=False),
        seen(1.1, "server", b"\0\1"),
        seen(1.2, "client", b"b", op=0),
        seen(1.3, "client", b"", op=9),
        FrameSeen(1, 1.4, "server", 2, fin=True, size=9, payload=b"x", sha256="y"),
    )
    record = a_connection(path="/play?x=1&y=", events=events, seconds=2.0)
    document = har_document([(0, "ws://127.0.0.1:5/", record)])
    jsonschema.validate(document, HAR)
    [entry] = document["log"]["entries"]
    assert entry["request"]["url"] == "ws://127.0.0.1:5/play?x=1&y="
    assert entry["request"]["queryString"] == [
        {"name": "x", "value": "1"},
        {"name": "y", "value": ""},
    ]
    assert entry["response"]["status"] == 101
    assert datetime.fromisoformat(entry["startedDateTime"]).timestamp() == 1000.0
    assert entry["_webSocketMessages"] == [
        {"type": "receive", "time": 1001.1, "opcode": 2, "data": "AAE="},
        {"type": "send", "time": 1001.2, "opcode": 1, "data": "ab"},
        {"type": "receive", "time": 1001.4, "opcode": 2, "data": "eA==", "_size": 9},
    ]


def test_exports_of_what_has_no_request() -> None:
    """A connection that sent none is in the JSON, and in no HAR, whose entries are requests."""
    record = a_connection(path="", status=None)
    assert har_document([(0, "ws://127.0.0.1:5/", record)])["log"]["entries"] == []
    document = json_document([(2, "ws://127.0.0.1:5/", record)])
    assert document["connections"][0]["id"] == "2.1"
    json.dumps(document)
