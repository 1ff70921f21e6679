"""Our side of a scenario whose program is a server: connect, send, expect every message back."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from emsockets_build.transcript.event import Event, Kind
from emsockets_build.verify.model import ClientRecord

__all__ = ["ServerVisit", "StopWhenVisited"]

# Around the places where the form of a frame's length changes (RFC 6455 section 5.2).
_SIZES = (1, 125, 126, 1000, 65535, 65536)
_SECONDS = 10.0


@dataclass(slots=True)
class ServerVisit:
    """Visits a program as soon as it listens; its hook says where.

    Attributes:
        messages: How many messages to send.
        record: What came of it; None while nobody listened.
        done: Set when the visit is over.
    """

    messages: int
    record: ClientRecord | None = None
    done: threading.Event = field(default_factory=threading.Event)
    _begun: bool = False

    def on_event(self, event: Event) -> None:
        """Take an event of the program's hook; the first that says it listens begins the visit."""
        if event.kind is Kind.LISTEN and not self._begun and event.detail.get("port"):
            self._begun = True
            port = event.detail["port"]
            threading.Thread(target=self._visit, args=(f"ws://127.0.0.1:{port}/",)).start()

    def _visit(self, url: str) -> None:
        try:
            self.record = _converse(url, [_SIZES[n % len(_SIZES)] for n in range(self.messages)])
        finally:
            self.done.set()


class StopWhenVisited(threading.Event):
    """Stops a run when the caller wants it, or a while after the visit.

    A server need not end by itself, but one that does shall have the time to.
    """

    def __init__(self, visit: ServerVisit, stop: threading.Event | None, grace: float) -> None:
        super().__init__()
        self._visit = visit
        self._stop = stop
        self._grace = grace
        self._over: float | None = None

    def is_set(self) -> bool:
        """Tell whether it is time."""
        if self._stop is not None and self._stop.is_set():
            return True
        if not self._visit.done.is_set():
            return False
        if self._over is None:
            self._over = time.monotonic()
        return time.monotonic() - self._over > self._grace


def _converse(url: str, sizes: Sequence[int]) -> ClientRecord:
    """Send messages of these sizes, one after the other, and compare what comes back."""
    sent = echoed = sent_bytes = echoed_bytes = 0
    error, subprotocol = "", None
    try:
        with connect(
            url,
            subprotocols=[Subprotocol("binary")],
            compression=None,
            open_timeout=_SECONDS,
            close_timeout=_SECONDS,
            max_size=None,
            proxy=None,
        ) as client:
            subprotocol = client.subprotocol
            for number, size in enumerate(sizes):
                message = bytes((number + offset) % 256 for offset in range(size))
                client.send(message)
                sent, sent_bytes = sent + 1, sent_bytes + size
                answer = b""
                while len(answer) < size:
                    part = client.recv(timeout=_SECONDS)
                    answer += part.encode() if isinstance(part, str) else part
                echoed_bytes += len(answer)
                if answer != message:
                    error = f"message {number + 1} of {size} bytes came back different"
                    break
                echoed += 1
    except (OSError, WebSocketException, TimeoutError) as problem:
        error = f"{type(problem).__name__}: {problem}"
    return ClientRecord(subprotocol, sent, sent_bytes, echoed, echoed_bytes, error)
