"""Runs and connections as tests of pure functions want them, without a process or a socket."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from emsockets_build.run.model import RunResult
from emsockets_build.server import ConnectionRecord
from emsockets_build.transcript.event import Event, Kind, Source


def a_run(**changes: Any) -> RunResult:
    """Return a run that ended well and said nothing, but for ``changes``."""
    values: dict[str, Any] = {
        "command": ("node", "program.js"),
        "exit_code": 0,
        "signal": None,
        "timed_out": False,
        "cancelled": False,
        "stdout": b"",
        "stderr": b"",
        "stdout_dropped": 0,
        "stderr_dropped": 0,
        "started": 10.0,
        "ended": 10.5,
    }
    return RunResult(**values | changes)


def a_connection(**changes: Any) -> ConnectionRecord:
    """Return a connection that was opened, used for nothing and closed, but for ``changes``."""
    values: dict[str, Any] = {
        "number": 1,
        "peer": "127.0.0.1:40000",
        "behaviour": "echo",
        "path": "/",
        "offered": ("binary",),
        "subprotocol": "binary",
        "status": 101,
        "refusal": "",
        "messages_in": 0,
        "messages_out": 0,
        "bytes_in": 0,
        "bytes_out": 0,
        "raw_in": 0,
        "raw_out": 0,
        "peak_buffered": 0,
        "close_code": 1000,
        "close_reason": "",
        "closed_by": None,
        "reset": False,
        "fault": "",
        "open": False,
        "seconds": 0.1,
        "messages": (),
        "events": (),
        "events_omitted": 0,
    }
    return ConnectionRecord(**values | changes)


def totals(sent: tuple[int, int], received: tuple[int, int]) -> Event:
    """Return what the hook in Node counted of one socket: messages and bytes, each way."""
    detail = {
        "sent_messages": sent[0],
        "sent_bytes": sent[1],
        "received_messages": received[0],
        "received_bytes": received[1],
    }
    return Event(Kind.TOTALS, Source.PROGRAM, detail=MappingProxyType(detail))
