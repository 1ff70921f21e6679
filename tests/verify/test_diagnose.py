"""Every cause, from the evidence that shows it; nothing is guessed from what a program prints."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emsockets_build.run.features import ModuleKind, ProgramFeatures, WsStyle
from emsockets_build.run.hang import Hang, HangKind
from emsockets_build.run.model import RunResult
from emsockets_build.run.stacks import Frame
from emsockets_build.transcript.event import Event, Kind, Source
from emsockets_build.verify.diagnose import diagnose
from emsockets_build.verify.evidence import Evidence
from emsockets_build.verify.model import Cause, Mismatch
from tests.verify.observed import a_connection, a_run

WRONG_CODE = (Mismatch("exit code", "0", "5"),)
URL = "ws://127.0.0.1:9/"


def event(kind: Kind, text: str = "", *, socket: str = "1", **detail: Any) -> Event:
    """An event of the hook."""
    size = detail.pop("size", None)
    return Event(kind, Source.PROGRAM, 10.1, socket, size, text, MappingProxyType(detail))


def connect() -> Event:
    """A WebSocket was made."""
    return event(Kind.CONNECT, URL, report="connect", url=URL, protocols=["binary"])


def failed(message: str, code: str = "") -> Event:
    """A socket's error."""
    return event(Kind.ERROR, message, report="error", message=message, code=code, cause="")


def features(**changes: Any) -> ProgramFeatures:
    """A plain client of ws 8."""
    values: dict[str, Any] = {"kind": ModuleKind.SCRIPT, "ws": WsStyle.NEW, "drops_text": True}
    return ProgramFeatures(**values | changes)


def run_with(*events: Event, **changes: Any) -> RunResult:
    """A run that ended with 5 after some events."""
    return a_run(**{"exit_code": 5, "events": events, "features": features(), **changes})


def cause_of(*events: Event, connections: tuple[Any, ...] = (), **changes: Any) -> Cause:
    """The cause of a failed run."""
    found = diagnose(Evidence(run_with(*events, **changes), connections, WRONG_CODE))
    assert found is not None
    assert found.summary
    assert found.remedy
    return found


@pytest.mark.parametrize(
    ("message", "code", "expected"),
    [
        ("connect ECONNREFUSED 127.0.0.1:9", "ECONNREFUSED", "server-not-listening"),
        ("Server sent no subprotocol", "", "subprotocol-not-selected"),
        ("server sent no subprotocol", "", "subprotocol-not-selected"),
        ("Server sent an invalid subprotocol", "", "subprotocol-unexpected"),
        ("server sent an invalid subprotocol", "", "subprotocol-unexpected"),
        ("Server sent a subprotocol but none was requested", "", "subprotocol-unexpected"),
        ("self-signed certificate", "DEPTH_ZERO_SELF_SIGNED_CERT", "tls-certificate"),
        ("unable to verify the first certificate", "", "tls-certificate"),
        ("write EPROTO 0:error:wrong version number", "EPROTO", "tls-to-plain-server"),
        ("Invalid Sec-WebSocket-Accept header", "", "handshake-invalid"),
        ("invalid server key", "", "handshake-invalid"),
        ("getaddrinfo ENOTFOUND no.such", "ENOTFOUND", "name-not-found"),
        ("connect ETIMEDOUT 10.0.0.1:9", "ETIMEDOUT", "host-unreachable"),
        ("Parse Error: Expected HTTP/", "HPE_INVALID_CONSTANT", "not-a-websocket-server"),
        ("socket hang up", "ECONNRESET", "not-a-websocket-server"),
        ("Unexpected server response: 403", "", "handshake-refused"),
        ("unexpected server response (503)", "", "handshake-refused"),
        ("something new", "", "connection-failed"),
    ],
)
def test_why_a_websocket_did_not_open(message: str, code: str, expected: str) -> None:
    """In the words of ws 2 and of ws 8; the cause names the URL."""
    found = cause_of(connect(), failed(message, code))
    assert found.id == expected
    assert URL in found.summary
    assert any(message in line for line in found.evidence)


def test_a_refusal_names_the_status_and_where_a_redirect_led() -> None:
    """The answer's head is better evidence than the error's words."""
    answer = event(Kind.HANDSHAKE, report="handshake", status=302, location="/login")
    found = cause_of(connect(), answer, failed("Unexpected server response: 302"))
    assert found.id == "handshake-refused"
    assert "302 to /login" in found.summary


def test_an_error_after_the_opening_is_no_failure_to_connect() -> None:
    """It is told by how the connection ended."""
    opened = event(Kind.OPEN, "binary", report="open")
    end = event(Kind.CLOSE, report="close", code=1006, reason="", clean=False)
    found = cause_of(connect(), opened, failed("read ECONNRESET", "ECONNRESET"), end)
    assert found.id == "connection-reset"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (1009, "message-too-big"),
        (1006, "connection-dropped"),
        (1001, "closed-by-server"),
        (1011, "closed-by-server"),
        (4000, "closed-by-server"),
        (1000, "closed-by-server"),
        (1005, "closed-by-server"),
    ],
)
def test_who_closed_and_why(code: int, expected: str) -> None:
    """The C program only sees recv() return 0."""
    opened = event(Kind.OPEN, "binary", report="open")
    end = event(Kind.CLOSE, report="close", code=code, reason="because", clean=True)
    assert cause_of(connect(), opened, end).id == expected


def test_an_answered_close_frame_tells_where_the_end_came_too_soon() -> None:
    """A program that exits when recv() returns 0 is gone before its WebSocket has closed."""
    opened = event(Kind.OPEN, "binary", report="open")
    note = event(Kind.NOTE, report="closing", code=1011, reason="full", answering=True)
    found = cause_of(connect(), opened, note)
    assert found.id == "closed-by-server"
    assert '1011 (an error of its own), saying "full"' in found.summary


def test_a_close_that_the_program_asked_for_is_no_cause() -> None:
    """Otherwise every tidy program would be blamed on the server."""
    opened = event(Kind.OPEN, "binary", report="open")
    asked = event(Kind.NOTE, report="closing", call="close")
    end = event(Kind.CLOSE, report="close", code=1006, reason="", clean=False)
    assert cause_of(connect(), opened, asked, end).id == "unexpected-exit-code"


def test_text_frames_are_named_only_where_they_are_dropped() -> None:
    """<emscripten/websocket.h> gets them also under Node."""
    opened = event(Kind.OPEN, "binary", report="open")
    text = event(Kind.MESSAGE, report="message", size=9, binary=False)
    assert cause_of(connect(), opened, text).id == "text-frames-dropped"
    api = features(ws=None, drops_text=False, web_socket=True)
    assert cause_of(connect(), opened, text, features=api).id != "text-frames-dropped"


def test_ws_missing_and_ws_of_the_wrong_major() -> None:
    """Found from where the program lies."""
    missing = event(Kind.WS, socket="", report="ws", file=None, version=None, fits=False)
    assert cause_of(missing).id == "ws-missing"
    unfit = event(Kind.WS, "8.1.0", socket="", report="ws", file="/x/ws", fits=False)
    found = cause_of(unfit, connect(), features=features(ws=WsStyle.OLD))
    assert found.id == "ws-wrong-major"
    assert "ws@2" in found.remedy


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Please compile your program with async support in order to", "asyncify-missing"),
        ("import sleep_js was not in ASYNCIFY_IMPORTS, but changed", "asyncify-import-missing"),
        ("Cannot have multiple async operations in flight at once", "suspended-twice"),
        ("trying to suspend without WebAssembly.promising", "suspended-twice"),
        ("WebAssembly.Suspending is not a constructor", "jspi-unsupported"),
        ("Failed to parse URL from /x/y.wasm", "fetch-of-file"),
        ("__dirname is not defined in ES module scope", "wrong-environment"),
        ("not compiled for this environment", "wrong-environment"),
        ("webSockets is not defined", "websocket-library-broken"),
        ("SharedArrayBuffer is not defined", "shared-memory-missing"),
        ("Cannot read properties of undefined (reading 'stream')", "accept-without-connection"),
        ("Aborted(bad ioctl syscall 21537)", "unsupported-ioctl"),
        ("Aborted(OOM). Build with", "out-of-memory"),
        ("Maximum call stack size exceeded", "stack-overflow"),
        ("ENOENT: no such file or directory, open '/x/y.wasm'", "wasm-not-found"),
        ("unreachable", "crash"),
        ("memory access out of bounds", "crash"),
    ],
)
def test_exceptions_with_one_meaning_and_crashes(message: str, expected: str) -> None:
    """The stack and the innermost line of the program's own source come along."""
    thrown = event(Kind.EXCEPTION, message, socket="", report="exception", name="RuntimeError")
    crash = (
        Frame("abort", wasm=True, offset=1, location="/x/system/lib/libc/abort.c:21"),
        Frame("Link::use(int)", wasm=True, offset=2, location="client.cpp:5"),
        Frame("callMain", wasm=False, offset=1, line=1, url="p.js"),
    )
    found = cause_of(thrown, crash=crash, exit_code=1)
    assert found.id == expected
    assert found.location == "client.cpp:5"
    assert [line.split()[0] for line in found.stack] == ["abort", "Link::use(int)"]


def test_what_a_program_prints_while_it_is_well_proves_nothing() -> None:
    """It may talk about memory, certificates or sockets as it likes."""
    said = b"Aborted(OOM)? require is not defined. connect ECONNREFUSED\n"
    found = cause_of(event(Kind.START, "20.1.0", socket="", report="start"), stderr=said)
    assert found.id == "unexpected-exit-code"


def test_a_node_that_refuses_its_options() -> None:
    """It ends with 9 before anything else."""
    said = b"node: --no-experimental-fetch is an invalid negation because it is not a boolean\n"
    assert cause_of(exit_code=9, stderr=said).id == "node-option-refused"


@pytest.mark.parametrize(
    ("hang", "changes", "expected"),
    [
        (Hang(HangKind.BUSY_MAIN, waiting_in="select", function="f()"), {}, "busy-wait-main"),
        (Hang(HangKind.BUSY_MAIN, function="f()"), {}, "busy-loop-main"),
        (Hang(HangKind.BUSY_WORKER, "worker 1", "recv", "f()"), {}, "busy-wait-pthread"),
        (
            Hang(HangKind.BLOCKED_WORKER, "worker 1", "pthread_cond_wait", "f()"),
            {},
            "pthread-blocked",
        ),
        (
            Hang(HangKind.BUSY_WORKER, "worker 1", "recv", "f()"),
            {"features": features(posix=True)},
            "still-waiting",
        ),
        (Hang(HangKind.SUSPENDED, waiting_in="emscripten_sleep"), {}, "still-waiting"),
        (
            Hang(HangKind.IDLE, handles=("a worker thread (pthread)",)),
            {"features": features(proxy_to_pthread=True)},
            "pthread-without-exit-runtime",
        ),
        (Hang(HangKind.IDLE, handles=("a listening server",)), {}, "listener-keeps-alive"),
        (
            Hang(HangKind.IDLE, handles=("WebSocket 1 to ws://h/ (open)",)),
            {},
            "open-socket-keeps-alive",
        ),
        (Hang(HangKind.IDLE, handles=("a timer",)), {}, "never-exits"),
        (Hang(HangKind.UNKNOWN, trouble="no inspector"), {}, "never-exits"),
        (None, {}, "never-exits"),
    ],
)
def test_a_program_that_does_not_end(
    hang: Hang | None, changes: dict[str, Any], expected: str
) -> None:
    """Each way to hang has its own name and remedy."""
    found = cause_of(exit_code=None, timed_out=True, hang=hang, **changes)
    assert found.id == expected


def test_a_program_that_has_exited_is_not_still_waiting() -> None:
    """What it left open keeps Node going; ASYNCIFY's exit code alone does not tell that it has."""
    over = event(Kind.NOTE, socket="", report="over", code=1)
    opened = event(Kind.OPEN, report="open")
    closing = event(Kind.NOTE, report="closing", call="close", answering=False)
    hang = Hang(HangKind.SUSPENDED, handles=("WebSocket 1 to ws://h/ (closing)",))
    ended: dict[str, Any] = {"exit_code": None, "timed_out": True, "hang": hang}
    for found, expected in (
        (cause_of(connect(), opened, **ended), "still-waiting"),
        (cause_of(connect(), opened, over, **ended), "open-socket-keeps-alive"),
        (
            cause_of(connect(), opened, over, **ended, features=features(asyncify=True)),
            "still-waiting",
        ),
        (
            cause_of(connect(), opened, over, closing, **ended, features=features(asyncify=True)),
            "open-socket-keeps-alive",
        ),
    ):
        assert found.id == expected


def test_what_exit_closes_was_not_closed_by_the_program_before() -> None:
    """A reset ends the connection; that the program then closes its end changes nothing."""
    end = event(Kind.CLOSE, report="close", code=1006, reason="", clean=False)
    closing = event(Kind.NOTE, report="closing", call="close", answering=False)
    opened = event(Kind.OPEN, report="open")
    reset = (a_connection(close_code=1006, reset=True),)
    found = cause_of(connect(), opened, end, closing, connections=reset)
    assert found.id == "connection-reset"
    found = cause_of(connect(), opened, closing, end, connections=reset)
    assert found.id != "connection-reset"


def test_the_hang_is_named_as_a_compiler_would() -> None:
    """Function, file and line; the folder is left to `location`."""
    hang = Hang(HangKind.BUSY_MAIN, "main", "select", "waitWritable(int)", "/home/me/client.cpp:42")
    found = cause_of(connect(), exit_code=None, timed_out=True, hang=hang)
    assert found.summary == (
        "client.cpp:42 waitWritable(int) is spinning in select() on the main thread; the WebSocket "
        "cannot open and no message can arrive until it returns"
    )
    assert found.location == "/home/me/client.cpp:42"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "WAIT asyncify, jspi or pthread"),
        ({"asyncify": True}, "emscripten_sleep"),
        ({"jspi": True}, "emscripten_sleep"),
        ({"pthreads": True}, "-sPROXY_TO_PTHREAD"),
        ({"pthreads": True, "proxy_to_pthread": True}, "WAIT asyncify, jspi or pthread"),
    ],
)
def test_the_remedy_of_a_hang_fits_how_the_program_was_built(
    changes: dict[str, Any], words: str
) -> None:
    """Nobody is told to do what is done already."""
    hang = Hang(HangKind.BUSY_MAIN, waiting_in="select", function="f()")
    found = cause_of(exit_code=None, timed_out=True, hang=hang, features=features(**changes))
    assert words in found.remedy


def test_a_handshake_that_is_never_answered() -> None:
    """A plain TCP server just waits."""
    idle = Hang(HangKind.IDLE, handles=(f"WebSocket 1 to {URL} (connecting)",))
    found = cause_of(connect(), exit_code=None, timed_out=True, hang=idle)
    assert found.id == "handshake-unanswered"


def test_how_a_program_ended_too_early() -> None:
    """With a socket still connecting, or with bytes still to send."""
    connecting = {"socket": 1, "state": "connecting", "url": URL, "buffered": 0}
    early = event(Kind.EXIT, socket="", report="exit", code=0, sockets=[connecting])
    assert cause_of(connect(), early).id == "exited-before-open"
    waits = cause_of(connect(), early, features=features(posix=True, jspi=True))
    assert waits.id == "exited-before-open"
    assert "SO_SNDTIMEO" in waits.remedy, "it can wait already"
    opened = event(Kind.OPEN, report="open")
    full = {"socket": 1, "state": "open", "url": URL, "buffered": 99}
    late = event(Kind.EXIT, socket="", report="exit", code=0, sockets=[full])
    found = cause_of(connect(), opened, late)
    assert found.id == "data-not-sent"
    assert "99 bytes" in found.summary


def test_bytes_that_were_never_read_show_in_the_programs_log() -> None:
    """What was put back counts as not read."""
    log = [
        Event(Kind.MESSAGE, Source.LOG, size=100),
        Event(Kind.READ, Source.LOG, size=100),
        Event(Kind.PUT_BACK, Source.LOG, size=60),
    ]
    found = diagnose(Evidence(run_with(), (), WRONG_CODE, log))
    assert found is not None
    assert found.id == "data-left-unread"
    assert "60 of the 100" in found.summary


def test_no_websocket_at_all() -> None:
    """A connection was expected, and nobody tried."""
    missing = (Mismatch("connection", "at least one", "none that was opened"),)
    found = diagnose(Evidence(run_with(exit_code=0), (), missing))
    assert found is not None
    assert found.id == "never-connected"


def test_no_global_websocket() -> None:
    """<emscripten/websocket.h> only says -1."""
    start = event(Kind.START, "20.1.0", socket="", report="start", web_socket=False)
    api = features(ws=None, web_socket=True, drops_text=False)
    assert cause_of(start, features=api).id == "websocket-missing"


def test_output_that_differs_is_shown_beside_the_nearest_line() -> None:
    """A diff as far as an expression allows one."""
    misses = (Mismatch("standard output", "matches 'echo ok'", "no match"),)
    run = run_with(exit_code=0, stdout=b"hello\necho fail\n")
    found = diagnose(Evidence(run, (a_connection(),), misses))
    assert found is not None
    assert found.id == "output-mismatch"
    assert found.evidence[:2] == ("- echo ok", "+ echo fail")


def test_a_run_that_met_its_expectations_has_no_cause() -> None:
    """Whatever its sockets said: a test of a refusal passes."""
    run = run_with(connect(), failed("Server sent no subprotocol"))
    assert diagnose(Evidence(run)) is None


@given(st.text(), st.text(), st.sampled_from(list(Kind)))
def test_no_evidence_breaks_the_diagnosis(text: str, code: str, kind: Kind) -> None:
    """Messages and codes come from peers."""
    odd = event(kind, text, message=text, code=code, sockets=text, protocols=code)
    assert cause_of(odd, event(Kind.OPEN), odd).id
