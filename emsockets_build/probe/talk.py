"""The open connection: what the server does with frames, sizes, pings, closing and silence."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import os
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Self

from emsockets_build.probe.answer import parse_answer
from emsockets_build.probe.model import SizeSeen, TalkSeen
from emsockets_build.probe.offers import Offer, encode
from emsockets_build.probe.wire import MAX_HEAD, Line, connection
from emsockets_build.server.closing import ABNORMAL, close_payload, parse_close_payload
from emsockets_build.server.frames import FrameReader, Opcode, ProtocolError, encode_frame
from emsockets_build.server.messages import MessageAssembler

__all__ = ["ask_proxy", "find_sizes", "measure_idle", "talk"]

_MESSAGE = b"emsockets \x00\xff\x80\n"
_PING = b"emsockets"
_GREETING_SECONDS = 0.15
_AFTER_PONG_SECONDS = 0.4
_PATIENCE_SECONDS = 2.0
_SMALLEST = 1024
_MAX_GREETINGS = 16
_GOOD_ORDER = {1000, 1001, 1005}
_SWITCHING = 101
_CHUNK = 32 * 1024  # bytes of tiny frames that are read without a look at the clock
_MAX_HELD = 64 * 1024 * 1024
_KINDS = {Opcode.TEXT: "text", Opcode.BINARY: "binary"}
# call 1: socket(AF_INET, SOCK_STREAM, IPPROTO_TCP), as websocket_to_posix_socket.c writes it
_PROXY_CALL = b"".join(word.to_bytes(4, "little") for word in (1, 1, 2, 1, 6))
_PROXY_REPLY = 12


@dataclass(frozen=True, slots=True)
class _End:
    """How the server ended the connection."""

    code: int
    reason: str = ""
    reset: bool = False
    fault: str = ""


class _Conversation:
    """An open WebSocket, from the client's side."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._frames = FrameReader(masked=False)
        self._messages = MessageAssembler(_MAX_HELD)
        self._ready: deque[tuple[Opcode, bytes] | _End] = deque()
        self.end: _End | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, line: Line, offer: Offer) -> AsyncIterator[Self | None]:
        """Connect and shake hands; None if that fails now, though it went well before."""
        key = base64.b64encode(os.urandom(16)).decode()
        async with contextlib.AsyncExitStack() as stack:
            try:
                reader, writer = await stack.enter_async_context(connection(line))
                writer.write(encode(offer, line.target, key, extensions=False))
                data = b""
                async with asyncio.timeout(line.timeout):
                    while parse_answer(data) is None and len(data) < MAX_HEAD:
                        chunk = await reader.read(_CHUNK)
                        if not chunk:
                            break
                        data += chunk
            except OSError:
                data = b""
            answer = parse_answer(data)
            if answer is None or answer.status != _SWITCHING:
                yield None
                return
            one = cls(reader, writer)
            one._feed(answer.body)
            yield one

    def _feed(self, data: bytes) -> None:
        try:
            for piece in self._frames.feed(data):
                whole = self._messages.push(piece)
                if whole is None:
                    continue
                if whole[0] is Opcode.CLOSE:
                    self._ready.append(_End(*parse_close_payload(whole[1])))
                    return
                if whole[0] is Opcode.PING:
                    self.send(Opcode.PONG, whole[1])
                self._ready.append(whole)
        except ProtocolError as error:
            self._ready.append(_End(ABNORMAL, fault=error.reason))

    def send(self, opcode: Opcode, payload: bytes) -> None:
        """Queue a frame."""
        if not self._writer.is_closing():
            self._writer.write(encode_frame(opcode, payload, mask=os.urandom(4)))

    async def next(self, seconds: float) -> tuple[Opcode, bytes] | _End | None:
        """Wait for the next message, control frame or end; None if nothing came in time.

        asyncio sends what is queued while this reads, so that no two full buffers wait for each
        other.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        while not self._ready:
            if self.end is not None:
                return self.end
            try:
                async with asyncio.timeout_at(deadline):
                    data = await self._reader.read(_CHUNK)
            except TimeoutError:
                return None
            except OSError:
                self._ready.append(_End(ABNORMAL, reset=True))
                break
            if data:
                self._feed(data)
            else:
                self._ready.append(_End(ABNORMAL))
        came = self._ready.popleft()
        if isinstance(came, _End):
            self.end = came
        return came


async def talk(line: Line, offer: Offer) -> TalkSeen:
    """Say a little and see what comes back.

    Args:
        line: The way to the server.
        offer: A handshake that opened a connection before.
    """
    async with _Conversation.open(line, offer) as one:
        if one is None:
            return TalkSeen()
        notes = _Notes()
        await _listen(one, notes, _GREETING_SECONDS)
        # A server that says all it has to say and then closes in good order does its work.
        served = bool(notes.greeting) and one.end is not None and one.end.code in _GOOD_ORDER
        early = one.end is not None and not served
        if one.end is None:
            await _say(one, notes, min(line.timeout, _PATIENCE_SECONDS))
        ended = one.end
        closed_well = None
        if ended is None:
            closed_well = await _close(one, notes, min(line.timeout, _PATIENCE_SECONDS))
        # After our close frame only broken frames say something about the server.
        end = ended or (one.end if one.end is not None and one.end.fault else None)
        return TalkSeen(
            opened=True,
            echo=notes.echo,
            echo_seconds=notes.echo_seconds,
            greeting=tuple(notes.greeting),
            pings=notes.pings,
            ponged=True if notes.ponged else None if ended else False,
            closed_well=closed_well,
            end=end.code if end else None,
            end_reason=end.reason if end else "",
            early=early,
            reset=end.reset if end else False,
            fault=end.fault if end else "",
        )


class _Notes:
    """What came so far."""

    def __init__(self) -> None:
        self.greeting: list[tuple[str, int]] = []
        self.echo = ""
        self.echo_seconds = 0.0
        self.pings = 0
        self.ponged = False

    def take(self, opcode: Opcode, payload: bytes, spoken: float | None) -> None:
        """Note a message or control frame; ``spoken`` is when we said something."""
        if opcode is Opcode.PING:
            self.pings += 1
        elif opcode is Opcode.PONG:
            self.ponged = self.ponged or payload == _PING
        elif spoken is None:
            if len(self.greeting) < _MAX_GREETINGS:
                self.greeting.append((_KINDS[opcode], len(payload)))
        else:
            found = "text" if opcode is Opcode.TEXT else "other"
            found = "same" if opcode is Opcode.BINARY and payload == _MESSAGE else found
            if self.echo != "same":
                self.echo_seconds = time.monotonic() - spoken
                self.echo = found


async def _listen(one: _Conversation, notes: _Notes, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0 and one.end is None:
        came = await one.next(left)
        if isinstance(came, tuple):
            notes.take(*came, None)


async def _say(one: _Conversation, notes: _Notes, seconds: float) -> None:
    """Send a message and a ping; wait for both answers, and for the first not much longer."""
    spoken = time.monotonic()
    one.send(Opcode.BINARY, _MESSAGE)
    one.send(Opcode.PING, _PING)
    deadline = spoken + seconds
    # What a server sends unasked may come before the echo, a text before a binary message.
    while (left := deadline - time.monotonic()) > 0 and one.end is None:
        if notes.ponged and notes.echo in {"same", "text"}:
            break
        came = await one.next(left)
        if isinstance(came, tuple):
            notes.take(*came, spoken)
            if notes.ponged or notes.echo:
                deadline = min(deadline, time.monotonic() + _AFTER_PONG_SECONDS)


async def _close(one: _Conversation, notes: _Notes, seconds: float) -> bool:
    """Close as RFC 6455 section 7.1.2 has it; tell whether the server answered."""
    one.send(Opcode.CLOSE, close_payload(1000))
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        came = await one.next(left)
        if isinstance(came, _End):
            return came.code != ABNORMAL
        if came is not None:
            notes.take(*came, deadline)
    return False


async def find_sizes(
    line: Line, offer: Offer, largest: int, *, echoes: bool
) -> tuple[SizeSeen, ...]:
    """Find how large a message may be: the largest first, and only if that fails by doubling.

    Each message has a connection of its own, so that a server which counts messages is not taken
    for one that measures them.

    Args:
        line: The way to the server.
        offer: A handshake that opened a connection before.
        largest: Bytes of the largest message.
        echoes: Whether the server sent a message back before, and is waited for.

    Returns:
        What became of each size up to the first that was not taken, the smallest first.
    """
    whole = await _try_size(line, offer, largest, echoes=echoes)
    if whole.taken or largest <= _SMALLEST:
        return (whole,)
    sizes = [_SMALLEST]
    while sizes[-1] * 2 < largest:
        sizes.append(sizes[-1] * 2)
    tried = await asyncio.gather(*(_try_size(line, offer, size, echoes=echoes) for size in sizes))
    taken = list(itertools.takewhile(lambda one: one.taken, tried))
    return (*taken, tried[len(taken)] if len(taken) < len(tried) else whole)


async def _try_size(line: Line, offer: Offer, size: int, *, echoes: bool) -> SizeSeen:
    started = time.monotonic()
    payload = bytes(range(256)) * (size // 256 + 1)
    payload = payload[:size]
    async with _Conversation.open(line, offer) as one:
        if one is None:
            return SizeSeen(size, taken=False, late=True)
        one.send(Opcode.BINARY, payload)
        one.send(Opcode.PING, _PING)
        ponged = echoed = False
        deadline = time.monotonic() + line.timeout
        while (left := deadline - time.monotonic()) > 0 and not (ponged and echoed):
            came = await one.next(left)
            if isinstance(came, _End):
                break
            if came is None:
                continue
            if came[0] is Opcode.PONG:
                # A pong behind the message: it was taken, and an echo is on its way or none comes.
                ponged = True
                patience = _AFTER_PONG_SECONDS if echoes else _GREETING_SECONDS
                deadline = min(deadline, time.monotonic() + patience)
            elif came == (Opcode.BINARY, payload):
                echoed = True
                deadline = min(deadline, time.monotonic() + _AFTER_PONG_SECONDS)
        one.send(Opcode.CLOSE, close_payload(1000))
        end = one.end.code if one.end is not None else None
        # A bridge answers pings itself, and what is behind it may still refuse the message.
        taken = echoed or (ponged and end is None)
        return SizeSeen(
            size, taken, echoed, end, late=not taken and end is None,
            seconds=time.monotonic() - started,
        )  # fmt: skip


async def measure_idle(line: Line, offer: Offer, seconds: float) -> float | None:
    """Leave a connection idle; return after how many seconds the server ended it, if it did."""
    started = time.monotonic()
    async with _Conversation.open(line, offer) as one:
        if one is None:
            return None
        deadline = started + seconds
        while (left := deadline - time.monotonic()) > 0:
            if isinstance(await one.next(left), _End):
                return time.monotonic() - started
    return None


async def ask_proxy(line: Line, offer: Offer) -> bool:
    """Make a socket by the protocol of BACKEND proxy, which harms nobody; tell if that worked.

    The server closes the socket with the connection (websocket_to_posix_proxy/src).
    """
    async with _Conversation.open(line, offer) as one:
        if one is None:
            return False
        one.send(Opcode.BINARY, _PROXY_CALL)
        came = await one.next(min(line.timeout, _PATIENCE_SECONDS))
        if not isinstance(came, tuple) or came[0] is not Opcode.BINARY:
            return False
        reply = came[1]
        made = int.from_bytes(reply[4:8], "little", signed=True)
        return len(reply) == _PROXY_REPLY and reply[:4] == _PROXY_CALL[:4] and made >= 0
