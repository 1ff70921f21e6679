"""What a page forbids its program, as far as headers tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emsockets_build.probe import Asked, parse_page, parse_target
from emsockets_build.probe.answer import Answer
from emsockets_build.probe.model import PageSeen
from emsockets_build.probe.page import (
    connect_blocked,
    is_mixed_content,
    not_isolated,
    wasm_blocked,
)
from emsockets_build.server import TestServer
from tests.probe.probing import WORKS, probe
from tests.probe.servers import answering

_ISOLATED = (
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Embedder-Policy", "require-corp"),
)


def _page(policy: str = "", url: str = "http://localhost:8000/game.html") -> PageSeen:
    headers = (("Content-Security-Policy", policy),) if policy else ()
    return PageSeen(parse_page(url), Answer("1.1", 200, "OK", headers))


@pytest.mark.parametrize(
    ("policy", "target", "allowed"),
    [
        ("", "ws://localhost:9000", True),
        ("script-src 'self'", "ws://localhost:9000", True),
        ("connect-src 'none'", "ws://localhost:9000", False),
        ("connect-src", "ws://localhost:9000", False),
        ("default-src 'self'", "ws://localhost:9000", False),
        ("connect-src 'self'", "ws://localhost:8000", True),
        ("connect-src 'self'", "ws://localhost:9000", False),
        ("default-src 'none'; connect-src ws:", "ws://localhost:9000", True),
        ("connect-src ws:", "wss://localhost:9000", True),
        ("connect-src wss:", "ws://localhost:9000", False),
        ("connect-src https:", "wss://game.example", False),
        ("connect-src *", "ws://localhost:9000", True),
        ("connect-src ws://localhost:9000", "ws://localhost:9000", True),
        ("connect-src ws://localhost:*", "ws://localhost:9000", True),
        ("connect-src ws://localhost", "ws://localhost:9000", False),
        ("connect-src wss://*.example", "wss://game.example/ws", True),
        ("connect-src wss://*.example", "wss://example/ws", False),
        ("connect-src wss://game.example/ws", "wss://game.example/ws?x=1", True),
        ("connect-src wss://game.example/ws", "wss://game.example/other", False),
        ("connect-src wss://game.example/ws/", "wss://game.example/ws/1", True),
        ("connect-src *, connect-src 'none'", "ws://localhost:9000", False),
        ("CONNECT-SRC WS://LOCALHOST:9000", "ws://localhost:9000", True),
        ("connect-src ws://[", "ws://localhost:9000", False),
    ],
)
def test_a_policy_lets_the_server_in_or_not(policy: str, target: str, allowed: bool) -> None:
    assert (connect_blocked(_page(policy), parse_target(target)) == "") is allowed


@given(st.text(max_size=60))
def test_any_policy_is_read(policy: str) -> None:
    connect_blocked(_page(f"connect-src {policy}"), parse_target("ws://localhost:9000"))
    wasm_blocked(_page(policy))


@pytest.mark.parametrize(
    ("policy", "allowed"),
    [
        ("default-src 'self'", False),
        ("script-src 'self'", False),
        ("script-src 'self' 'wasm-unsafe-eval'", True),
        ("script-src 'unsafe-eval'", True),
        ("connect-src *", True),
    ],
)
def test_a_policy_lets_webassembly_be_or_not(policy: str, allowed: bool) -> None:
    assert (wasm_blocked(_page(policy)) == "") is allowed


@pytest.mark.parametrize(
    ("page", "target", "mixed"),
    [
        ("https://game.example", "ws://game.example:9000", True),
        ("https://game.example", "wss://game.example:9000", False),
        ("https://game.example", "ws://127.0.0.1:9000", False),
        ("https://game.example", "ws://localhost:9000", False),
        ("http://game.example", "ws://game.example:9000", False),
    ],
)
def test_mixed_content_is_insecure_from_secure_but_for_this_machine(
    page: str, target: str, mixed: bool
) -> None:
    assert is_mixed_content(page, parse_target(target)) is mixed


def test_isolation_needs_both_headers_and_a_secure_context() -> None:
    there = Answer("1.1", 200, "OK", _ISOLATED)
    assert not not_isolated(PageSeen(parse_page("http://localhost/"), there))
    assert "no secure context" in not_isolated(PageSeen(parse_page("http://game.example"), there))
    assert "Cross-Origin-Embedder-Policy is not sent" in not_isolated(_page())


def _served(*headers: tuple[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"HTTP/1.1 200 OK\r\n{lines}Content-Length: 2\r\n\r\nok".encode()


def _probed(reply: bytes, *, threads: bool = False) -> dict[str, str]:
    with TestServer("echo") as server, answering(lambda _: reply) as port:
        page = parse_page(f"http://127.0.0.1:{port}/game.html")
        asked = Asked(("chrome", "firefox", "node"), threads=threads)
        return probe(server.url, page=page, origin=page.origin, asked=asked, max_size=0).causes


def test_a_page_that_is_served_decides_for_browsers_alone() -> None:
    assert set(_probed(_served()).values()) == {WORKS}
    blocked = _probed(_served(("Content-Security-Policy", "default-src 'self'")))
    assert blocked == dict.fromkeys(("chrome", "firefox"), "content-security-policy") | {
        "node": WORKS
    }


def test_threads_need_an_isolated_page() -> None:
    assert set(_probed(_served(*_ISOLATED), threads=True).values()) == {WORKS}
    assert _probed(_served(), threads=True)["chrome"] == "shared-memory-missing"


def test_a_page_is_followed_through_redirects() -> None:
    def answer(request: str) -> bytes:
        if request.startswith("GET /game.html"):
            return b"HTTP/1.1 301 Moved\r\nLocation: /new/\r\nContent-Length: 0\r\n\r\n"
        return _served(*_ISOLATED)

    with TestServer("echo") as server, answering(answer) as port:
        page = parse_page(f"http://127.0.0.1:{port}/game.html")
        found = probe(server.url, page=page, max_size=0)
    assert found.checks["page"].endswith("/new/: 200")


def test_a_page_that_is_not_there_or_goes_round_in_circles_is_told() -> None:
    circle = b"HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n"
    with TestServer("echo") as server, answering(lambda _: circle) as port:
        page = parse_page(f"http://127.0.0.1:{port}/a")
        assert "redirects" in probe(server.url, page=page, max_size=0).checks["page"]
        nowhere = parse_page("http://no-such-host.invalid/")
        found = probe(server.url, page=nowhere, max_size=0, timeout=3)
    assert "no-such-host.invalid" in found.checks["page"]


def test_mixed_content_is_told_before_anything_is_tried() -> None:
    with TestServer("echo") as server:
        # A name that is not this machine's by its looks, at a port that is.
        found = probe(f"ws://game.example:{server.port}/", origin="https://game.example", timeout=1)
    assert found.causes["chrome"] == found.causes["firefox"] == "mixed-content"


def test_a_blocked_port_is_told() -> None:
    found = probe("ws://127.0.0.1:6667/", timeout=1)
    assert found.causes["chrome"] == "port-blocked"
    assert found.causes["node"] == "server-not-listening"
