"""Behaviours that differ in time: slow readers, frozen servers, latency, jitter, pings."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, ClassVar

from emsockets_build.server.behaviour import Behaviour, Link, Session
from emsockets_build.server.behaviours.plain import EchoSession
from emsockets_build.server.frames import CONTROL_LIMIT, Opcode
from emsockets_build.server.parameters import choice, count, seconds, size

__all__ = ["Freeze", "Jitter", "Latency", "Ping", "SlowRead"]

_READS_A_SECOND = 20
_MAX_WAITING = 1024 * 1024


class _SlowReadSession(EchoSession):
    def __init__(self, link: Link, rate: int) -> None:
        super().__init__(link)
        self._rate = rate
        self.read_limit = max(1, rate // _READS_A_SECOND)

    def took(self, count: int) -> None:
        self.link.hold(reading=False)
        self.link.later(count / self._rate, lambda: self.link.hold(reading=True))


@dataclass(frozen=True)
class SlowRead(Behaviour):
    """Reads at a given rate, so that the client's TCP window fills, and echoes."""

    name: ClassVar[str] = "slow-read"
    summary: ClassVar[str] = "reads slowly, so that the TCP window fills"
    seen: ClassVar[str] = (
        "send() goes on succeeding, because the JavaScript side queues without limit; echoes "
        "come late"
    )

    rate: int = size(64 * 1024, "bytes read in a second", low=1)

    def session(self, link: Link) -> Session:
        """Begin a slow echo."""
        return _SlowReadSession(link, self.rate)


class _FreezeSession(EchoSession):
    def __init__(self, link: Link, plan: Freeze) -> None:
        super().__init__(link)
        self._plan = plan
        self._left = plan.after

    def prepare(self) -> Coroutine[Any, Any, None] | None:
        return _for_ever() if self._plan.stage == "handshake" else None

    def opened(self) -> None:
        if not self._left:
            self.link.hold(reading=False)

    def received(self, opcode: Opcode, payload: bytes) -> None:
        if self._left:
            self._left -= 1
            super().received(opcode, payload)
        if not self._left:
            self.link.hold(reading=False)

    def pinged(self, payload: bytes) -> None:
        if self._left:
            super().pinged(payload)

    def closed(self, code: int, reason: str) -> None:
        if self._left:
            super().closed(code, reason)


async def _for_ever() -> None:
    await asyncio.get_running_loop().create_future()


@dataclass(frozen=True)
class Freeze(Behaviour):
    """Echoes, then neither reads nor writes nor closes; TCP stays up."""

    name: ClassVar[str] = "freeze"
    summary: ClassVar[str] = "stops reading and answering, without closing"
    seen: ClassVar[str] = (
        "recv() has nothing (EAGAIN) for ever and poll() reports no hang-up; under Node with "
        "ws 8 the process lives 30 seconds longer, waiting for the answer to its close"
    )

    after: int = count(0, "messages to echo first")
    stage: str = choice("open", "when: once open, or before the answer", ("open", "handshake"))

    def session(self, link: Link) -> Session:
        """Begin an echo that will freeze."""
        return _FreezeSession(link, self)


class _LateSession(EchoSession):
    """Echoes late and in order; stops reading while much is waiting."""

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self._waiting: deque[tuple[Opcode, bytes]] = deque()
        self._size = 0
        self._due = 0.0

    def delay(self) -> float:
        raise NotImplementedError

    def received(self, opcode: Opcode, payload: bytes) -> None:
        now = asyncio.get_running_loop().time()
        # No message overtakes another, as TCP would not let it either: each is due no earlier than
        # the one before, and each timer sends the oldest, since timers of one instant fire in any
        # order.
        self._due = max(self._due, now + self.delay())
        self._waiting.append((opcode, payload))
        self._size += len(payload) + 1
        self.link.later(self._due - now, self._send_oldest)
        if self._size > _MAX_WAITING:
            self.link.hold(reading=False)

    def _send_oldest(self) -> None:
        opcode, payload = self._waiting.popleft()
        self._size -= len(payload) + 1
        if self._size <= _MAX_WAITING:
            self.link.hold(reading=True)
        self.link.send(payload, opcode)


class _LatencySession(_LateSession):
    def __init__(self, link: Link, delay: float) -> None:
        super().__init__(link)
        self._delay = delay

    def delay(self) -> float:
        return self._delay


@dataclass(frozen=True)
class Latency(Behaviour):
    """Echoes every message after the same time."""

    name: ClassVar[str] = "latency"
    summary: ClassVar[str] = "echoes late"
    seen: ClassVar[str] = "an ordinary echo, late"

    delay: float = seconds(0.1, "how late")

    def session(self, link: Link) -> Session:
        """Begin a late echo."""
        return _LatencySession(link, self.delay)


class _JitterSession(_LateSession):
    def __init__(self, link: Link, plan: Jitter) -> None:
        super().__init__(link)
        self._plan = plan
        self._random = random.Random(plan.seed)  # noqa: S311 - repeatable, not secret

    def delay(self) -> float:
        return self._random.uniform(self._plan.low, self._plan.high)


@dataclass(frozen=True)
class Jitter(Behaviour):
    """Echoes every message after a time of its own, in order; a seed makes it repeatable."""

    name: ClassVar[str] = "jitter"
    summary: ClassVar[str] = "echoes irregularly late, in order"
    seen: ClassVar[str] = "an ordinary echo, irregularly late, in order"

    low: float = seconds(0.0, "the shortest delay")
    high: float = seconds(0.2, "the longest delay")
    seed: int = count(0, "start of the random sequence", unit="seed")

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError(f"low ({self.low:g} s) is more than high ({self.high:g} s)")

    def session(self, link: Link) -> Session:
        """Begin an irregular echo."""
        return _JitterSession(link, self)


class _PingSession(EchoSession):
    def __init__(self, link: Link, plan: Ping) -> None:
        super().__init__(link)
        self._plan = plan
        self._unanswered = 0

    def opened(self) -> None:
        self._ping()

    def _ping(self) -> None:
        if self._plan.patience and self._unanswered >= self._plan.patience:
            self.link.close(1011, f"{self._unanswered} pings without an answer")
            return
        self._unanswered += 1
        self.link.send(bytes(self._plan.size), Opcode.PING)
        self.link.later(self._plan.every, self._ping)

    def ponged(self, payload: bytes) -> None:  # noqa: ARG002 - any answer is a sign of life
        self._unanswered = 0


@dataclass(frozen=True)
class Ping(Behaviour):
    """Sends pings and echoes; closes with 1011 when several stay unanswered."""

    name: ClassVar[str] = "ping"
    summary: ClassVar[str] = "sends pings between the messages"
    seen: ClassVar[str] = "nothing: the JavaScript side answers pings by itself"

    every: float = seconds(1.0, "time between two pings")
    size: int = size(4, "bytes in a ping", high=CONTROL_LIMIT)
    patience: int = count(0, "unanswered pings before it closes with 1011; 0 for any number")

    def __post_init__(self) -> None:
        if self.every < 0.001:  # noqa: PLR2004 - a millisecond
            raise ValueError("pings can be sent every millisecond at most")

    def session(self, link: Link) -> Session:
        """Begin an echo with pings."""
        return _PingSession(link, self)
