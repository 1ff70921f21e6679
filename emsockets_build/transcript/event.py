"""The neutral event that every source of a transcript is converted to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

__all__ = ["Event", "Kind", "Source"]


class Source(StrEnum):
    """Who says so."""

    PROGRAM = "program"  # the hook inside Node or in the page
    LOG = "log"  # Emscripten's SOCKET_DEBUG lines
    SERVER = "server"  # the test server's record
    BROWSER = "browser"  # the browser itself, about a page


class Kind(StrEnum):
    """What happened. Direction is seen from the source that reports it."""

    START = "start"  # the process or the server is there
    WS = "ws"  # the program asked for the npm package ws
    CONNECT = "connect"  # a WebSocket was constructed
    HANDSHAKE = "handshake"  # the server was asked to upgrade, or answered
    OPEN = "open"
    QUEUE = "queue"  # sent before it was open, kept until then
    SEND = "send"
    MESSAGE = "message"
    READ = "read"  # the program took bytes out of the receive queue
    PUT_BACK = "put-back"  # the rest of a message that was read in part
    ERROR = "error"
    CLOSE = "close"
    LISTEN = "listen"
    ACCEPT = "accept"
    EXCEPTION = "exception"  # uncaught, in JavaScript or WebAssembly
    CALL = "call"  # a socket call of the C program had a result that it had not had before
    TOTALS = "totals"  # counters of a socket
    EXIT = "exit"
    CONTROL = "control"  # a ping, pong or close frame
    CALLBACK = "callback"  # the log's word that a callback was called
    NOISE = "noise"  # a line of RUNTIME_DEBUG
    OUTPUT = "output"  # a line of the program itself
    NOTE = "note"  # anything else worth a line


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    Attributes:
        kind: What.
        source: Who says so.
        time: `time.monotonic` in seconds; None where only the order is known (a log).
        socket: The socket it belongs to, in the words of the source (``1``, ``fd 3``); may be
            empty.
        size: Bytes of payload, if it is about any.
        text: Free words of the source: a URL, a reason.
        detail: Everything else, by name.
        line: The number of the line in the log it was read from, from 1; 0 for other sources.
    """

    kind: Kind
    source: Source
    time: float | None = None
    socket: str = ""
    size: int | None = None
    text: str = ""
    detail: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    line: int = 0
