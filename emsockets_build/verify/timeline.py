"""The transcript of a run: hook, log and server record as one timeline."""

from __future__ import annotations

import time
from collections.abc import Sequence

from emsockets_build.run.model import RunResult
from emsockets_build.server import ConnectionRecord
from emsockets_build.transcript.event import Event, Kind
from emsockets_build.transcript.record import events_of_record
from emsockets_build.transcript.socket_debug import read_log
from emsockets_build.transcript.timeline import Moment, merge

__all__ = ["log_of", "timeline_of"]


def log_of(result: RunResult) -> tuple[Event, ...]:
    """Read the SOCKET_DEBUG lines of a run, wherever its release prints them.

    Args:
        result: The run.

    Returns:
        What the lines say; nothing for a program without SOCKET_DEBUG.
    """
    features = result.features
    if features is None or not features.socket_debug:
        return ()
    streams = [tuple(read_log([stream])) for stream in (result.stdout, result.stderr)]
    return tuple(
        event
        for events in streams
        for event in events
        if event.kind not in {Kind.NOISE, Kind.OUTPUT, Kind.CALLBACK}
    )


def timeline_of(result: RunResult, connections: Sequence[ConnectionRecord]) -> tuple[Moment, ...]:
    """Merge what program, log and server say about a run.

    Args:
        result: What the program did.
        connections: What the server, in this process, saw.

    Returns:
        The moments in order, in seconds from the first.
    """
    record = sorted(
        (event for connection in connections for event in connection.events),
        key=lambda event: event.at,
    )
    to_monotonic = time.monotonic() - time.time()
    server = events_of_record([event.to_json() for event in record], to_monotonic)
    return merge(result.events, server, log_of(result))
