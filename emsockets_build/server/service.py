"""Several servers on one event loop until somebody ends them: what ``emsockets serve`` runs."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import ssl
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from emsockets_build.server.behaviour import Behaviour
from emsockets_build.server.certificate import Certificate
from emsockets_build.server.events import Event
from emsockets_build.server.gates import Gate
from emsockets_build.server.journal import EventFile, LiveLog
from emsockets_build.server.library import AsyncTestServer, new_event_loop
from emsockets_build.server.recorder import Observer, RecordLimits
from emsockets_build.server.tools import Tools

__all__ = ["Service", "fan_out", "run_service"]

_KEPT_CONNECTIONS = 100
# The latest of each connection; 200 MiB at the very most, if a hundred that ended had sent so much.
_INSPECTED = RecordLimits(
    payload=64 * 1024,
    total=2 * 1024 * 1024,
    events=5000,
    latest=True,
    connections=_KEPT_CONNECTIONS,
)


@dataclass(frozen=True, slots=True)
class Service:
    """What to serve.

    Attributes:
        behaviours: One port for each.
        by_path: Whether URL paths choose behaviours.
        host: The address to bind.
        port: The first port; 0 for free ones.
        subprotocols: The subprotocols that are spoken.
        tls: The certificate, for wss.
        site: A folder of static files.
        gate: Who is let in.
        record: A file for JSON lines.
        log: Whether people are told what happens, on standard error.
        every_frame: Whether they are told of every frame.
        page: The folder and the name of a page that is served and reloads itself; instead of
            ``site``.
        inspect: Whether there is an inspector.
    """

    behaviours: Sequence[Behaviour]
    by_path: bool = False
    host: str = "127.0.0.1"
    port: int = 0
    subprotocols: tuple[str, ...] = ("binary",)
    tls: ssl.SSLContext | Certificate | None = None
    site: Path | None = None
    gate: Gate | None = None
    record: Path | None = None
    log: bool = True
    every_frame: bool = False
    page: tuple[Path, str] | None = None
    inspect: bool = False


Ready = Callable[[str, str], None]
"""Is told what is ready, ``READY``, ``PAGE`` or ``INSPECT``, and its URL."""


def run_service(service: Service, ready: Ready) -> bool:
    """Serve until SIGTERM or Ctrl-C.

    Args:
        service: What to serve.
        ready: Called for each server when it accepts, then for the page and the inspector.

    Returns:
        Whether it was Ctrl-C that ended it.

    Raises:
        UsageError: An address cannot be bound, or the record cannot be written.
    """
    _raise_file_limit()
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(_serve(service, ready))


async def _serve(service: Service, ready: Ready) -> bool:
    stop: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    _end_on_signals(stop)
    async with contextlib.AsyncExitStack() as stack:
        journal = stack.enter_context(EventFile(service.record)) if service.record else None
        tools = _tools(service)
        if tools is not None:
            await tools.start(stack)
        for place, behaviour in enumerate(service.behaviours):
            server = _server(service, behaviour, place, journal, tools)
            await stack.enter_async_context(server)
            ready("READY", server.url)
            if tools is not None:
                tools.desk.servers.append(server)
        if tools is not None:
            _announce(tools, ready)
        try:
            return await stop
        except asyncio.CancelledError:  # Ctrl-C where loops know no signal handlers (Windows)
            return True


def _tools(service: Service) -> Tools | None:
    if not service.inspect and service.page is None:
        return None
    port = service.port + len(service.behaviours) if service.port else 0
    return Tools(port=port, tls=service.tls, page=service.page)


def _announce(tools: Tools, ready: Ready) -> None:
    # The page is on every port; the first is the one that people think of.
    first = tools.desk.servers[0]
    assert isinstance(first, AsyncTestServer)  # noqa: S101 - for the type checker: _serve put it there
    if (page := tools.page_url(first)) is not None:
        ready("PAGE", page)
    ready("INSPECT", tools.inspector_url)


def _server(
    service: Service,
    behaviour: Behaviour,
    place: int,
    journal: EventFile | None,
    tools: Tools | None,
) -> AsyncTestServer:
    server: AsyncTestServer
    several = len(service.behaviours) > 1
    live = LiveLog(
        sys.stderr,
        every_frame=service.every_frame,
        prefix=f"{behaviour.name}: " if several else "",
    )

    outputs: dict[str, Observer] = {}
    if service.log:
        outputs["the live log"] = live
    if journal is not None:
        outputs[f"the record {service.record}"] = lambda event: journal.write(server.url, event)

    if tools is not None:
        outputs["the inspector"] = tools.desk.feed.observer(place)
    observer = fan_out(outputs) if outputs else None
    if tools is not None:
        kept = _INSPECTED
    elif observer is not None:
        kept = RecordLimits(connections=_KEPT_CONNECTIONS, events=0, total=1 << 62)
    else:
        kept = RecordLimits.counts_only(_KEPT_CONNECTIONS)
    server = AsyncTestServer(
        behaviour,
        host=service.host,
        port=service.port + place if service.port else 0,
        by_path=service.by_path,
        subprotocols=service.subprotocols,
        tls=service.tls or False,
        site=service.site if tools is None else tools.site() or service.site,
        gate=service.gate,
        limits=kept,
        observer=observer,
    )
    return server


def fan_out(outputs: dict[str, Observer]) -> Observer:
    """Join observers; one that cannot write any more is given up, and clients do not notice.

    Args:
        outputs: Observers by what people call them.

    Returns:
        An observer that never raises `OSError`.
    """
    standing = dict(outputs)

    def observe(event: Event) -> None:
        for name, output in list(standing.items()):
            try:
                output(event)
            except OSError as error:  # the disk is full, the reader of a pipe has gone
                del standing[name]
                with contextlib.suppress(OSError):
                    sys.stderr.write(f"{name} ends here: {error}\n")

    return observe


def _raise_file_limit() -> None:
    """Allow as many open files, and so connections, as the system lets a user have."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _end_on_signals(stop: asyncio.Future[bool]) -> None:
    loop = asyncio.get_running_loop()

    def end(*, interrupted: bool) -> None:
        if not stop.done():
            stop.set_result(interrupted)

    with contextlib.suppress(NotImplementedError):  # Windows
        loop.add_signal_handler(signal.SIGINT, lambda: end(interrupted=True))
        loop.add_signal_handler(signal.SIGTERM, lambda: end(interrupted=False))
