"""Whether a run did what was expected of it: a pure function of what was seen."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from http import HTTPStatus

from emsockets_build.run.model import RunResult
from emsockets_build.server import ConnectionRecord
from emsockets_build.transcript.event import Kind
from emsockets_build.verify.model import ClientRecord, Expectations, Mismatch

__all__ = [
    "client_mismatches",
    "find_mismatches",
    "opened_of",
    "output_mismatches",
    "traffic_mismatches",
]


def find_mismatches(
    expectations: Expectations,
    result: RunResult,
    connections: Sequence[ConnectionRecord],
    *,
    plain: bool = False,
) -> tuple[Mismatch, ...]:
    """Hold what was seen against what was expected.

    Args:
        expectations: What the run must show.
        result: What the program did.
        connections: What the server saw.
        plain: Whether the program's sockets are plain TCP, so that bytes count as they are.

    Returns:
        Every expectation that was not met; a run that ran out of time always has one.
    """
    opened = opened_of(connections)
    bare = [record for record in connections if plain and record.status is None]
    return (
        *_ending(expectations, result),
        *output_mismatches(expectations, result),
        *traffic_mismatches(expectations, opened, bare),
        *(_counts(result, opened) if expectations.counted_alike else ()),
    )


def opened_of(connections: Sequence[ConnectionRecord]) -> list[ConnectionRecord]:
    """Return the WebSockets that were opened."""
    return [record for record in connections if record.status == HTTPStatus.SWITCHING_PROTOCOLS]


def _ending(expectations: Expectations, result: RunResult) -> Iterator[Mismatch]:
    expected = "any" if expectations.exit_code is None else str(expectations.exit_code)
    if result.timed_out:
        yield Mismatch("exit code", expected, f"none: killed after {result.seconds:.1f} s")
    elif result.signal is not None:
        yield Mismatch("exit code", expected, f"none: ended by signal {result.signal}")
    elif expectations.exit_code not in {None, result.exit_code}:
        yield Mismatch("exit code", expected, str(result.exit_code))


def output_mismatches(expectations: Expectations, result: RunResult) -> Iterator[Mismatch]:
    """Hold what was printed against what was expected.

    Args:
        expectations: What must be there, and what must not.
        result: What the program did.
    """
    text = result.stdout.decode("utf-8", "replace").replace("\r\n", "\n")
    for pattern in expectations.stdout:
        if not re.search(pattern, text, re.MULTILINE):
            yield Mismatch("standard output", f"matches {pattern!r}", "no match")
    for pattern in expectations.reject_stdout:
        match = re.search(pattern, text, re.MULTILINE)
        if match:
            yield Mismatch("standard output", f"does not match {pattern!r}", repr(match[0]))


def traffic_mismatches(
    expectations: Expectations,
    opened: Sequence[ConnectionRecord],
    bare: Sequence[ConnectionRecord] = (),
) -> Iterator[Mismatch]:
    """Hold what the server saw against what was expected.

    Args:
        expectations: What must have been sent and selected.
        opened: The WebSockets that were opened.
        bare: The connections of plain TCP.
    """
    if expectations.connected and not (opened or bare):
        yield Mismatch("connection", "at least one", "none that was opened")
    for record in opened:
        selected = record.subprotocol or ""
        if expectations.subprotocol not in {None, selected}:
            yield Mismatch("subprotocol", expectations.subprotocol or "none", selected or "none")
        if expectations.close_code not in {None, record.close_code}:
            yield Mismatch("close code", str(expectations.close_code), str(record.close_code))
    bytes_in = sum(r.bytes_in for r in opened) + sum(r.raw_in for r in bare)
    bytes_out = sum(r.bytes_out for r in opened) + sum(r.raw_out for r in bare)
    if expectations.sent not in {None, bytes_in}:
        yield Mismatch("bytes sent", str(expectations.sent), str(bytes_in))
    if expectations.received not in {None, bytes_out}:
        yield Mismatch("bytes received", str(expectations.received), str(bytes_out))
    if expectations.echoed:
        sent = (sum(record.messages_in for record in opened), bytes_in)
        echoed = (sum(record.messages_out for record in opened), bytes_out)
        if sent != echoed or bytes_in == 0:
            yield Mismatch(
                "echo",
                "as much back as was sent, and something at all",
                f"{sent[0]} messages, {sent[1]} bytes in; {echoed[0]}, {echoed[1]} out",
            )


def _counts(result: RunResult, opened: Sequence[ConnectionRecord]) -> Iterator[Mismatch]:
    """Compare both ends of the wire: what one sent the other must have got."""
    totals = [event.detail for event in result.events if event.kind is Kind.TOTALS]
    for what, program, server in (
        ("messages to the server", "sent_messages", "messages_in"),
        ("bytes to the server", "sent_bytes", "bytes_in"),
        ("messages to the program", "received_messages", "messages_out"),
        ("bytes to the program", "received_bytes", "bytes_out"),
    ):
        by_program = sum(_number(detail.get(program)) for detail in totals)
        by_server = sum(_number(getattr(record, server)) for record in opened)
        if by_program != by_server:
            yield Mismatch(what, f"{by_program}, as the program's sockets counted", str(by_server))


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def client_mismatches(messages: int, record: ClientRecord | None) -> Iterator[Mismatch]:
    """Hold what our client saw of a program that is a server against what it must see.

    Args:
        messages: How many messages it was to send.
        record: What it saw; None if the program never listened.
    """
    expected = f"{messages} messages echoed"
    if record is None:
        yield Mismatch("client", expected, "the program never listened")
    elif record.error or record.messages_echoed != messages:
        found = f"{record.messages_echoed} of {record.messages_sent} echoed"
        yield Mismatch("client", expected, f"{found}; {record.error}" if record.error else found)
