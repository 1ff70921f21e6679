"""Our side of a scenario whose program is a server: connect, send, expect every message back."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from emsockets_build.run.ports import accepts, listens
from emsockets_build.transcript.event import Event, Kind
from emsockets_build.verify.model import ClientRecord

__all__ = ["ServerVisit", "StopWhenVisited"]

# Around the places where the form of a frame's length changes (RFC 6455 section 5.2).
_SIZES = (1, 125, 126, 1000, 65535, 65536)
_SECONDS = 10.0
_LOOK_SECONDS = 0.02


@dataclass(slots=True)
class ServerVisit:
    """Visits a program as soon as it listens: its hook says where, or the port is watched.

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
            port = int(str(event.detail["port"]))
            # The sockets of BACKEND node are real ones, and speak no WebSocket.
            peer = _tcp if event.detail.get("raw") else _websocket
            threading.Thread(target=self._visit, args=(peer, port)).start()

    @contextmanager
    def watching(self, port: int) -> Iterator[None]:
        """Visit a native program, which has no hook, when it listens on the port it was given.

        Args:
            port: Looked at until the program listens or the context is left.
        """
        over = threading.Event()

        def watch() -> None:
            while not over.wait(_LOOK_SECONDS):
                known = listens(port)
                if known or (known is None and accepts(port)):
                    self._visit(_tcp, port)
                    return

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _visit(self, peer: Callable[[int], _Connecting], port: int) -> None:
        sizes = [_SIZES[n % len(_SIZES)] for n in range(self.messages)]
        try:
            self.record = _converse(lambda: peer(port), sizes)
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


class _Peer(Protocol):
    """The program, as our side of a connection sees it."""

    subprotocol: str | None

    def send(self, message: bytes) -> None: ...

    def receive(self) -> bytes: ...


_Connecting = AbstractContextManager[_Peer]


@dataclass(slots=True)
class _WebSocketPeer:
    connection: ClientConnection
    subprotocol: str | None

    def send(self, message: bytes) -> None:
        self.connection.send(message)

    def receive(self) -> bytes:
        part = self.connection.recv(timeout=_SECONDS)
        return part.encode() if isinstance(part, str) else part


@dataclass(slots=True)
class _TcpPeer:
    connection: socket.socket
    subprotocol: str | None = None

    def send(self, message: bytes) -> None:
        self.connection.sendall(message)

    def receive(self) -> bytes:
        part = self.connection.recv(65536)
        if not part:
            raise ConnectionResetError("the program closed the connection")
        return part


@contextmanager
def _websocket(port: int) -> Iterator[_Peer]:
    with connect(
        f"ws://127.0.0.1:{port}/",
        subprotocols=[Subprotocol("binary")],
        compression=None,
        open_timeout=_SECONDS,
        close_timeout=_SECONDS,
        max_size=None,
        proxy=None,
    ) as connection:
        yield _WebSocketPeer(connection, connection.subprotocol)


@contextmanager
def _tcp(port: int) -> Iterator[_Peer]:
    with socket.create_connection(("127.0.0.1", port), _SECONDS) as connection:
        yield _TcpPeer(connection)


def _converse(connecting: Callable[[], _Connecting], sizes: Sequence[int]) -> ClientRecord:
    """Send messages of these sizes, one after the other, and compare what comes back."""
    sent: list[int] = []
    back: list[int] = []
    echoed = 0
    error, subprotocol = "", None
    try:
        with connecting() as peer:
            subprotocol = peer.subprotocol
            for number, size in enumerate(sizes):
                message = bytes((number + offset) % 256 for offset in range(size))
                peer.send(message)
                sent.append(size)
                answer = b""
                while len(answer) < size:
                    part = peer.receive()
                    back.append(len(part))
                    answer += part
                if answer != message:
                    error = f"message {number + 1} of {size} bytes came back different"
                    break
                echoed += 1
    except (OSError, WebSocketException, TimeoutError) as problem:
        error = f"{type(problem).__name__}: {problem}"
    return ClientRecord(
        subprotocol, len(sent), sum(sent), echoed, sum(back), error, tuple(sent), tuple(back)
    )
