"""What a behaviour is: how a connection is answered, and what happens on it then.

A behaviour is a value, a frozen dataclass of its parameters; one `Session` of it lives with each
connection. Sessions see the connection only through `Link`, so they can be tested without sockets.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from emsockets_build.server.closing import NO_STATUS
from emsockets_build.server.frames import Opcode, Piece
from emsockets_build.server.handshake import Answer, Request, negotiate
from emsockets_build.server.messages import DEFAULT_MAX_MESSAGE

__all__ = ["Behaviour", "Link", "Session"]


class Link(Protocol):
    """One connection as its session sees it; every method belongs to the server's event loop."""

    @property
    def open(self) -> bool:
        """Whether messages can still be sent."""

    @property
    def peers(self) -> Collection[Link]:
        """The open connections under an equal behaviour, this one included."""

    def send(self, payload: bytes, opcode: Opcode = Opcode.BINARY, *, fin: bool = True) -> None:
        """Send one frame; with the defaults, one binary message."""

    def send_raw(
        self, data: bytes, *, frames: Sequence[tuple[int, bool, int]] | None = None
    ) -> None:
        """Put bytes on the wire as they are.

        Args:
            data: The bytes.
            frames: What they are, for the record: opcode, fin and payload size of each frame that
                they end; None if they are no frames.
        """

    async def writable(self) -> None:
        """Wait until little enough is waiting to be sent; at once if the connection is gone."""

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Send a close frame and end the connection when the client's has come."""

    def finish(self) -> None:
        """Close the TCP connection when everything has been sent, without a close frame."""

    def half_close(self) -> None:
        """End the server's direction of the TCP connection (FIN) and go on reading."""

    def abort(self) -> None:
        """Reset the TCP connection (RST)."""

    def hold(self, *, reading: bool) -> None:
        """Stop reading, so that the client's TCP window fills, or go on reading."""

    def later(self, delay: float, action: Callable[[], None]) -> None:
        """Do something after ``delay`` seconds if the connection still stands then."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine beside the connection; it is cancelled when the connection ends."""

    def note(self, text: str) -> None:
        """Write a remark into the record."""


class Session:
    """What one connection does; by default it takes everything and says nothing.

    Args:
        link: The connection.
    """

    streaming: ClassVar[bool] = False
    """Whether the session takes pieces as they arrive (`piece`) instead of whole messages."""

    independent: ClassVar[bool] = False
    """Whether the client is read on while it does not take what is sent to it; the session then
    has to see to it (`congested`) that nothing piles up, and gets pieces until the very end."""

    read_limit = 0
    """Bytes that one read may take, after which `took` is called; 0 for no such care."""

    def __init__(self, link: Link) -> None:
        self.link = link

    def prepare(self) -> Coroutine[Any, Any, Answer | None] | None:
        """Return what must be done before the handshake is answered with 101, if anything.

        Returns:
            Work whose result replaces the answer, unless it is None.
        """
        return None

    def opened(self) -> None:
        """The WebSocket is open: the answer 101 has been written."""

    def received(self, opcode: Opcode, payload: bytes) -> None:
        """A whole data message has come."""

    def piece(self, piece: Piece) -> None:
        """A part of a data frame has come, if the session is `streaming`."""

    def settled(self) -> None:
        """Everything that one read has brought is told: a streaming session may pass it on."""

    def congested(self) -> None:
        """The client does not take what is sent to it."""

    def relieved(self) -> None:
        """The client takes more again."""

    def took(self, count: int) -> None:
        """One read took ``count`` bytes, if the session has a `read_limit`."""

    def pinged(self, payload: bytes) -> None:
        """A ping has come (RFC 6455 section 5.5.2)."""
        self.link.send(payload, Opcode.PONG)

    def ponged(self, payload: bytes) -> None:
        """A pong has come."""

    def closed(self, code: int, reason: str) -> None:
        """The client's close frame has come, unbidden; the answer echoes its code (5.5.1)."""
        self.link.close(code, "" if code == NO_STATUS else reason)

    def raw(self, data: bytes) -> None:
        """Bytes have come on a connection that speaks no WebSocket."""

    def raw_opened(self) -> None:
        """A connection that speaks no WebSocket is there."""

    def raw_ended(self) -> bool:
        """The client has sent FIN on such a connection; True to go on sending to it."""
        return False

    def ended(self) -> None:
        """The connection is gone."""


@dataclass(frozen=True)
class Behaviour:
    """A way to treat a client; subclasses are frozen dataclasses of their parameters."""

    name: ClassVar[str] = ""
    summary: ClassVar[str] = ""
    seen: ClassVar[str] = ""
    """What an Emscripten program sees of it."""

    websocket: ClassVar[bool] = True
    """Whether the connection speaks HTTP and WebSocket at all."""

    listens: ClassVar[bool] = True
    """Whether there is anybody at the port."""

    @property
    def max_message(self) -> int:
        """Bytes that one message from the client may have; more is refused with 1009."""
        return DEFAULT_MAX_MESSAGE

    def answer(
        self,
        request: Request,  # noqa: ARG002 - for subclasses that look at it
        offered: Sequence[str],
        spoken: Sequence[str],
    ) -> Answer:
        """Answer a good handshake.

        Args:
            request: The handshake.
            offered: The subprotocols that the client offers.
            spoken: The subprotocols that this server speaks.

        Returns:
            101, or a refusal.
        """
        return negotiate(offered, spoken)

    def session(self, link: Link) -> Session:
        """Begin to treat one connection."""
        return Session(link)
