from __future__ import annotations

from typing import Any

import pytest

from emsockets_build.verify import Expectations, find_mismatches
from tests.verify.observed import a_connection, a_run, totals

ECHO = {"messages_in": 2, "bytes_in": 10, "messages_out": 2, "bytes_out": 10}


def _missed(expectations: Expectations, run: dict[str, Any], *connections: Any) -> list[str]:
    found = find_mismatches(expectations, a_run(**run), connections)
    return [mismatch.expectation for mismatch in found]


def test_nothing_expected_is_met_by_a_clean_end() -> None:
    """The only thing that is always asked for is that the program ends with code 0."""
    assert _missed(Expectations(), {}) == []


@pytest.mark.parametrize(
    "run",
    [
        {"exit_code": 1},
        {"exit_code": None, "signal": 11},
        {"exit_code": None, "timed_out": True},
    ],
)
def test_other_endings_are_mismatches(run: dict[str, Any]) -> None:
    """Another code, a signal and a time-out are told apart and all fail."""
    assert _missed(Expectations(), run) == ["exit code"]


def test_any_exit_code_can_be_allowed_but_no_time_out() -> None:
    """Without an expected code every code passes; a program that had to be killed never does."""
    assert _missed(Expectations(exit_code=None), {"exit_code": 9}) == []
    assert _missed(Expectations(exit_code=None), {"timed_out": True}) == ["exit code"]


def test_output_is_matched_line_by_line() -> None:
    """Patterns see lines, also those that end as on Windows."""
    run = {"stdout": b"one\r\necho ok: 5\r\n"}
    assert _missed(Expectations(stdout=("^echo ok: 5$",)), run) == []
    assert _missed(Expectations(stdout=("^echo bad",)), run) == ["standard output"]
    assert _missed(Expectations(reject_stdout=("ok",)), run) == ["standard output"]


def test_connection_must_have_been_opened() -> None:
    """A handshake that was refused is no connection."""
    refused = a_connection(status=400, subprotocol=None, refusal="no subprotocol")
    assert _missed(Expectations(connected=True), {}, refused) == ["connection"]
    assert _missed(Expectations(connected=True), {}, refused, a_connection()) == []


def test_subprotocol_and_close_code_are_the_servers_word() -> None:
    """Both are taken from what the server saw, for every connection that was opened."""
    odd = a_connection(subprotocol="chat", close_code=1006)
    expectations = Expectations(subprotocol="binary", close_code=1000)
    assert _missed(expectations, {}, a_connection(), odd) == ["subprotocol", "close code"]
    assert _missed(Expectations(subprotocol=""), {}, a_connection(subprotocol=None)) == []


def test_bytes_are_summed_over_connections() -> None:
    """What was sent and received is what the server counted, all connections together."""
    twice = (a_connection(**ECHO), a_connection(**ECHO))
    assert _missed(Expectations(sent=20, received=20), {}, *twice) == []
    assert _missed(Expectations(sent=19, received=21), {}, *twice) == [
        "bytes sent",
        "bytes received",
    ]


def test_echo_needs_something_to_echo() -> None:
    """As much back as was sent; a connection that carried nothing proves nothing."""
    assert _missed(Expectations(echoed=True), {}, a_connection(**ECHO)) == []
    assert _missed(Expectations(echoed=True), {}, a_connection(**ECHO | {"bytes_out": 9})) == [
        "echo"
    ]
    assert _missed(Expectations(echoed=True), {}, a_connection()) == ["echo"]


def test_both_ends_must_count_alike() -> None:
    """A message that one end counted and the other did not is found, whichever way it went."""
    expectations = Expectations(counted_alike=True)
    run = {"events": (totals((2, 10), (2, 10)),)}
    assert _missed(expectations, run, a_connection(**ECHO)) == []
    lost = {"events": (totals((3, 15), (2, 10)),)}
    assert _missed(expectations, lost, a_connection(**ECHO)) == [
        "messages to the server",
        "bytes to the server",
    ]
    assert _missed(expectations, {}, a_connection(**ECHO)) != []
