"""What a connection's record is made of: typed events, their JSON form, and the snapshot.

Times are seconds since the server started, so that events of several connections can be put in one
order; `Accepted.clock` ties them to the wall clock.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal

__all__ = [
    "Accepted",
    "Answered",
    "ConnectionRecord",
    "Ended",
    "Event",
    "Fault",
    "FrameSeen",
    "HalfClosed",
    "Message",
    "Noted",
    "RawBytes",
    "Requested",
    "Side",
]

Side = Literal["client", "server"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened on one connection.

    Attributes:
        connection: The connection's number, counted from 1 in the order of acceptance.
        at: Seconds since the server started.
    """

    kind: ClassVar[str] = ""

    connection: int
    at: float

    def to_json(self) -> dict[str, Any]:
        """Return the event as a JSON object; bytes become base64 under ``<name>_base64``."""
        record: dict[str, Any] = {"event": self.kind}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bytes):
                record[f"{field.name}_base64"] = base64.b64encode(value).decode()
            elif isinstance(value, float):
                record[field.name] = round(value, 6)
            else:
                record[field.name] = value
        return record


@dataclass(frozen=True, slots=True)
class Accepted(Event):
    """A TCP connection was accepted.

    Attributes:
        peer: The client's address and port.
        secure: Whether it came through TLS.
        clock: Seconds since the epoch.
    """

    kind: ClassVar[str] = "accepted"

    peer: str
    secure: bool
    clock: float


@dataclass(frozen=True, slots=True)
class Requested(Event):
    """An HTTP request's head arrived, whole and well-formed.

    Attributes:
        method: Such as ``GET``.
        target: Path and query as sent.
        headers: Names and values in order.
        behaviour: The behaviour that will treat the connection.
    """

    kind: ClassVar[str] = "requested"

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    behaviour: str


@dataclass(frozen=True, slots=True)
class Answered(Event):
    """The request was answered.

    Attributes:
        status: The HTTP status; 101 opened the WebSocket.
        offered: The subprotocols that the client offered.
        selected: The one that the server selected, if any.
        reason: Why it was refused, in words.
    """

    kind: ClassVar[str] = "answered"

    status: int
    offered: tuple[str, ...]
    selected: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class FrameSeen(Event):
    """A whole frame was received or sent.

    Attributes:
        sender: Who sent it.
        opcode: Its opcode as a number; 1 is text, 2 binary, 8 close, 9 ping, 10 pong.
        fin: Whether it ended its message.
        size: Payload bytes.
        payload: The payload's beginning, up to the record's limit.
        sha256: Of the whole payload, in hex, when it is longer than what is kept.
    """

    kind: ClassVar[str] = "frame"

    sender: Side
    opcode: int
    fin: bool
    size: int
    payload: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class RawBytes(Event):
    """Bytes that are no frames were received or sent.

    Attributes:
        sender: Who sent them.
        size: How many.
        payload: Their beginning, up to the record's limit.
    """

    kind: ClassVar[str] = "raw"

    sender: Side
    size: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class HalfClosed(Event):
    """One side ended its direction of the TCP connection (FIN).

    Attributes:
        sender: Who ended it.
    """

    kind: ClassVar[str] = "half-closed"

    sender: Side


@dataclass(frozen=True, slots=True)
class Noted(Event):
    """The behaviour has something to say.

    Attributes:
        text: What, in words.
    """

    kind: ClassVar[str] = "note"

    text: str


@dataclass(frozen=True, slots=True)
class Fault(Event):
    """The client broke the protocol, or something failed on the way.

    Attributes:
        code: The close code that answered it.
        reason: What was wrong, in words.
    """

    kind: ClassVar[str] = "fault"

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Ended(Event):
    """The connection is gone.

    Attributes:
        close_code: From the first close frame; 1005 when it carried none, 1006 when there was no
            close frame, None when no WebSocket was ever open.
        close_reason: From the first close frame.
        closed_by: Who began to close.
        reset: Whether TCP was reset instead of closed.
    """

    kind: ClassVar[str] = "ended"

    close_code: int | None
    close_reason: str
    closed_by: Side | None
    reset: bool


@dataclass(frozen=True, slots=True)
class Message:
    """A message that the client sent, as it is kept.

    Attributes:
        opcode: 1 for text, 2 for binary.
        size: Payload bytes.
        payload: The payload's beginning, up to the record's limit.
        sha256: Of the whole payload, in hex, when it is longer than what is kept.
    """

    opcode: int
    size: int
    payload: bytes
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class ConnectionRecord:
    """One connection as it stood when the snapshot was taken.

    Attributes:
        number: Counted from 1 in the order of acceptance.
        peer: The client's address and port.
        behaviour: The behaviour that treated it; empty before the request arrived.
        path: The request's target, query included.
        offered: The subprotocols that the client offered.
        subprotocol: The one that was selected, if any.
        status: The HTTP status of the handshake's answer; None if there was none.
        refusal: Why the handshake was refused, in words; empty if it was not.
        messages_in: Whole data messages received.
        messages_out: Whole data messages sent.
        bytes_in: Payload bytes of data frames received.
        bytes_out: Payload bytes of data frames sent.
        raw_in: Bytes received that are no frames (after a behaviour left the protocol).
        raw_out: Bytes sent that are no frames.
        peak_buffered: The most bytes that waited to be sent.
        close_code: As in `Ended`; None while the connection is open.
        close_reason: As in `Ended`.
        closed_by: As in `Ended`.
        reset: As in `Ended`.
        fault: How the client broke the protocol, in words; empty if it did not.
        open: Whether the TCP connection still stands.
        seconds: How long it has stood, or stood.
        messages: The messages received, up to the record's limits.
        events: What happened, in order, up to the record's limit.
        events_omitted: How many events are not kept: those past the limit, or before the latest.
    """

    number: int
    peer: str
    behaviour: str
    path: str
    offered: tuple[str, ...]
    subprotocol: str | None
    status: int | None
    refusal: str
    messages_in: int
    messages_out: int
    bytes_in: int
    bytes_out: int
    raw_in: int
    raw_out: int
    peak_buffered: int
    close_code: int | None
    close_reason: str
    closed_by: Side | None
    reset: bool
    fault: str
    open: bool
    seconds: float
    messages: tuple[Message, ...]
    events: tuple[Event, ...]
    events_omitted: int
