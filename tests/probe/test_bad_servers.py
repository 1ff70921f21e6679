"""Servers that stall, flood, lie or talk nonsense: bounded, named, and without a traceback."""

from __future__ import annotations

import io
import json
import socket
import struct
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from emsockets_build.probe import (
    CLIENTS,
    Asked,
    Observations,
    Request,
    judge,
    parse_target,
)
from emsockets_build.probe.answer import parse_answer
from emsockets_build.probe.model import Attempt, Exchange, Outcome, TalkSeen
from emsockets_build.probe.steps import offers_of
from emsockets_build.report.probing import as_json, print_report
from tests.probe.crafted import REPLIES, header_of, switching
from tests.probe.probing import WORKS, every, probe
from tests.probe.servers import _serving, answering, endless, say
from tests.processes import SCALE


def test_a_server_that_never_answers() -> None:
    with say() as port:
        found = probe(port, timeout=0.3)
    assert found.causes == every("handshake-unanswered")


def test_a_server_that_drips() -> None:
    with say(*[b"HTTP/1.1 1"[place : place + 1] for place in range(10)], hold=0.1) as port:
        found = probe(port, timeout=0.4)
    assert found.causes == every("handshake-unanswered")


def test_megabytes_of_headers() -> None:
    with say(b"HTTP/1.1 101 Switching Protocols\r\nX: " + b"x" * 4_000_000) as port:
        found = probe(port, timeout=3)
    assert found.causes == every("handshake-invalid")
    assert all(len(one.raw) <= 4096 for one in found.seen.exchanges.values())


def test_a_head_that_browsers_take_and_node_does_not() -> None:
    extra = "Sec-WebSocket-Protocol: binary\r\n" + f"Set-Cookie: {'x' * 4000}\r\n" * 5
    with answering(switching(extra)) as port:
        found = probe(port, timeout=2, asked=Asked(("chrome", "node")), max_size=0)
    assert found.causes["node"] == "handshake-invalid"
    assert "Node takes 16384" in found.cause("node").summary


@pytest.mark.parametrize("reset", [False, True])
def test_a_server_that_hangs_up(reset: bool) -> None:
    def treat(one: socket.socket) -> None:
        if reset:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.close()

    with _serving(treat) as port:
        found = probe(port, timeout=1)
    assert found.causes == every("not-a-websocket-server")


@pytest.mark.parametrize("reply", REPLIES)
def test_handshakes_that_go_wrong_in_one_place(reply: str) -> None:
    answer, cause = REPLIES[reply]
    with answering(answer) as port:
        found = probe(port, timeout=1, max_size=0, asked=Asked(("chrome", "firefox", "node")))
    assert found.causes == dict.fromkeys(("chrome", "firefox", "node"), cause)


def test_a_redirect_is_not_followed() -> None:
    answer = b"HTTP/1.1 302 Found\r\nLocation: ws://elsewhere/\r\nContent-Length: 0\r\n\r\n"
    with answering(lambda _: answer) as port:
        found = probe(port, timeout=1)
    assert found.causes == every("handshake-refused")
    assert "302 Found to ws://elsewhere/" in found.cause("node").summary


def test_an_origin_that_is_refused_is_told_from_other_refusals() -> None:
    def answer(request: str) -> bytes:
        if header_of(request, "origin"):
            return b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
        return switching()(request)

    with answering(answer) as port:
        found = probe(port, timeout=1, max_size=0, origin="https://game.example")
    assert found.causes["node"] == "server-silent"
    assert found.causes["chrome"] == "handshake-refused"
    assert "refuses pages from https://game.example" in found.cause("chrome").summary


def _opened(data: bytes) -> Callable[[str], bytes]:
    """Open a WebSocket and say something at once."""
    return lambda request: switching()(request) + data


_OK = b"HTTP/1.1 200 OK\r\n"
# What a server goes on with for ever, and the cause that it must have.
_ENDLESS: dict[str, tuple[Callable[[str], bytes], bytes, str]] = {
    "headers": (lambda _: _OK, b"X-Header: value\r\n" * 1000, "handshake-invalid"),
    "one header": (lambda _: _OK + b"X: ", b"x" * 65536, "handshake-invalid"),
    "body": (lambda _: _OK + b"\r\n", b"<html>" * 10_000, "handshake-refused"),
    "chunks": (
        lambda _: _OK + b"Transfer-Encoding: chunked\r\n\r\n",
        b"1\r\nx\r\n" * 10_000,
        "handshake-refused",
    ),
    "random bytes": (
        lambda _: b"",
        Random(1).randbytes(65536),  # noqa: S311 - no secret
        "not-a-websocket-server",
    ),
    "blank lines": (lambda _: b"", b"\r\n" * 10_000, "not-a-websocket-server"),
    "zeros": (lambda _: b"", bytes(65536), "not-a-websocket-server"),
    "messages": (switching(), b"\x82\x01x" * 10_000, WORKS),
    "one message": (_opened(b"\x02\x01x"), b"\x00\x01x" * 10_000, "server-silent"),
    "pings": (switching(), b"\x89\x00" * 10_000, "server-silent"),
    "a gibibyte": (
        _opened(b"\x82\x7f\x00\x00\x00\x00\x40\x00\x00\x00"),
        bytes(65536),
        "protocol-error",
    ),
    "broken frames": (switching(), b"\xff" * 65536, "protocol-error"),
}


@pytest.mark.parametrize("what", _ENDLESS)
def test_a_server_that_never_stops_is_left(what: str) -> None:
    """Each step has a second, and there are a few of them."""
    answer, more, cause = _ENDLESS[what]
    with endless(answer, more) as port:
        found = probe(port, timeout=1, max_size=16384)
    assert found.causes == every(cause)
    assert found.seconds < 20 * SCALE


def test_a_server_that_opens_and_never_reads() -> None:
    """Two full buffers do not wait for each other."""

    def treat(one: socket.socket) -> None:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        head = b""
        while b"\r\n\r\n" not in head:
            head += one.recv(4096)
        one.sendall(switching()(head.decode("latin-1")))

    with _serving(treat) as port:
        found = probe(port, timeout=1, max_size=16 << 20)
    assert found.causes == every("server-silent")
    assert found.seconds < 20 * SCALE


@pytest.mark.parametrize("seed", range(8))
def test_garbage_is_no_websocket_server(seed: int) -> None:
    """Some of it begins as HTTP does."""
    random = Random(seed)  # noqa: S311 - no secret
    head = random.choice([b"", b"HTTP/1.1 ", b"HTTP/1.1 101 Switching Protocols\r\n"])
    garbage = head + random.randbytes(random.randrange(1, 20_000)) + b"\r\n\r\n"
    with say(garbage, close=True) as port:
        found = probe(port, timeout=1)
    assert set(found.causes.values()) <= {"not-a-websocket-server", "handshake-invalid"}


def test_a_flood_of_frames_has_an_end() -> None:
    flood = b"\x82\x7e\x04\x00" + bytes(1024)
    head = switching()

    def answer(request: str) -> bytes:
        return head(request) + flood * 2000

    with answering(answer) as port:
        found = probe(port, timeout=1, max_size=0, asked=Asked(("chrome", "node")))
    assert found.causes == {"chrome": WORKS, "node": WORKS}
    assert found.seen.talk is not None
    assert len(found.seen.talk.greeting) <= 16


def test_a_frame_that_announces_an_exbibyte() -> None:
    announced = b"\x82\x7f" + (1 << 60).to_bytes(8, "big") + b"x"
    head = switching()
    with answering(lambda request: head(request) + announced) as port:
        found = probe(port, timeout=1, asked=Asked(("chrome",)))
    assert found.causes == {"chrome": "protocol-error"}


def test_a_server_at_the_other_family_is_found() -> None:
    """Emscripten 4.0.10 and newer connect by IPv4 alone."""
    with answering(switching(), "::1") as port:
        found = probe(port, timeout=1)
    assert found.causes == every("server-not-listening")
    assert "at ::1 something does" in found.cause("chrome").summary
    assert "listens at IPv6 alone" in found.cause("chrome").remedy


def test_two_servers_at_one_name_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    async def both(host: str, port: int, timeout: float) -> tuple[tuple[str, str], ...]:  # noqa: ASYNC109, ARG001 - as the real one
        return (("127.0.0.1", "IPv4"), ("127.0.0.2", "IPv4"))

    monkeypatch.setattr("emsockets_build.probe.steps.resolve", both)
    with answering(switching()) as port:
        found = probe(f"ws://localhost:{port}/", timeout=1, max_size=0)
    assert "127.0.0.2" in found.checks["TCP IPv4"]
    assert "others may take the first alone" in found.checks["families"]


def _seen(raws: list[bytes], talk: TalkSeen | None = None) -> Observations:
    request = Request(parse_target("ws://localhost:9000/"))
    exchanges = {}
    for place, offer in enumerate(offers_of(request)):
        raw = raws[place % len(raws)]
        answer = parse_answer(raw)
        outcome = Outcome.ANSWERED if answer is not None else Outcome.NOT_HTTP
        exchanges[offer.name] = Exchange(offer, outcome, "x", answer, raw)
    attempts = (Attempt("127.0.0.1", "IPv4", 0.0),)
    return Observations(request, attempts=attempts, exchanges=exchanges, talk=talk)


_PIECES = st.sampled_from(
    [
        b"HTTP/1.1 101 X\r\n",
        b"HTTP/1.1 400 \x1b[31m\r\n",
        b"HTTP/1.1 999\r\n",
        b"Sec-WebSocket-Protocol: \x1b]0;x\x07, {port}\r\n",
        b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n",
        b"Server: nginx/\xff\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"\r\n",
        b"\r\n\r\n{0} %s \x00\xff",
    ]
)
_ANSWERS = st.lists(_PIECES | st.binary(max_size=40), min_size=1, max_size=8).map(b"".join)
_TALKS = st.none() | st.builds(
    TalkSeen,
    opened=st.booleans(),
    echo=st.sampled_from(["", "same", "other", "text"]),
    end=st.none() | st.integers(1000, 4999),
    end_reason=st.text(max_size=20),
    early=st.booleans(),
    fault=st.text(max_size=20),
)


@settings(max_examples=60, deadline=None)
@given(raws=st.lists(_ANSWERS, min_size=1, max_size=4), talk=_TALKS)
def test_whatever_comes_is_judged_and_shown(raws: list[bytes], talk: TalkSeen | None) -> None:
    """No answer makes the rules or the report fail, and none reaches the terminal raw."""
    seen = _seen(raws, talk)
    verdicts = judge(seen, Asked(tuple(CLIENTS), threads=True, sizes=True, idle=True))
    assert len(verdicts) == len(CLIENTS)
    json.dumps(as_json(seen, verdicts))
    out = io.StringIO()
    print_report(Console(file=out, width=200), seen, verdicts)
    assert not set(out.getvalue()) & set(map(chr, [*range(9), *range(11, 32), *range(127, 160)]))
