"""What both builds did, told in the same words."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any, cast

import pytest

from emsockets_build.run.features import ProgramFeatures
from emsockets_build.run.model import RunResult
from emsockets_build.server.events import Accepted, Ended, Event, FrameSeen, HalfClosed, RawBytes
from emsockets_build.transcript.event import Event as ProgramEvent
from emsockets_build.transcript.event import Kind, Source
from emsockets_build.verify.conduct import WASI_ERRORS, Call, conduct_of
from emsockets_build.verify.model import Outcome, Scenario
from tests.verify.observed import a_connection, a_run


def _outcome(result: RunResult, *events: tuple[Event, ...], **changes: Any) -> Outcome:
    connections = tuple(a_connection(events=one, **changes) for one in events)
    return Outcome(Scenario("one", Path("program")), result, connections, ())


def _frame(sender: str, payload: bytes, *, fin: bool = True, opcode: int = 2) -> FrameSeen:
    return FrameSeen(1, 0.0, cast("Any", sender), opcode, fin, len(payload), payload, "")


def _raw(sender: str, payload: bytes) -> RawBytes:
    return RawBytes(1, 0.0, cast("Any", sender), len(payload), payload)


def _call(**detail: object) -> ProgramEvent:
    return ProgramEvent(Kind.CALL, Source.PROGRAM, detail=MappingProxyType(detail))


START = Accepted(1, 1.0, "peer", secure=False, clock=0.0)
END = Ended(1, 2.0, 1000, "", "client", reset=False)


def test_messages_and_pieces_have_the_same_digest() -> None:
    """However the bytes were cut, it is the bytes that are compared."""
    messages = (START, _frame("client", b"abc"), _frame("server", b"ab", fin=False),
                _frame("server", b"c"), _frame("client", b"de"), END)  # fmt: skip
    pieces = (START, _raw("client", b"a"), _raw("server", b"abc"), _raw("client", b"bcde"), END)
    (web,) = conduct_of(_outcome(a_run(), messages, closed_by="client"), 0).talks
    (native,) = conduct_of(_outcome(a_run(), pieces, status=None, closed_by="client"), 0).talks
    assert web.to_server.digest == native.to_server.digest == hashlib.sha256(b"abcde").hexdigest()
    assert web.to_program.digest == native.to_program.digest
    assert (web.to_server.pieces, native.to_server.pieces) == ((3, 2), (1, 4))
    assert web.to_program.pieces == (3,)
    assert web.turns == native.turns == "><>"
    assert web.ended_by == "program"
    assert (web.began, web.ended) == (1.0, 2.0)


def test_what_was_not_kept_has_no_digest() -> None:
    """A size is compared then, and nothing is made up."""
    seen = FrameSeen(1, 0.0, "client", 2, fin=True, size=10, payload=b"abc", sha256="hash")
    (talk,) = conduct_of(_outcome(a_run(), (START, seen)), 0).talks
    assert (talk.to_server.size, talk.to_server.digest) == (10, "")
    (talk,) = conduct_of(
        _outcome(a_run(), (START, seen), events_omitted=1, bytes_in=99, bytes_out=7), 0
    ).talks
    assert (talk.to_server.size, talk.to_program.size) == (99, 7)


def test_bytes_after_the_servers_end_are_nobodys() -> None:
    """Unless it goes on to read, as after a half-close."""
    web = (START, _frame("server", b"x"), _frame("server", b"\x03\xe8", opcode=8),
           _frame("client", b"late"))  # fmt: skip
    native = (START, _raw("server", b"x"), HalfClosed(1, 0.0, "server"), _raw("client", b"late"))
    for events, status in ((web, 101), (native, None)):
        outcome = _outcome(a_run(), events, status=status)
        to_server = conduct_of(outcome, 0).talks[0].to_server
        assert (to_server.size, to_server.late) == (0, 4)
        assert conduct_of(outcome, 0, half_closes=True).talks[0].to_server.size == 4


def test_a_message_that_never_ended_is_told() -> None:
    """As the ending in mid-message leaves it."""
    (talk,) = conduct_of(_outcome(a_run(), (START, _frame("server", b"abc", fin=False))), 0).talks
    assert (talk.to_program.pieces, talk.to_program.unfinished) == ((), 3)


def test_refused_handshakes_are_no_connections() -> None:
    """They are counted by themselves."""
    conduct = conduct_of(_outcome(a_run(), (START,), status=400), 0)
    assert (conduct.talks, conduct.refused) == ((), 1)


def test_the_port_is_taken_out_of_the_output() -> None:
    """It is another one in every run."""
    result = a_run(stdout=b"connected to 127.0.0.1:40123\r\nok", stderr=b"\n")
    conduct = conduct_of(_outcome(result), 40123)
    assert conduct.stdout == ("connected to 127.0.0.1:{port}", "ok")
    assert conduct.stderr == ("",)


@pytest.mark.parametrize(("debug", "left"), [(True, ("mine",)), (False, ("mine", "websocket: x"))])
def test_emscriptens_own_lines_are_taken_out(*, debug: bool, left: tuple[str, ...]) -> None:
    """Those of SOCKET_DEBUG if it is on, and what getsockname() prints before 3.1.35."""
    features = cast("ProgramFeatures", SimpleNamespace(socket_debug=debug, posix=False))
    text = b"__syscall_getsockname 3\nmine\n"
    text += b"websocket: send (1 bytes): 1\n" if debug else b"websocket: x\n"
    conduct = conduct_of(_outcome(a_run(stderr=text, features=features)), 0)
    assert conduct.stderr == left


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"exit_code": 3}, "exit code 3"),
        ({"exit_code": None, "timed_out": True}, "did not end: killed"),
        ({"exit_code": None, "signal": 11}, "signal 11"),
        ({"exit_code": None, "cancelled": True}, "stopped"),
    ],
)
def test_endings(changes: dict[str, Any], words: str) -> None:
    """Each in words."""
    assert conduct_of(_outcome(a_run(**changes)), 0).ending == words


def test_calls_of_both_builds_become_the_same() -> None:
    """The hook tells numbers of WASI and addresses in memory, the watcher names and sizes."""
    web = (
        _call(call="recvfrom", result=3, arguments=[3, 4071168, 64]),
        _call(call="recvfrom", result=-6, arguments=[3, 4071168, 64]),
    )
    native = (
        _call(call="recvfrom", result=3, error="", arguments=[3, 64, 0]),
        _call(call="recvfrom", result=-1, error="EAGAIN", arguments=[3, 64, 0]),
    )
    first, second = (conduct_of(_outcome(a_run(events=one)), 0).calls for one in (web, native))
    assert first is not None
    assert second is not None
    assert list(map(str, first)) == list(map(str, second))
    assert str(first[1]) == "recv(64 bytes) = -1 EAGAIN"
    assert conduct_of(_outcome(a_run()), 0).calls is None


def test_sessions_begin_with_connect_and_end_with_close() -> None:
    """A descriptor that is used again is another connection."""
    calls = (
        Call("connect", 0, arguments=(3,)),
        Call("sendto", 2, arguments=(3, 2)),
        Call("connect", 0, arguments=(3,)),
        Call("close", 0, arguments=(3,)),
        Call("recvfrom", 2, arguments=(3, 9)),
        Call("connect", 0, arguments=(3,)),
        Call("recvfrom", 5, arguments=(3, 9)),
    )
    conduct = replace(conduct_of(_outcome(a_run()), 0), calls=calls)
    first, second = conduct.sessions
    assert [len(session.sends) for session in (first, second)] == [1, 0]
    assert [call.result for call in second.reads] == [5]


def test_numbers_of_wasi() -> None:
    """As observed of real programs."""
    names = {6: "EAGAIN", 8: "EBADF", 14: "ECONNREFUSED", 23: "EHOSTUNREACH", 26: "EINPROGRESS",
             28: "EINVAL", 30: "EISCONN", 50: "ENOPROTOOPT", 52: "ENOSYS", 53: "ENOTCONN",
             64: "EPIPE", 73: "ETIMEDOUT"}  # fmt: skip
    assert {number: WASI_ERRORS[number] for number in names} == names


def test_calls_of_posix_on_do_not_show() -> None:
    """What the hook sees of them is how they are made, not what the program asked."""
    features = cast("ProgramFeatures", SimpleNamespace(socket_debug=False, posix=True))
    events = (_call(call="connect", result=0, arguments=[3, 0, 0]),)
    conduct = conduct_of(_outcome(a_run(features=features, events=events)), 0)
    assert conduct.posix
    assert conduct.calls is None
