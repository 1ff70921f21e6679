"""What passes between a client and a server of somebody else's, read along the way: no I/O.

Nothing is refused here and nothing is changed: what cannot be read is noted, and counted as bytes.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

from emsockets_build.server.closing import parse_close_payload
from emsockets_build.server.events import Side
from emsockets_build.server.frames import FrameReader, Opcode, Piece, ProtocolError
from emsockets_build.server.handshake import (
    MAX_HEAD,
    SWITCHING_PROTOCOLS,
    Answer,
    RefusedError,
    Request,
    offered_subprotocols,
    parse_request,
    split_head,
)
from emsockets_build.server.recorder import Recorder

__all__ = ["Overheard"]

_KEPT = 4096  # bytes of a frame's payload
_INFLATED_AT_ONCE = 1 << 20
_TAIL = b"\0\0\xff\xff"  # what permessage-deflate leaves out of each message (RFC 7692 7.2.1)
_LONGEST_REASON = 200


class Overheard:
    """One connection, as it is understood so far.

    Args:
        recorder: Gets the record.
        plain: Whether the connection speaks no WebSocket, so that all is bytes.
        name: What the record calls the server.
    """

    def __init__(self, recorder: Recorder, *, plain: bool, name: str) -> None:
        self._recorder = recorder
        self._name = name
        recorder.behaviour = name
        self._request: Request | None = None
        self._offered: tuple[str, ...] = ()
        self._heads = {"client": b"", "server": b""}
        self._plain = plain
        self._client: _Direction | None = None
        self._server: _Direction | None = None

    def from_client(self, data: bytes) -> None:
        """Take bytes that go from the client to the server."""
        if self._plain:
            self._recorder.raw("client", data)
        elif self._client is not None:
            self._client.feed(data)
        else:
            self._heads["client"] += data
            if self._request is None:
                self._read_request()

    def from_server(self, data: bytes) -> None:
        """Take bytes that go from the server to the client."""
        if self._plain:
            self._recorder.raw("server", data)
        elif self._server is not None:
            self._server.feed(data)
        else:
            self._heads["server"] += data
            self._read_answer()

    def ended(self) -> None:
        """Count what came and was never understood."""
        self._give_up()

    def _read_request(self) -> None:
        try:
            split = split_head(self._heads["client"])
            if split is None:
                return
            head, rest = split
            request = parse_request(head)
        except RefusedError as error:
            self._recorder.noted(f"the client speaks no HTTP: {error.reason}")
            self._give_up()
            return
        self._request = request
        self._heads["client"] = rest
        self._recorder.requested(request, self._name)
        try:
            self._offered = offered_subprotocols(request)
        except RefusedError as error:
            self._recorder.noted(error.reason)

    def _read_answer(self) -> None:
        head, end, rest = self._heads["server"].partition(b"\r\n\r\n")
        if not end and len(head) <= MAX_HEAD and b"HTTP/".startswith(head[:5]):
            return
        status = _status(head) if end else None
        if status is None or self._request is None:
            shown = head[:80].decode("latin-1")
            self._recorder.noted(f"the server's answer is no HTTP: {shown!r}")
            self._give_up()
            return
        headers = _headers(head)
        selected = headers.get("sec-websocket-protocol")
        open_ = status == SWITCHING_PROTOCOLS
        reason = "" if open_ else _reason(head, rest)
        self._recorder.answered(Answer(status, selected, reason=reason), self._offered)
        if not open_:
            self._plain = True
            self._heads = {"client": b"", "server": b""}
            return
        extensions = headers.get("sec-websocket-extensions", "")
        if extensions:
            self._recorder.noted(f"the server accepts extensions: {extensions}")
        self._client = _Direction(self._recorder, "client", extensions)
        self._server = _Direction(self._recorder, "server", extensions)
        early = self._heads["client"]
        if early:
            self._client.feed(early)
        if rest:
            self._server.feed(rest)

    def _give_up(self) -> None:
        """Take everything for bytes from here on."""
        if self._client is not None or self._plain:
            return
        self._plain = True
        if self._heads["client"]:
            self._recorder.raw("client", self._heads["client"])
        if self._heads["server"]:
            self._recorder.raw("server", self._heads["server"])


class _Direction:
    """One side's frames."""

    def __init__(self, recorder: Recorder, side: Side, extensions: str) -> None:
        self._recorder = recorder
        self._side = side
        self._from_client = side == "client"
        self._reader = FrameReader(masked=self._from_client, compressed="deflate" in extensions)
        fresh = f"{side}_no_context_takeover" in extensions
        self._inflater = _Inflater(fresh=fresh) if "deflate" in extensions else None
        self._head = b""
        self._size = 0
        self._message = 0
        self._kind = Opcode.CONTINUATION
        self._understood = True
        self._inflating = False

    def feed(self, data: bytes) -> None:
        """Read on."""
        if not self._understood:
            self._recorder.raw(self._side, data)
            return
        try:
            for piece in self._reader.feed(data):
                self._take(piece)
        except (ProtocolError, zlib.error) as error:
            self._understood = False
            self._recorder.faulty(getattr(error, "code", 1002), f"from the {self._side}: {error}")

    def _take(self, piece: Piece) -> None:
        if piece.first:
            self._head, self._size = b"", 0
            if piece.opcode in {Opcode.TEXT, Opcode.BINARY}:
                self._kind, self._message = piece.opcode, 0
                self._inflating = self._reader.deflated
        data = piece.opcode <= Opcode.BINARY
        if data and self._inflating and self._inflater is not None:
            self._inflater.inflate(piece.payload, self._keep)
            if piece.last and piece.fin:
                self._inflater.end(self._keep)
        else:
            self._keep(piece.payload)
        if not piece.last:
            return
        size = self._size
        self._recorder.frame(self._side, piece.opcode, self._head, size, fin=piece.fin)
        if data:
            self._message += size
            if piece.fin and self._from_client:
                self._recorder.message(self._kind, self._head, self._message)
        elif piece.opcode is Opcode.CLOSE:
            self._recorder.closing(self._side, *_close(self._head))

    def _keep(self, payload: bytes) -> None:
        self._size += len(payload)
        if len(self._head) < _KEPT:
            self._head += payload[: _KEPT - len(self._head)]


class _Inflater:
    """Undoes permessage-deflate (RFC 7692 section 7.2.2), a bounded piece at a time."""

    def __init__(self, *, fresh: bool) -> None:
        self._fresh = fresh
        self._stream = zlib.decompressobj(-zlib.MAX_WBITS)

    def inflate(self, data: bytes, take: Callable[[bytes], None]) -> None:
        take(self._stream.decompress(data, _INFLATED_AT_ONCE))
        while self._stream.unconsumed_tail:
            take(self._stream.decompress(self._stream.unconsumed_tail, _INFLATED_AT_ONCE))

    def end(self, take: Callable[[bytes], None]) -> None:
        self.inflate(_TAIL, take)
        if self._fresh:
            self._stream = zlib.decompressobj(-zlib.MAX_WBITS)


def _close(payload: bytes) -> tuple[int, str]:
    try:
        return parse_close_payload(payload)
    except ProtocolError:
        # A code that nobody may send is still the code that was sent.
        return int.from_bytes(payload[:2], "big"), ""


def _status(head: bytes) -> int | None:
    words = head.split(b"\r\n", 1)[0].split(b" ", 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():  # noqa: PLR2004 - version and status
        return None
    return int(words[1])


def _headers(head: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in head.decode("latin-1").split("\r\n")[1:]:
        name, _, value = line.partition(":")
        key = name.strip().lower()
        headers[key] = f"{headers[key]}, {value.strip()}" if key in headers else value.strip()
    return headers


def _reason(head: bytes, body: bytes) -> str:
    """Say what a refusal says: its status line, and the beginning of its body if that is there."""
    line = head.split(b"\r\n", 1)[0].partition(b" ")[2]
    text = body[:_LONGEST_REASON].decode("utf-8", "replace").strip().splitlines()
    words = line.decode("latin-1")
    return f"{words}: {text[0]}" if text else words
