"""The server for tests: a context manager for synchronous code, and its asynchronous twin."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Callable, Collection, Coroutine, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from emsockets_build.server.behaviour import Behaviour
from emsockets_build.server.behaviours import from_spec
from emsockets_build.server.certificate import Certificate, make_certificate
from emsockets_build.server.controls import Control, DistantControl
from emsockets_build.server.events import ConnectionRecord
from emsockets_build.server.handshake import Request
from emsockets_build.server.host import Host, Settings, Timeouts
from emsockets_build.server.recorder import Observer, Recorder, RecordLimits
from emsockets_build.server.site import Site

__all__ = ["AsyncTestServer", "TestServer", "new_event_loop"]

_T = TypeVar("_T")
_ANSWER_SECONDS = 30.0


def new_event_loop(*, fast: bool = True) -> asyncio.AbstractEventLoop:
    """Make an event loop: uvloop's where it is installed, else the standard one.

    Args:
        fast: Whether uvloop may be used.
    """
    if fast:
        with contextlib.suppress(ImportError):
            import uvloop

            return uvloop.new_event_loop()
    return asyncio.new_event_loop()


def _certificate(tls: ssl.SSLContext | Certificate | bool) -> Certificate | None:  # noqa: FBT001 - a choice of three
    if tls is True:
        return make_certificate()
    return tls if isinstance(tls, Certificate) else None


def _context(certificate: Certificate | None) -> ssl.SSLContext | None:
    return certificate.context if certificate is not None else None


class _Facade:
    """What both kinds of test server are made from and tell."""

    __test__ = False  # pytest would take the name for a test class

    def __init__(
        self,
        behaviour: str | Behaviour = "echo",
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        by_path: bool = False,
        subprotocols: Sequence[str] = ("binary",),
        tls: ssl.SSLContext | Certificate | bool = False,
        site: Path | Site | None = None,
        gate: Callable[[Request], None] | None = None,
        limits: RecordLimits | None = None,
        timeouts: Timeouts | None = None,
        observer: Observer | None = None,
        fast: bool = True,
    ) -> None:
        self.host = host
        self.certificate = _certificate(tls)
        """The certificate made for this server, if it speaks TLS with one."""
        self._fast = fast
        self._settings = Settings(
            behaviour=from_spec(behaviour) if isinstance(behaviour, str) else behaviour,
            by_path=by_path,
            address=host,
            port=port,
            subprotocols=tuple(subprotocols),
            tls=tls if isinstance(tls, ssl.SSLContext) else _context(self.certificate),
            site=Site(site) if isinstance(site, Path) else site,
            gate=gate,
            limits=limits or RecordLimits(),
            timeouts=timeouts or Timeouts(),
            observer=observer,
        )
        self._host: Host | None = None

    @property
    def port(self) -> int:
        """The port that the server listens on.

        Raises:
            RuntimeError: The server has not been entered.
        """
        return self._running.port

    @property
    def url(self) -> str:
        """The server's real URL, such as ``ws://127.0.0.1:40123/``."""
        scheme = "ws" if self._settings.tls is None else "wss"
        name = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{name}:{self.port}/"

    @property
    def behaviour_name(self) -> str:
        """The name of the behaviour that clients meet unless their URL chooses another."""
        return self._settings.behaviour.name

    @property
    def _running(self) -> Host:
        if self._host is None:
            raise RuntimeError(f"{type(self).__name__} must be entered with `with` first")
        return self._host


class AsyncTestServer(_Facade):
    """A live test server on the running event loop.

    ::

        async with AsyncTestServer("echo") as server:
            await program(server.url)
            assert server.connections[0].messages_in == 1

    Args:
        behaviour: A spec such as ``"close?after=3&code=1011"``, or a `Behaviour`.
        host: The address to bind.
        port: The port to bind; 0 for a free one.
        by_path: Whether a URL path such as ``/close?after=3`` chooses another behaviour.
        subprotocols: The subprotocols that are spoken, of which a client must offer one; with
            none, none is asked for and none selected.
        tls: True for ``wss`` with a certificate made on the spot, or a certificate or context.
        site: A folder whose files answer plain HTTP requests, or what else answers them.
        gate: Who is let in; everybody if None.
        limits: How much the records keep.
        timeouts: How long clients may take to send a request or to close.
        observer: Gets every event as it happens, on the event loop.
        fast: Whether `TestServer` may use uvloop for its thread.

    Raises:
        UsageError: The behaviour does not exist; on entering: the address cannot be bound.
    """

    async def __aenter__(self) -> Self:
        host = Host(self._settings)
        await host.start()
        self._host = host
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._running.stop()

    @property
    def connections(self) -> tuple[ConnectionRecord, ...]:
        """A snapshot of every connection, in the order of acceptance."""
        return self._running.records()

    def control(self, number: int) -> Control:
        """Return what acts on a connection that stands: closes, freezes, delays it, ...

        Args:
            number: The connection's number, from 1.

        Raises:
            UsageError: There is none of this number.
        """
        return self._running.control(number)

    def recorder(self, number: int) -> Recorder | None:
        """Return the record of one connection in the making; None if it is not kept."""
        return self._running.recorder(number)

    def recorders(self) -> Collection[Recorder]:
        """Return the records of all connections in the making."""
        return self._running.recorders()

    async def wait_idle(self, timeout: float = 10.0) -> bool:  # noqa: ASYNC109 - as the twin
        """Wait until every connection has ended.

        Args:
            timeout: Seconds to wait at most.

        Returns:
            Whether all have ended; counts are final then.
        """
        return await self._running.wait_idle(timeout)


class TestServer(_Facade):
    """A live test server on a thread of its own; any thread may ask it.

    ::

        with TestServer("echo") as server:
            run_program(server.host, server.port)
            server.wait_idle()
            assert server.connections[0].messages_in == 1

    The arguments are those of `AsyncTestServer`. The server accepts when ``with`` is entered, and
    is gone with its thread and sockets when it is left.
    """

    def __enter__(self) -> Self:
        self._loop = new_event_loop(fast=self._fast)
        started: Future[Host] = Future()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(
            target=self._serve, args=(started,), name="emsockets-test-server", daemon=True
        )
        self._thread.start()
        try:
            self._host = started.result(_ANSWER_SECONDS)
        except BaseException:
            self._thread.join(_ANSWER_SECONDS)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(_ANSWER_SECONDS)
        if self._thread.is_alive():
            raise RuntimeError("the test server did not stop")

    def _serve(self, started: Future[Host]) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._main(started))

    def _new_host(self) -> Host:
        return Host(self._settings)

    async def _main(self, started: Future[Host]) -> None:
        host = self._new_host()
        try:
            await host.start()
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is awaited
            started.set_exception(error)
            return
        started.set_result(host)
        await self._stopping.wait()
        await host.stop()

    @property
    def connections(self) -> tuple[ConnectionRecord, ...]:
        """A snapshot of every connection, in the order of acceptance."""
        host = self._running

        async def records() -> tuple[ConnectionRecord, ...]:
            return host.records()

        return self._ask(records, host.records)

    def control(self, number: int) -> DistantControl:
        """Return what acts on a connection that stands: closes, freezes, delays it, ...

        ::

            server.control(1).close(1012, "restarting")

        Args:
            number: The connection's number, from 1. Each method raises `UsageError` when no
                connection of this number stands.
        """
        host = self._running
        return DistantControl(lambda: host.control(number), self._loop)

    def wait_idle(self, timeout: float = 10.0) -> bool:
        """Wait until every connection has ended.

        Args:
            timeout: Seconds to wait at most.

        Returns:
            Whether all have ended; counts are final then.
        """
        host = self._running
        return self._ask(lambda: host.wait_idle(timeout), lambda: True, timeout)

    def _ask(
        self,
        question: Callable[[], Coroutine[Any, Any, _T]],
        when_gone: Callable[[], _T],
        seconds: float = 0.0,
    ) -> _T:
        """Ask on the server's thread, or directly once that is gone."""
        if not self._thread.is_alive():
            return when_gone()
        future = asyncio.run_coroutine_threadsafe(question(), self._loop)
        return future.result(seconds + _ANSWER_SECONDS)
