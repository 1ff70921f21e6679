"""The server on its event loop: listening, the connections that stand, the records of all."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from emsockets_build.errors import UsageError
from emsockets_build.server.behaviour import Behaviour, Link
from emsockets_build.server.behaviours import from_request
from emsockets_build.server.connection import Connection
from emsockets_build.server.controls import Control
from emsockets_build.server.events import ConnectionRecord
from emsockets_build.server.handshake import Request
from emsockets_build.server.recorder import Observer, Recorder, RecordLimits
from emsockets_build.server.site import Page, Site
from emsockets_build.server.tcp import TcpConnection

__all__ = ["Host", "Settings", "Timeouts"]

_READ_BUFFER = 256 * 1024
_BACKLOG = 4096
_CLOSING_TURNS = 5
_PORT_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a client may take; every wait of the server is one of these.

    Attributes:
        handshake: Seconds to send its request.
        close: Seconds to answer a close frame, and to take what was still to be sent.
        linger: Seconds to read why it was refused.
    """

    handshake: float = 10.0
    close: float = 5.0
    linger: float = 1.0


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server serves.

    Attributes:
        behaviour: How clients are treated.
        by_path: Whether a URL path such as ``/close?after=3`` chooses another behaviour.
        address: The address to bind.
        port: The port to bind; 0 for a free one.
        subprotocols: The subprotocols that are spoken, of which a client must offer one.
        tls: The certificate, for wss.
        limits: How much the records keep.
        observer: Gets every event as it happens, on the event loop.
        site: The folder that plain HTTP requests are answered from.
        gate: Looks at every request first and may raise `RefusedError`.
        timeouts: How long clients may take.
        max_unfinished: Bytes of unfinished messages that are kept, of all connections together.
    """

    behaviour: Behaviour
    by_path: bool = False
    address: str = "127.0.0.1"
    port: int = 0
    subprotocols: tuple[str, ...] = ("binary",)
    tls: ssl.SSLContext | None = None
    limits: RecordLimits = field(default_factory=RecordLimits)
    observer: Observer | None = None
    site: Site | None = None
    gate: Callable[[Request], None] | None = None
    timeouts: Timeouts = field(default_factory=Timeouts)
    max_unfinished: int = 256 * 1024 * 1024


class Host:
    """Accepts connections and keeps count of them; every method belongs to its event loop.

    Args:
        settings: How to serve.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.buffer = memoryview(bytearray(_READ_BUFFER))
        self.port = 0
        self.unfinished = 0
        self._started = time.monotonic()
        self._count = 0
        self._standing: dict[int, TcpConnection] = {}
        self._recorders: dict[int, Recorder] = {}
        self._ended: dict[bool, deque[int]] = {False: deque(), True: deque()}
        self._groups: dict[Behaviour, dict[Connection, None]] = {}
        self._idle = asyncio.Event()
        self._idle.set()
        self._server: asyncio.Server | None = None
        self._taken: socket.socket | None = None  # a port on which nobody shall listen

    async def start(self) -> None:
        """Listen.

        Raises:
            UsageError: The address cannot be bound.
        """
        try:
            if not self.settings.behaviour.listens:
                self._taken = socket.socket()
                self._taken.bind((self.settings.address, self.settings.port))
                self.port = self._taken.getsockname()[1]
                return
            self._server = await self._listen(self.settings.port)
            for _ in range(_PORT_ATTEMPTS):
                ports = {listener.getsockname()[1] for listener in self._server.sockets}
                if len(ports) == 1:
                    break
                # A name such as localhost has several addresses, and each got a port of its own.
                self._server.close()
                await self._server.wait_closed()
                self._server = await self._listen(min(ports))
        except OSError as error:
            raise _bind_error(self.settings, error) from error
        self.port = self._server.sockets[0].getsockname()[1]

    async def _listen(self, port: int) -> asyncio.Server:
        return await asyncio.get_running_loop().create_server(
            self.new_connection, self.settings.address, port, backlog=_BACKLOG
        )

    def new_connection(self) -> TcpConnection:
        """Make what treats the next client."""
        return Connection(self)

    async def stop(self) -> None:
        """Stop listening and drop every connection; returns when all are gone."""
        server = self._server
        if self._taken is not None:
            self._taken.close()
        if server is not None:
            await _stop_accepting(server)
            server.close()
        # What was being accepted meanwhile appears within the next turns of the loop, and
        # transports close their sockets in callbacks of the turns after that.
        for _ in range(_CLOSING_TURNS):
            for connection in list(self._standing.values()):
                connection.drop()
            await asyncio.sleep(0)
        await self._idle.wait()
        if server is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(server.wait_closed(), self.settings.timeouts.close)

    async def wait_idle(self, timeout: float) -> bool:  # noqa: ASYNC109 - part of the contract
        """Wait until no connection stands; False if the time ran out first."""
        try:
            await asyncio.wait_for(self._idle.wait(), timeout)
        except TimeoutError:
            return False
        return True

    def records(self) -> tuple[ConnectionRecord, ...]:
        """Return a snapshot of every connection, in the order of acceptance."""
        return tuple(recorder.snapshot() for recorder in self._recorders.values())

    def recorder(self, number: int) -> Recorder | None:
        """Return the record of one connection in the making; None if it is not kept."""
        return self._recorders.get(number)

    def recorders(self) -> Collection[Recorder]:
        """Return the records of all connections in the making, in the order of acceptance."""
        return self._recorders.values()

    def control(self, number: int) -> Control:
        """Return what acts on a connection that stands.

        Raises:
            UsageError: There is none of this number.
        """
        connection = self._standing.get(number)
        if isinstance(connection, Connection):
            return Control(connection)
        raise UsageError(f"there is no connection {number}", remedy="choose one that stands")

    # -- what connections ask ---------------------------------------------------------------

    def enter(self, connection: TcpConnection, transport: asyncio.BaseTransport) -> Recorder:
        """Count a new connection and begin its record."""
        self._count += 1
        recorder = Recorder(
            self._count,
            _address(transport.get_extra_info("peername")),
            secure=self.settings.tls is not None,
            started=self._started,
            limits=self.settings.limits,
            observer=self.settings.observer,
        )
        self._standing[self._count] = connection
        self._idle.clear()
        self._recorders[self._count] = recorder
        return recorder

    def leave(self, connection: TcpConnection) -> None:
        """Forget a connection that is gone; its record stays, while there is room."""
        self._standing.pop(connection.recorder.number, None)
        if isinstance(connection, Connection) and connection.behaviour in self._groups:
            group = self._groups[connection.behaviour]
            group.pop(connection, None)
            if not group:
                del self._groups[connection.behaviour]
        # A page's files, a connection each, must not push out what its sockets did.
        ended = self._ended[connection.recorder.behaviour == Page.name]
        ended.append(connection.recorder.number)
        if len(ended) > self.settings.limits.connections:
            del self._recorders[ended.popleft()]
        if not self._standing:
            self._idle.set()

    def route(self, request: Request) -> Behaviour:
        """Choose the behaviour for a request; a plain HTTP request asks for a file.

        Raises:
            RefusedError: The path names neither behaviour nor file.
        """
        if self.settings.site is not None and not request.wants_upgrade:
            return self.settings.site.page(request)
        if not self.settings.by_path:
            return self.settings.behaviour
        return from_request(request, self.settings.behaviour)

    def admit(self, request: Request) -> None:
        """Let the gate look at a request.

        Raises:
            RefusedError: The gate refuses it.
        """
        if self.settings.gate is not None:
            self.settings.gate(request)

    def joined(self, connection: Connection) -> None:
        """Note that a WebSocket is open under its behaviour."""
        if connection.behaviour is not None:
            self._groups.setdefault(connection.behaviour, {})[connection] = None

    def peers(self, behaviour: Behaviour | None) -> Collection[Link]:
        """Return the open connections under one behaviour."""
        standing = self._groups.get(behaviour, {}) if behaviour is not None else {}
        return [connection for connection in standing if connection.open]


async def _stop_accepting(server: asyncio.Server) -> None:
    """Let what is being accepted settle; asyncio fails an assertion if it closes meanwhile."""
    loop = asyncio.get_running_loop()
    if isinstance(loop, asyncio.SelectorEventLoop):
        for listener in server.sockets:
            loop.remove_reader(listener.fileno())
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def _address(peer: object) -> str:
    if isinstance(peer, tuple) and len(peer) >= 2:  # noqa: PLR2004 - address, port, and IPv6's rest
        return f"[{peer[0]}]:{peer[1]}" if ":" in str(peer[0]) else f"{peer[0]}:{peer[1]}"
    return str(peer)


def _bind_error(settings: Settings, error: OSError) -> UsageError:
    place = f"{settings.address}:{settings.port}"
    return UsageError(
        f"the server cannot listen on {place}",
        where=place,
        why=str(error),
        remedy="choose another port (0 takes a free one), or stop the program that has it",
    )
