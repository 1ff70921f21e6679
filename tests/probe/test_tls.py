"""TLS: trusted or not, read anyway, and spoken where it is not expected."""

from __future__ import annotations

import datetime as dt
import ssl
from pathlib import Path

import pytest
import trustme

from emsockets_build.server import TestServer
from tests.probe.probing import WORKS, every, probe
from tests.probe.servers import say

_NOW = dt.datetime.now(dt.UTC)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA(organization_name="our authority")


def _context(authority: trustme.CA, *names: str, days: int = 100) -> ssl.SSLContext:
    end = _NOW + dt.timedelta(days=days)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names, not_after=end).configure_cert(context)
    return context


def test_a_trusted_certificate_works(authority: trustme.CA, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    with TestServer("echo", tls=_context(authority, "127.0.0.1")) as server:
        found = probe(server.url, ca_file=str(file))
    assert found.causes == every(WORKS)
    assert found.checks["TLS"].endswith("trusted")
    assert found.checks["expiry"].startswith("in ")


def test_an_unknown_authority_is_told_and_the_certificate_read(authority: trustme.CA) -> None:
    with TestServer("echo", tls=_context(authority, "127.0.0.1", "game.example")) as server:
        found = probe(server.url)
        taken = probe(server.url, insecure=True)
    assert found.causes == every("tls-certificate")
    assert found.checks["certificate"].startswith("for 127.0.0.1, game.example; signed by ")
    assert found.checks["binary, as Chrome"] == "101, `binary` selected", "looked at all the same"
    assert taken.causes == every(WORKS)


def test_a_certificate_for_another_name(authority: trustme.CA, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    with TestServer("echo", tls=_context(authority, "game.example")) as server:
        found = probe(server.url, ca_file=str(file))
    assert found.causes == every("tls-certificate")
    assert "not valid for '127.0.0.1'" in found.cause("node").summary
    assert found.checks["certificate"].startswith("for game.example")


def test_an_expired_certificate_is_read(authority: trustme.CA, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    with TestServer("echo", tls=_context(authority, "127.0.0.1", days=-3)) as server:
        found = probe(server.url, ca_file=str(file))
    assert found.causes == every("tls-certificate")
    assert "expired" in found.cause("chrome").summary
    assert found.checks["expiry"].startswith("expired 3 days ago")


def test_a_certificate_that_ends_soon_is_a_warning(authority: trustme.CA, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    with TestServer("echo", tls=_context(authority, "127.0.0.1", days=5)) as server:
        found = probe(server.url, ca_file=str(file))
    assert found.causes == every(WORKS)
    assert found.checks["expiry"].startswith(("in 5 days", "in 4 days"))


def test_wss_to_a_plain_server() -> None:
    with TestServer("echo") as server:
        found = probe(f"wss://127.0.0.1:{server.port}/", timeout=2)
    assert found.causes == every("tls-to-plain-server")
    assert "without TLS it answers 101" in found.cause("node").evidence[1]


def test_ws_to_a_tls_server(authority: trustme.CA) -> None:
    with TestServer("echo", tls=_context(authority, "127.0.0.1")) as server:
        found = probe(f"ws://127.0.0.1:{server.port}/game", timeout=2)
    assert found.causes == every("not-a-websocket-server")
    assert f"try wss://127.0.0.1:{server.port}/game" in found.cause("node").summary


def test_wss_to_a_server_that_says_nothing() -> None:
    with say() as port:
        found = probe(f"wss://127.0.0.1:{port}/", timeout=0.4)
    assert found.causes == every("tls-to-plain-server")
    assert "no TLS handshake within" in found.cause("node").evidence[0]


def test_wss_to_ssh() -> None:
    with say(b"SSH-2.0-OpenSSH_9.2\r\n") as port:
        found = probe(f"wss://127.0.0.1:{port}/", timeout=1)
    assert found.causes == every("not-a-websocket-server")
    assert "an SSH server, without TLS" in found.cause("node").summary
