"""Output that is bounded, and true to the byte where it is kept."""

from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from emsockets_build.run.capture import BoundedCapture, Pump


@given(st.lists(st.binary(max_size=40)), st.integers(0, 100))
def test_the_first_and_the_last_bytes_stay_and_the_rest_is_counted(
    pieces: list[bytes], limit: int
) -> None:
    """However the bytes are cut into pieces."""
    capture = BoundedCapture(limit)
    for piece in pieces:
        capture.add(piece)
    everything = b"".join(pieces)
    if len(everything) <= limit:
        assert capture.data == everything
        assert capture.dropped == 0
    else:
        head, tail = (limit + 1) // 2, limit // 2
        assert capture.data == everything[:head] + everything[len(everything) - tail :]
        assert capture.dropped == len(everything) - limit


@given(st.lists(st.binary(min_size=1, max_size=64)), st.integers(2, 64))
def test_the_end_so_far_can_be_looked_at(pieces: list[bytes], size: int) -> None:
    """While the program still writes."""
    capture = BoundedCapture(1 << 20)
    for piece in pieces:
        capture.add(piece)
    assert capture.tail(size) == b"".join(pieces)[-size:]


def test_memory_is_bounded_while_a_flood_comes() -> None:
    """No more than the limit and one piece is held at any time."""
    capture = BoundedCapture(1000)
    for _ in range(1000):
        capture.add(b"x" * 100)
        assert capture._tail_size <= 500 + 100
    assert capture.dropped == 99_000


def test_a_pump_reads_a_pipe_to_its_end() -> None:
    """In a thread of its own, as every platform can."""
    reading, writing = os.pipe()
    got: list[bytes] = []
    with os.fdopen(reading, "rb", buffering=0) as stream:
        pump = Pump(stream, got.append)
        os.write(writing, b"half")
        os.write(writing, b" whole")
        os.close(writing)
        pump.finish(30)
    assert b"".join(got) == b"half whole"
