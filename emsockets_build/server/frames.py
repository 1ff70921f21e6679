"""WebSocket frames on the wire (RFC 6455 section 5): writing them and reading them, without I/O.

The reader hands out *pieces*: a frame that lies whole in the data is one piece, a larger one comes
as it arrives, so that nothing here ever holds more than an incomplete header.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from emsockets_build.server.masking import apply_mask

__all__ = [
    "CONTROL_LIMIT",
    "FrameReader",
    "Opcode",
    "Piece",
    "ProtocolError",
    "encode_frame",
    "frame_header",
]

CONTROL_LIMIT = 125
"""Payload bytes that a control frame may carry (RFC 6455 section 5.5)."""

_LONGEST_HEADER = 14
_TWO_BYTE_LENGTH = 126
_EIGHT_BYTE_LENGTH = 127
_FIRST_CONTROL = 0x8
_RSV1 = 0x40


class Opcode(IntEnum):
    """What a frame is (RFC 6455 section 5.2)."""

    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA


_OPCODES = {int(opcode): opcode for opcode in Opcode}


class ProtocolError(Exception):
    """The peer broke the protocol.

    Args:
        code: The close code that answers it (RFC 6455 section 7.4.1).
        reason: What was wrong, in words.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Piece(NamedTuple):
    """A part of one frame's payload, unmasked.

    Attributes:
        opcode: The frame's opcode.
        fin: Whether the frame ends its message.
        payload: The bytes of this piece.
        length: The payload length that the frame's header declared.
        first: Whether this is the frame's first piece.
        last: Whether this is the frame's last piece.
    """

    opcode: Opcode
    fin: bool
    payload: bytes
    length: int
    first: bool
    last: bool


def frame_header(
    opcode: int, length: int, *, fin: bool = True, reserved: int = 0, mask: bytes = b""
) -> bytes:
    """Write a frame's header.

    Args:
        opcode: Four bits; not checked, since some callers break the rules on purpose.
        length: Payload bytes.
        fin: Whether the frame ends its message.
        reserved: The three reserved bits as a number: 4 is RSV1, 2 is RSV2, 1 is RSV3.
        mask: Four bytes for a client's frame, nothing for a server's.

    Returns:
        2 to 14 bytes.
    """
    head = (0x80 if fin else 0) | reserved << 4 | opcode
    bit = 0x80 if mask else 0
    if length < _TWO_BYTE_LENGTH:
        return bytes((head, bit | length)) + mask
    if length <= 0xFFFF:  # noqa: PLR2004 - what two bytes hold
        return bytes((head, bit | _TWO_BYTE_LENGTH)) + length.to_bytes(2, "big") + mask
    return bytes((head, bit | _EIGHT_BYTE_LENGTH)) + length.to_bytes(8, "big") + mask


def encode_frame(
    opcode: int, payload: bytes, *, fin: bool = True, reserved: int = 0, mask: bytes = b""
) -> bytes:
    """Write a whole frame; the arguments are those of `frame_header`."""
    header = frame_header(opcode, len(payload), fin=fin, reserved=reserved, mask=mask)
    return header + (apply_mask(payload, mask) if mask else payload)


class FrameReader:
    """Reads frames from a byte stream that may be cut anywhere.

    Args:
        masked: Whether the peer is a client, whose frames must all be masked; a server's must not.
        compressed: Whether permessage-deflate was agreed upon, which uses RSV1 (RFC 7692 6).
    """

    __slots__ = (
        "_allowed",
        "_fin",
        "_left",
        "_length",
        "_mask",
        "_masked",
        "_opcode",
        "_rest",
        "deflated",
    )

    def __init__(self, *, masked: bool = True, compressed: bool = False) -> None:
        self._masked = masked
        self._allowed = _RSV1 if compressed else 0
        self.deflated = False
        """Whether the frame at hand is the first of a compressed message."""
        self._rest = b""
        self._opcode = Opcode.CONTINUATION
        self._fin = True
        self._length = 0
        self._left = 0
        self._mask = b""

    @property
    def at_boundary(self) -> bool:
        """Whether everything so far was whole frames."""
        return not self._rest and not self._left

    def feed(self, data: bytes | memoryview) -> Iterator[Piece]:
        """Read on; iterate to the end, or until the connection is given up.

        Args:
            data: The next bytes of the stream; not kept after the iteration.

        Yields:
            Pieces, in order; an empty frame is one empty piece.

        Raises:
            ProtocolError: The stream is no WebSocket; pieces before the fault come first.
        """
        if self._rest:
            data = self._rest + bytes(data)
            self._rest = b""
        view = memoryview(data)
        position = 0
        end = len(view)
        while position < end:
            first = not self._left
            if first:
                size = self._read_header(view[position : position + _LONGEST_HEADER])
                if not size:
                    self._rest = bytes(view[position:])
                    return
                position += size
                self._left = self._length
                if not self._left:
                    yield Piece(self._opcode, self._fin, b"", 0, first=True, last=True)
                    continue
            count = min(self._left, end - position)
            if not count:
                # The header ended the data; its frame is announced with the first payload byte,
                # except that a length out of bounds must be refused at once.
                yield Piece(self._opcode, self._fin, b"", self._length, first=True, last=False)
                return
            yield self._take(view[position : position + count], first=first)
            position += count

    def _take(self, payload: memoryview, *, first: bool) -> Piece:
        count = len(payload)
        if self._masked:
            plain = apply_mask(payload, self._mask)
            turn = count & 3
            if turn:
                self._mask = self._mask[turn:] + self._mask[:turn]
        else:
            plain = bytes(payload)
        self._left -= count
        return Piece(self._opcode, self._fin, plain, self._length, first, not self._left)

    def _read_header(self, view: memoryview) -> int:
        """Read a header into the fields; return its size, or 0 if it is not complete yet."""
        available = len(view)
        if available >= 1:
            self._check_first_byte(view[0])
        if available < 2:  # noqa: PLR2004 - the fixed part
            return 0
        self._check_second_byte(view[1])
        length = view[1] & 0x7F
        size = 2
        if length >= _TWO_BYTE_LENGTH:
            width = 2 if length == _TWO_BYTE_LENGTH else 8
            size += width
            if available < size:
                return 0
            length = _checked_length(view[2:size])
        if self._masked:
            size += 4
            if available < size:
                return 0
            self._mask = bytes(view[size - 4 : size])
        self._length = length
        return size

    def _check_first_byte(self, byte: int) -> None:
        self.deflated = bool(byte & self._allowed)
        if byte & 0x70 & ~self._allowed:
            raise ProtocolError(1002, f"reserved bits {byte >> 4 & 7:03b} without an extension")
        opcode = _OPCODES.get(byte & 0x0F)
        if opcode is None:
            raise ProtocolError(1002, f"reserved opcode 0x{byte & 0x0F:x}")
        self._opcode = opcode
        self._fin = bool(byte & 0x80)
        if opcode >= _FIRST_CONTROL and not self._fin:
            raise ProtocolError(1002, f"fragmented {opcode.name} frame")

    def _check_second_byte(self, byte: int) -> None:
        if bool(byte & 0x80) is not self._masked:
            raise ProtocolError(1002, "frame without a mask" if self._masked else "masked frame")
        if self._opcode >= _FIRST_CONTROL and byte & 0x7F > CONTROL_LIMIT:
            raise ProtocolError(1002, f"{self._opcode.name} frame of more than 125 bytes")


def _checked_length(encoded: memoryview) -> int:
    """Read an extended length, which must use the shortest form (RFC 6455 section 5.2)."""
    length = int.from_bytes(encoded, "big")
    wide = len(encoded) != 2  # noqa: PLR2004 - the two widths are 2 and 8
    if length >> 63:
        raise ProtocolError(1002, "payload length with its highest bit set")
    if length < _TWO_BYTE_LENGTH or (wide and length <= 0xFFFF):  # noqa: PLR2004 - two bytes' worth
        raise ProtocolError(1002, f"payload length {length} not in its shortest form")
    return length
