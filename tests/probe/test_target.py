"""Addresses as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emsockets_build.errors import UsageError
from emsockets_build.probe import parse_page, parse_target


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("ws://127.0.0.1:9000/", "ws://127.0.0.1:9000/"),
        ("ws://127.0.0.1:9000", "ws://127.0.0.1:9000/"),
        ("WSS://Game.Example/ws?room=1&x=%20", "wss://game.example/ws?room=1&x=%20"),
        ("game.example:80", "ws://game.example/"),
        ("game.example", "ws://game.example/"),
        ("localhost:9000/ws", "ws://localhost:9000/ws"),
        (":9000", "ws://localhost:9000/"),
        ("9000", "ws://localhost:9000/"),
        ("[::1]:9000", "ws://[::1]:9000/"),
        ("https://game.example/x", "wss://game.example/x"),
        ("http://game.example:8080/", "ws://game.example:8080/"),
        ("ws://bücher.example/ü", "ws://xn--bcher-kva.example/%C3%BC"),
    ],
)
def test_what_is_typed_is_read_as_a_url(typed: str, url: str) -> None:
    assert parse_target(typed).url == url


@pytest.mark.parametrize(
    ("typed", "origin"),
    [
        ("http://localhost:8000/game.html", "http://localhost:8000"),
        ("https://game.example/", "https://game.example"),
        ("https://game.example:8443/a?b", "https://game.example:8443"),
    ],
)
def test_a_page_has_an_origin(typed: str, origin: str) -> None:
    assert parse_page(typed).origin == origin


@pytest.mark.parametrize("host", ["localhost", "127.9.9.9", "[::1]", "game.localhost"])
def test_this_machine_is_known_by_its_names(host: str) -> None:
    assert parse_target(f"ws://{host}:1234").loopback
    assert not parse_target("ws://localhost.example:1234").loopback


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused_in_words(text: str) -> None:
    try:
        target = parse_target(text)
    except UsageError:
        return
    assert parse_target(target.url) == target
    assert target.url.isascii()
    assert target.url.isprintable()
