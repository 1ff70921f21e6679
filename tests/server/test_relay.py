"""The relay, between a raw client and an upstream that the test plays itself."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from emsockets_build.errors import UsageError
from emsockets_build.server import RecordLimits, TestServer
from emsockets_build.server.relay import Relay
from emsockets_build.server.upstream import Upstream, parse_upstream
from tests.server.rawclient import Frame, RawClient, frame, handshake

_SECONDS = 10.0 * float(os.environ.get("EMSOCKETS_TEST_TIME_SCALE", "1"))


class _Joined:
    """A client, the relay, and the upstream's end of the connection."""

    def __init__(self, server: TestServer, client: RawClient, upstream: socket.socket) -> None:
        self.server = server
        self.client = client
        self.upstream = upstream

    def upstream_reads(self, count: int) -> bytes:
        """Return exactly ``count`` bytes."""
        data = b""
        while len(data) < count:
            part = self.upstream.recv(count - len(data))
            assert part, f"the relay ended after {len(data)} bytes"
            data += part
        return data

    def upstream_reads_all(self) -> bytes:
        """Return everything up to FIN."""
        data = b""
        while part := self.upstream.recv(65536):
            data += part
        return data

    def client_reads(self, count: int) -> bytes:
        """Return ``count`` bytes, out of however many messages."""
        data = b""
        while len(data) < count:
            message = self.client.read_frame()
            assert message is not None
            assert message.opcode == 2
            data += message.payload
        return data


@contextlib.contextmanager
def _joined(*, fast: bool = True, subprotocols: str = "binary") -> Iterator[_Joined]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(_SECONDS)
        target = Upstream("tcp", "127.0.0.1", listener.getsockname()[1])
        limits = RecordLimits(payload=0)
        with (
            TestServer(Relay(target), fast=fast, limits=limits) as server,
            RawClient(server.port) as client,
        ):
            client.send(handshake(subprotocols=subprotocols))
            upstream, _ = listener.accept()
            with upstream:
                upstream.settimeout(_SECONDS)
                assert client.read_head()[0] == 101
                yield _Joined(server, client, upstream)


@pytest.fixture(params=[True, False], ids=["uvloop", "asyncio"])
def joined(request: pytest.FixtureRequest) -> Iterator[_Joined]:
    """The relay on both event loops."""
    with _joined(fast=request.param) as everything:
        yield everything


def test_bytes_pass_both_ways(joined: _Joined) -> None:
    """Messages, fragments and text become a stream; a stream becomes binary messages."""
    joined.client.send(
        frame(2, b"one ") + frame(2, b"two ", fin=False) + frame(0, b"three ") + frame(1, b"four")
    )
    assert joined.upstream_reads(18) == b"one two three four"
    joined.upstream.sendall(b"\x00\xff" * 50_000)
    assert joined.client_reads(100_000) == b"\x00\xff" * 50_000


def test_a_large_frame_is_not_held_back(joined: _Joined) -> None:
    """Its beginning arrives before its end is sent."""
    whole = frame(2, bytes(1_000_000))
    joined.client.send(whole[:500_000])
    assert joined.upstream_reads(400_000) == bytes(400_000)
    joined.client.send(whole[500_000:])
    assert joined.upstream_reads(600_000) == bytes(600_000)


def test_the_upstream_ends_and_the_client_hears_of_it(joined: _Joined) -> None:
    """What was said before FIN arrives before the close frame."""
    joined.upstream.sendall(b"last words")
    joined.upstream.shutdown(socket.SHUT_WR)
    assert joined.client.read_frame() == Frame(2, b"last words")
    assert joined.client.read_close() == 1000


def test_what_the_client_still_sends_reaches_a_half_closed_upstream(joined: _Joined) -> None:
    """FIN ends one direction only, until the client's close frame."""
    joined.upstream.shutdown(socket.SHUT_WR)
    assert joined.client.read_close() == 1000
    joined.client.send(frame(2, b"still on its way") + frame(8, b"\x03\xe8"))
    assert joined.upstream_reads_all() == b"still on its way"


def test_the_client_closes_and_the_upstream_may_finish(joined: _Joined) -> None:
    """The close becomes FIN; the answer's bytes come before the close is answered."""
    joined.client.send(frame(2, b"question") + frame(8, b"\x0f\xa1bye"))
    assert joined.upstream_reads_all() == b"question"
    joined.upstream.sendall(b"answer")
    joined.upstream.close()
    assert joined.client.read_frame() == Frame(2, b"answer")
    assert joined.client.read_frame() == Frame(8, b"\x0f\xa1bye")
    assert joined.server.wait_idle(10)
    (record,) = joined.server.connections
    assert (record.close_code, record.close_reason, record.closed_by) == (4001, "bye", "client")


def test_a_lost_upstream_is_a_bad_gateway(joined: _Joined) -> None:
    """Reset, not closed: 1014, and the record says why."""
    reset = struct.pack("ii", 1, 0)
    joined.upstream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
    joined.upstream.close()
    assert joined.client.read_close() == 1014
    joined.client.close()
    assert joined.server.wait_idle(10)
    (record,) = joined.server.connections
    assert any("upstream was lost" in str(event.to_json()) for event in record.events)


def test_a_client_that_vanishes_ends_the_upstream(joined: _Joined) -> None:
    """FIN after everything it sent."""
    joined.client.send(frame(2, b"gone"))
    joined.client.close()
    assert joined.upstream_reads_all() == b"gone"


def test_a_slow_client_stops_the_upstream(joined: _Joined) -> None:
    """The relay holds what its buffers hold, and no more; nothing is lost."""
    data = bytes(range(256)) * 400
    joined.upstream.settimeout(0.3)
    sent = 0
    with contextlib.suppress(TimeoutError):
        while sent < 1000:
            joined.upstream.sendall(data)
            sent += 1
    assert sent < 1000
    joined.upstream.close()
    whole = data * sent
    assert joined.client_reads(len(whole)) == whole
    joined.client.close()
    assert joined.server.wait_idle(10)
    assert 0 < joined.server.connections[0].peak_buffered < 4_000_000


def test_a_slow_upstream_stops_the_client(joined: _Joined) -> None:
    """The same the other way, while the upstream's words still pass."""
    joined.client._socket.settimeout(0.3)
    with pytest.raises(TimeoutError):
        joined.client.send(frame(2, bytes(100_000)) * 1000)
    joined.upstream.sendall(b"heard")
    joined.client._socket.settimeout(_SECONDS)
    assert joined.client.read_frame() == Frame(2, b"heard")


def test_an_upstream_that_is_not_there_refuses_the_handshake() -> None:
    """502, so that a program sees ECONNREFUSED; the record names the address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        target = Upstream("tcp", "127.0.0.1", free.getsockname()[1])
        with TestServer(Relay(target)) as server:
            with RawClient(server.port) as client:
                client.send(handshake())
                assert client.read_head()[0] == 502
            assert server.wait_idle(10)
            (record,) = server.connections
    assert str(target) in record.refusal
    assert record.status == 502


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="the platform has no such sockets")
def test_a_unix_upstream(tmp_path: Path) -> None:
    """The same stream, another kind of address."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        listener.settimeout(_SECONDS)
        target = parse_upstream(f"unix:{tmp_path / 's'}")
        with TestServer(Relay(target)) as server, RawClient(server.port) as client:
            client.send(handshake())
            upstream, _ = listener.accept()
            with upstream:
                assert client.read_head()[0] == 101
                client.send(frame(2, b"x"))
                assert upstream.recv(1) == b"x"


def test_datagrams_keep_their_boundaries_and_lose_the_port_message() -> None:
    """One message is one datagram, both ways; empty and oversized ones are dropped."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as upstream:
        upstream.bind(("127.0.0.1", 0))
        upstream.settimeout(_SECONDS)
        target = Upstream("udp", "127.0.0.1", upstream.getsockname()[1])
        with TestServer(Relay(target)) as server:
            with RawClient(server.port) as client:
                client.open()
                client.send(frame(2, b"\xff\xff\xff\xffport\x12\x34") + frame(2))
                client.send(frame(2, bytes(65_508)) + frame(2, b"one") + frame(2, b"two"))
                first, address = upstream.recvfrom(100)
                second, again = upstream.recvfrom(100)
                assert (first, second) == (b"one", b"two")
                assert address == again
                upstream.sendto(b"three", address)
                upstream.sendto(b"", address)
                upstream.sendto(b"four", address)
                assert client.read_frame() == Frame(2, b"three")
                assert client.read_frame() == Frame(2, b"four")
            assert server.wait_idle(10)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:80", Upstream("tcp", "127.0.0.1", 80)),
        ("tcp:localhost:80", Upstream("tcp", "localhost", 80)),
        ("[::1]:80", Upstream("tcp", "::1", 80)),
        ("udp:[::1]:80", Upstream("udp", "::1", 80)),
        ("unix:/run/x", Upstream("unix", path="/run/x")),
    ],
)
def test_addresses(text: str, expected: Upstream) -> None:
    """What is read can be written again."""
    assert parse_upstream(text) == expected
    assert parse_upstream(str(expected)) == expected


@pytest.mark.parametrize(
    "text", ["", "host", "host:", ":80", "host:0", "host:65536", "::1:80", "unix:", "http://x:80"]
)
def test_what_is_no_address(text: str) -> None:
    """Said in words, with the forms that are."""
    with pytest.raises(UsageError) as error:
        parse_upstream(text)
    assert "HOST:PORT" in error.value.remedy


def test_a_name_that_does_not_resolve() -> None:
    """Known before the server starts."""
    with pytest.raises(UsageError, match="does not resolve"):
        parse_upstream("no-such-name.invalid:80").check()


def test_no_url_can_ask_for_a_relay() -> None:
    """It is not in the table: one upstream, fixed at the start."""
    with TestServer("echo", by_path=True) as server, RawClient(server.port) as client:
        client.send(handshake("/relay?upstream=127.0.0.1:80"))
        assert client.read_head()[0] == 404
