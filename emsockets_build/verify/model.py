"""Scenarios, what is expected of them, and verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from emsockets_build.run.model import RunResult
from emsockets_build.server import ConnectionRecord

__all__ = [
    "Cause",
    "ClientRecord",
    "Expectations",
    "Mismatch",
    "Outcome",
    "Scenario",
    "ServerCommand",
    "ServerReport",
]


@dataclass(frozen=True, slots=True)
class Expectations:
    """What a run must show; None and empty ask for nothing.

    Attributes:
        exit_code: The program's exit code.
        stdout: Regular expressions that standard output must match, each somewhere.
        reject_stdout: Regular expressions that it must not match.
        close_code: The close code that the server saw on every connection.
        sent: Bytes of payload that the program sent, as the server counted them.
        received: Bytes of payload that the server sent to it.
        subprotocol: The subprotocol selected on every connection; empty for none.
        connected: Whether the server must have seen at least one opened connection.
        echoed: Whether the server must have sent back as many messages and bytes as it got.
        counted_alike: Whether what the program's sockets sent and got, seen from inside Node, must
            be what the server got and sent.
    """

    exit_code: int | None = 0
    stdout: tuple[str, ...] = ()
    reject_stdout: tuple[str, ...] = ()
    close_code: int | None = None
    sent: int | None = None
    received: int | None = None
    subprotocol: str | None = None
    connected: bool = False
    echoed: bool = False
    counted_alike: bool = False


@dataclass(frozen=True, slots=True)
class ServerCommand:
    """A server of the project's own, in place of the test server.

    Attributes:
        words: Program and arguments; ``{host}`` and ``{port}`` are filled in. The program is
            missing if ``program_file`` names it.
        program_file: The file that holds the path of the program, which the build writes when it
            builds a server for this machine; None if ``words`` has it.
        directory: Where it runs; the current folder if None.
        ready: Matches the line of its output that says that it is ready; empty to try its port.
        port_from: Finds the port in its output, as its first group; empty if ``{port}`` tells it.
        relay: What the relay speaks with it, ``tcp`` or ``udp``; empty if it speaks WebSocket.
    """

    words: tuple[str, ...]
    program_file: Path | None = None
    directory: Path | None = None
    ready: str = ""
    port_from: str = ""
    relay: Literal["", "tcp", "udp"] = ""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One run of one target against one behaviour.

    Attributes:
        name: Its name in reports.
        target: The target in CMake; empty for an ad-hoc run.
        program: The file to run.
        backend: The profile's backend; empty if unknown.
        wait: The profile's wait; empty if unknown.
        runner: ``node``, ``chromium``, ``firefox`` or ``native``.
        server: The spec of the test server's behaviour; empty for none.
        server_command: The project's own server, if there is one; ``server`` is empty then.
        client: How many messages our side sends to the program, which is a server itself; 0 for
            a program that is none.
        arguments: The program's arguments; ``{host}``, ``{port}`` and ``{url}`` are filled in.
        environment: Variables added to the program's environment.
        timeout: Seconds that it may take.
        expectations: What it must show.
        url: The address of a page that is served elsewhere, which is watched in place of a
            program; empty for a program. Placeholders are filled in as in ``arguments``.
    """

    name: str
    program: Path
    target: str = ""
    backend: str = ""
    wait: str = ""
    runner: str = "node"
    server: str = "echo"
    server_command: ServerCommand | None = None
    client: int = 0
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 60.0
    expectations: Expectations = field(default_factory=Expectations)
    url: str = ""

    @property
    def plain_tcp(self) -> bool:
        """Whether the program's sockets are real ones, so that it speaks no WebSocket."""
        native = self.runner == "native" and not self._speaks_websocket
        return native or self.backend == "node"

    @property
    def served_by(self) -> str:
        """Who serves it, in a few words; empty if nobody does."""
        own = self.server_command
        if own is None:
            return self.server
        name = own.program_file.stem if own.program_file else Path(own.words[0]).name
        return f"relay to {name}" if own.relay and not self.plain_tcp else name

    @property
    def _speaks_websocket(self) -> bool:
        """Whether a native program was declared to reach a server that speaks WebSocket."""
        return self.server_command is not None and not self.server_command.relay


@dataclass(frozen=True, slots=True)
class ClientRecord:
    """What our client saw of a program that is a server.

    Attributes:
        subprotocol: The subprotocol that the program selected.
        messages_sent: Messages that we sent.
        bytes_sent: Their payload.
        messages_echoed: Messages that came back as they were sent.
        bytes_echoed: Payload that came back.
        error: What went wrong; empty if nothing did.
        sizes_sent: The size of each message that we sent.
        sizes_back: The size of each message that came back; over plain TCP of each piece.
    """

    subprotocol: str | None
    messages_sent: int
    bytes_sent: int
    messages_echoed: int
    bytes_echoed: int
    error: str = ""
    sizes_sent: tuple[int, ...] = ()
    sizes_back: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ServerReport:
    """What became of the project's own server.

    Attributes:
        command: Its command line, with the address filled in.
        port: The port that it listened on; 0 if it never told.
        ready: Whether it was ready before the program was started.
        seconds: How long it took to be ready, or how long it was waited for.
        returncode: Its exit code, negative for a signal, if it ended by itself.
        output: What it printed, both streams, the beginning and the end.
        output_dropped: Bytes missing from the middle.
        port_text: What SERVER_PORT_FROM found in its output; empty if it found nothing.
        accepts: Whether its port accepted a connection when it was given up; None if unknown.
    """

    command: tuple[str, ...]
    port: int
    ready: bool
    seconds: float
    returncode: int | None = None
    output: bytes = b""
    output_dropped: int = 0
    port_text: str = ""
    accepts: bool | None = None

    @property
    def failed(self) -> bool:
        """Whether it was never ready, or ended by itself and not in peace."""
        return not self.ready or self.returncode not in {None, 0}


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One expectation that was not met.

    Attributes:
        expectation: Which, in the words of `Expectations`.
        expected: What was asked for.
        found: What was there.
    """

    expectation: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a scenario failed.

    Attributes:
        id: A stable identifier, such as ``subprotocol-not-selected``.
        summary: One sentence.
        remedy: What to do.
        location: ``file:line`` in the program's source, or empty.
        stack: The program's stack, innermost first.
        evidence: The lines that show it.
    """

    id: str
    summary: str
    remedy: str
    location: str = ""
    stack: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """A scenario that was run.

    Attributes:
        scenario: What was run.
        result: What the run left behind.
        connections: What the server saw.
        mismatches: The expectations that were not met; none is a pass.
        cause: Why, when it failed and the reason is known.
        client: What our client saw, if the program is a server.
        own_server: What became of the project's own server, if the scenario has one.
    """

    scenario: Scenario
    result: RunResult
    connections: tuple[ConnectionRecord, ...]
    mismatches: tuple[Mismatch, ...]
    cause: Cause | None = None
    client: ClientRecord | None = None
    own_server: ServerReport | None = None

    @property
    def passed(self) -> bool:
        """Whether every expectation was met."""
        return not self.mismatches
