"""The tap: nothing of what passes is changed, and the record says what a test server's would."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.server import serve
from websockets.typing import Subprotocol

from emsockets_build.server import TestServer
from emsockets_build.server.events import ConnectionRecord
from emsockets_build.server.frames import Opcode, encode_frame
from emsockets_build.server.overheard import Overheard
from emsockets_build.server.recorder import Recorder, RecordLimits
from emsockets_build.server.tap import Tap
from emsockets_build.server.upstream import Upstream

SECONDS = 20 * float(os.environ.get("EMSOCKETS_TEST_TIME_SCALE", "1"))


@contextlib.contextmanager
def tapped(port: int, *, plain: bool = False) -> Iterator[Tap]:
    with Tap(Upstream("tcp", "127.0.0.1", port), plain=plain) as tap:
        yield tap


@contextlib.contextmanager
def tcp_server(serve_one: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server of one client, in a thread."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(SECONDS)

        def run() -> None:
            client, _ = listener.accept()
            with client:
                client.settimeout(SECONDS)
                serve_one(client)

        thread = threading.Thread(target=run)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(SECONDS)
        assert not thread.is_alive()


def client_of(tap: Tap) -> socket.socket:
    return socket.create_connection((tap.host, tap.port), SECONDS)


def the_record(tap: Tap) -> ConnectionRecord:
    assert tap.wait_idle(SECONDS)
    (record,) = tap.connections
    return record


@pytest.mark.parametrize("behaviour", ["echo", "fragment", "split", "close?after=2&code=4001"])
def test_the_record_is_that_of_the_server_itself(behaviour: str) -> None:
    """Subprotocol, messages, bytes and close code, told by an onlooker and by who did it."""
    with TestServer(behaviour) as server, tapped(server.port) as tap:
        sizes = (1, 125, 126, 65535, 65536, 300_000) if behaviour == "echo" else (1, 125)
        with (
            contextlib.suppress(ConnectionClosed),
            connect(tap.url, subprotocols=[Subprotocol("binary")], compression=None) as client,
        ):
            for size in sizes:
                client.send(bytes(size))
                got = 0 if "close" not in behaviour else size
                while got < size:
                    got += len(client.recv(SECONDS))
            while "close" in behaviour:
                client.recv(SECONDS)
        record = the_record(tap)
        server.wait_idle(SECONDS)
        (true,) = server.connections
    for name in [
        "offered",
        "subprotocol",
        "status",
        "messages_in",
        "messages_out",
        "bytes_in",
        "bytes_out",
        "close_code",
        "close_reason",
        "closed_by",
        "path",
    ]:
        assert getattr(record, name) == getattr(true, name), name
    kept = [(message.opcode, message.size) for message in record.messages]
    assert kept == [(message.opcode, message.size) for message in true.messages]


@pytest.mark.parametrize("compression", ["deflate", None])
def test_compressed_messages_count_as_what_they_hold(compression: str | None) -> None:
    """Most servers agree to permessage-deflate when the client offers it, as Node's ws does."""
    text = b"the same again " * 10_000

    def echo(connection: object) -> None:
        for message in connection:  # type: ignore[attr-defined]  # a ServerConnection
            connection.send(message)  # type: ignore[attr-defined]

    with serve(echo, "127.0.0.1", 0, compression=compression, max_size=None) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        with tapped(server.socket.getsockname()[1]) as tap:
            with connect(tap.url, compression="deflate", max_size=None) as client:
                for message in (text, b"", b"x", text):
                    client.send(message)
                    assert client.recv(SECONDS) == message
            record = the_record(tap)
        server.shutdown()
        thread.join()
    assert (record.messages_in, record.messages_out) == (4, 4)
    assert (record.bytes_in, record.bytes_out) == (2 * len(text) + 1, 2 * len(text) + 1)
    assert record.messages[0].payload == text[:4096]
    assert not record.fault
    assert record.close_code == 1000


def test_a_refusal_is_recorded_with_its_reason() -> None:
    with TestServer("refuse?status=403") as server, tapped(server.port) as tap:
        with pytest.raises(Exception, match="403"):
            connect(tap.url, subprotocols=[Subprotocol("binary")])
        record = the_record(tap)
    assert record.status == 403
    assert record.refusal.startswith("403 Forbidden")


def test_both_ends_of_a_half_closed_connection_pass() -> None:
    """The client says FIN first and hears the answer all the same; plain bytes are counted."""

    def answer(client: socket.socket) -> None:
        got = b""
        while part := client.recv(65536):
            got += part
        client.sendall(got[::-1])

    with tcp_server(answer) as port, tapped(port, plain=True) as tap:
        with client_of(tap) as client:
            client.sendall(b"hello")
            client.shutdown(socket.SHUT_WR)
            assert client.recv(65536) == b"olleh"
            assert client.recv(65536) == b""
        record = the_record(tap)
    assert (record.raw_in, record.raw_out) == (5, 5)
    assert not record.reset


def test_a_reset_passes_as_a_reset() -> None:
    def reset(client: socket.socket) -> None:
        client.recv(1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with tcp_server(reset) as port, tapped(port, plain=True) as tap:
        with client_of(tap) as client:
            client.sendall(b"x")
            with pytest.raises(ConnectionResetError):
                client.recv(1)
        assert the_record(tap).reset


def test_a_client_that_does_not_read_stops_the_server() -> None:
    """The tap holds no more than its buffers: backpressure reaches the other side."""
    sent = 0
    full = threading.Event()
    done = threading.Event()

    def pour(client: socket.socket) -> None:
        nonlocal sent
        client.settimeout(0.5)
        try:
            while True:
                sent += client.send(bytes(1 << 20))
        except TimeoutError:
            full.set()
        done.wait(SECONDS)

    with tcp_server(pour) as port, tapped(port, plain=True) as tap, client_of(tap) as client:
        assert full.wait(SECONDS)
        done.set()
        assert sent < 64 << 20
        got = 0
        while part := client.recv(1 << 20):
            got += len(part)
        assert got == sent


def test_a_server_that_is_gone_is_noted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with tapped(port) as tap:
        with contextlib.suppress(ConnectionResetError), client_of(tap) as client:
            client.recv(1)
        assert "cannot be reached" in the_record(tap).fault


def overhear() -> tuple[Overheard, Recorder]:
    recorder = Recorder(1, "peer", secure=False, started=0.0, limits=RecordLimits(), observer=None)
    return Overheard(recorder, plain=False, name="own server"), recorder


REQUEST = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    b"Sec-WebSocket-Protocol: binary\r\n\r\n"
)
ANSWER = b"HTTP/1.1 101 OK\r\nupgrade: websocket\r\nSEC-WEBSOCKET-PROTOCOL: binary\r\n\r\n"
OPEN_CLOSE = encode_frame(Opcode.CLOSE, b"\x03\xe8bye", mask=b"abcd")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 400), max_size=30), st.binary(max_size=300))
def test_bytes_may_be_cut_anywhere(cuts: list[int], payload: bytes) -> None:
    """Head, frames and the frame that comes with the head are read however TCP cuts them."""
    frame = encode_frame(Opcode.BINARY, payload, mask=b"mask")
    streams = {
        "client": REQUEST + frame + OPEN_CLOSE,
        "server": ANSWER + encode_frame(Opcode.BINARY, payload),
    }
    overheard, recorder = overhear()
    feeds = {"client": overheard.from_client, "server": overheard.from_server}
    overheard.from_client(streams["client"][:20])
    streams["client"] = streams["client"][20:]
    for number, cut in enumerate([*cuts, 10_000, 10_000, 10_000, 10_000]):
        # The client's request is whole before the server answers it.
        side = "client" if number < len(cuts) // 2 or number % 2 else "server"
        if side == "server" and len(streams["client"]) > len(frame + OPEN_CLOSE):
            continue
        feeds[side](streams[side][:cut])
        streams[side] = streams[side][cut:]
    record = recorder.snapshot()
    assert record.subprotocol == "binary"
    assert (record.messages_in, record.bytes_in) == (1, len(payload))
    assert (record.messages_out, record.bytes_out) == (1, len(payload))
    assert (record.close_code, record.close_reason, record.closed_by) == (1000, "bye", "client")
    assert not record.fault


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=200)), max_size=8), st.booleans())
def test_rubbish_is_counted_and_never_an_error(
    pieces: list[tuple[bool, bytes]], opened: bool
) -> None:
    overheard, recorder = overhear()
    if opened:
        overheard.from_client(REQUEST)
        overheard.from_server(ANSWER)
    for from_client, data in pieces:
        (overheard.from_client if from_client else overheard.from_server)(data)
    overheard.ended()
    recorder.ended()
    recorder.snapshot()
