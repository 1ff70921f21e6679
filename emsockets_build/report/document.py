"""The one JSON shape that `demo`, `run` and `check` share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from emsockets_build.verify import Batch, Outcome
from emsockets_build.verify.sockets import SocketSeen, sockets_of

__all__ = ["SCHEMA", "batch_document", "report_document"]

SCHEMA = 1
"""Fields are added to the shape, never renamed; a change of meaning raises this number."""

_KEPT_OUTPUT = 64 * 1024
_MOST_SOCKETS = 1000


def report_document(
    command: str, outcomes: Sequence[Outcome], extra: Mapping[str, object] | None = None
) -> dict[str, Any]:
    """Describe outcomes as one JSON object.

    Args:
        command: The command that ran them.
        outcomes: In the order they shall be listed.
        extra: Further fields of the object.

    Returns:
        Plain dictionaries, lists, strings and numbers.
    """
    return {
        "schema": SCHEMA,
        "command": command,
        "verdict": "pass" if all(outcome.passed for outcome in outcomes) else "fail",
        "runs": [_run(outcome) for outcome in outcomes],
        **(extra or {}),
    }


def batch_document(command: str, batch: Batch, extra: Mapping[str, object]) -> dict[str, Any]:
    """Describe a batch as one JSON object: its runs, and what could not be run.

    Args:
        command: The command that ran it.
        batch: The results.
        extra: Further fields of the object.

    Returns:
        As `report_document`; the verdict is ``pass`` only if everything ran and passed.
    """
    document = report_document(command, batch.outcomes, extra)
    document["verdict"] = "pass" if batch.passed else "fail"
    document["broken"] = [
        {
            "name": broken.scenario.name,
            "what": broken.error.what,
            "where": broken.error.where,
            "why": broken.error.why,
            "remedy": broken.error.remedy,
        }
        for broken in batch.broken
    ]
    document["not_run"] = [scenario.name for scenario in batch.not_run]
    document["interrupted"] = batch.interrupted
    return document


def _run(outcome: Outcome) -> dict[str, object]:
    scenario, result = outcome.scenario, outcome.result
    return {
        "name": scenario.name,
        "target": scenario.target,
        "backend": scenario.backend,
        "wait": scenario.wait,
        "runner": scenario.runner,
        "url": scenario.url or None,
        "server": scenario.served_by,
        "verdict": "pass" if outcome.passed else "fail",
        "exit_code": result.exit_code,
        "timed_out": result.timed_out,
        "cause": _cause(outcome),
        "mismatches": [
            {"expectation": miss.expectation, "expected": miss.expected, "found": miss.found}
            for miss in outcome.mismatches
        ],
        "subprotocol": _subprotocol(outcome),
        "server_saw": _server_saw(outcome),
        "sockets": [_socket(socket) for socket in sockets_of(result.events)[:_MOST_SOCKETS]],
        "own_server": _own_server(outcome),
        "client_saw": None if outcome.client is None else asdict(outcome.client),
        "stdout": _text(result.stdout),
        "stderr": _text(result.stderr),
        "seconds": round(result.seconds, 4),
        "sizes": {} if scenario.url else _sizes(scenario.program),
    }


def _socket(seen: SocketSeen) -> dict[str, object]:
    return {
        "url": seen.url,
        "opened": seen.opened,
        "subprotocol": seen.subprotocol or None,
        "sent_messages": seen.sent_messages,
        "sent_bytes": seen.sent_bytes,
        "received_messages": seen.received_messages,
        "received_bytes": seen.received_bytes,
        "close_code": seen.close_code,
        "closed_by_program": seen.closed_by_program,
        "error": seen.error,
        "state": seen.state,
    }


def _subprotocol(outcome: Outcome) -> str | None:
    if outcome.client is not None:
        return outcome.client.subprotocol
    if outcome.scenario.url:
        sockets = sockets_of(outcome.result.events)
        return next((socket.subprotocol for socket in sockets if socket.subprotocol), None)
    return next((r.subprotocol for r in outcome.connections if r.subprotocol), None)


def _cause(outcome: Outcome) -> dict[str, object] | None:
    cause = outcome.cause
    if cause is None:
        return None
    return {
        "id": cause.id,
        "summary": cause.summary,
        "location": cause.location or None,
        "stack": list(cause.stack),
        "evidence": list(cause.evidence),
        "remedy": cause.remedy,
    }


def _server_saw(outcome: Outcome) -> dict[str, object]:
    records = outcome.connections
    bare = [r for r in records if outcome.scenario.plain_tcp and r.status is None]
    return {
        "connections": len(records),
        "messages_in": sum(record.messages_in for record in records),
        "bytes_in": sum(record.bytes_in for record in records) + sum(r.raw_in for r in bare),
        "messages_out": sum(record.messages_out for record in records),
        "bytes_out": sum(record.bytes_out for record in records) + sum(r.raw_out for r in bare),
        "close_code": next((r.close_code for r in records if r.close_code is not None), None),
        "refusals": [record.refusal for record in records if record.refusal],
    }


def _own_server(outcome: Outcome) -> dict[str, object] | None:
    report = outcome.own_server
    if report is None:
        return None
    return {
        "command": list(report.command),
        "port": report.port,
        "ready": report.ready,
        "seconds": round(report.seconds, 4),
        "returncode": report.returncode,
        "output": _text(report.output),
    }


def _text(output: bytes) -> str:
    """Decode a program's output, the end of it where it is long."""
    return output[-_KEPT_OUTPUT:].decode("utf-8", "backslashreplace")


def _sizes(program: Path) -> dict[str, int]:
    """Measure the JavaScript and the WebAssembly beside it, in bytes."""
    files = {"js": program, "wasm": program.with_suffix(".wasm")}
    return {kind: path.stat().st_size for kind, path in files.items() if path.is_file()}
