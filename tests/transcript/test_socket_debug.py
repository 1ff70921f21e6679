"""SOCKET_DEBUG lines of every release become events, and no other line is lost."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emsockets_build.transcript.event import Event, Kind
from emsockets_build.transcript.socket_debug import LogReader, parse_line, read_log
from tests.transcript import logs


def events_of(text: str) -> list[Event]:
    """Read a whole log in one piece."""
    return list(read_log([text.encode()]))


def told(text: str) -> list[tuple[Kind, str, int | None]]:
    """What the lines say, without noise and repetitions."""
    return [
        (event.kind, event.text, event.size)
        for event in events_of(text)
        if event.kind not in {Kind.NOISE, Kind.CALLBACK}
    ]


def test_releases_before_3_1_69() -> None:
    """The program's own lines stand between them."""
    assert told(logs.OLD) == [
        (Kind.CONNECT, "ws://127.0.0.1:9321/", None),
        (Kind.NOTE, "adding peer 127.0.0.1:9321", None),
        (Kind.OUTPUT, "connect -1 Operation in progress", None),
        (Kind.OPEN, "", None),
        (Kind.SEND, "", 15),
        (Kind.MESSAGE, "", 15),
        (Kind.READ, "", 15),
        (Kind.PUT_BACK, "", 5),
        (Kind.OUTPUT, "got hello emsockets", None),
        (Kind.CLOSE, "close", None),
    ]


def test_releases_since_3_1_69_without_their_noise() -> None:
    """Nothing of RUNTIME_DEBUG is left, and queued data is told from sent data."""
    assert told(logs.NEW) == [
        (Kind.CONNECT, "ws://127.0.0.1:9321/", None),
        (Kind.NOTE, "adding peer 127.0.0.1:9321", None),
        (Kind.QUEUE, "", 3),
        (Kind.OPEN, "", None),
        (Kind.SEND, "", 3),
        (Kind.SEND, "", 0),
        (Kind.MESSAGE, "", 15),
        (Kind.READ, "", 15),
        (Kind.PUT_BACK, "", 983040),
        (Kind.CLOSE, "close", None),
    ]
    connect = next(event for event in events_of(logs.NEW) if event.kind is Kind.CONNECT)
    assert connect.detail["protocols"] == "base64,binary"


def test_failures_name_the_descriptor_and_the_number() -> None:
    """Emscripten's errno, not the host's."""
    events = events_of(logs.FAILED)
    assert [event.kind for event in events] == [Kind.ERROR, Kind.CLOSE] * 2 + [Kind.ERROR]
    assert {event.socket for event in events[:4]} == {"fd 3"}
    assert events[2].detail["errno"] == 14
    assert events[4].text == "Error: Cannot find module 'ws'"


@pytest.mark.parametrize("text", [logs.OLD_SERVER, logs.NEW_SERVER])
def test_servers(text: str) -> None:
    """A listener and the clients that came."""
    kinds = [event.kind for event in events_of(text)]
    assert kinds[:4] == [Kind.LISTEN, Kind.CALLBACK, Kind.ACCEPT, Kind.CALLBACK]


def test_lines_of_threads() -> None:
    """The thread's number stands before them."""
    assert told(logs.PTHREAD) == [(Kind.SEND, "", 2)]


def test_the_payload_is_kept_in_part() -> None:
    """Enough to recognise it."""
    event = parse_line("websocket: send (15 bytes): " + ",".join(map(str, range(15))))
    assert event.detail["payload"] == bytes(range(15))


def test_a_line_of_megabytes_costs_neither_time_nor_memory() -> None:
    """The payload of one MiB is a line of 3.7 MB; pieces end where they like."""
    line = (
        b"websocket: send (1048576 bytes): "
        + b"104," * 1_048_575
        + b"104\nwebsocket: handle open\n"
    )
    reader = LogReader()
    started = time.process_time()
    events = [e for i in range(0, len(line), 4096) for e in reader.feed(line[i : i + 4096])]
    assert time.process_time() - started < 2
    assert [(event.kind, event.size) for event in events] == [
        (Kind.SEND, 1_048_576),
        (Kind.OPEN, None),
    ]


def test_a_long_line_of_the_program_is_cut_and_says_so() -> None:
    """Bounded, but not silently."""
    (event,) = read_log([b"x" * 100_000])
    assert event.kind is Kind.OUTPUT
    assert event.text.endswith("more bytes)")


@given(st.binary())
def test_no_bytes_break_the_reading(data: bytes) -> None:
    """Half characters, NUL, lone CR, anything."""
    list(read_log([data]))


@given(st.lists(st.binary(max_size=50)), st.text())
def test_the_pieces_make_no_difference(pieces: list[bytes], text: str) -> None:
    """A pipe delivers what it likes."""
    pieces = [*pieces, b"\n", logs.NEW.encode(), text.encode()]
    assert list(read_log(pieces)) == list(read_log([b"".join(pieces)]))


@given(st.lists(st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]))))
def test_every_line_is_one_event_and_unknown_text_is_kept(lines: list[str]) -> None:
    """Nothing that a program prints is lost."""
    events = list(read_log(["".join(f"{line}\n" for line in lines).encode()]))
    assert len(events) == len(lines)
    for number, (event, line) in enumerate(zip(events, lines, strict=True), 1):
        assert event.line == number
        if event.kind is Kind.OUTPUT:
            assert event.text == line


@pytest.mark.parametrize(
    "line",
    ["connect: to the server, please", "Socket to me", "websocket is a word", "initRuntime()", ""],
)
def test_lines_that_only_resemble_are_the_programs(line: str) -> None:
    """Only the exact words of Emscripten count."""
    assert parse_line(line).kind is Kind.OUTPUT
