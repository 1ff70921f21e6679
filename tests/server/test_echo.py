"""The echo, with an independent client: the `websockets` library."""

from __future__ import annotations

import asyncio
import socket

import pytest
from websockets.asyncio.client import connect as connect_async
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from emsockets_build.server import AsyncTestServer, ConnectionRecord, TestServer
from tests.server.rawclient import RawClient

_BINARY = [Subprotocol("binary")]


@pytest.mark.parametrize(
    "message",
    [
        b"hello",
        "héllo",
        b"",
        "",
        bytes(125),
        bytes(126),
        bytes(65535),
        bytes(65536),
        bytes(3 << 20),
    ],
    ids=lambda message: f"{type(message).__name__}-{len(message)}",
)
def test_a_message_comes_back_as_it_was(message: str | bytes) -> None:
    """Each length of header, empty messages, and text as text."""
    with (
        TestServer("echo") as server,
        connect(server.url, subprotocols=_BINARY, compression=None, max_size=None) as client,
    ):
        client.send(message)
        assert client.recv(10) == message


def test_the_record_has_exact_counts_once_idle() -> None:
    """Counts are of data messages and payload bytes, both ways."""
    with TestServer("echo") as server:
        with connect(server.url, subprotocols=_BINARY) as client:
            for size in (1, 20, 300):
                client.send(bytes(size))
                client.recv(10)
        assert server.wait_idle(10)
        (record,) = server.connections
    assert (record.messages_in, record.bytes_in) == (3, 321)
    assert (record.messages_out, record.bytes_out) == (3, 321)
    assert (record.close_code, record.closed_by, record.reset) == (1000, "client", False)
    assert (record.offered, record.subprotocol, record.status) == (("binary",), "binary", 101)
    assert [message.size for message in record.messages] == [1, 20, 300]
    assert [event.kind for event in record.events] == [
        "accepted", "requested", "answered", *["frame"] * 8, "ended",
    ]  # fmt: skip


def test_a_client_that_offers_no_subprotocol_is_refused_with_the_reason() -> None:
    """The record and the body both say what the client should have offered."""
    with TestServer("echo") as server:
        with pytest.raises(InvalidStatus) as refused:
            connect(server.url)
        assert server.wait_idle(10)
        (record,) = server.connections
    assert refused.value.response.status_code == 400
    assert "`binary`" in record.refusal
    assert record.refusal.encode() in (refused.value.response.body or b"")
    assert record.status == 400
    assert record.close_code is None


def test_servers_stand_beside_each_other() -> None:
    """Nothing is global: each has its port and its records."""
    with TestServer("echo") as first, TestServer("echo") as second:
        assert first.port != second.port
        with connect(first.url, subprotocols=_BINARY):
            pass
        assert first.wait_idle(10)
        assert (len(first.connections), len(second.connections)) == (1, 0)


async def _echo(server: AsyncTestServer, message: bytes) -> None:
    async with connect_async(server.url, subprotocols=_BINARY) as client:
        await client.send(message)
        assert await client.recv() == message


async def _serve_three() -> tuple[ConnectionRecord, ...]:
    async with AsyncTestServer("echo") as server, AsyncTestServer("echo") as other:
        assert server.url == f"ws://127.0.0.1:{server.port}/"
        await asyncio.gather(*(_echo(server, bytes(size)) for size in (1, 70_000, 500_000)))
        assert await server.wait_idle(10)
        assert other.connections == ()
        return server.connections


def test_the_asynchronous_twin_serves_on_the_running_loop() -> None:
    """Beside its clients and beside others of its kind."""
    records = asyncio.run(_serve_three())
    assert sorted(record.bytes_in for record in records) == [1, 70_000, 500_000]
    assert {record.close_code for record in records} == {1000}


def test_nothing_is_known_before_it_is_entered() -> None:
    """A clear error instead of port 0."""
    with pytest.raises(RuntimeError, match="with"):
        _ = TestServer("echo").port


def test_the_record_can_be_read_when_the_server_is_gone() -> None:
    """From any thread, as before."""
    with TestServer("echo") as server, connect(server.url, subprotocols=_BINARY):
        pass
    assert server.wait_idle(1)
    assert [record.open for record in server.connections] == [False]


def test_a_name_with_several_addresses_has_one_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """Node looks for localhost at ::1 first, others at 127.0.0.1: both must find the server."""

    def two_addresses(host: object, port: int, *_args: object, **_options: object) -> list[object]:
        assert host == "both.invalid"
        stream = (socket.SOCK_STREAM, 6, "")
        return [
            (socket.AF_INET, *stream, ("127.0.0.1", port)),
            (socket.AF_INET6, *stream, ("::1", port, 0, 0)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", two_addresses)
    with TestServer("echo", host="both.invalid", fast=False) as server:
        for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            with socket.socket(family) as client:
                client.settimeout(10)
                client.connect((address, server.port))


def test_leaving_drops_clients_and_frees_the_port() -> None:
    """Gone means gone: the port can be bound again at once."""
    with TestServer("freeze") as server:
        client = RawClient(server.port).open()
        port = server.port
    with client:
        assert client.read_all() == b""
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))
