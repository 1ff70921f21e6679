"""Each behaviour, seen from a raw client and in the record."""

from __future__ import annotations

import time

import pytest

from emsockets_build.server import Behaviour, ConnectionRecord, TestServer
from emsockets_build.server.behaviours import BEHAVIOURS
from emsockets_build.server.behaviours.framing import GARBAGE
from tests.server.rawclient import Frame, RawClient, frame, handshake

_BINARY, _TEXT, _CLOSE, _PING, _PONG = 2, 1, 8, 9, 10


def _only(server: TestServer) -> ConnectionRecord:
    """Return the record of the one connection, when it has ended."""
    assert server.wait_idle(10)
    (record,) = server.connections
    return record


def test_echo_text_answers_in_text() -> None:
    """Bytes that are no UTF-8 are replaced, so that the frame is legal."""
    with TestServer("echo-text") as server, RawClient(server.port) as client:
        client.open()
        client.send(frame(_BINARY, b"ab\xff"))
        assert client.read_frame() == Frame(_TEXT, "ab\ufffd".encode())


def test_sink_takes_without_answering() -> None:
    """Nothing comes but the answer to the ping; bytes are counted, fragments are one message."""
    with TestServer("sink") as server:
        with RawClient(server.port) as client:
            client.open()
            client.send(frame(_BINARY, bytes(100_000), fin=False) + frame(0, bytes(10)))
            client.send(frame(_PING, b"there?"))
            assert client.read_frame() == Frame(_PONG, b"there?")
        record = _only(server)
    assert (record.messages_in, record.bytes_in, record.messages_out) == (1, 100_010, 0)
    assert record.messages[0].size == 100_010


@pytest.mark.parametrize(("total", "step"), [(1000, 300), (0, 1), (5, 5), (700_000, 65_536)])
def test_source_sends_bytes_that_count(total: int, step: int) -> None:
    """The whole is 0, 1, ... 255, 0, ... and then the close."""
    with TestServer(f"source?bytes={total}&message={step}") as server:
        with RawClient(server.port) as client:
            client.open()
            got = b""
            while (message := client.read_frame()) is not None and message.opcode == _BINARY:
                got += message.payload
            assert message is not None
            assert message.payload[:2] == (1000).to_bytes(2, "big")
            client.send(frame(_CLOSE, message.payload))
            assert client.read_frame() is None
        record = _only(server)
    assert got == bytes(place % 256 for place in range(total))
    assert record.bytes_out == total
    assert (record.close_code, record.closed_by) == (1000, "server")


def test_chat_reaches_everyone() -> None:
    """Also the sender, unless told otherwise."""
    with (
        TestServer("chat") as server,
        RawClient(server.port) as one,
        RawClient(server.port) as two,
    ):
        one.open()
        two.open()
        one.send(frame(_BINARY, b"hello"))
        assert one.read_frame() == two.read_frame() == Frame(_BINARY, b"hello")


def test_chat_keeps_rooms_apart() -> None:
    """Parameters make the room: equal behaviours hear each other, others do not."""
    with (
        TestServer("chat", by_path=True) as server,
        RawClient(server.port) as one,
        RawClient(server.port) as two,
    ):
        one.open("/chat?room=1")
        two.open("/chat?room=2")
        one.send(frame(_BINARY, b"for room 1"))
        assert one.read_frame() == Frame(_BINARY, b"for room 1")
        two.send(frame(_BINARY, b"for room 2"))
        assert two.read_frame() == Frame(_BINARY, b"for room 2")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500, 503])
def test_refuse_answers_with_the_status(status: int) -> None:
    """The body and the record give the reason."""
    with TestServer(f"refuse?status={status}&reason=go+away") as server:
        with RawClient(server.port) as client:
            client.send(handshake())
            assert client.read_head()[0] == status
            assert client.read_all() == b"go away\n"
        record = _only(server)
    assert (record.status, record.refusal, record.closed_by) == (status, "go away", "server")


@pytest.mark.parametrize(
    ("spec", "selected"),
    [("no-subprotocol", None), ("wrong-subprotocol", "wrong"), ("echo", "binary")],
)
def test_the_selected_subprotocol(spec: str, selected: str | None) -> None:
    """What the answer's header says is what the record says."""
    with TestServer(spec) as server:
        with RawClient(server.port) as client:
            client.send(handshake())
            status, headers = client.read_head()
        record = _only(server)
    assert status == 101
    assert headers.get("sec-websocket-protocol") == selected == record.subprotocol


def test_require_none_refuses_an_offer_and_takes_silence() -> None:
    """The refusal names what was offered."""
    with TestServer("require-none") as server:
        with RawClient(server.port) as client:
            client.send(handshake())
            assert client.read_head()[0] == 400
        with RawClient(server.port) as client:
            client.open(subprotocols=None)
        assert server.wait_idle(10)
        refused, taken = server.connections
    assert "`binary` was offered" in refused.refusal
    assert (taken.status, taken.subprotocol) == (101, None)


def test_raw_tcp_knows_no_http() -> None:
    """The request comes back as bytes, after the banner."""
    with TestServer("raw-tcp?banner=hi+") as server:
        with RawClient(server.port) as client:
            client.send(handshake())
            expected = b"hi " + handshake()
            assert client.read_exactly(len(expected)) == expected
        record = _only(server)
    assert (record.raw_in, record.raw_out) == (len(handshake()), len(expected))
    assert record.close_code is None


def test_raw_tcp_by_path_gets_the_whole_request() -> None:
    """The server read it to find the path; the behaviour still gets it."""
    with TestServer("echo", by_path=True) as server, RawClient(server.port) as client:
        request = handshake("/raw-tcp")
        client.send(request + b"more")
        assert client.read_exactly(len(request) + 4) == request + b"more"


def test_slow_accept_answers_late_and_loses_nothing() -> None:
    """A frame that came before the answer is treated after it."""
    with TestServer("slow-accept?delay=150ms") as server, RawClient(server.port) as client:
        start = time.monotonic()
        client.send(handshake() + frame(_BINARY, b"eager"))
        assert client.read_head()[0] == 101
        assert time.monotonic() - start >= 0.14
        assert client.read_frame() == Frame(_BINARY, b"eager")


def test_slow_read_makes_the_window_fill() -> None:
    """A client that sends more than both sockets hold cannot go on; what was sent is echoed."""
    with TestServer("slow-read?rate=100KiB") as server:
        with RawClient(server.port) as client:
            client.open()
            client._socket.settimeout(0.3)
            with pytest.raises(TimeoutError):
                client.send(frame(_BINARY, bytes(30_000_000)))
        server_saw = server.connections[0].bytes_in
    assert server_saw < 1_000_000


def test_freeze_keeps_tcp_up_and_says_nothing() -> None:
    """After its echoes it answers neither messages nor pings nor the close."""
    with TestServer("freeze?after=1") as server, RawClient(server.port) as client:
        client.open()
        client.send(frame(_BINARY, b"one"))
        assert client.read_frame() == Frame(_BINARY, b"one")
        client._socket.settimeout(0.2)
        client.send(frame(_BINARY, b"two") + frame(_PING) + frame(_CLOSE))
        with pytest.raises(TimeoutError):
            client.read_frame()
        assert server.connections[0].open
        client.reset()


def test_freeze_in_the_handshake_never_answers() -> None:
    """TCP is accepted, HTTP is not answered."""
    with TestServer("freeze?stage=handshake") as server, RawClient(server.port) as client:
        client.send(handshake())
        client._socket.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.read_head()


@pytest.mark.parametrize("spec", ["latency?delay=60ms", "jitter?low=20ms&high=60ms&seed=7"])
def test_late_echoes_keep_their_order(spec: str) -> None:
    """However late, never overtaking."""
    with TestServer(spec) as server, RawClient(server.port) as client:
        client.open()
        start = time.monotonic()
        client.send(b"".join(frame(_BINARY, bytes([number])) for number in range(20)))
        got = [client.read_frame() for _ in range(20)]
        assert time.monotonic() - start >= 0.019
    assert got == [Frame(_BINARY, bytes([number])) for number in range(20)]


def test_ping_pings_and_counts_the_pongs() -> None:
    """An unanswered third ping ends the patience of two."""
    with TestServer("ping?every=20ms&patience=2&size=3") as server:
        with RawClient(server.port) as client:
            client.open()
            first = client.read_frame()
            assert first == Frame(_PING, bytes(3))
            client.send(frame(_PONG, bytes(3)))
            assert [client.read_frame() for _ in range(2)] == [Frame(_PING, bytes(3))] * 2
            assert client.read_close() == 1011
        assert _only(server).close_code == 1011


@pytest.mark.parametrize("code", [1000, 1001, 1005, 1006, 1011, 3000, 4999, 0, 65535])
def test_close_with_any_code(code: int) -> None:
    """1005 is an empty close frame, 1006 none at all."""
    with TestServer(f"close?code={code}&reason=bye") as server:
        with RawClient(server.port) as client:
            client.open()
            assert client.read_close() == (None if code == 1006 else code)
        record = _only(server)
    assert (record.close_code, record.closed_by) == (code, "server")


def test_close_after_messages_echoes_the_last() -> None:
    """The count is of messages, not of frames."""
    with TestServer("close?after=2&code=1011") as server, RawClient(server.port) as client:
        client.open()
        client.send(frame(_BINARY, b"a", fin=False) + frame(0, b"b"))
        assert client.read_frame() == Frame(_BINARY, b"ab")
        client.send(frame(_BINARY, b"c"))
        assert client.read_frame() == Frame(_BINARY, b"c")
        assert client.read_close() == 1011


def test_close_after_bytes_in_mid_message() -> None:
    """Half of the last echo comes as a fragment that nothing continues."""
    with (
        TestServer("close?after-bytes=10&mid-message=yes") as server,
        RawClient(server.port) as client,
    ):
        client.open()
        client.send(frame(_BINARY, b"123456"))
        assert client.read_frame() == Frame(_BINARY, b"123456")
        client.send(frame(_BINARY, b"abcdef"))
        assert client.read_frame() == Frame(_BINARY, b"abc", fin=False)
        assert client.read_close() == 1000


def test_abort_resets() -> None:
    """The client gets ECONNRESET, the record says whose doing it was."""
    with TestServer("abort?after=1") as server:
        with RawClient(server.port) as client:
            client.open()
            client.send(frame(_BINARY, b"x"))
            with pytest.raises(ConnectionResetError):
                client.read_all()
        record = _only(server)
    assert (record.reset, record.closed_by, record.close_code) == (True, "server", 1006)


def test_half_close_ends_one_direction() -> None:
    """The client reads the end; what it still sends is counted."""
    with TestServer("half-close?after=1") as server:
        with RawClient(server.port) as client:
            client.open()
            client.send(frame(_BINARY, b"x"))
            assert client.read_frame() == Frame(_BINARY, b"x")
            assert client.read_frame() is None
            client.send(frame(_BINARY, b"still here"))
            client.finish()
        record = _only(server)
    assert (record.messages_in, record.bytes_in) == (2, 11)
    assert (record.closed_by, record.close_code) == ("server", 1006)


def test_max_size_refuses_as_soon_as_the_length_is_told() -> None:
    """The header alone is enough; a message of exactly the limit is echoed."""
    with TestServer("max-size?limit=10") as server:
        with RawClient(server.port) as client:
            client.open()
            client.send(frame(_BINARY, bytes(10)))
            assert client.read_frame() == Frame(_BINARY, bytes(10))
            client.send(frame(_BINARY, b"", length=11))
            assert client.read_close() == 1009
        assert "more than 10 bytes" in _only(server).fault


def test_split_cuts_every_byte_apart() -> None:
    """The bytes are the same, in segments of one byte (as far as TCP lets one see)."""
    with TestServer("split?size=1&pause=1ms") as server, RawClient(server.port) as client:
        client.open()
        client.send(frame(_BINARY, bytes(range(30))) + frame(_PING, b"p"))
        pieces = [client.read_some()]
        while sum(map(len, pieces)) < 35:
            pieces.append(client.read_some())
        assert b"".join(pieces) == b"\x82\x1e" + bytes(range(30)) + b"\x8a\x01p"
        assert len(pieces) > 10


def test_merge_joins_frames() -> None:
    """Nothing comes until the bundle is full, or its time is up."""
    with TestServer("merge?count=3&wait=100ms") as server:
        with RawClient(server.port) as client:
            client.open()
            for number in range(3):
                client.send(frame(_BINARY, bytes([number])))
            assert client.read_some() == b"\x82\x01\x00\x82\x01\x01\x82\x01\x02"
            client.send(frame(_BINARY, b"alone"))
            assert client.read_frame() == Frame(_BINARY, b"alone")
        assert _only(server).messages_out == 4


def test_fragment_sends_one_byte_frames_with_pings_between() -> None:
    """The first frame has the opcode, the others continue it, the last ends it."""
    with TestServer("fragment?size=1&pings=yes") as server, RawClient(server.port) as client:
        client.open()
        client.send(frame(_TEXT, b"abc"))
        ping = Frame(_PING, b"between")
        assert [client.read_frame() for _ in range(6)] == [
            Frame(_TEXT, b"a", fin=False), ping, Frame(0, b"b", fin=False), ping,
            Frame(0, b"c"), ping,
        ]  # fmt: skip


@pytest.mark.parametrize("size", [0, 1, 3_000_001])
def test_huge_is_one_message(size: int) -> None:
    """Counted as one, whatever its size."""
    with TestServer(f"huge?size={size}") as server:
        with RawClient(server.port) as client:
            client.open()
            assert client.read_frame() == Frame(
                _BINARY, (bytes(range(256)) * (size // 256 + 1))[:size]
            )
        record = _only(server)
    assert (record.messages_out, record.bytes_out) == (1, size)


@pytest.mark.parametrize("kind", GARBAGE)
def test_garbage_reaches_the_client_as_it_is(kind: str) -> None:
    """Exactly these bytes, after the echoes."""
    with TestServer(f"garbage?kind={kind}&after=1") as server:
        with RawClient(server.port) as client:
            client.open()
            client.send(frame(_BINARY, b"x"))
            expected = b"\x82\x01x" + GARBAGE[kind]()
            assert client.read_exactly(len(expected)) == expected
        assert any(event.kind == "note" for event in _only(server).events)


def test_datagram_understands_the_port_message_once() -> None:
    """The first is stripped, a second is data; empty datagrams are not echoed."""
    told = b"\xff\xff\xff\xffport\x12\x34"
    with TestServer("datagram") as server:
        with RawClient(server.port) as client:
            client.open()
            client.send(frame(_BINARY, told) + frame(_BINARY) + frame(_BINARY, told))
            assert client.read_frame() == Frame(_BINARY, told)
        record = _only(server)
    notes = [event.to_json()["text"] for event in record.events if event.kind == "note"]
    assert notes[0] == "the datagram socket is bound to port 4660"
    assert record.messages_out == 1


def test_every_behaviour_stands_alone_in_the_table() -> None:
    """Names are unique and each says what it does."""
    assert len({kind.summary for kind in BEHAVIOURS.values()}) == len(BEHAVIOURS)
    for name, kind in BEHAVIOURS.items():
        assert issubclass(kind, Behaviour)
        assert kind.name == name
        assert kind.__doc__


def test_a_behaviour_value_serves_as_well_as_its_name() -> None:
    """The object with its parameters, for code that has it."""
    with TestServer(BEHAVIOURS["echo"]()) as server, RawClient(server.port) as client:
        client.open()
        client.send(frame(_BINARY, b"x"))
        assert client.read_frame() == Frame(_BINARY, b"x")
