"""wss: a certificate made on the spot, and trusted only where it was handed over."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from emsockets_build.errors import UsageError
from emsockets_build.server import RecordLimits, TestServer, Timeouts
from emsockets_build.server.behaviours import BEHAVIOURS
from emsockets_build.server.certificate import Certificate, load_context, make_certificate
from tests.processes import until
from tests.server.rawclient import RawClient, frame, handshake

_BINARY = [Subprotocol("binary")]


@pytest.mark.parametrize("fast", [True, False], ids=["uvloop", "asyncio"])
def test_an_echo_over_tls(*, fast: bool) -> None:
    """Small and large messages, on both event loops, closed without a reset."""
    with TestServer("echo", tls=True, fast=fast) as server:
        assert server.url.startswith("wss://")
        assert server.certificate is not None
        context = server.certificate.client_context()
        with connect(server.url, subprotocols=_BINARY, ssl=context, max_size=None) as client:
            for size in (5, 2_000_000):
                client.send(bytes(size))
                assert client.recv(10) == bytes(size)
        assert server.wait_idle(10)
        (record,) = server.connections
    assert (record.close_code, record.bytes_out) == (1000, 2_000_005)


@pytest.mark.parametrize("fast", [True, False], ids=["uvloop", "asyncio"])
def test_who_was_not_told_does_not_trust_it(*, fast: bool) -> None:
    """The authority is this server's alone; the record has the client's reason."""
    with TestServer("echo", tls=True, fast=fast) as server:
        with pytest.raises(ssl.SSLError):
            connect(server.url, subprotocols=_BINARY)
        assert server.wait_idle(10)
        (record,) = server.connections
    assert "TLS handshake failed" in record.fault
    assert "unknown ca" in record.fault


@pytest.mark.parametrize("fast", [True, False], ids=["uvloop", "asyncio"])
def test_ws_to_a_wss_port_ends_without_harm(*, fast: bool) -> None:
    """The record says what came, and the server goes on."""
    with TestServer("echo", tls=True, fast=fast) as server:
        with RawClient(server.port) as client:
            client.send(b"GET / HTTP/1.1\r\n\r\n")
            client.read_all()
        assert server.wait_idle(10)
        assert "http request" in server.connections[0].fault
        assert server.certificate is not None
        context = server.certificate.client_context()
        with connect(server.url, subprotocols=_BINARY, ssl=context) as client2:
            client2.send(b"x")
            assert client2.recv(10) == b"x"


def test_certificates_from_files(tmp_path: Path) -> None:
    """The chain and the key, apart or in one file; what cannot be read is a clear error."""
    import trustme

    authority = trustme.CA()
    leaf = authority.issue_cert("localhost")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    leaf.cert_chain_pems[0].write_to_path(chain)
    leaf.private_key_pem.write_to_path(key)
    assert isinstance(load_context(chain, key), ssl.SSLContext)
    other = make_certificate()
    assert other.spki
    for pair in ((tmp_path / "missing", None), (chain, None), (chain, chain)):
        with pytest.raises(UsageError, match="cannot be used"):
            load_context(*pair)


@pytest.mark.parametrize("fast", [True, False], ids=["uvloop", "asyncio"])
def test_leaving_does_not_wait_for_a_client_that_never_speaks_tls(*, fast: bool) -> None:
    """A TCP connection without a hello is dropped with the rest."""
    start = time.monotonic()
    with (
        TestServer("echo", tls=True, fast=fast, timeouts=Timeouts(handshake=0.2)) as server,
        RawClient(server.port) as client,
    ):
        assert client.read_all() == b""
        silent = RawClient(server.port)
    silent.close()
    assert time.monotonic() - start < 5


@pytest.fixture(scope="module")
def certificate() -> Certificate:
    """One for all behaviours; making it is the slow part."""
    return make_certificate()


@pytest.mark.parametrize("fast", [True, False], ids=["uvloop", "asyncio"])
@pytest.mark.parametrize("name", BEHAVIOURS)
def test_every_behaviour_over_tls(certificate: Certificate, name: str, *, fast: bool) -> None:
    """Whatever the client makes of it, no behaviour fails for being encrypted."""
    limits = RecordLimits.counts_only()
    with TestServer(name, tls=certificate, fast=fast, limits=limits) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as plain:
            context = certificate.client_context()
            with context.wrap_socket(plain, server_hostname="localhost") as client:
                client.sendall(handshake() + frame(2, b"hello"))
                client.settimeout(0.1)
                with contextlib.suppress(OSError):
                    while client.recv(65536):
                        client.settimeout(0.05)
        records = server.connections
    assert len(records) == 1
    assert not records[0].fault.startswith("the server's behaviour")


def test_abort_over_tls_is_a_reset(certificate: Certificate) -> None:
    """As in plain TCP."""
    with TestServer("abort?after=1", tls=certificate) as server:
        context = certificate.client_context()
        with connect(server.url, subprotocols=_BINARY, ssl=context) as client:
            client.send(b"x")
            with pytest.raises(ConnectionClosedError):
                client.recv(10)
        assert server.wait_idle(10)
        assert server.connections[0].reset


@pytest.mark.parametrize("fast", [True, False], ids=["uvloop", "asyncio"])
def test_clients_that_leave_before_tls_stands_are_not_waited_for(*, fast: bool) -> None:
    """As one does that only looks whether somebody listens."""
    with TestServer("echo", tls=True, fast=fast) as server:
        for _ in range(50):
            with socket.create_connection(("127.0.0.1", server.port)):
                pass
        assert until(lambda: len(server.connections) == 50, 10)
        assert server.wait_idle(8), "the time limit of a handshake is 10 seconds"
