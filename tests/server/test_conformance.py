"""RFC 6455 as the echo must keep it, case by case: our own suite.

The cases follow the sections of the RFC and the list of things that the Autobahn test suite tries:
framing, pings and pongs, reserved bits, opcodes, fragmentation, UTF-8, the close handshake, limits.
(That suite itself needs Python 2.7; benchmarks/autobahn.py runs it.)
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emsockets_build.server import TestServer
from tests.server.rawclient import Frame, RawClient, frame

_CONT, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0, 1, 2, 8, 9, 10
_LENGTHS = [0, 1, 125, 126, 127, 128, 65535, 65536, 65537, 1 << 20]
_CHOPS = [1, 997, 1 << 16]


@pytest.fixture(scope="module")
def server() -> Iterator[TestServer]:
    """One echo for all cases: none of them may disturb another."""
    with TestServer("echo") as running:
        yield running
        assert all(record.fault == "" or record.close_code for record in running.connections)


@pytest.fixture
def client(server: TestServer) -> Iterator[RawClient]:
    """An open connection."""
    with RawClient(server.port) as opened:
        yield opened.open()


def _close_code(client: RawClient) -> int | None:
    """Return the server's close code; after it TCP must end."""
    code = client.read_close()
    if code is not None:
        client.send(frame(_CLOSE, code.to_bytes(2, "big") if code != 1005 else b""))
    assert client.read_frame() is None
    return code


def _still_works(client: RawClient) -> None:
    client.send(frame(_BINARY, b"still there?"))
    assert client.read_frame() == Frame(_BINARY, b"still there?")


# -- framing (5.2) and limits -------------------------------------------------------------------


@pytest.mark.parametrize("opcode", [_TEXT, _BINARY])
@pytest.mark.parametrize("length", _LENGTHS)
def test_messages_of_every_header_size(client: RawClient, opcode: int, length: int) -> None:
    """7, 16 and 64 bits of length, at and around their limits."""
    client.send(frame(opcode, b"*" * length))
    assert client.read_message() == Frame(opcode, b"*" * length)


@pytest.mark.parametrize("chop", _CHOPS)
@pytest.mark.parametrize("length", [0, 5, 126, 3000, 65536])
def test_messages_in_chops(client: RawClient, length: int, chop: int) -> None:
    """However TCP cuts the bytes, down to one by one."""
    data = frame(_BINARY, bytes(place % 251 for place in range(length)))
    for start in range(0, len(data), max(chop, len(data) // 2000)):
        client.send(data[start : start + max(chop, len(data) // 2000)])
    assert client.read_message() == Frame(_BINARY, bytes(place % 251 for place in range(length)))


def test_many_frames_in_one_segment(client: RawClient) -> None:
    """All are answered, in order."""
    client.send(b"".join(frame(_BINARY, bytes([number])) for number in range(256)))
    assert [client.read_frame() for _ in range(256)] == [
        Frame(_BINARY, bytes([number])) for number in range(256)
    ]


@pytest.mark.parametrize("mask", [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\x01\x02\x03"])
def test_any_mask(client: RawClient, mask: bytes) -> None:
    """Also zero, which changes nothing."""
    body = bytes(b"payload"[place] ^ mask[place % 4] for place in range(7))
    client.send(b"\x82\x87" + mask + body)
    assert client.read_frame() == Frame(_BINARY, b"payload")


def test_a_frame_without_mask_is_refused(client: RawClient) -> None:
    """Section 5.1: a server must close."""
    client.send(frame(_BINARY, b"bare", masked=False))
    assert _close_code(client) == 1002


@pytest.mark.parametrize(
    ("length", "width"), [(5, 2), (125, 2), (0, 2), (5, 8), (126, 8), (65535, 8), (1 << 63, 8)]
)
def test_a_length_not_in_its_shortest_form_is_refused(
    client: RawClient, length: int, width: int
) -> None:
    """Section 5.2: the minimal number of bytes must be used; the highest bit is 0."""
    client.send(frame(_BINARY, b"", length=length, width=width))
    assert _close_code(client) == 1002


def test_a_length_over_the_limit_is_refused_before_the_payload(client: RawClient) -> None:
    """1009 as soon as the header is there."""
    client.send(frame(_BINARY, b"", length=1 << 40))
    assert _close_code(client) == 1009


def test_fragments_over_the_limit_are_refused() -> None:
    """The limit is on the message."""
    with TestServer("max-size?limit=100") as small, RawClient(small.port) as client:
        client.open()
        client.send(frame(_BINARY, bytes(60), fin=False) + frame(_CONT, bytes(60)))
        assert _close_code(client) == 1009


# -- pings and pongs (5.5.2, 5.5.3) -----------------------------------------------------------


@pytest.mark.parametrize("payload", [b"", b"hello", bytes(range(125)), b"\0\xff\xfe\xfd"])
def test_a_ping_is_answered_with_its_payload(client: RawClient, payload: bytes) -> None:
    """Up to 125 bytes, of any value."""
    client.send(frame(_PING, payload))
    assert client.read_frame() == Frame(_PONG, payload)


def test_many_pings_are_answered_in_order(client: RawClient) -> None:
    """Ten at once, and ten in chops of one byte."""
    pings = [frame(_PING, f"ping {number}".encode()) for number in range(10)]
    client.send(b"".join(pings))
    for byte in b"".join(pings):
        client.send(bytes([byte]))
    assert [client.read_frame() for _ in range(20)] == [
        Frame(_PONG, f"ping {number}".encode()) for number in range(10)
    ] * 2


@pytest.mark.parametrize("payload", [b"", b"unasked", bytes(125)])
def test_a_pong_nobody_asked_for_is_ignored(client: RawClient, payload: bytes) -> None:
    """Section 5.5.3: a heartbeat in one direction."""
    client.send(frame(_PONG, payload) + frame(_PING, b"and now"))
    assert client.read_frame() == Frame(_PONG, b"and now")


@pytest.mark.parametrize("opcode", [_PING, _PONG, _CLOSE])
@pytest.mark.parametrize("length", [126, 127, 65536])
def test_a_long_control_frame_is_refused(client: RawClient, opcode: int, length: int) -> None:
    """Section 5.5: 125 bytes at most."""
    client.send(frame(opcode, bytes(length)))
    assert _close_code(client) == 1002


@pytest.mark.parametrize("opcode", [_PING, _PONG, _CLOSE])
def test_a_fragmented_control_frame_is_refused(client: RawClient, opcode: int) -> None:
    """Section 5.5: never fragmented."""
    client.send(frame(opcode, b"", fin=False))
    assert _close_code(client) == 1002


# -- reserved bits and opcodes (5.2) ------------------------------------------------------------


@pytest.mark.parametrize("opcode", [_TEXT, _BINARY, _PING, _PONG, _CLOSE])
@pytest.mark.parametrize("reserved", range(1, 8))
def test_reserved_bits_are_refused(client: RawClient, reserved: int, opcode: int) -> None:
    """No extension was negotiated; a compressed message is one of these."""
    client.send(frame(opcode, b"", reserved=reserved))
    assert _close_code(client) == 1002


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
@pytest.mark.parametrize("payload", [b"", b"payload"])
def test_reserved_opcodes_are_refused(client: RawClient, opcode: int, payload: bytes) -> None:
    """For data and for control frames."""
    client.send(frame(opcode, payload))
    assert _close_code(client) == 1002


@pytest.mark.parametrize("bad", [frame(5, b"x"), frame(_TEXT, b"x", reserved=4)])
def test_what_came_before_the_fault_is_still_answered(client: RawClient, bad: bytes) -> None:
    """An echo in the same segment, then the close; nothing after it."""
    client.send(frame(_TEXT, b"good") + bad + frame(_PING))
    assert client.read_frame() == Frame(_TEXT, b"good")
    assert client.read_close() == 1002
    assert client.read_frame() is None


# -- fragmentation (5.4) ----------------------------------------------------------------------


@pytest.mark.parametrize("opcode", [_TEXT, _BINARY])
@pytest.mark.parametrize("parts", [(b"a", b"b"), (b"", b"b"), (b"a", b""), (b"", b""), (b"",) * 9])
def test_fragments_become_one_message(
    client: RawClient, opcode: int, parts: tuple[bytes, ...]
) -> None:
    """Empty fragments too."""
    first, *middle, last = parts
    client.send(frame(opcode, first, fin=False))
    for part in middle:
        client.send(frame(_CONT, part, fin=False))
    client.send(frame(_CONT, last))
    assert client.read_message() == Frame(opcode, b"".join(parts))


@pytest.mark.parametrize("size", [1, 64, 256, 4096])
def test_a_megabyte_in_fragments(client: RawClient, size: int) -> None:
    """Few large ones and many small ones."""
    total = min(1 << 20, size * 4096)
    data = bytes(place % 253 for place in range(total))
    parts = [data[start : start + size] for start in range(0, total, size)]
    wire = [frame(_BINARY if not place else _CONT, part, fin=place == len(parts) - 1)
            for place, part in enumerate(parts)]  # fmt: skip
    client.send(b"".join(wire))
    assert client.read_message() == Frame(_BINARY, data)


def test_control_frames_between_fragments(client: RawClient) -> None:
    """A ping is answered before the message is complete."""
    client.send(frame(_TEXT, b"one", fin=False) + frame(_PING, b"now"))
    assert client.read_frame() == Frame(_PONG, b"now")
    client.send(frame(_PONG, b"x") + frame(_CONT, b"two"))
    assert client.read_message() == Frame(_TEXT, b"onetwo")


@pytest.mark.parametrize("fin", [True, False])
def test_a_continuation_of_nothing_is_refused(client: RawClient, *, fin: bool) -> None:
    """At the start, and after a message that was complete."""
    client.send(frame(_TEXT, b"whole") + frame(_CONT, b"more", fin=fin))
    assert client.read_frame() == Frame(_TEXT, b"whole")
    assert _close_code(client) == 1002


@pytest.mark.parametrize("opcode", [_TEXT, _BINARY])
@pytest.mark.parametrize("fin", [True, False])
def test_a_new_message_inside_a_message_is_refused(
    client: RawClient, opcode: int, *, fin: bool
) -> None:
    """Section 5.4: fragments of two messages do not mix."""
    client.send(frame(_TEXT, b"first", fin=False) + frame(opcode, b"second", fin=fin))
    assert _close_code(client) == 1002


def test_a_close_inside_a_message_is_obeyed(client: RawClient) -> None:
    """The message is lost, the handshake is not."""
    client.send(frame(_TEXT, b"unfinished", fin=False) + frame(_CLOSE, b"\x03\xe8"))
    assert client.read_close() == 1000
    assert client.read_frame() is None


# -- UTF-8 (8.1) ------------------------------------------------------------------------------

_VALID = [
    "Hello-µ@ßöäüàá-UTF-8!!".encode(), "κόσμε".encode(), b"\x00", b"\x7f", b"\xc2\x80",
    b"\xdf\xbf", b"\xe0\xa0\x80", b"\xed\x9f\xbf", b"\xee\x80\x80", b"\xef\xbf\xbd",
    b"\xef\xbf\xbe", b"\xef\xbf\xbf", b"\xf0\x90\x80\x80", b"\xf4\x8f\xbf\xbf",
    b"\xf0\x9f\xbf\xbe", b"\xf3\xbf\xbf\xbf",
]  # fmt: skip
_INVALID = [
    b"\x80", b"\xbf", b"\x80\xbf\x80", b"\xc0\xaf", b"\xc1\xbf", b"\xe0\x80\xaf", b"\xe0\x9f\xbf",
    b"\xf0\x80\x80\xaf", b"\xf0\x8f\xbf\xbf", b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80",
    b"\xfe", b"\xff", b"\xfe\xfe\xff\xff", b"\xed\xa0\x80", b"\xed\xbf\xbf",
    b"\xed\xa0\x80\xed\xb0\x80", b"\xf4\x90\x80\x80", b"\xf7\xbf\xbf\xbf", b"\xc3\x28",
    b"\xe2\x28\xa1", b"\xe2\x82\x28", b"\xf0\x28\x8c\xbc", b"\xf0\x90\x28\xbc", b"\xc2",
    b"\xe0\xa0", b"\xf0\x90\x80", "κόσμε".encode() + b"\xed\xa0\x80edited",
]  # fmt: skip


@pytest.mark.parametrize("text", _VALID, ids=repr)
def test_valid_text_is_echoed_however_it_is_cut(client: RawClient, text: bytes) -> None:
    """Whole, and with a fragment for each byte."""
    client.send(frame(_TEXT, text))
    assert client.read_message() == Frame(_TEXT, text)
    pieces = [frame(_TEXT if not place else _CONT, text[place : place + 1], fin=False)
              for place in range(len(text))]  # fmt: skip
    client.send(b"".join(pieces) + frame(_CONT))
    assert client.read_message() == Frame(_TEXT, text)


@pytest.mark.parametrize("text", _INVALID, ids=repr)
@pytest.mark.parametrize("cut", [False, True])
def test_invalid_text_is_refused(client: RawClient, text: bytes, *, cut: bool) -> None:
    """1007, whole or in fragments of one byte."""
    if cut:
        pieces = [frame(_TEXT if not place else _CONT, text[place : place + 1], fin=False)
                  for place in range(len(text))]  # fmt: skip
        client.send(b"".join(pieces) + frame(_CONT))
    else:
        client.send(frame(_TEXT, text))
    assert _close_code(client) == 1007


@pytest.mark.parametrize("text", [b"good then \xf4\x90", b"\xed\xa0", b"\xff"])
def test_invalid_text_is_refused_at_its_first_wrong_byte(client: RawClient, text: bytes) -> None:
    """In the middle of a message, and in the middle of a frame: the rest need not come."""
    client.send(frame(_TEXT, text, fin=False))
    assert _close_code(client) == 1007


def test_invalid_text_is_refused_inside_an_unfinished_frame(client: RawClient) -> None:
    """The header announces more than is ever sent."""
    client.send(frame(_TEXT, b"good, then bad \xff", length=1000))
    assert _close_code(client) == 1007


@pytest.mark.parametrize("data", _INVALID, ids=repr)
def test_binary_is_no_text(client: RawClient, data: bytes) -> None:
    """Any byte is good there."""
    client.send(frame(_BINARY, data))
    assert client.read_message() == Frame(_BINARY, data)


# -- the close handshake (5.5.1, 7) -------------------------------------------------------------


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012,
                                  1013, 1014, 3000, 3999, 4000, 4999])  # fmt: skip
def test_a_close_code_is_echoed(client: RawClient, code: int) -> None:
    """Then the server ends TCP first (7.1.1)."""
    client.send(frame(_CLOSE, code.to_bytes(2, "big") + b"reason"))
    assert client.read_close() == code
    assert client.read_frame() is None


@pytest.mark.parametrize("code", [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999,
                                  5000, 65535])  # fmt: skip
def test_a_code_that_nobody_may_send_is_refused(client: RawClient, code: int) -> None:
    """Section 7.4."""
    client.send(frame(_CLOSE, code.to_bytes(2, "big")))
    assert _close_code(client) == 1002


def test_an_empty_close_is_answered_with_an_empty_one(client: RawClient) -> None:
    """1005 in the record, nothing on the wire."""
    client.send(frame(_CLOSE))
    assert client.read_frame() == Frame(_CLOSE, b"")
    assert client.read_frame() is None


def test_a_close_of_one_byte_is_refused(client: RawClient) -> None:
    """A code has two."""
    client.send(frame(_CLOSE, b"\x03"))
    assert _close_code(client) == 1002


@pytest.mark.parametrize("reason", [b"", b"ok", "é".encode() * 61, b"x" * 123])
def test_a_reason_of_up_to_123_bytes(client: RawClient, reason: bytes) -> None:
    """Comes back with the code."""
    client.send(frame(_CLOSE, b"\x03\xe8" + reason))
    assert client.read_frame() == Frame(_CLOSE, b"\x03\xe8" + reason)


def test_a_reason_that_is_no_text_is_refused(client: RawClient) -> None:
    """1007."""
    client.send(frame(_CLOSE, b"\x03\xe8\xff\xff"))
    assert _close_code(client) == 1007


@pytest.mark.parametrize("after", [frame(_TEXT, b"late"), frame(_PING, b"late"), frame(_CLOSE)])
def test_nothing_after_the_close_is_answered(client: RawClient, after: bytes) -> None:
    """Sent in the same segment, so that the server surely reads it."""
    client.send(frame(_CLOSE, b"\x03\xe8") + after)
    assert client.read_close() == 1000
    assert client.read_frame() is None


def test_messages_before_the_close_are_answered(client: RawClient) -> None:
    """In order, a large one too."""
    client.send(frame(_BINARY, bytes(300_000)) + frame(_CLOSE, b"\x03\xe8"))
    assert client.read_message() == Frame(_BINARY, bytes(300_000))
    assert client.read_close() == 1000


def test_the_server_survived_all_that(client: RawClient) -> None:
    """After every case above, in the same server."""
    _still_works(client)
