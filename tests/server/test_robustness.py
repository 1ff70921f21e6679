"""Bad input and bad clients: the server stays up, stays small, and others do not notice."""

from __future__ import annotations

import contextlib
import gc
import os
import random
import socket
import sys
import tracemalloc
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emsockets_build.errors import UsageError
from emsockets_build.process import child_process
from emsockets_build.server import RecordLimits, TestServer, Timeouts
from emsockets_build.server.frames import FrameReader, Opcode, Piece, ProtocolError, encode_frame
from emsockets_build.server.masking import apply_mask, apply_mask_with_integers
from emsockets_build.server.messages import MessageAssembler
from tests.server.rawclient import Frame, RawClient, frame, handshake

_EXAMPLES = int(os.environ.get("EMSOCKETS_FUZZ_EXAMPLES", "200"))
_FUZZ = settings(
    max_examples=_EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

_frames = st.builds(
    frame,
    st.sampled_from([0, 1, 2, 8, 9, 10]) | st.integers(0, 15),
    st.binary(max_size=200),
    fin=st.booleans(),
    reserved=st.just(0) | st.integers(0, 7),
    masked=st.just(value=True) | st.booleans(),
)


@given(data=st.binary(max_size=300), mask=st.binary(min_size=4, max_size=4))
def test_both_masking_routines_agree(data: bytes, mask: bytes) -> None:
    """The one in C and the one that stands in for it; twice is nothing."""
    assert apply_mask(data, mask) == apply_mask_with_integers(data, mask)
    assert apply_mask(apply_mask(data, mask), mask) == data


@given(
    st.lists(st.tuples(st.sampled_from(list(Opcode)), st.binary(max_size=300)), max_size=8),
    st.lists(st.integers(1, 50), min_size=1, max_size=20),
)
def test_frames_survive_any_cutting(frames: list[tuple[Opcode, bytes]], cuts: list[int]) -> None:
    """What was written is read, whatever the pieces TCP makes of it."""
    frames = [(opcode, data[:125] if opcode >= Opcode.CLOSE else data) for opcode, data in frames]
    wire = b"".join(encode_frame(opcode, data, mask=b"abcd") for opcode, data in frames)
    reader = FrameReader()
    pieces: list[Piece] = []
    place = turn = 0
    while place < len(wire):
        step = cuts[turn % len(cuts)]
        pieces += reader.feed(wire[place : place + step])
        place += step
        turn += 1
    read: list[tuple[Opcode, bytes]] = []
    for piece in pieces:
        if piece.first:
            read.append((piece.opcode, b""))
        read[-1] = (piece.opcode, read[-1][1] + piece.payload)
    assert read == frames
    assert reader.at_boundary


@_FUZZ
@given(st.lists(_frames, max_size=12), st.integers(1, 400))
def test_any_sequence_of_frames_is_messages_or_a_protocol_error(
    wire: list[bytes], step: int
) -> None:
    """The pure core raises nothing else, and does not depend on the cutting."""
    data = b"".join(wire)

    def outcome(size: int) -> tuple[list[object], int | None]:
        reader, assembler, seen = FrameReader(), MessageAssembler(500), list[object]()
        try:
            for start in range(0, len(data), size):
                for piece in reader.feed(data[start : start + size]):
                    complete = assembler.push(piece)
                    if complete is not None:
                        seen.append(complete)
        except ProtocolError as error:
            return seen, error.code
        return seen, None

    assert outcome(step) == outcome(len(data) or 1)


def test_random_bytes_never_stop_the_server(capsys: pytest.CaptureFixture[str]) -> None:
    """Bytes and frame sequences on real connections, with an honest client beside them."""
    tried = 0
    with TestServer("echo", limits=RecordLimits.counts_only(50)) as server:
        honest = RawClient(server.port).open()

        @_FUZZ
        @given(st.lists(_frames, max_size=8).map(b"".join) | st.binary(max_size=400), st.booleans())
        def attack(data: bytes, opened: bool) -> None:
            nonlocal tried
            tried += 1
            with RawClient(server.port) as client:
                client.send((handshake() if opened else b"") + data)
                client.finish()
                with contextlib.suppress(ConnectionResetError):
                    client.read_all()
            honest.send(frame(2, b"me"))
            assert honest.read_frame() == Frame(2, b"me")

        attack()
        honest.close()
        assert server.wait_idle(30)
        records = server.connections
    assert not [record for record in records if "behaviour failed" in record.fault]
    with capsys.disabled():
        sys.stdout.write(f"\n{tried} inputs tried against a live server\n")


def test_a_hundred_thousand_tiny_frames() -> None:
    """All answered, the record stays within its limit, another client is served meanwhile."""
    count = 100_000
    with TestServer("sink", limits=RecordLimits(events=1000)) as server:
        with RawClient(server.port) as flood, RawClient(server.port) as other:
            flood.open()
            other.open()
            flood.send(frame(2, b"x") * count)
            other.send(frame(9, b"alive"))
            assert other.read_frame() == Frame(10, b"alive")
            flood.send(frame(9, b"done"))
            assert flood.read_frame() == Frame(10, b"done")
        assert server.wait_idle(10)
        record = server.connections[0]
    assert (record.messages_in, record.bytes_in) == (count, count)
    assert len(record.events) <= 1010
    assert record.events_omitted > count - 1010


def test_a_client_that_never_reads_costs_no_memory() -> None:
    """The server stops reading from it, and holds no more than its write buffer."""
    with TestServer("echo", limits=RecordLimits.counts_only()) as server:
        with RawClient(server.port, receive_buffer=4096) as deaf, RawClient(server.port) as other:
            deaf.open()
            deaf._socket.settimeout(0.3)
            with pytest.raises(TimeoutError):
                deaf.send(frame(2, bytes(60_000)) * 1000)
            other.open()
            other.send(frame(2, b"x"))
            assert other.read_frame() == Frame(2, b"x")
            deaf.reset()
        assert server.wait_idle(10)
        record = server.connections[0]
    assert 0 < record.peak_buffered < 2_000_000
    assert record.bytes_in < 20_000_000


def test_unfinished_messages_of_all_clients_together_are_bounded() -> None:
    """Nine clients with half of 64 MiB each: the one over the limit is told to come again."""
    part = frame(2, bytes(32 << 20), fin=False)
    with TestServer("echo", limits=RecordLimits.counts_only()) as server:
        clients = [RawClient(server.port).open() for _ in range(9)]
        for client in clients:
            client.send(part)
        for client in clients:
            client.send(frame(9))
        answers = [client.read_frame() for client in clients]
        codes = [int.from_bytes(got.payload[:2]) for got in answers if got and got.opcode == 8]
        assert codes == [1013]
        for client in clients:
            client.close()
        assert server.wait_idle(10)
        with RawClient(server.port) as client:
            client.open()
            client.send(part + frame(0))
            assert client.read_frame() == Frame(2, bytes(32 << 20))


def test_a_client_that_never_answers_a_close_is_dropped() -> None:
    """TCP ends when its time is up."""
    with TestServer("close?code=1001", timeouts=Timeouts(close=0.1)) as server:
        with RawClient(server.port) as client:
            client.open()
            assert client.read_close() == 1001
            assert client.read_frame() is None
        assert server.wait_idle(10)


def test_a_client_that_never_sends_its_request_is_told_so() -> None:
    """408, and the record says it."""
    with TestServer("echo", timeouts=Timeouts(handshake=0.1)) as server:
        with RawClient(server.port) as client:
            client.send(b"GET / HT")
            assert client.read_head()[0] == 408
        assert server.wait_idle(10)
        assert "no whole request" in server.connections[0].refusal


def test_a_reset_by_the_client_is_recorded_as_one() -> None:
    """Not as a close."""
    with TestServer("echo") as server:
        with RawClient(server.port) as client:
            client.open()
            client.send(frame(2, b"x"))
            client.read_frame()
            client.reset()
        assert server.wait_idle(10)
        (record,) = server.connections
    assert (record.reset, record.closed_by, record.close_code) == (True, "client", 1006)


def test_a_client_that_vanishes_in_mid_frame() -> None:
    """The half frame is no message; the end is abnormal, but no fault."""
    with TestServer("echo") as server:
        with RawClient(server.port) as client:
            client.open()
            client.send(frame(2, b"whole") + frame(2, b"half of it")[:9])
            assert client.read_frame() == Frame(2, b"whole")
        assert server.wait_idle(10)
        (record,) = server.connections
    assert (record.messages_in, record.close_code, record.fault) == (1, 1006, "")


def test_a_compressed_bomb_is_not_even_looked_at() -> None:
    """RSV1 without an extension is a protocol error."""
    bomb = zlib.compress(bytes(50_000_000))
    with TestServer("echo") as server, RawClient(server.port) as client:
        client.open()
        client.send(frame(2, bomb, reserved=4))
        assert client.read_close() == 1002


@pytest.mark.slow
def test_ten_thousand_connections() -> None:
    """All stand at once (as many as the system allows) and the last is served like the first."""
    resource = pytest.importorskip("resource", reason="Windows has no such limits")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(10_000, (hard if hard > 0 else 1 << 20) - 200)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    command = [sys.executable, "-m", "emsockets_build", "serve", "echo", "--quiet"]
    try:
        with child_process(command) as child:
            assert child.stdout is not None
            port = int(child.stdout.readline().decode().rsplit(":", 1)[1].strip("/\n"))
            clients = [RawClient(port).open() for _ in range(count)]
            for client in (clients[0], clients[-1]):
                client.send(frame(2, b"x"))
                assert client.read_frame() == Frame(2, b"x")
            for client in clients:
                client.close()
            with RawClient(port) as after:
                after.open()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_many_connections_at_once() -> None:
    """Each is served; afterwards nothing is held but the records."""
    count = 500
    with TestServer("echo") as server:
        clients = [RawClient(server.port) for _ in range(count)]
        for client in clients:
            client.send(handshake() + frame(2, b"x"))
        for client in clients:
            assert client.read_head()[0] == 101
            assert client.read_frame() == Frame(2, b"x")
        for client in clients:
            client.close()
        assert server.wait_idle(20)
        assert len(server.connections) == count


def test_ended_connections_beyond_the_limit_are_forgotten() -> None:
    """The oldest first; one that still stands is kept."""
    with TestServer("echo", limits=RecordLimits(connections=3)) as server:
        with RawClient(server.port) as first:
            first.open()
            for _ in range(6):
                with RawClient(server.port) as client:
                    client.open()
                    client.send(frame(8, b"\x03\xe8"))
                    client.read_all()
            numbers = [record.number for record in server.connections]
        assert server.wait_idle(10)
    assert numbers == [1, 5, 6, 7]


def test_memory_is_flat_over_many_connections() -> None:
    """Hundreds of connections later, no more is allocated than after the first hundred."""

    def visit(port: int, times: int) -> None:
        for _ in range(times):
            with RawClient(port) as client:
                client.open()
                client.send(frame(2, random.Random(1).randbytes(2000)))  # noqa: S311
                client.read_frame()

    with TestServer("echo", limits=RecordLimits.counts_only(20)) as server:
        visit(server.port, 100)
        assert server.wait_idle(10)
        tracemalloc.start()
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        visit(server.port, 200)
        assert server.wait_idle(10)
        gc.collect()
        after = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
    assert after - before < 400_000


def test_a_port_in_use_is_a_clear_error() -> None:
    """With the address and what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=str(port)) as error, TestServer("echo", port=port):
            pass
    assert "another port" in error.value.remedy
