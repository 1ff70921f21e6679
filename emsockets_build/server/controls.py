"""Misbehaving on purpose, on a connection that stands: whatever its behaviour is.

Behaviours decide beforehand how clients are treated; a control acts on one of them, now. It acts
below the behaviour, on the bytes, and tells the record what it did.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from emsockets_build.errors import UsageError
from emsockets_build.server.closing import NO_STATUS, sendable
from emsockets_build.server.frames import Opcode
from emsockets_build.server.throttle import Throttle

if TYPE_CHECKING:
    from emsockets_build.server.connection import Connection

__all__ = ["Control", "DistantControl"]

_MAX_DELAY = 3600.0
_MAX_TEXT = 16 * 1024 * 1024
_MAX_PIECE = 1 << 30
_ANSWER_SECONDS = 30.0


class Control:
    """Acts on one connection; every method belongs to the server's event loop.

    Args:
        connection: The connection.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Send a close frame and end the connection when the client's has come.

        Args:
            code: The close code; 1005 for a frame without one.
            reason: Words for the client.

        Raises:
            UsageError: No peer may send this code, or there is no open WebSocket.
        """
        if not sendable(code) and code != NO_STATUS:
            raise UsageError(
                f"no peer may send close code {code}",
                why="RFC 6455 section 7.4.2 keeps it for what happens without a close frame",
                remedy="1000 to 1003, 1007 to 1014, 3000 to 4999; 1006 is what abort() looks like",
            )
        self._need_open()
        self._note(f"closes with {code}")
        if self._throttle_or_none is not None:
            self._thaw()
        self._connection.close(code, reason)

    def abort(self) -> None:
        """Reset the TCP connection (RST)."""
        self._need_standing()
        self._note("resets the connection")
        self._connection.abort()

    def freeze(self) -> None:
        """Neither read nor send from now on; TCP stays up."""
        self._need_standing()
        self._note("freezes")
        self._throttle.freeze()
        self._connection.frozen = True
        self._connection.apply_reading()

    def thaw(self) -> None:
        """Go on where `freeze` stopped."""
        self._need_standing()
        self._note("thaws")
        self._thaw()

    def _thaw(self) -> None:
        self._throttle.thaw()
        self._connection.frozen = False
        self._connection.apply_reading()

    def delay(self, seconds: float) -> None:
        """Send everything later from now on, in its order; 0 for at once again.

        Raises:
            UsageError: Not between 0 and an hour, or the connection is gone.
        """
        _within("a delay", seconds, 0, _MAX_DELAY, "seconds")
        self._need_standing()
        self._note(f"sends {seconds:g} s late" if seconds else "sends at once")
        self._throttle.set_delay(seconds)

    def split(self, size: int) -> None:
        """Send everything in TCP segments of ``size`` bytes from now on; 0 for whole again.

        Raises:
            UsageError: Not a number of bytes, or the connection is gone.
        """
        _within("a piece", size, 0, _MAX_PIECE, "bytes")
        self._need_standing()
        self._note(f"sends pieces of {size} B" if size else "sends whole again")
        self._throttle.set_split(size)

    def send_text(self, text: str) -> None:
        """Send a text message, which Emscripten programs drop under Node.

        Raises:
            UsageError: Too long, or there is no open WebSocket.
        """
        self._send(text.encode("utf-8", "replace"), Opcode.TEXT, "text")

    def send_bytes(self, data: bytes) -> None:
        """Send a binary message.

        Raises:
            UsageError: Too long, or there is no open WebSocket.
        """
        self._send(data, Opcode.BINARY, "bytes")

    def ping(self, payload: bytes = b"") -> None:
        """Send a ping; the pong tells how long the way is, without the program's knowing.

        Raises:
            UsageError: More than 125 bytes, or there is no open WebSocket.
        """
        _within("a ping's payload", len(payload), 0, 125, "bytes")
        self._need_open()
        self._note("pings")
        self._connection.send(payload, Opcode.PING)

    @property
    def state(self) -> dict[str, float | int | bool]:
        """What is set: ``frozen``, ``delay`` in seconds, ``split`` in bytes."""
        throttle = self._throttle_or_none
        if throttle is None:
            return {"frozen": False, "delay": 0.0, "split": 0}
        return {"frozen": throttle.frozen, "delay": throttle.delay, "split": throttle.piece}

    def _send(self, data: bytes, opcode: Opcode, what: str) -> None:
        _within("a message", len(data), 0, _MAX_TEXT, "bytes")
        self._need_open()
        self._note(f"sends {len(data)} B of {what}")
        self._connection.send(data, opcode)

    @property
    def _throttle_or_none(self) -> Throttle | None:
        return self._connection.out.throttle

    @property
    def _throttle(self) -> Throttle:
        connection = self._connection
        if connection.out.throttle is None:
            connection.out.hold_back(connection.new_throttle())
        assert connection.out.throttle is not None  # noqa: S101 - it was put there just now
        return connection.out.throttle

    def _note(self, what: str) -> None:
        self._connection.note(f"by hand: the server {what}")

    def _need_standing(self) -> None:
        if self._connection.over:
            raise UsageError(
                f"connection {self._connection.recorder.number} is gone, or about to go",
                remedy="choose one that stands",
            )

    def _need_open(self) -> None:
        self._need_standing()
        if not self._connection.open:
            raise UsageError(
                f"connection {self._connection.recorder.number} has no open WebSocket",
                remedy="choose one whose handshake is through and which is not being closed",
            )


class DistantControl:
    """Does what `Control` does, from any thread; each call returns when it is done.

    Args:
        find: Gives the control, on the server's event loop; raises `UsageError` if there is none.
        loop: The server's event loop.
    """

    def __init__(self, find: Callable[[], Control], loop: asyncio.AbstractEventLoop) -> None:
        self._find = find
        self._loop = loop

    def close(self, code: int = 1000, reason: str = "") -> None:
        """See `Control.close`."""
        self._do(lambda control: control.close(code, reason))

    def abort(self) -> None:
        """See `Control.abort`."""
        self._do(lambda control: control.abort())

    def freeze(self) -> None:
        """See `Control.freeze`."""
        self._do(lambda control: control.freeze())

    def thaw(self) -> None:
        """See `Control.thaw`."""
        self._do(lambda control: control.thaw())

    def delay(self, seconds: float) -> None:
        """See `Control.delay`."""
        self._do(lambda control: control.delay(seconds))

    def split(self, size: int) -> None:
        """See `Control.split`."""
        self._do(lambda control: control.split(size))

    def send_text(self, text: str) -> None:
        """See `Control.send_text`."""
        self._do(lambda control: control.send_text(text))

    def send_bytes(self, data: bytes) -> None:
        """See `Control.send_bytes`."""
        self._do(lambda control: control.send_bytes(data))

    def ping(self, payload: bytes = b"") -> None:
        """See `Control.ping`."""
        self._do(lambda control: control.ping(payload))

    def _do(self, act: Callable[[Control], None]) -> None:
        done: Future[None] = Future()

        def work() -> None:
            try:
                act(self._find())
            except BaseException as error:  # noqa: BLE001 - it is raised again where it is awaited
                done.set_exception(error)
            else:
                done.set_result(None)

        self._loop.call_soon_threadsafe(work)
        done.result(_ANSWER_SECONDS)


def _within(what: str, value: float, low: float, high: float, unit: str) -> None:
    if not low <= value <= high:  # NaN is refused, too
        raise UsageError(
            f"{what} of {value:g} {unit} is out of range", remedy=f"{low:g} to {high:g} {unit}"
        )
