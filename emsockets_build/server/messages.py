"""Messages made of frames (RFC 6455 sections 5.4 and 5.5): fragments, UTF-8, limits; no I/O."""

from __future__ import annotations

import codecs

from emsockets_build.server.frames import Opcode, Piece, ProtocolError

__all__ = ["DEFAULT_MAX_MESSAGE", "MessageAssembler"]

DEFAULT_MAX_MESSAGE = 64 * 1024 * 1024

_FIRST_CONTROL = Opcode.CLOSE


class MessageAssembler:
    """Puts pieces together to messages and control frames, and refuses what breaks the rules.

    Text is decoded as it comes, so that bad UTF-8 is refused at its first wrong byte
    (RFC 6455 section 8.1).

    Args:
        max_message: Bytes that one message may have; more is refused as soon as it is announced.
        keep: Whether messages are put together; else they are checked and counted only, and
            `push` gives their last piece's bytes.
    """

    __slots__ = (
        "_control",
        "_decoder",
        "_keep",
        "_kind",
        "_max",
        "_parts",
        "_size",
        "held",
        "size",
    )

    def __init__(self, max_message: int = DEFAULT_MAX_MESSAGE, *, keep: bool = True) -> None:
        self._max = max_message
        self._keep = keep
        self.size = 0
        """Bytes of the message that `push` completed last."""
        self.held = 0
        """Bytes of an unfinished message that are kept."""
        self._kind = Opcode.CONTINUATION  # that is: no message has begun
        self._parts: list[bytes] = []
        self._size = 0
        self._control = b""
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def push(self, piece: Piece) -> tuple[Opcode, bytes] | None:
        """Take the next piece.

        Args:
            piece: From `FrameReader.feed`.

        Returns:
            The opcode and payload of a message or control frame that is complete now.

        Raises:
            ProtocolError: 1002 for fragments out of order, 1007 for text that is not UTF-8, 1009
                for a message over the limit.
        """
        opcode = piece.opcode
        if opcode >= _FIRST_CONTROL:
            return self._push_control(piece)
        if piece.first:
            self._begin_frame(opcode, piece.length)
        whole = piece.last and piece.fin
        if self._kind is Opcode.TEXT:
            self._check_text(piece.payload, final=whole)
        if not whole:
            if self._keep:
                self._parts.append(piece.payload)
                self.held += len(piece.payload)
            return None
        kind = self._kind
        payload = piece.payload
        if self._parts:
            self._parts.append(payload)
            payload = b"".join(self._parts)
            self._parts.clear()
            self.held = 0
        self._kind = Opcode.CONTINUATION
        self.size, self._size = self._size, 0
        return kind, payload

    def _begin_frame(self, opcode: Opcode, length: int) -> None:
        if opcode is Opcode.CONTINUATION:
            if self._kind is Opcode.CONTINUATION:
                raise ProtocolError(1002, "continuation frame without a message to continue")
        elif self._kind is not Opcode.CONTINUATION:
            raise ProtocolError(1002, f"{opcode.name} frame inside a fragmented message")
        else:
            self._kind = opcode
        self._size += length
        if self._size > self._max:
            raise ProtocolError(1009, f"message of more than {self._max} bytes")

    def _push_control(self, piece: Piece) -> tuple[Opcode, bytes] | None:
        self._control += piece.payload
        if not piece.last:
            return None
        payload, self._control = self._control, b""
        return piece.opcode, payload

    def _check_text(self, payload: bytes, *, final: bool) -> None:
        try:
            self._decoder.decode(payload, final)
        except UnicodeDecodeError as error:
            raise ProtocolError(1007, "text that is not UTF-8") from error
        # Python waits for the third byte before it refuses a surrogate; two are enough to know.
        pending = self._decoder.getstate()[0]
        if pending[:1] == b"\xed" and pending[1:2] >= b"\xa0":
            raise ProtocolError(1007, "text with a surrogate, which is not UTF-8")
