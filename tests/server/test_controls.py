"""Misbehaving on a live connection, from any thread."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emsockets_build.errors import UsageError
from emsockets_build.server import AsyncTestServer, TestServer
from emsockets_build.server.controls import DistantControl
from emsockets_build.server.throttle import Throttle
from tests.server.rawclient import Frame, RawClient, frame


@pytest.fixture(params=["uvloop", "asyncio"])
def server(request: pytest.FixtureRequest) -> Iterator[TestServer]:
    """An echo on either event loop."""
    with TestServer("echo", fast=request.param == "uvloop") as running:
        yield running


def _notes(server: TestServer) -> list[str]:
    return [
        text
        for event in server.connections[0].events
        if (text := getattr(event, "text", "")).startswith("by hand")
    ]


def test_close_with_a_code(server: TestServer) -> None:
    """The client reads it, and the record says who did it."""
    with RawClient(server.port) as client:
        client.open()
        server.control(1).close(1012, "restarting")
        assert client.read_close() == 1012
    assert server.wait_idle()
    assert server.connections[0].close_code == 1012
    assert server.connections[0].closed_by == "server"
    assert _notes(server) == ["by hand: the server closes with 1012"]


def test_abort_is_a_reset(server: TestServer) -> None:
    """Not an end of stream."""
    with RawClient(server.port) as client:
        client.open()
        server.control(1).abort()
        with pytest.raises(ConnectionResetError):
            client.read_frame()
    assert server.wait_idle()
    assert server.connections[0].reset


def test_a_frozen_connection_goes_on_when_it_thaws(server: TestServer) -> None:
    """Nothing is read or sent meanwhile, nothing is lost; another connection is unharmed."""
    with RawClient(server.port) as client, RawClient(server.port) as other:
        client.open()
        other.open()
        server.control(1).freeze()
        client.send(frame(2, b"kept"))
        other.send(frame(2, b"unharmed"))
        assert other.read_frame() == Frame(2, b"unharmed")
        assert server.connections[0].messages_in == 0
        server.control(1).send_text("held")
        server.control(1).thaw()
        assert client.read_frame() == Frame(1, b"held")
        assert client.read_frame() == Frame(2, b"kept")


def test_closing_a_frozen_connection_thaws_it(server: TestServer) -> None:
    """Else the close frame would wait as well."""
    with RawClient(server.port) as client:
        client.open()
        server.control(1).freeze()
        server.control(1).close(1001)
        assert client.read_close() == 1001


def test_delay(server: TestServer) -> None:
    """Messages come late, in their order, and at once again when it is taken back."""
    with RawClient(server.port) as client:
        client.open()
        server.control(1).delay(0.2)
        start = time.monotonic()
        for number in range(5):
            client.send(frame(2, bytes([number])))
        assert [client.read_frame() for _ in range(5)] == [Frame(2, bytes([n])) for n in range(5)]
        # uvloop counts whole milliseconds from when it last looked at the clock.
        assert time.monotonic() - start >= 0.19
        server.control(1).delay(3000)
        server.control(1).delay(0)
        client.send(frame(2, b"at once"))
        assert client.read_frame() == Frame(2, b"at once")


def test_what_is_delayed_goes_out_before_the_end(server: TestServer) -> None:
    """The client's close is answered, with the echo before it."""
    with RawClient(server.port) as client:
        client.open()
        server.control(1).delay(3000)
        client.send(frame(2, b"late"))
        client.send(frame(8, b"\x03\xe8"))
        assert client.read_frame() == Frame(2, b"late")
        assert client.read_close() == 1000


def test_split(server: TestServer) -> None:
    """Every segment has so many bytes; together they are the echo."""
    with RawClient(server.port) as client:
        client.open()
        server.control(1).split(3)
        client.send(frame(2, b"0123456789"))
        assert client.read_frame() == Frame(2, b"0123456789")
        server.control(1).split(0)
        client.send(frame(2, bytes(100_000)))
        assert client.read_frame() == Frame(2, bytes(100_000))


def test_a_ping_is_answered_and_recorded(server: TestServer) -> None:
    """The record has both times."""
    with RawClient(server.port) as client:
        client.open()
        server.control(1).ping(b"x")
        assert client.read_frame() == Frame(9, b"x")
        server.control(1).send_bytes(b"\0\1")
        assert client.read_frame() == Frame(2, b"\0\1")


@pytest.mark.parametrize(
    ("act", "word"),
    [
        (lambda control: control.close(1006), "close code 1006"),
        (lambda control: control.close(0), "close code 0"),
        (lambda control: control.delay(-1), "out of range"),
        (lambda control: control.delay(math.nan), "out of range"),
        (lambda control: control.split(-1), "out of range"),
        (lambda control: control.ping(bytes(126)), "out of range"),
    ],
)
def test_what_cannot_be_done_is_said(act: Callable[[DistantControl], None], word: str) -> None:
    """And the connection goes on as before."""
    with TestServer("echo") as server, RawClient(server.port) as client:
        client.open()
        with pytest.raises(UsageError, match=word):
            act(server.control(1))
        client.send(frame(2, b"x"))
        assert client.read_frame() == Frame(2, b"x")
        assert not _notes(server)


def test_only_what_stands_can_be_controlled(server: TestServer) -> None:
    """No such connection, one without a WebSocket, one that is gone."""
    with pytest.raises(UsageError, match="no connection 1"):
        server.control(1).close()
    with RawClient(server.port) as client:
        client.send(b"GET")
        deadline = time.monotonic() + 10
        while not server.connections and time.monotonic() < deadline:
            time.sleep(0.01)
        with pytest.raises(UsageError, match="no open WebSocket"):
            server.control(1).send_text("x")
        server.control(1).abort()
    assert server.wait_idle()
    with pytest.raises(UsageError, match="no connection 1"):
        server.control(1).thaw()


def test_a_source_stops_pouring_into_a_frozen_connection() -> None:
    """What is held back counts as not taken: memory stays bounded."""
    with TestServer("source?bytes=1000MiB") as server, RawClient(server.port) as client:
        client.open()
        server.control(1).freeze()
        sent = -1
        while sent != (sent := server.connections[0].bytes_out):
            time.sleep(0.2)
        assert sent < 64 * 1024 * 1024
        server.control(1).abort()


async def _control_directly() -> None:
    async with AsyncTestServer("echo") as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for _ in range(1000):
            if server.connections:
                break
            await asyncio.sleep(0.01)
        control = server.control(1)
        assert control.state == {"frozen": False, "delay": 0, "split": 0}
        control.freeze()
        control.delay(2)
        control.split(7)
        assert control.state == {"frozen": True, "delay": 2, "split": 7}
        control.abort()
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()


def test_the_asynchronous_twin() -> None:
    """Acts directly, and tells what is set."""
    asyncio.run(_control_directly())


class _Transport(asyncio.WriteTransport):
    """Keeps what is written, piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.pieces.append(bytes(data))

    def get_write_buffer_size(self) -> int:
        return 0


async def _throttled(steps: list[tuple[str, int]]) -> tuple[bytes, bytes, list[bytes], list[str]]:
    transport, calls = _Transport(), list[str]()
    throttle = Throttle(transport, lambda: calls.append("pause"), lambda: calls.append("resume"))
    written = b""
    for number, (what, value) in enumerate(steps):
        match what:
            case "write":
                data = bytes([number % 256]) * value
                written += data
                throttle.write(data)
            case "freeze":
                throttle.freeze()
            case "thaw":
                throttle.thaw()
            case "delay":
                throttle.set_delay(value / 10_000)
            case "split":
                throttle.set_split(value, gap=0)
            case _:
                await asyncio.sleep(value / 10_000)
    throttle.release()
    return written, b"".join(transport.pieces), transport.pieces, calls


_STEPS = st.one_of(
    st.tuples(st.just("write"), st.integers(0, 200_000)),
    st.tuples(st.sampled_from(["freeze", "thaw"]), st.just(0)),
    st.tuples(st.sampled_from(["delay", "split", "wait"]), st.integers(0, 20)),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(_STEPS, max_size=12))
def test_no_byte_is_lost_or_overtaken(steps: list[tuple[str, int]]) -> None:
    """Whatever is set and in which order; pause and resume take turns."""
    written, sent, _, calls = asyncio.run(_throttled(steps))
    assert sent == written
    assert calls == (["pause", "resume"] * len(calls))[: len(calls)]


def test_pieces_have_the_size_that_was_asked_for() -> None:
    """But for the last of each write."""
    _, _, pieces, _ = asyncio.run(_throttled([("split", 3), ("write", 10), ("wait", 2000)]))
    assert [len(piece) for piece in pieces] == [3, 3, 3, 1]
