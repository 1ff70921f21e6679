"""Keeps the record of one connection while it lives; runs on the server's event loop only.

Frames are the busy part: they are kept as plain tuples and become `FrameSeen` events when somebody
looks, unless somebody listens, who gets each event as it happens.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from emsockets_build.server.closing import ABNORMAL
from emsockets_build.server.events import (
    Accepted,
    Answered,
    ConnectionRecord,
    Ended,
    Event,
    Fault,
    FrameSeen,
    HalfClosed,
    Message,
    Noted,
    RawBytes,
    Requested,
    Side,
)
from emsockets_build.server.frames import Opcode, Piece
from emsockets_build.server.handshake import Answer, Request

__all__ = ["Observer", "RecordLimits", "Recorder"]

Observer = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class RecordLimits:
    """How much of a connection is kept.

    Attributes:
        payload: Bytes of each frame's and message's payload that are kept.
        total: Bytes of payload that are kept of one connection; after them only sizes.
        events: Events that are kept of one connection; the others are counted.
        latest: Whether the latest events are kept, and their payloads; else the first.
        connections: Ended connections that are kept; the oldest go first.
        digest: Whether payloads longer than what is kept are hashed (SHA-256).
    """

    payload: int = 4096
    total: int = 1024 * 1024
    events: int = 10_000
    latest: bool = False
    connections: int = 10_000
    digest: bool = True

    @classmethod
    def counts_only(cls, connections: int = 1000) -> RecordLimits:
        """Keep numbers and no payloads: the least that a long-lived, busy server can do."""
        return cls(payload=0, total=0, events=64, connections=connections, digest=False)


_Frame = tuple[float, Side, int, bool, int, bytes, str]


class Recorder:
    """One connection's record in the making.

    Args:
        number: The connection's number, from 1.
        peer: The client's address and port.
        secure: Whether it came through TLS.
        started: When the server started, by `time.monotonic`.
        limits: How much is kept.
        observer: Gets every event as it happens; None if nobody listens.
    """

    def __init__(
        self,
        number: int,
        peer: str,
        *,
        secure: bool,
        started: float,
        limits: RecordLimits,
        observer: Observer | None,
    ) -> None:
        self.number = number
        self.peer = peer
        self._started = started
        self._limits = limits
        self._observer = observer
        self._kept_bytes = 0
        self._events: deque[Event | _Frame] = deque()
        self._omitted = 0
        self._messages: list[Message] = []
        self._request: Requested | None = None
        self._answer: Answered | None = None
        self._ended: Ended | None = None
        self._head = b""
        self._hash: hashlib._Hash | None = None
        self.behaviour = ""
        self.messages_in = 0
        self.messages_out = 0
        self.bytes_in = 0
        self.bytes_out = 0
        self.raw_in = 0
        self.raw_out = 0
        self.peak_buffered = 0
        self.opened = False
        self.close_code: int | None = None
        self.close_reason = ""
        self.closed_by: Side | None = None
        self.reset = False
        self.fault = ""
        self._accepted = Accepted(number, self._now(), peer, secure, time.time())
        self._add(self._accepted)

    def _now(self) -> float:
        return time.monotonic() - self._started

    def _add(self, event: Event) -> None:
        """Keep a rare event: these are few, so the limit on events does not bind them."""
        self._append(event, rare=True)
        if self._observer is not None:
            self._observer(event)

    def _add_one_of_many(self, event: Event) -> None:
        """Keep an event of which a client can cause any number, while there is room."""
        self._append(event)
        if self._observer is not None:
            self._observer(event)

    def _append(self, event: Event | _Frame, *, rare: bool = False) -> None:
        if self._limits.latest:
            self._events.append(event)
            while len(self._events) > self._limits.events or self._kept_bytes > self._limits.total:
                self._kept_bytes -= _payload_size(self._events.popleft())
                self._omitted += 1
        elif rare or len(self._events) < self._limits.events:
            self._events.append(event)
        else:
            self._omitted += 1

    def requested(self, request: Request, behaviour: str) -> None:
        """Note the request and the behaviour that was chosen for it."""
        self.behaviour = behaviour
        self._request = Requested(
            self.number, self._now(), request.method, request.target, request.headers, behaviour
        )
        self._add(self._request)

    def answered(self, answer: Answer, offered: tuple[str, ...]) -> None:
        """Note the handshake's answer."""
        self.opened = answer.status == 101  # noqa: PLR2004 - Switching Protocols
        self._answer = Answered(
            self.number, self._now(), answer.status, offered, answer.subprotocol, answer.reason
        )
        self._add(self._answer)

    @property
    def started(self) -> float:
        """When the connection was accepted, on the clock of its events."""
        return self._accepted.at

    @property
    def _full(self) -> bool:
        """Whether nothing more is kept."""
        return not self._limits.latest and len(self._events) >= self._limits.events

    def frame(
        self,
        sender: Side,
        opcode: int,
        payload: bytes,
        size: int,
        *,
        fin: bool = True,
        digest: str = "",
    ) -> None:
        """Note a whole frame.

        Args:
            sender: Who sent it.
            opcode: Its opcode.
            payload: Its payload, or the beginning of it.
            size: Payload bytes.
            fin: Whether it ends its message.
            digest: SHA-256 of the payload, if ``payload`` is not all of it.
        """
        if opcode <= Opcode.BINARY:
            if sender == "client":
                self.bytes_in += size
            else:
                self.bytes_out += size
                self.messages_out += fin
        if self._full and self._observer is None:
            self._omitted += 1
            return
        kept, hashed = self._keep(payload, size)
        seen = (self._now(), sender, int(opcode), fin, size, kept, digest or hashed)
        self._append(seen)
        if self._observer is not None:
            self._observer(self._typed(seen))

    def piece(self, piece: Piece) -> None:
        """Note a piece of a frame from the client; the frame is noted with its last one."""
        if piece.first and piece.last:
            self.frame("client", piece.opcode, piece.payload, piece.length, fin=piece.fin)
            return
        if piece.first:
            self._head = b""
            self._hash = hashlib.sha256() if self._limits.digest else None
        missing = self._limits.payload - len(self._head)
        if missing > 0:
            self._head += piece.payload[:missing]
        if self._hash is not None:
            self._hash.update(piece.payload)
        if piece.last:
            digest = self._hash.hexdigest() if self._hash is not None else ""
            self.frame(
                "client", piece.opcode, self._head, piece.length, fin=piece.fin, digest=digest
            )
            self._head, self._hash = b"", None

    def message(self, opcode: int, payload: bytes, size: int) -> None:
        """Note a whole data message from the client; ``payload`` may be less than all of it."""
        self.messages_in += 1
        keep = self._limits.payload and not self._limits.latest  # the frames have them
        if keep and len(self._messages) < self._limits.events:
            kept, digest = self._keep(payload, size)
            self._messages.append(Message(int(opcode), size, kept, digest))

    def raw(self, sender: Side, payload: bytes) -> None:
        """Note bytes that are no frames."""
        size = len(payload)
        if sender == "client":
            self.raw_in += size
        else:
            self.raw_out += size
        if not self._full or self._observer is not None:
            kept, _ = self._keep(payload, size)
            self._add_one_of_many(RawBytes(self.number, self._now(), sender, size, kept))
        else:
            self._omitted += 1

    def half_closed(self, sender: Side) -> None:
        """Note a FIN."""
        self._add(HalfClosed(self.number, self._now(), sender))

    def noted(self, text: str) -> None:
        """Note what a behaviour has to say."""
        self._add_one_of_many(Noted(self.number, self._now(), text))

    def faulty(self, code: int, reason: str) -> None:
        """Note that the client broke the protocol, or what failed; the first fault is the one."""
        self.fault = self.fault or reason
        self._add(Fault(self.number, self._now(), code, reason))

    def closing(self, by: Side, code: int | None = None, reason: str = "") -> None:
        """Note who began to close, and with what; only the first counts."""
        if self.closed_by is None:
            self.closed_by = by
            self.close_code = code
            self.close_reason = reason

    def ended(self) -> None:
        """Note that the connection is gone."""
        if self._ended is not None:
            return
        if self.opened and self.close_code is None:
            self.close_code = ABNORMAL
        self._ended = Ended(
            self.number,
            self._now(),
            self.close_code,
            self.close_reason,
            self.closed_by,
            self.reset,
        )
        self._add(self._ended)

    def _keep(self, payload: bytes, size: int) -> tuple[bytes, str]:
        left = self._limits.total if self._limits.latest else self._limits.total - self._kept_bytes
        room = min(self._limits.payload, left)
        if size <= room:
            self._kept_bytes += size
            return payload, ""
        kept = payload[: max(room, 0)]
        self._kept_bytes += len(kept)
        if not self._limits.digest or len(payload) != size:
            return kept, ""
        return kept, hashlib.sha256(payload).hexdigest()

    def _typed(self, seen: _Frame) -> FrameSeen:
        at, sender, opcode, fin, size, payload, digest = seen
        return FrameSeen(self.number, at, sender, opcode, fin, size, payload, digest)

    @property
    def kept(self) -> tuple[int, tuple[Event, ...]]:
        """The events that are kept, and the number of the first of them, from 0."""
        first = self._omitted if self._limits.latest else 0
        return first, tuple(self._typed_all())

    def event(self, number: int) -> Event | None:
        """Return one event by its number, from 0; None if it is not kept (any more)."""
        place = number - (self._omitted if self._limits.latest else 0)
        if not 0 <= place < len(self._events):
            return None
        found = self._events[place]
        return found if isinstance(found, Event) else self._typed(found)

    def _typed_all(self) -> Iterator[Event]:
        for event in self._events:
            yield event if isinstance(event, Event) else self._typed(event)

    def snapshot(self, *, events: bool = True) -> ConnectionRecord:
        """Return the record as it stands now.

        Args:
            events: Whether with events and messages, which may be many.
        """
        end = self._now() if self._ended is None else self._ended.at
        return ConnectionRecord(
            number=self.number,
            peer=self.peer,
            behaviour=self.behaviour,
            path=self._request.target if self._request else "",
            offered=self._answer.offered if self._answer else (),
            subprotocol=self._answer.selected if self._answer else None,
            status=self._answer.status if self._answer else None,
            refusal=self._answer.reason if self._answer else "",
            messages_in=self.messages_in,
            messages_out=self.messages_out,
            bytes_in=self.bytes_in,
            bytes_out=self.bytes_out,
            raw_in=self.raw_in,
            raw_out=self.raw_out,
            peak_buffered=self.peak_buffered,
            close_code=self.close_code,
            close_reason=self.close_reason,
            closed_by=self.closed_by,
            reset=self.reset,
            fault=self.fault,
            open=self._ended is None,
            seconds=end - self._accepted.at,
            messages=tuple(self._messages) if events else (),
            events=tuple(self._typed_all()) if events else (),
            events_omitted=self._omitted,
        )


def _payload_size(event: Event | _Frame) -> int:
    if isinstance(event, FrameSeen | RawBytes):
        return len(event.payload)
    return len(event[5]) if isinstance(event, tuple) else 0
