"""Behaviours that differ in how bytes become frames and segments, down to what is forbidden."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from emsockets_build.server.behaviour import Behaviour, Link, Session
from emsockets_build.server.behaviours.plain import EchoSession, counting_bytes
from emsockets_build.server.frames import Opcode, encode_frame, frame_header
from emsockets_build.server.parameters import choice, count, flag, seconds, size

__all__ = ["GARBAGE", "Fragment", "Garbage", "Huge", "Merge", "Split"]

_MAX_WAITING = 1024 * 1024


class _SplitSession(EchoSession):
    """Sends slice by slice; stops reading while much is waiting to be sliced."""

    def __init__(self, link: Link, plan: Split) -> None:
        super().__init__(link)
        self._plan = plan
        self._frames: deque[tuple[Opcode, bytes]] = deque()
        self._waiting = 0
        self._more = asyncio.Event()

    def opened(self) -> None:
        self.link.spawn(self._slice())

    def received(self, opcode: Opcode, payload: bytes) -> None:
        self._frames.append((opcode, payload))
        self._waiting += len(payload) + 1
        self._more.set()
        if self._waiting > _MAX_WAITING:
            self.link.hold(reading=False)

    def pinged(self, payload: bytes) -> None:
        """A pong between two slices of a frame would be garbage."""
        self.received(Opcode.PONG, payload)

    def closed(self, code: int, reason: str) -> None:  # noqa: ARG002 - the last frame is cut off
        self.link.finish() if self._waiting else self.link.close(code)

    async def _slice(self) -> None:
        while True:
            while not self._frames:
                self._more.clear()
                await self._more.wait()
            opcode, payload = self._frames.popleft()
            frame = encode_frame(opcode, payload)
            for start in range(0, len(frame), self._plan.size):
                part = frame[start : start + self._plan.size]
                last = start + len(part) == len(frame)
                self.link.send_raw(part, frames=[(opcode, True, len(payload))] if last else ())
                await self.link.writable()
                await asyncio.sleep(self._plan.pause)
            self._waiting -= len(payload) + 1
            self.link.hold(reading=self._waiting <= _MAX_WAITING)


@dataclass(frozen=True)
class Split(Behaviour):
    """Echoes with every frame cut into TCP segments of a given size, headers too."""

    name: ClassVar[str] = "split"
    summary: ClassVar[str] = "cuts frames into small TCP segments"
    seen: ClassVar[str] = "an ordinary echo: messages arrive whole"

    size: int = size(1, "bytes in one segment", low=1)
    pause: float = seconds(0.001, "time between two segments, so that TCP does not join them")

    def session(self, link: Link) -> Session:
        """Begin an echo in slices."""
        return _SplitSession(link, self)


class _MergeSession(EchoSession):
    def __init__(self, link: Link, plan: Merge) -> None:
        super().__init__(link)
        self._plan = plan
        self._parts: list[bytes] = []
        self._frames: list[tuple[int, bool, int]] = []
        self._held = 0

    def received(self, opcode: Opcode, payload: bytes) -> None:
        self._parts += (frame_header(opcode, len(payload)), payload)
        self._frames.append((opcode, True, len(payload)))
        self._held += len(payload)
        if len(self._frames) >= self._plan.count or self._held > _MAX_WAITING:
            self._flush()
        elif len(self._frames) == 1:
            self.link.later(self._plan.wait, self._flush)

    def closed(self, code: int, reason: str) -> None:
        self._flush()
        super().closed(code, reason)

    def _flush(self) -> None:
        if self._frames:
            self.link.send_raw(b"".join(self._parts), frames=self._frames)
        self._parts, self._frames, self._held = [], [], 0


@dataclass(frozen=True)
class Merge(Behaviour):
    """Echoes several messages in one TCP segment."""

    name: ClassVar[str] = "merge"
    summary: ClassVar[str] = "joins several frames in one TCP segment"
    seen: ClassVar[str] = "an ordinary echo: messages stay apart"

    count: int = count(4, "frames in one segment", low=1, high=100_000)
    wait: float = seconds(0.2, "how long the first frame of a segment waits for others")

    def session(self, link: Link) -> Session:
        """Begin an echo in bundles."""
        return _MergeSession(link, self)


class _FragmentSession(EchoSession):
    def __init__(self, link: Link, plan: Fragment) -> None:
        super().__init__(link)
        self._plan = plan

    def received(self, opcode: Opcode, payload: bytes) -> None:
        step = self._plan.size
        kind = opcode
        for start in range(0, max(len(payload), 1), step):
            part = payload[start : start + step]
            self.link.send(part, kind, fin=start + step >= len(payload))
            kind = Opcode.CONTINUATION
            if self._plan.pings:
                self.link.send(b"between", Opcode.PING)


@dataclass(frozen=True)
class Fragment(Behaviour):
    """Echoes every message as several frames, with pings between them if asked."""

    name: ClassVar[str] = "fragment"
    summary: ClassVar[str] = "sends every message as several frames"
    seen: ClassVar[str] = (
        "an ordinary echo: messages arrive whole, pings between fragments stay unseen"
    )

    size: int = size(1, "payload bytes in one frame", low=1)
    pings: bool = flag("send a ping after every frame, which is allowed")

    @property
    def max_message(self) -> int:
        """What becomes at most a million frames: an echo must not fill the memory."""
        return min(self.size * 1_000_000, super().max_message)

    def session(self, link: Link) -> Session:
        """Begin an echo in fragments."""
        return _FragmentSession(link, self)


class _HugeSession(Session):
    def __init__(self, link: Link, plan: Huge) -> None:
        super().__init__(link)
        self._plan = plan

    def opened(self) -> None:
        self.link.spawn(self._send())

    async def _send(self) -> None:
        step = 1024 * 1024
        total = self._plan.size
        self.link.send_raw(frame_header(Opcode.BINARY, total), frames=() if total else _one(0))
        for start in range(0, total, step):
            part = counting_bytes(min(step, total - start), start)
            last = start + len(part) == total
            self.link.send_raw(part, frames=_one(total) if last else ())
            await self.link.writable()


def _one(total: int) -> list[tuple[int, bool, int]]:
    return [(Opcode.BINARY, True, total)]


@dataclass(frozen=True)
class Huge(Behaviour):
    """Sends one large message, the bytes 0, 1, ... 255, 0, ..., as soon as the socket is open."""

    name: ClassVar[str] = "huge"
    summary: ClassVar[str] = "sends one message of up to 64 MiB"
    seen: ClassVar[str] = (
        "recv() returns the message in parts of the buffer's size; 64 MiB arrive whole"
    )

    size: int = size(16 * 1024 * 1024, "bytes in the message")

    def session(self, link: Link) -> Session:
        """Begin to send."""
        return _HugeSession(link, self)


GARBAGE: dict[str, Callable[[], bytes]] = {
    "opcode": lambda: encode_frame(0x3, b"what is this"),
    "control": lambda: encode_frame(0xB, b"what is this"),
    "reserved": lambda: encode_frame(Opcode.BINARY, b"bits", reserved=0b111),
    "compressed": lambda: encode_frame(Opcode.BINARY, b"\xca\x48\xcd\xc9\xc9\x07\x00", reserved=4),
    "mask": lambda: encode_frame(Opcode.BINARY, b"masked", mask=b"\x12\x34\x56\x78"),
    "utf8": lambda: encode_frame(Opcode.TEXT, b"bad \xc3\x28 text"),
    "length": lambda: b"\x82\x7f" + (1 << 63).to_bytes(8, "big"),
    "long-ping": lambda: b"\x89\x7e\x00\x80" + bytes(128),
    "fragmented-ping": lambda: encode_frame(Opcode.PING, b"half", fin=False),
    "continuation": lambda: encode_frame(Opcode.CONTINUATION, b"of nothing"),
    "interleaved": lambda: (
        encode_frame(Opcode.BINARY, b"first", fin=False) + encode_frame(Opcode.BINARY, b"second")
    ),
    "close-code": lambda: encode_frame(Opcode.CLOSE, (1005).to_bytes(2, "big")),
    "close-byte": lambda: encode_frame(Opcode.CLOSE, b"\x03"),
    "noise": lambda: bytes(range(255, 0, -1)),
}
"""What a server must not send, by name (RFC 6455 sections 5.1 to 5.5, 7.4 and 8.1)."""


class _GarbageSession(EchoSession):
    def __init__(self, link: Link, plan: Garbage) -> None:
        super().__init__(link)
        self._plan = plan
        self._left = plan.after

    def opened(self) -> None:
        if not self._left:
            self._spoil()

    def received(self, opcode: Opcode, payload: bytes) -> None:
        super().received(opcode, payload)
        self._left -= 1
        if not self._left:
            self._spoil()

    def _spoil(self) -> None:
        self.link.note(f"sends garbage: {self._plan.kind}")
        self.link.send_raw(GARBAGE[self._plan.kind]())


@dataclass(frozen=True)
class Garbage(Behaviour):
    """Echoes, then sends bytes that break the protocol, and echoes on if the client stays."""

    name: ClassVar[str] = "garbage"
    summary: ClassVar[str] = "breaks the protocol"
    seen: ClassVar[str] = (
        "recv() returns 0 and send() fails with ENOTCONN, as after a close; ws 2 (for "
        "Emscripten before 3.1.10) accepts masked frames and drops bad UTF-8 without a word"
    )

    kind: str = choice("opcode", "what is wrong", GARBAGE)
    after: int = count(0, "messages to echo first")

    def session(self, link: Link) -> Session:
        """Begin an echo that will go wrong."""
        return _GarbageSession(link, self)
