"""Behaviours on plain TCP, seen from an ordinary TCP client."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from emsockets_build.server import ConnectionRecord, TestServer
from emsockets_build.server.behaviours import BEHAVIOURS, from_spec
from emsockets_build.server.events import Message
from emsockets_build.server.twin import TcpTwin, Unreachable, no_twin, tcp_twin
from tests.verify.observed import a_connection


def _web_run(*sizes: int, **changes: Any) -> ConnectionRecord:
    """Return what the server saw of a web build that sent messages of these sizes."""
    return a_connection(messages=tuple(Message(2, size, b"") for size in sizes), **changes)


@contextmanager
def _client(spec: str, *records: ConnectionRecord) -> Iterator[tuple[socket.socket, TestServer]]:
    with TestServer(tcp_twin(from_spec(spec), records)) as server:
        with socket.create_connection((server.host, server.port), timeout=10) as client:
            yield client, server
        # A frozen server does not even see its client go.
        assert spec.startswith("freeze") or server.wait_idle(10)


def _read(client: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        part = client.recv(size - len(got))
        if not part:
            break
        got += part
    return got


@pytest.mark.parametrize(
    "spec",
    [
        "echo",
        "latency?delay=10ms",
        "jitter?low=0&high=10ms",
        "split?size=2&pause=0",
        "merge?wait=10ms",
        "fragment?size=3&pings=yes",
        "ping?every=10ms&patience=3",
        "slow-read?rate=10MiB",
        "chat",
        "max-size",
    ],
)
def test_every_kind_of_echo_echoes_bytes(spec: str) -> None:
    """Without frames they differ in time alone."""
    with _client(spec) as (client, server):
        client.sendall(b"hello, ")
        assert _read(client, 7) == b"hello, "
        client.sendall(bytes(range(256)) * 300)
        assert _read(client, 76_800) == bytes(range(256)) * 300
    (record,) = server.connections
    assert (record.raw_in, record.raw_out) == (76_807, 76_807)
    assert record.status is None
    assert record.closed_by == "client"


def test_a_source_pours_and_ends() -> None:
    """The end of what a WebSocket gets as a close is the end of the stream."""
    with _client("source?bytes=100000&message=999") as (client, server):
        assert _read(client, 200_000) == bytes(place % 256 for place in range(100_000))
    (record,) = server.connections
    assert record.closed_by == "server"
    assert not record.reset


def test_huge_arrives_without_its_header() -> None:
    """What a behaviour frames by itself is taken out of its frames."""
    with _client("huge?size=70000") as (client, _):
        assert _read(client, 70_000) == bytes(place % 256 for place in range(70_000))


@pytest.mark.parametrize("pieces", [[b"abcdefghi"], [b"a", b"bcdefgh", b"i"]])
def test_counting_behaviours_cut_where_the_web_build_did(pieces: list[bytes]) -> None:
    """close?after=2 ends behind the second message of the web build, however TCP cuts."""
    with _client("close?after=2", _web_run(3, 2, 4)) as (client, server):
        for piece in pieces:
            client.sendall(piece)
        assert _read(client, 100) == b"abcde"
    (record,) = server.connections
    assert record.closed_by == "server"


def test_abort_resets() -> None:
    """The message that it counts to is not echoed."""
    with _client("abort?after=2", _web_run(3, 2)) as (client, server):
        client.sendall(b"abc")
        assert _read(client, 3) == b"abc"
        client.sendall(b"de")
        with pytest.raises(ConnectionResetError):
            client.recv(10)
    assert server.connections[0].reset


def test_half_close_reads_on() -> None:
    """After its FIN the server still counts what comes."""
    with _client("half-close?after=1", _web_run(3)) as (client, server):
        client.sendall(b"abc")
        assert _read(client, 100) == b"abc"
        client.sendall(b"more")
    (record,) = server.connections
    assert record.raw_in == 7
    assert record.raw_out == 3


def test_freeze_takes_no_more() -> None:
    """Nothing comes back after the last echo."""
    with _client("freeze?after=1", _web_run(3, 3)) as (client, _):
        client.sendall(b"abcdef")
        assert _read(client, 3) == b"abc"
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(1)


def test_an_ending_in_mid_message_leaves_half_of_it() -> None:
    """TCP delivers what a WebSocket would keep back."""
    with _client("close?after=1&mid-message=yes", _web_run(6)) as (client, _):
        client.sendall(b"abcdef")
        assert _read(client, 100) == b"abc"
    with _client("abort?after=1&mid-message=yes", _web_run(6)) as (client, _):
        client.sendall(b"abcdef")
        with pytest.raises(ConnectionResetError):
            _read(client, 100)


def test_the_client_may_end_first_and_read_on() -> None:
    """shutdown() of a native client is answered with what there is and the end."""
    with _client("echo") as (client, server):
        client.sendall(b"last words")
        client.shutdown(socket.SHUT_WR)
        assert _read(client, 100) == b"last words"
    assert server.connections[0].closed_by == "client"


def test_sink_and_empty_messages() -> None:
    """A sink answers nothing; an empty message of the web build counts and leaves no trace."""
    with _client("sink") as (client, server):
        client.sendall(bytes(100_000))
    assert server.connections[0].raw_in == 100_000
    with _client("close?after=2", _web_run(0, 3)) as (client, _):
        client.sendall(b"abc")
        assert _read(client, 100) == b"abc"


def test_chat_reaches_everyone() -> None:
    """Members of a room are those of the twin."""
    with _client("chat") as (client, server):
        client.sendall(b"one")
        assert _read(client, 3) == b"one"
        with socket.create_connection((server.host, server.port), timeout=10) as other:
            other.sendall(b"two")
            assert _read(other, 3) == b"two"
            assert _read(client, 3) == b"two"


@pytest.mark.parametrize("spec", ["refuse", "no-subprotocol", "wrong-subprotocol", "require-none"])
def test_a_refused_handshake_is_a_port_where_nobody_listens(spec: str) -> None:
    """That is what makes connect() fail with ECONNREFUSED natively, too."""
    twin = tcp_twin(from_spec(spec), [a_connection(status=400)])
    assert isinstance(twin, Unreachable)
    with TestServer(twin) as server:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((server.host, server.port), timeout=10)
        assert server.connections == ()
        assert server.wait_idle(1)


def test_an_accepted_handshake_is_an_echo() -> None:
    """A web build that offers no subprotocol gets through to require-none."""
    assert tcp_twin(from_spec("require-none"), [a_connection()]) == TcpTwin(from_spec("echo"))


def test_every_behaviour_has_a_twin_or_a_reason() -> None:
    """Nothing is dropped silently."""
    without = {name for name in BEHAVIOURS if no_twin(from_spec(name))}
    assert without == {"echo-text", "datagram", "raw-tcp", "slow-accept", "garbage"}
    assert no_twin(from_spec("freeze?stage=handshake"))
    assert no_twin(from_spec("max-size"), [a_connection(fault="too large")])
