"""A server of the project's own: started, awaited, watched and gone."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emsockets_build import guard
from emsockets_build.errors import BuildFailedError, ToolMissingError
from emsockets_build.verify import Expectations, Outcome, Runtime, Scenario, execute
from emsockets_build.verify.model import ServerCommand
from tests.processes import SCALE, marked, new_mark, until_none

SERVERS = str(Path(__file__).with_name("servers.py"))
CLIENT = """
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10) as client:
    client.sendall(b"hello")
    got = b""
    while len(got) < 5:
        part = client.recv(5)
        if not part:
            sys.exit(7)
        got += part
print("got", got.decode())
"""


@pytest.fixture(autouse=True)
def mark(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Mark whatever a test starts, and see that nothing of it is left."""
    guard.protect("cookie", "none")  # so that the watchman runs already, who lives as long as we
    guard.release("cookie", "none")
    with new_mark() as chosen:
        monkeypatch.setenv("MARK", chosen)
        monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
        yield chosen
        assert not until_none(chosen, 5)


def serve(
    *words: str, stop: threading.Event | None = None, seconds: float = 20, **options: Any
) -> Outcome:
    """Run the client, a native program, against one of the servers."""
    command = ServerCommand(words=(sys.executable, SERVERS, *words), relay="tcp", **options)
    scenario = Scenario(
        name="one",
        program=Path(sys.executable),
        runner="native",
        server="",
        server_command=command,
        arguments=("-c", CLIENT, "{port}"),
        timeout=seconds * SCALE,
        expectations=Expectations(stdout=("^got hello$",), sent=5, received=5, connected=True),
    )
    return execute(scenario, Runtime(), stop=stop)


def cause_of(outcome: Outcome) -> str:
    assert not outcome.passed
    assert outcome.cause is not None
    return outcome.cause.id


@pytest.mark.parametrize(
    ("way", "options"),
    [
        ("echoes", {}),
        ("echoes", {"ready": r"^ready on \d+$"}),
        ("one-client", {"ready": "ready"}),
        ("one-client", {}),
        ("prints-its-port", {"port_from": r"port ([0-9]+)"}),
        ("ignores-sigterm", {}),
        ("forks", {}),
        ("daemon", {}),
        ("floods", {}),
        ("buffers", {}),
    ],
)
def test_a_server_is_awaited_and_gone(way: str, options: dict[str, Any]) -> None:
    """However it behaves: the client reaches it, its bytes are counted, and nothing is left."""
    outcome = serve(way, "{port}", **options)
    assert outcome.passed, outcome
    report = outcome.own_server
    assert report is not None
    assert report.ready
    assert report.command[-1] != "{port}"
    assert len(report.output) <= 256 * 1024
    (connection,) = outcome.connections  # and none that looked whether the port is open
    assert (connection.raw_in, connection.raw_out) == (5, 5)


def test_a_server_that_ends_at_once_is_the_cause() -> None:
    """With its exit code and what it said, and the program is not even started."""
    outcome = serve("dies", "{port}")
    assert cause_of(outcome) == "server-died"
    assert outcome.cause is not None
    assert "ended with exit code 3 before it was ready" in outcome.cause.summary
    assert "server: cannot read the configuration" in outcome.cause.evidence
    assert outcome.result.command == ()
    assert [miss.expectation for miss in outcome.mismatches] == ["server"]


def test_a_server_that_crashes_at_its_start_is_named_by_its_signal() -> None:
    outcome = serve("crashes", "{port}")
    assert cause_of(outcome) == "server-died"
    assert outcome.cause is not None
    assert "SIGABRT" in outcome.cause.summary


def test_a_server_that_crashes_under_the_client_is_the_cause() -> None:
    """And not the connection that the client lost by it."""
    outcome = serve("crashes-later", "{port}")
    assert cause_of(outcome) == "server-died"
    assert outcome.cause is not None
    assert "SIGSEGV while the program ran" in outcome.cause.summary


@pytest.mark.parametrize(
    ("way", "options", "words"),
    [
        ("sleeps", {}, "did not listen on 127.0.0.1:"),
        ("echoes", {"ready": "nobody prints this"}, "matched SERVER_READY 'nobody prints this'"),
        ("buffers", {"ready": "^ready"}, "although it listens on 127.0.0.1:"),
        ("sleeps", {"port_from": "port ([0-9]+)"}, "matched SERVER_PORT_FROM"),
        ("prints-no-port", {"port_from": "port (.*)"}, "'many', is no port"),
    ],
)
def test_a_server_that_is_never_ready_is_the_cause(
    way: str, options: dict[str, Any], words: str
) -> None:
    """In words that tell which of the ways to be ready it missed."""
    outcome = serve(way, "{port}", seconds=1.5, **options)
    assert cause_of(outcome) == "server-not-ready"
    assert outcome.cause is not None
    assert words in outcome.cause.summary
    if "ready" in options:
        assert "flush" in outcome.cause.remedy


def test_a_port_that_somebody_else_has_is_the_cause() -> None:
    outcome = serve("taken", "{port}")
    assert cause_of(outcome) == "server-port-taken"


def test_a_command_that_does_not_exist_is_a_missing_tool() -> None:
    scenario = Scenario(
        name="one",
        program=Path(sys.executable),
        runner="native",
        server="",
        server_command=ServerCommand(words=("no-such-server", "{port}")),
    )
    with pytest.raises(ToolMissingError, match="no-such-server cannot be started"):
        execute(scenario, Runtime())


def test_a_server_that_was_not_built_is_a_failed_build(tmp_path: Path) -> None:
    command = ServerCommand(words=("{port}",), program_file=tmp_path / "server.txt")
    scenario = Scenario("one", Path(sys.executable), server="", server_command=command)
    with pytest.raises(BuildFailedError, match="has not been built for this machine"):
        execute(scenario, Runtime())


def test_the_wait_for_a_server_can_be_stopped(mark: str) -> None:
    """Ctrl-C does not wait for a server that is slow to start."""
    stop = threading.Event()

    def when_started() -> None:
        while not marked(mark):
            time.sleep(0.01)
        stop.set()

    thread = threading.Thread(target=when_started)
    thread.start()
    outcome = serve("sleeps", "{port}", stop=stop, seconds=600)
    thread.join()
    assert outcome.result.cancelled
