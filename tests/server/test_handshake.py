"""The handshake as decisions on text, and as a client meets it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emsockets_build.server import TestServer
from emsockets_build.server.handshake import (
    MAX_HEAD,
    Answer,
    RefusedError,
    accept_key,
    check_upgrade,
    negotiate,
    offered_subprotocols,
    parse_request,
    split_head,
)
from tests.server.rawclient import ACCEPT, KEY, Frame, RawClient, frame, handshake


def _request(raw: bytes) -> bytes:
    return raw.removesuffix(b"\r\n\r\n")


def test_the_example_of_the_rfc() -> None:
    """Section 1.3."""
    assert accept_key(KEY) == ACCEPT
    request = parse_request(_request(handshake("/chat?x=%20y")))
    assert check_upgrade(request) == KEY
    assert (request.path, request.query) == ("/chat", "x=%20y")
    assert offered_subprotocols(request) == ("binary",)


@pytest.mark.parametrize(
    ("raw", "status", "word"),
    [
        (b"HELLO not http", 400, "request line"),
        (b"GET / HTTP/1.0\r\nHost: x", 505, "HTTP/1.1"),
        (b"GET http://x/ HTTP/1.1", 400, "not a path"),
        (b"GET /\xff HTTP/1.1", 400, "not a path"),
        (b"GET / HTTP/1.1\r\nno colon", 400, "not a header"),
        (b"GET / HTTP/1.1\r\nbad name: x", 400, "not a header"),
        (b"GET / HTTP/1.1\r\nA: x\0y", 400, "control character"),
        (b"GET / HTTP/1.1\r\nA: x\r\n folded", 400, "not a header"),
        (b"GET / HTTP/1.1" + b"\r\nA: b" * 200, 431, "200 headers"),
    ],
)
def test_what_is_no_request_is_refused(raw: bytes, status: int, word: str) -> None:
    """With a status and words that name the fault."""
    with pytest.raises(RefusedError, match=word) as refused:
        parse_request(raw)
    assert refused.value.status == status


@pytest.mark.parametrize(
    ("change", "status", "word"),
    [
        ({"Host": ""}, 400, "Host"),
        ({"Upgrade": ""}, 426, "no WebSocket"),
        ({"Upgrade": "h2c"}, 426, "no WebSocket"),
        ({"Connection": "keep-alive"}, 400, "Connection"),
        ({"Sec-WebSocket-Version": "8"}, 426, "Version"),
        ({"Sec-WebSocket-Key": ""}, 400, "Key"),
        ({"Sec-WebSocket-Key": "c2hvcnQ="}, 400, "Key"),
        ({"Sec-WebSocket-Key": "not base64 at all!!!!!=="}, 400, "Key"),
        ({"Content-Length": "5"}, 400, "body"),
        ({"Transfer-Encoding": "chunked"}, 400, "body"),
    ],
)
def test_a_faulty_handshake_is_refused(change: dict[str, str], status: int, word: str) -> None:
    """One header wrong or missing at a time (section 4.2.1)."""
    request = parse_request(_request(handshake(extra=change)))
    with pytest.raises(RefusedError, match=word) as refused:
        check_upgrade(request)
    assert refused.value.status == status


@pytest.mark.parametrize(
    "change",
    [
        {"Connection": "keep-alive, Upgrade"},
        {"Connection": "UPGRADE"},
        {"Upgrade": "WebSocket"},
        {"Content-Length": "0"},
    ],
)
def test_what_browsers_send_is_good(change: dict[str, str]) -> None:
    """Lists, and any case (Firefox sends `keep-alive, Upgrade`)."""
    assert check_upgrade(parse_request(_request(handshake(extra=change)))) == KEY


def test_header_names_of_any_case() -> None:
    """Node's own client writes them small (upstream's proxy cannot read those)."""
    raw = b"\r\n".join(
        line if line.startswith(b"GET") else line.split(b":", 1)[0].lower() + b":" + rest
        for line in _request(handshake()).split(b"\r\n")
        for rest in [line.partition(b":")[2]]
    )
    assert check_upgrade(parse_request(raw)) == KEY


@pytest.mark.parametrize(
    ("offer", "names"),
    [
        (None, ()),
        ("binary", ("binary",)),
        ("base64, binary", ("base64", "binary")),
        ("base64,binary", ("base64", "binary")),
        ("a ,\tb", ("a", "b")),
    ],
)
def test_offers_with_and_without_blanks(offer: str | None, names: tuple[str, ...]) -> None:
    """`ws` sends no blank, browsers do (websockify stumbles over it)."""
    request = parse_request(_request(handshake(subprotocols=offer)))
    assert offered_subprotocols(request) == names


@pytest.mark.parametrize("offer", [",", "a,,b", "a b", "a, a", '"quoted"'])
def test_an_offer_that_is_no_list_of_tokens_is_refused(offer: str) -> None:
    """Section 4.1, item 10: tokens, none twice."""
    request = parse_request(_request(handshake(subprotocols=offer)))
    with pytest.raises(RefusedError):
        offered_subprotocols(request)


@pytest.mark.parametrize(
    ("offered", "spoken", "selected"),
    [
        (("binary",), ("binary",), "binary"),
        (("base64", "binary"), ("binary",), "binary"),
        (("b", "a"), ("a", "b"), "b"),
        (("binary",), (), None),
        ((), (), None),
    ],
)
def test_selection(offered: tuple[str, ...], spoken: tuple[str, ...], selected: str | None) -> None:
    """The client's order decides; a server that speaks none selects none."""
    assert negotiate(offered, spoken) == Answer(subprotocol=selected)


@pytest.mark.parametrize(("offered", "said"), [((), "none"), (("chat", "x"), "only `chat`, `x`")])
def test_no_common_subprotocol(offered: tuple[str, ...], said: str) -> None:
    """The reason names both sides."""
    answer = negotiate(offered, ("binary",))
    assert answer.status == 400
    assert "`binary`" in answer.reason
    assert said in answer.reason


@given(st.binary(max_size=400))
def test_any_bytes_are_a_request_or_a_refusal(data: bytes) -> None:
    """Nothing else ever comes out."""
    status = 101
    try:
        split = split_head(data + b"\r\n\r\n")
        assert split is not None
        check_upgrade(parse_request(split[0]))
    except RefusedError as error:
        status = error.status
    assert status == 101 or 400 <= status < 600


def test_a_request_in_single_bytes_with_a_frame_behind_it() -> None:
    """However TCP cuts it, nothing is lost between head and frames."""
    with TestServer("echo") as server, RawClient(server.port) as client:
        for byte in handshake() + frame(2, b"eager"):
            client.send(bytes([byte]))
        assert client.read_head()[0] == 101
        assert client.read_frame() == Frame(2, b"eager")


@pytest.mark.parametrize(
    ("data", "status", "word"),
    [
        (b"GET / HTTP/1.1\r\nA: " + b"x" * (2 * MAX_HEAD), 431, "more than"),
        (handshake(extra={"Cookie": "x" * (2 * MAX_HEAD)}), 431, "more than"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "TLS"),
        (b"HELLO\r\n\r\n", 400, "request line"),
        (handshake("/").replace(b"GET", b"PUT"), 405, "PUT"),
    ],
    ids=["endless head", "long head", "tls", "no http", "put"],
)
def test_the_record_says_why_a_handshake_failed(data: bytes, status: int, word: str) -> None:
    """Even when no request could be made of it."""
    with TestServer("echo") as server:
        with RawClient(server.port) as client:
            client.send(data)
            assert client.read_head()[0] == status
        assert server.wait_idle(10)
        (record,) = server.connections
    assert record.status == status
    assert word in record.refusal


def test_paths_choose_behaviours_when_asked() -> None:
    """With parameters in the query; `/` has the port's own."""
    with TestServer("echo", by_path=True) as server:
        with RawClient(server.port) as client:
            assert client.open("/close?code=1011").read_close() == 1011
        with RawClient(server.port) as client:
            client.open("/")
            client.send(frame(2, b"x"))
            assert client.read_frame() == Frame(2, b"x")


@pytest.mark.parametrize(
    ("path", "status", "word"),
    [
        ("/ecko", 404, "did you mean `echo`"),
        ("/%1b[31m", 404, "names no behaviour"),
        ("/close?cod=1", 400, "did you mean"),
        ("/close?code=many", 400, "whole number"),
        ("/jitter?low=2&high=1", 400, "does not fit together"),
    ],
)
def test_a_path_that_names_nothing_is_refused(path: str, status: int, word: str) -> None:
    """A typing error must not pass for an echo."""
    with TestServer("echo", by_path=True) as server, RawClient(server.port) as client:
        client.send(handshake(path))
        assert client.read_head()[0] == status
        assert word in client.read_all().decode()


def test_one_port_one_behaviour_unless_asked() -> None:
    """A program's own path is its own affair."""
    with TestServer("echo") as server, RawClient(server.port) as client:
        client.open("/close")
        client.send(frame(2, b"x"))
        assert client.read_frame() == Frame(2, b"x")
