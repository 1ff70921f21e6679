"""Behaviours that end the connection: close codes, resets, half-closes, limits on size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from emsockets_build.server.behaviour import Behaviour, Link, Session
from emsockets_build.server.behaviours.plain import EchoSession
from emsockets_build.server.closing import ABNORMAL
from emsockets_build.server.frames import Opcode, frame_header
from emsockets_build.server.parameters import count, flag, size, text

__all__ = ["Abort", "Close", "HalfClose", "MaxSize"]


class _EndingSession(EchoSession):
    """Echoes until the time has come; subclasses say what happens then."""

    def __init__(self, link: Link, *, after: int, after_bytes: int = 0) -> None:
        super().__init__(link)
        self._messages_left = after
        self._bytes_left = after_bytes
        self._counts_bytes = after_bytes > 0

    def opened(self) -> None:
        if not self._messages_left and not self._counts_bytes:
            self.end(b"")

    def received(self, opcode: Opcode, payload: bytes) -> None:
        if self._counts_bytes:
            self._bytes_left -= len(payload)
            due = self._bytes_left <= 0
        else:
            self._messages_left -= 1
            due = self._messages_left == 0
        if due:
            self.end(payload)
        else:
            super().received(opcode, payload)

    def end(self, payload: bytes) -> None:
        raise NotImplementedError


class _ClosingSession(_EndingSession):
    def __init__(self, link: Link, plan: Close) -> None:
        super().__init__(link, after=plan.after, after_bytes=plan.after_bytes)
        self._plan = plan

    def end(self, payload: bytes) -> None:
        if self._plan.mid_message:
            self.link.send(payload[: len(payload) // 2], fin=False)
        elif payload:
            self.link.send(payload)
        if self._plan.code == ABNORMAL:
            self.link.finish()
        else:
            self.link.close(self._plan.code, self._plan.reason)


@dataclass(frozen=True)
class Close(Behaviour):
    """Echoes, then closes with any code; 1005 sends no code, 1006 no close frame at all."""

    name: ClassVar[str] = "close"
    summary: ClassVar[str] = "closes with a code of your choice"
    seen: ClassVar[str] = (
        "recv() drains what came and returns 0, send() fails with ENOTCONN, SO_ERROR is 0; "
        "code and reason cannot be seen; what was left in mid-message is lost"
    )

    code: int = count(1000, "the close code", unit="code", high=65535)
    reason: str = text("", "the reason in the close frame (123 bytes at most)")
    after: int = count(0, "messages to receive first; the last one is still echoed")
    after_bytes: int = size(0, "bytes to receive first, instead of messages")
    mid_message: bool = flag("cut the last echo in half: a fragment, then the close")

    def session(self, link: Link) -> Session:
        """Begin an echo that will be closed."""
        return _ClosingSession(link, self)


class _AbortingSession(_EndingSession):
    def __init__(self, link: Link, plan: Abort) -> None:
        super().__init__(link, after=plan.after, after_bytes=plan.after_bytes)
        self._plan = plan

    def end(self, payload: bytes) -> None:
        if self._plan.mid_message:
            header = frame_header(Opcode.BINARY, len(payload))
            self.link.send_raw(header + payload[: len(payload) // 2], frames=())
        self.link.abort()


@dataclass(frozen=True)
class Abort(Behaviour):
    """Echoes, then resets the TCP connection (RST); what is on its way may be lost."""

    name: ClassVar[str] = "abort"
    summary: ClassVar[str] = "resets the TCP connection"
    seen: ClassVar[str] = (
        "the same as a close: recv() returns 0 and SO_ERROR is 0; an echo on its way may be lost"
    )

    after: int = count(0, "messages to receive first; the last one is not echoed")
    after_bytes: int = size(0, "bytes to receive first, instead of messages")
    mid_message: bool = flag("send half a frame of the last echo before")

    def session(self, link: Link) -> Session:
        """Begin an echo that will be reset."""
        return _AbortingSession(link, self)


class _HalfClosingSession(_EndingSession):
    def end(self, payload: bytes) -> None:
        if payload:
            self.link.send(payload)
        self.link.half_close()


@dataclass(frozen=True)
class HalfClose(Behaviour):
    """Echoes, then ends its direction of TCP (FIN) without a close frame and goes on reading."""

    name: ClassVar[str] = "half-close"
    summary: ClassVar[str] = "ends its direction of TCP without a close frame"
    seen: ClassVar[str] = "the same as a close: the JavaScript side ends its direction too"

    after: int = count(0, "messages to receive first; the last one is still echoed")

    def session(self, link: Link) -> Session:
        """Begin an echo that will fall silent."""
        return _HalfClosingSession(link, after=self.after)


@dataclass(frozen=True)
class MaxSize(Behaviour):
    """Echoes messages up to a limit and closes with 1009 at a larger one."""

    name: ClassVar[str] = "max-size"
    summary: ClassVar[str] = "closes with 1009 when a message is too large"
    seen: ClassVar[str] = (
        "send() succeeds, then recv() returns 0; nothing says that the message was too large"
    )

    limit: int = size(1024 * 1024, "the largest message that is taken")

    @property
    def max_message(self) -> int:
        """The limit."""
        return self.limit

    def session(self, link: Link) -> Session:
        """Begin an echo."""
        return EchoSession(link)
