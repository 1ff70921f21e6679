"""The comparison of two builds and its explanations, on what they did, without running anything."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emsockets_build.verify.conduct import Call, Conduct, Direction, Talk
from emsockets_build.verify.model import Cause
from emsockets_build.verify.parity import Aspect, Comparison, compare, side_by_side
from emsockets_build.verify.parity_case import Setting
from emsockets_build.verify.parity_explain import explain
from emsockets_build.verify.parting import part

CONNECT = Call("connect", 0, arguments=(3,))


def _read(result: int, error: str = "", size: int = 64) -> Call:
    return Call("recvfrom", result, error, (3, size))


def _send(result: int, error: str = "", size: int = 0) -> Call:
    return Call("sendto", result, error, (3, size or max(result, 0)))


def _talk(to_server: int = 0, *messages: int, **changes: Any) -> Talk:
    talk = Talk(
        Direction(to_server, "in", (to_server,) if to_server else ()),
        Direction(sum(messages), "out", messages),
        turns="><",
        ended_by="program",
    )
    return replace(talk, **changes)


def _did(*calls: Call, talks: tuple[Talk, ...] = (), **changes: Any) -> Conduct:
    return replace(Conduct(calls=(CONNECT, *calls), talks=talks), **changes)


def _met(comparison: Comparison) -> set[str]:
    return {semantic.id for semantic in comparison.semantics}


def _because(comparison: Comparison) -> dict[Aspect, list[str]]:
    return {one.aspect: [sem.id for sem in one.because] for one in comparison.differences}


lines = st.lists(st.text(max_size=5), max_size=4).map(tuple)
directions = st.builds(
    Direction, st.integers(0, 5), st.sampled_from(["", "a", "b"]), st.tuples(st.integers(1, 5))
)
talks = st.builds(Talk, directions, directions, st.sampled_from(["", ">", "><"]))
calls = st.builds(
    Call,
    st.sampled_from(["connect", "sendto", "recvfrom", "getsockopt", "shutdown", "close", "exit"]),
    st.integers(-1, 9),
    st.sampled_from(["", "EAGAIN", "ECONNRESET", "ENOTCONN"]),
    st.tuples(st.integers(3, 4), st.integers(0, 9)),
)
conducts = st.builds(
    Conduct,
    st.sampled_from(["exit code 0", "signal 11"]),
    st.sampled_from([0, None]),
    lines,
    lines,
    st.lists(talks, max_size=2).map(tuple),
    st.integers(0, 1),
    st.none() | st.lists(calls, max_size=6).map(tuple),
)


@given(conducts)
def test_whoever_does_the_same_is_equal(conduct: Conduct) -> None:
    """Whatever it was."""
    comparison = explain(conduct, conduct, Setting())
    assert comparison.equal
    assert not any(row.differs for row in side_by_side(comparison))


@given(conducts, conducts)
def test_every_comparison_can_be_shown(native: Conduct, web: Conduct) -> None:
    """Nothing that was seen breaks a rule; a difference is seen from both sides."""
    comparison = explain(native, web, Setting())
    assert comparison.equal == explain(web, native, Setting()).equal
    assert len(side_by_side(comparison)) == 9
    for difference in comparison.differences:
        assert difference.native != difference.web
        assert all(semantic.summary and semantic.remedy for semantic in difference.because)


@pytest.mark.parametrize(
    ("native", "web", "aspect", "words"),
    [
        (Conduct(), Conduct("exit code 3", 3), Aspect.EXIT, ("exit code 0", "exit code 3")),
        (
            Conduct(stdout=("a", "b")),
            Conduct(stdout=("a", "c")),
            Aspect.STDOUT,
            ("line 2: b", "line 2: c"),
        ),
        (Conduct(stdout=("a",)), Conduct(), Aspect.STDOUT, ("line 1: a", "nothing")),
        (
            Conduct(stderr=("a",)),
            Conduct(stderr=("a", "b")),
            Aspect.STDERR,
            ("no line 2", "line 2: b"),
        ),
        (
            Conduct(talks=(Talk(),)),
            Conduct(),
            Aspect.CONNECTIONS,
            ("1 opened", "0 opened"),
        ),
        (
            Conduct(talks=(_talk(1000),)),
            Conduct(talks=(_talk(3),)),
            Aspect.TO_SERVER,
            ("1,000", "3"),
        ),
        (
            Conduct(talks=(Talk(to_program=Direction(5, "abc")),)),
            Conduct(talks=(Talk(to_program=Direction(5, "abd")),)),
            Aspect.TO_PROGRAM,
            ("5 bytes, SHA-256 abc", "5 bytes, SHA-256 abd"),
        ),
    ],
)
def test_what_differs_is_named(
    native: Conduct, web: Conduct, aspect: Aspect, words: tuple[str, str]
) -> None:
    """With what either build did."""
    (difference,) = compare(native, web)
    assert (difference.aspect, difference.matters) == (aspect, True)
    assert (difference.native, difference.web) == words


def test_order_and_number_of_messages_are_told_and_do_not_matter() -> None:
    """Time and TCP have a say in them."""
    native = _did(_send(2), _send(3), talks=(_talk(5, ended_by="server"),))
    web = _did(_send(5), talks=(_talk(5),))
    differences = compare(native, web)
    assert {one.aspect for one in differences} == {Aspect.ORDER, Aspect.MESSAGES}
    assert not any(one.matters for one in differences)
    assert explain(native, web, Setting()).equal


def test_order_of_connections_is_told() -> None:
    """One after the other, or two at a time."""
    apart = (_talk(began=0.0, ended=1.0), _talk(began=2.0, ended=3.0))
    together = (_talk(began=0.0, ended=3.0), _talk(began=1.0, ended=3.0))
    (difference,) = compare(Conduct(talks=apart), Conduct(talks=together))
    assert difference.aspect is Aspect.ORDER
    assert "connection 2 begins after connection 1 ends" in difference.native


def test_merging_is_seen_by_a_read_across_the_end_of_a_message() -> None:
    """And is only met, not blamed, where the program bears it."""
    native = _did(_send(9), _read(9), talks=(_talk(9, 3, 2, 4),))
    web = _did(_send(9), _read(3), _read(2), _read(4), talks=(_talk(9, 3, 2, 4),))
    comparison = explain(native, web, Setting())
    assert comparison.equal
    assert _met(comparison) == {"stream-merging"}
    failed = replace(web, calls=(CONNECT, _send(9), _read(3)), ending="exit code 1", exit_code=1)
    comparison = explain(native, failed, Setting())
    assert _because(comparison) == {Aspect.EXIT: ["stream-merging"]}
    assert "server: sent messages of 3, 2, 4 bytes" in comparison.semantics[0].evidence


def test_a_read_that_ends_with_a_message_merges_nothing() -> None:
    """Two messages read one by one, or a message read in parts by a small buffer."""
    native = _did(_read(3), _read(1, size=1), _read(1, size=1), talks=(_talk(0, 3, 2),))
    assert not _met(explain(native, native, Setting()))


def test_a_message_in_parts() -> None:
    """Room was left, and more of the same message came later."""
    native = _did(_read(10), _read(6), talks=(_talk(0, 16),), ending="exit code 1", exit_code=1)
    web = _did(_read(16), talks=(_talk(0, 16),))
    assert _met(explain(native, web, Setting())) == {"message-in-parts"}
    only = replace(native, calls=(CONNECT, _read(10)))
    assert "message-in-parts" in _because(explain(only, web, Setting()))[Aspect.EXIT]


def test_what_parts_the_ways_is_blamed_and_what_was_borne_is_not() -> None:
    """setsockopt() failed, and both went on; then recv() did not wait."""
    option = Call("setsockopt", 0, arguments=(3, 6, 1))
    native = _did(option, _send(5), _read(5))
    web = _did(_send(5), _read(-1, "EAGAIN"), ending="exit code 1", exit_code=1)
    comparison = explain(native, web, Setting())
    assert _met(comparison) == {"recv-never-blocks", "setsockopt-unsupported"}
    assert _because(comparison) == {Aspect.EXIT: ["recv-never-blocks"]}
    gave_up = _did(ending="exit code 1", exit_code=1)
    comparison = explain(native, gave_up, Setting())
    assert _because(comparison) == {Aspect.EXIT: ["setsockopt-unsupported"]}


@pytest.mark.parametrize(
    ("native", "web", "identifier"),
    [
        (Call("shutdown", 0, arguments=(3, 1)), None, "shutdown-unsupported"),
        (
            Call("getsockopt", 0, arguments=(3, 1, 7)),
            Call("getsockopt", -1, "ENOPROTOOPT", (3,)),
            "getsockopt-unsupported",
        ),
        (
            Call("getsockname", 0, arguments=(3,), port=40000),
            Call("getsockname", 0, arguments=(3,)),
            "getsockname-empty",
        ),
        (_read(-1, "ECONNRESET"), _read(0), "reset-reads-as-end"),
        (_send(-1, "EPIPE"), _send(-1, "ENOTCONN"), "send-after-end"),
        (_send(4, size=9), _send(9), "send-takes-all"),
    ],
)
def test_each_semantic_by_its_calls(native: Call, web: Call | None, identifier: str) -> None:
    """Seen where the calls show it, and with real sockets of TCP not at all."""
    here, there = _did(native), _did(*((web,) if web else ()))
    assert identifier in _met(explain(here, there, Setting()))
    assert not _met(explain(here, here, Setting(backend="node")))


def test_a_failure_that_both_went_on_after_is_not_blamed() -> None:
    """setsockopt() fails in every web build; a line that differs by chance has another reason."""
    option = Call("setsockopt", 0, arguments=(3, 6, 1))
    refused = Call("connect", -1, "ECONNREFUSED", (3,))
    again = replace(refused, arguments=(4,))
    native = Conduct(calls=(option, refused, again), stdout=("again in 83 ms",))
    web = Conduct(calls=(CONNECT, replace(CONNECT, arguments=(4,))), stdout=("again in 100 ms",))
    comparison = explain(native, web, Setting())
    assert "setsockopt-unsupported" in _met(comparison)
    assert "setsockopt-unsupported" not in _because(comparison)[Aspect.STDOUT]


def test_what_comes_around_the_servers_end_is_a_matter_of_time() -> None:
    """The same bytes, before it natively and after it for the web; other bytes are other bytes."""
    before = Conduct(talks=(Talk(Direction(10, "a")),))
    after = Conduct(talks=(Talk(Direction(0, "b", late=10)),))
    assert compare(before, after) == ()
    less = Conduct(talks=(Talk(Direction(0, "b", late=9)),))
    assert [one.aspect for one in compare(before, less)] == [Aspect.TO_SERVER]


def test_posix_on_is_as_tcp() -> None:
    """Its own port is another in every run, and its options work."""
    calls = (CONNECT, Call("getsockname", 0, arguments=(3,), port=40000))
    native = Conduct(calls=(*calls, Call("shutdown", 0, arguments=(3, 1))), stdout=("40000",))
    comparison = explain(native, Conduct(stdout=("41111",), posix=True), Setting())
    assert _because(comparison) == {Aspect.STDOUT: ["own-port"]}
    assert not _met(comparison)


def test_connect_begins_only() -> None:
    """Refused natively, on its way for the web."""
    native = Conduct(calls=(Call("connect", -1, "ECONNREFUSED", (3,)),))
    web = Conduct(calls=(Call("connect", -1, "EINPROGRESS", (3,)),), ending="exit code 1")
    comparison = explain(native, web, Setting())
    assert _because(comparison) == {Aspect.EXIT: ["connect-result"]}
    assert "ECONNREFUSED natively and EINPROGRESS for the web" in comparison.semantics[0].summary


def test_traffic_shows_what_calls_need_not() -> None:
    """Half-closes, resets and half messages, without any call watched."""
    native = Conduct(talks=(_talk(9, ended_by="server"),))
    web = Conduct(talks=(_talk(3, ended_by="server"),))
    assert _because(explain(native, web, Setting())) == {Aspect.TO_SERVER: ["close-ends-both"]}
    native, web = Conduct(talks=(_talk(9, reset=True),)), Conduct(talks=(_talk(9),))
    assert _because(explain(native, web, Setting())) == {Aspect.ORDER: ["unread-data-resets"]}
    cut = Direction(3, unfinished=3)
    web = Conduct(talks=(Talk(to_program=cut),), stdout=("",))
    native = Conduct(talks=(Talk(to_program=Direction(3)),), stdout=("abc",))
    assert _because(explain(native, web, Setting()))[Aspect.STDOUT] == ["unfinished-message-lost"]


@pytest.mark.parametrize(
    ("native", "web", "identifiers"),
    [
        ("failed: 111", "failed: 14", ["errno-numbers"]),
        ("failed: -111", "failed: -14", ["errno-numbers"]),
        ("failed: 111", "failed: 15", []),
        ("failed: 111", "broken: 14", []),
        ("1 2", "1", []),
        ("at 10.0.0.1", "at 172.29.1.0", ["made-up-address"]),
    ],
)
def test_lines_that_explain_themselves(native: str, web: str, identifiers: list[str]) -> None:
    """Numbers of the same error, and addresses that nobody has; nothing else."""
    comparison = explain(Conduct(stdout=(native,)), Conduct(stdout=(web,)), Setting())
    assert _because(comparison) == {Aspect.STDOUT: identifiers}


def test_the_code_that_main_returns_is_lost_with_asyncify_alone() -> None:
    """And only if that is all that differs."""
    native, web = Conduct("exit code 7", 7, ("a",)), Conduct(stdout=("a",))
    for wait, expected in (("asyncify", ["exit-code-lost"]), ("jspi", [])):
        assert _because(explain(native, web, Setting(wait=wait)))[Aspect.EXIT] == expected
    other = replace(web, stdout=("b",))
    assert _because(explain(native, other, Setting()))[Aspect.EXIT] == []


def test_the_verdicts_own_cause_comes_first() -> None:
    """A hang is explained by what the inspector saw."""
    cause = Cause("busy-wait", "it loops", "sleep", evidence=("main() at a.c:3",))
    web = Conduct("did not end: killed", None, cause=cause)
    (difference,) = explain(Conduct(), web, Setting()).differences
    assert [semantic.id for semantic in difference.because] == ["busy-wait"]
    assert difference.because[0].evidence == ("main() at a.c:3",)


def test_what_nothing_explains_says_where_the_ways_part() -> None:
    """The first calls that differ are the next best thing."""
    native = _did(_send(5), _send(5, size=5))
    web = _did(_read(5), ending="exit code 1", exit_code=1)
    comparison = explain(native, web, Setting())
    assert _because(comparison) == {Aspect.EXIT: []}
    (remark,) = comparison.remarks
    assert "natively no read" in remark
    assert "in the web build recv(64 bytes) = 5" in remark


def test_time_makes_no_divergence() -> None:
    """EAGAIN, polling connects and the cuts of TCP are left out."""
    native = _did(_send(4), _send(5), _read(-1, "EAGAIN"), _read(2), _read(7))
    again = Call("connect", -1, "EISCONN", (3,))
    web = _did(again, _send(9), _read(9))
    assert not part(native, web).divergences
    assert not part(native, web).parted


def test_a_program_that_polls_reads_and_sends_as_time_has_it() -> None:
    """The same went both ways until its next other call."""
    native = _did(_send(3), _read(3), _send(2), _read(2), Call("getpeername", 0, arguments=(3,)))
    web = _did(_send(3), _send(2), _read(3), _read(2), Call("getpeername", 0, arguments=(3,)))
    assert not part(native, web).divergences
    assert not part(native, web).parted


def test_a_descriptor_that_is_used_again_begins_anew() -> None:
    """Native builds show its close(), web builds the socket() that returns it."""
    refused = Call("connect", -1, "ECONNREFUSED", (3,))
    native = Conduct(calls=(refused, Call("close", 0, arguments=(3,)), refused))
    web = Conduct(calls=(CONNECT, Call("socket", 3, arguments=(2, 1)), CONNECT))
    assert not part(native, web).parted
    assert [len(one.sessions) for one in (native, web)] == [2, 2]
