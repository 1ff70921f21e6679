"""Who serves a scenario: the test server, or the project's own behind a relay or a tap."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from emsockets_build.errors import BuildFailedError
from emsockets_build.run.background import Background, background
from emsockets_build.run.ports import accepts, free_port, listens
from emsockets_build.server import ConnectionRecord, TestServer
from emsockets_build.server.relay import Relay
from emsockets_build.server.tap import Tap
from emsockets_build.server.upstream import Upstream
from emsockets_build.verify.model import Scenario, ServerCommand, ServerReport
from emsockets_build.verify.own_server import PORT_TAKEN

__all__ = ["Served", "fill_in", "serving"]

# How long the server may take to see the end of connections whose program is gone.
_SETTLE_SECONDS = 5.0
# How long a server of the project's own may take to be ready, if the scenario allows as much.
_READY_SECONDS = 30.0
# How long a program that ended in peace may still turn out to have left a daemon behind.
_DAEMON_SECONDS = 2.0
# How often a free port is looked for anew when somebody else was faster.
_PORT_ATTEMPTS = 3
# How long /proc alone is asked: what listens elsewhere, in a container, only shows by a connection.
_UNSEEN_SECONDS = 1.0
_CRASHES = {4, 6, 7, 8, 11}  # SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV


@dataclass(slots=True)
class Served:
    """Where a scenario's server is, and what it saw.

    Attributes:
        server: What the program connects to in this process; None if the scenario has no server.
        own: The project's own server behind it, if there is one and it runs.
        report: What became of that server; complete when `serving` is left.
    """

    server: TestServer | None = None
    own: Background | None = None
    report: ServerReport | None = None

    @property
    def ready(self) -> bool:
        """Whether the program can be started."""
        return self.report is None or self.report.ready

    def settled(self) -> tuple[ConnectionRecord, ...]:
        """Wait for the end of every connection, within bounds, and return their records."""
        if self.server is None:
            return ()
        self.server.wait_idle(_SETTLE_SECONDS)
        return self.server.connections


def fill_in(text: str, server: TestServer | None) -> str:
    """Put the server's address into an argument: ``{host}``, ``{port}``, ``{url}``."""
    if server is None:
        return text
    return filled(text, {"{host}": server.host, "{port}": str(server.port), "{url}": server.url})


def filled(text: str, values: Mapping[str, str]) -> str:
    """Put values in place of placeholders."""
    for placeholder, value in values.items():
        text = text.replace(placeholder, value)
    return text


@contextlib.contextmanager
def serving(
    scenario: Scenario, stop: threading.Event | None = None, server: TestServer | None = None
) -> Iterator[Served]:
    """Have a scenario's server at work while the program runs.

    Args:
        scenario: Whose server.
        stop: Ends the wait for a server when set.
        server: The test server to use, not yet entered; one made for the scenario if None.

    Yields:
        Where it is. A server of the project's own that never became ready is no error but a
        verdict: `Served.ready` tells.

    Raises:
        UsageError: The behaviour does not exist.
        ToolMissingError: The project's own server cannot be started.
        BuildFailedError: It has not been built.
    """
    if scenario.server_command is not None:
        with _own_server(scenario, scenario.server_command, stop) as served:
            yield served
        return
    if server is None and scenario.server:
        server = TestServer(scenario.server)
    with server or contextlib.nullcontext():
        yield Served(server)


@contextlib.contextmanager
def _own_server(
    scenario: Scenario, command: ServerCommand, stop: threading.Event | None
) -> Iterator[Served]:
    served = Served()
    with contextlib.ExitStack() as stack:
        start = _Start(command, min(scenario.timeout, _READY_SECONDS), stop)
        running = stack.enter_context(start.run())
        served.own, served.report = running, start.report(running)
        if start.ready:
            upstream = Upstream(command.relay or "tcp", "127.0.0.1", start.port)
            served.server = stack.enter_context(_in_front(scenario, command, upstream))
        before: int | None = None
        try:
            yield served
        finally:
            before = running.returncode
            stack.close()
            ending = _own_ending(before, running.returncode)
            served.report = replace(start.report(running), returncode=ending)


def _in_front(scenario: Scenario, command: ServerCommand, upstream: Upstream) -> TestServer:
    """Choose what stands between the program and the server, and keeps the record."""
    if scenario.plain_tcp:
        return Tap(upstream, name="own server", plain=True)
    if command.relay:
        return TestServer(Relay(upstream))
    return Tap(upstream, name="own server")


class _Start:
    """The start of a server: which port it gets, and whether it is ready.

    Args:
        command: What to start.
        seconds: How long it may take to be ready.
        stop: Ends the wait when set.
    """

    def __init__(
        self, command: ServerCommand, seconds: float, stop: threading.Event | None
    ) -> None:
        self._command = command
        self._seconds = seconds
        self._stop = stop
        self._ready_line = re.compile(command.ready) if command.ready else None
        self._port_line = re.compile(command.port_from) if command.port_from else None
        self.port = 0
        self.ready = False
        self._started = self._took = 0.0
        self._port_text = ""
        self._accepts: bool | None = None
        self._ended: float | None = None

    @contextlib.contextmanager
    def run(self) -> Iterator[Background]:
        """Start the server, and wait until it is ready or will never be."""
        patterns = [line for line in (self._ready_line, self._port_line) if line is not None]
        for attempt in range(_PORT_ATTEMPTS):
            port = free_port()
            with background(
                self._words(port), cwd=self._command.directory, patterns=patterns
            ) as running:
                self.port = 0 if self._port_line else port
                self._await(running)
                taken = not self.ready and PORT_TAKEN.search(running.output)
                if not taken or self._port_line or attempt == _PORT_ATTEMPTS - 1:
                    yield running
                    return

    def _words(self, port: int) -> tuple[str, ...]:
        words = self._command.words
        if self._command.program_file is not None:
            words = (_built_program(self._command.program_file), *words)
        values = {"{host}": "127.0.0.1", "{port}": str(port), "{url}": f"ws://127.0.0.1:{port}/"}
        return tuple(filled(word, values) for word in words)

    def _await(self, running: Background) -> None:
        self._started = time.monotonic()
        self._ended = None
        running.wait(lambda: self._decided(running), self._seconds)
        self._took = time.monotonic() - self._started
        if not self.ready and self.port and running.returncode is None:
            self._accepts = accepts(self.port)

    def _decided(self, running: Background) -> bool:
        """Tell whether there is nothing more to wait for."""
        self.ready = self._is_ready(running)
        if self.ready or (self._stop is not None and self._stop.is_set()):
            return True
        code = running.returncode
        if code is None:
            return False
        if code != 0:
            return True
        # It may have put a daemon into the background, which is ready a little later.
        self._ended = self._ended or time.monotonic()
        return time.monotonic() - self._ended > _DAEMON_SECONDS

    def _is_ready(self, running: Background) -> bool:
        if self._port_line is not None and not self.port:
            match = running.match(self._port_line)
            if match is None:
                return False
            self._port_text = match[1] or ""
            self.port = _port(self._port_text)
        if self._ready_line is not None:
            return self.port > 0 and running.match(self._ready_line) is not None
        # A UDP port accepts no connection; that the server has printed its number must do.
        return self.port > 0 and (self._command.relay == "udp" or self._listens())

    def _listens(self) -> bool:
        """Tell whether the port is open, by a connection only where nothing else tells.

        A server that serves one client would take our connection for that one.
        """
        known = listens(self.port)
        if known is None or (not known and time.monotonic() - self._started > _UNSEEN_SECONDS):
            return accepts(self.port)
        return known

    def report(self, running: Background) -> ServerReport:
        """Say how the start went."""
        return ServerReport(
            command=running.command,
            port=self.port,
            port_text=self._port_text,
            ready=self.ready,
            seconds=self._took,
            output=running.output,
            output_dropped=running.output_dropped,
            accepts=self._accepts,
            returncode=running.returncode,
        )


def _own_ending(before: int | None, after: int | None) -> int | None:
    """Tell an end of its own from ours, which SIGTERM or SIGKILL brought."""
    if before is None and after is not None and -after in _CRASHES:
        return after  # it crashed as its last client left, and the kernel had not told yet
    return before


def _built_program(file: Path) -> str:
    try:
        program = file.read_text("utf-8").strip()
    except OSError as error:
        raise BuildFailedError(
            "the scenario's server has not been built for this machine",
            where=str(file),
            why=str(error),
            remedy="build the project (`emsockets check`, or `cmake --build`), and see whether "
            "SERVER_TARGET names an executable of it",
        ) from error
    return program


def _port(text: str) -> int:
    """Read the port that the server printed; 0 if that is none."""
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text) < 1 << 16 else 0
