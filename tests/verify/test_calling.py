"""Causes that the results of socket calls show, from evidence as the hook records it."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest

from emsockets_build.run.features import ModuleKind, ProgramFeatures
from emsockets_build.run.hang import Hang, HangKind
from emsockets_build.server.events import FrameSeen
from emsockets_build.transcript.event import Event, Kind, Source
from emsockets_build.verify.diagnose import diagnose
from emsockets_build.verify.evidence import Evidence
from emsockets_build.verify.model import Cause, Mismatch
from tests.verify.observed import a_connection, a_run

FAILED = (Mismatch("exit code", "0", "1"),)


def event(kind: Kind, time: float = 10.0, socket: str = "", **detail: Any) -> Event:
    """One of the hook's events."""
    return Event(kind, Source.PROGRAM, time, socket, detail=MappingProxyType(detail))


def call(name: str, result: int | None, *given: int, time: float = 10.0, **more: Any) -> Event:
    """One call with its result."""
    return event(Kind.CALL, time, call=name, result=result, arguments=list(given), thread=0, **more)


def cause_of(*events: Event, **changes: Any) -> Cause:
    """What a run with these events is said to have failed of."""
    run = a_run(events=events, **{"exit_code": 1, **changes})
    found = diagnose(Evidence(run, (), FAILED))
    assert found is not None
    return found


CONNECT = event(Kind.CONNECT, 10.1, "1")
OPEN = event(Kind.OPEN, 10.2, "1")
CLOSE = event(Kind.CLOSE, 10.3, "1", code=1000)
EXIT = event(Kind.EXIT, 10.9, code=1, bytes_read=0)


def test_a_used_socket_cannot_be_connected_again() -> None:
    """EISCONN after the end is an error, and the errno is named in the evidence."""
    again = call("connect", -30, 3, 5000, 16, time=10.4)
    found = cause_of(call("connect", 0, 3, 5000, 16), CONNECT, OPEN, CLOSE, again, EXIT)
    assert found.id == "socket-reused"
    assert "connect(3, 5000, 16) = -30 (EISCONN)" in found.evidence[-1]


def test_asking_by_connect_whether_it_stands_is_no_mistake() -> None:
    """EISCONN while the connection stands is how many programs wait for it."""
    again = call("connect", -30, 3, 5000, 16, time=10.25)
    assert cause_of(CONNECT, OPEN, again, CLOSE, EXIT).id != "socket-reused"


@pytest.mark.parametrize(("result", "word"), [(0, "(0)"), (-26, "EINPROGRESS")])
def test_a_connection_under_way_is_no_failure(result: int, word: str) -> None:
    """Either answer of connect() and then the program's end."""
    found = cause_of(call("socket", 3), CONNECT, call("connect", result, 3), EXIT)
    assert found.id == "connect-result-misread"
    assert word in found.summary


def test_what_connect_said_below_posix_on_is_not_what_the_program_was_told() -> None:
    """There connect() waits, and fails with another error."""
    posix = ProgramFeatures(ModuleKind.SCRIPT, posix=True)
    events = (call("socket", 3), CONNECT, call("connect", 0, 3), EXIT)
    assert cause_of(*events, features=posix).id != "connect-result-misread"


def test_exit_without_exit_runtime_counts_too() -> None:
    """The process lives on, but the program has called exit(1)."""
    events = (CONNECT, call("connect", 0, 3), call("exit", None, 1), OPEN)
    found = cause_of(*events, exit_code=None, timed_out=True)
    assert found.id == "connect-result-misread"


@pytest.mark.parametrize("between", [OPEN, call("poll", 0, 1)])
def test_a_program_that_waited_has_not_misread(between: Event) -> None:
    """What came of the connection is another matter."""
    events = (CONNECT, call("connect", 0, 3), between, EXIT)
    assert cause_of(*events).id != "connect-result-misread"


def test_ipv6_is_refused_by_socket() -> None:
    """EAFNOSUPPORT, unless the program went on with another family."""
    refused = call("socket", -5, 10, 1, 0)
    assert cause_of(refused, EXIT).id == "address-family-unsupported"
    assert cause_of(refused, CONNECT, EXIT).id != "address-family-unsupported"


def test_accept_never_waits() -> None:
    """EINVAL is an error only to a program that gives up for it."""
    empty = call("accept4", -28, 3)
    assert cause_of(empty, EXIT).id == "accept-without-connection"
    assert cause_of(empty, EXIT, exit_code=0).id != "accept-without-connection"


def test_ioctl_is_judged_by_its_request() -> None:
    """FIONBIO alone; EINVAL for another request is another matter."""
    assert cause_of(call("ioctl", -28, 3, 0x5421), EXIT).id == "unsupported-ioctl"
    assert cause_of(call("ioctl", -28, 3, 0x5413), EXIT).id != "unsupported-ioctl"


def test_two_suspensions_at_once() -> None:
    """The crash that follows has no message of its own."""
    crash = event(Kind.EXCEPTION, name="RuntimeError", stack="")
    nested = call("emscripten_sleep", None, 50, nested=True)
    found = cause_of(nested, crash, EXIT)
    assert found.id == "suspended-twice"
    assert "emscripten_sleep(50)" in found.evidence[0]


@pytest.mark.parametrize(
    ("arrived", "read", "thread", "found"),
    [(64, 10, 0, True), (64, 64, 0, False), (64, 10, 1, False)],
)
def test_bytes_left_unread_are_counted_without_a_log(
    arrived: int, read: int, thread: int, *, found: bool
) -> None:
    """Only where all reading was seen: on a thread it is not."""
    received = event(Kind.CALL, call="recvfrom", result=10, arguments=[3], thread=thread)
    totals = event(Kind.TOTALS, 10.8, "1", received_bytes=arrived)
    ending = event(Kind.EXIT, 10.9, code=1, bytes_read=read)
    cause = cause_of(CONNECT, OPEN, received, totals, ending)
    assert (cause.id == "data-left-unread") is found


def test_a_close_in_the_middle_of_a_message_is_told_by_the_servers_frames() -> None:
    """The close code alone does not say that half a message was lost."""
    half = FrameSeen(
        connection=1, at=0.1, sender="server", opcode=2, fin=False, size=7, payload=b"", sha256=""
    )
    record = a_connection(events=(half,), closed_by="server", close_code=1011)
    run = a_run(events=(CONNECT, OPEN, CLOSE, EXIT), exit_code=6)
    found = diagnose(Evidence(run, (record,), FAILED))
    assert found is not None
    assert found.id == "closed-in-mid-message"
    assert "7 bytes" in found.evidence[0]


def test_a_server_that_says_nothing_more_is_named() -> None:
    """Sent, unanswered, still open: silence; after an answer it is a socket left open."""
    hang = Hang(HangKind.IDLE, "main", handles=("WebSocket 1 to ws://h/ (open)",))
    sent, answer = event(Kind.SEND, socket="1"), event(Kind.MESSAGE, socket="1")
    ways = {"exit_code": None, "timed_out": True, "hang": hang}
    assert cause_of(CONNECT, OPEN, sent, **ways).id == "server-silent"
    assert cause_of(CONNECT, OPEN, sent, answer, **ways).id == "open-socket-keeps-alive"


def test_wasmfs_has_no_sockets() -> None:
    """Told by the program's text and by calls that never left it."""
    features = ProgramFeatures(ModuleKind.SCRIPT, wasmfs=True)
    assert cause_of(call("exit", None, 1), EXIT, features=features).id == "wasmfs-without-sockets"
    assert cause_of(call("socket", 3), EXIT, features=features).id != "wasmfs-without-sockets"
