"""One timeline of a run from three sources.

The hook inside Node and the server both have clocks, and say twice what went over the wire: a
send of one is a message of the other. The log has no clock, but says what nobody else knows, such
as how much the program read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from emsockets_build.transcript.event import Event, Kind, Source

__all__ = ["Moment", "clock_difference", "merge"]

# What both ends see, as (what the program says, what the server says).
_COUNTERPARTS = {
    Kind.CONNECT: Kind.ACCEPT,
    Kind.OPEN: Kind.OPEN,
    Kind.SEND: Kind.MESSAGE,
    Kind.MESSAGE: Kind.SEND,
    Kind.CLOSE: Kind.CLOSE,
    Kind.ACCEPT: Kind.CONNECT,
}
_TO_SERVER = frozenset({Kind.CONNECT, Kind.SEND})
_TO_PROGRAM = frozenset({Kind.OPEN, Kind.MESSAGE})
_SAME_IN_LOG = frozenset(
    {Kind.CONNECT, Kind.OPEN, Kind.SEND, Kind.MESSAGE, Kind.CLOSE, Kind.LISTEN, Kind.ACCEPT}
)
_NOT_SHOWN = frozenset({Kind.NOISE, Kind.CALLBACK})


@dataclass(frozen=True, slots=True)
class Moment:
    """One row of the timeline.

    Attributes:
        time: Seconds from the first moment; None where only the order is known.
        program: What the program's side says.
        server: What the server says about the same thing.
        travel: Seconds between the two, in the direction of the arrow.
    """

    time: float | None
    program: Event | None
    server: Event | None
    travel: float | None = None


def merge(
    program: Sequence[Event], server: Sequence[Event] = (), log: Sequence[Event] = ()
) -> tuple[Moment, ...]:
    """Put what the three sources say into one order.

    Args:
        program: The hook's events.
        server: The server's events, on nearly the same clock.
        log: The events of the SOCKET_DEBUG lines.

    Returns:
        The moments in order; what two sources say about one thing is one moment.
    """
    told = [event for event in log if event.kind not in _NOT_SHOWN]
    if not program:
        return _without_program(told, server)
    partners = _pair(program, server)
    couples = [
        (event, None if place is None else server[place])
        for event, place in zip(program, partners, strict=True)
    ]
    difference = clock_difference(
        (event, partner) for event, partner in couples if partner is not None
    )
    moved = [
        event if event.time is None else replace(event, time=event.time + difference)
        for event in server
    ]
    moments = [
        _moment(event, None if place is None else moved[place])
        for event, place in zip(program, partners, strict=True)
    ]
    paired = set(partners)
    moments += [_moment(None, event) for place, event in enumerate(moved) if place not in paired]
    moments += _from_log(told, program)
    return _in_order(moments)


def _without_program(log: Sequence[Event], server: Sequence[Event]) -> tuple[Moment, ...]:
    moments = [Moment(None, event, None) for event in log]
    return (*moments, *_in_order([_moment(None, event) for event in server]))


def _moment(program: Event | None, server: Event | None) -> Moment:
    times = [event.time for event in (program, server) if event and event.time is not None]
    travel = None
    if program is not None and server is not None and len(times) == 2:  # noqa: PLR2004 - both
        there = program.kind in _TO_SERVER
        travel = times[1] - times[0] if there else times[0] - times[1]
    return Moment(min(times, default=None), program, server, travel)


def _in_order(moments: Iterable[Moment]) -> tuple[Moment, ...]:
    """Sort by time, stably, and count from the first; what has no time stays where it was put."""
    known = sorted(moments, key=lambda one: float("-inf") if one.time is None else one.time)
    first = next((one.time for one in known if one.time is not None), 0.0)
    return tuple(one if one.time is None else replace(one, time=one.time - first) for one in known)


def _pair(program: Sequence[Event], server: Sequence[Event]) -> list[int | None]:
    """Find for each of the program's events the server's event about the same thing."""
    connections = _connections_of(program, server)
    waiting: dict[tuple[str, Kind], list[int]] = defaultdict(list)
    for place, event in enumerate(server):
        waiting[event.socket, event.kind].append(place)
    partners: list[int | None] = []
    for event in program:
        kind = _COUNTERPARTS.get(event.kind)
        connection = connections.get(event.socket)
        places = waiting.get((connection, kind), []) if kind and connection else []
        partners.append(_take(places, server, event))
    return partners


def _take(places: list[int], server: Sequence[Event], event: Event) -> int | None:
    """Take the next of the server's events, skipping fragments of other sizes."""
    for position, place in enumerate(places[:64]):
        if event.size is None or server[place].size == event.size:
            del places[: position + 1]
            return place
    return None


def _connections_of(program: Sequence[Event], server: Sequence[Event]) -> dict[str, str]:
    """Match sockets to connections: by the TCP port both name, else by the order of appearance."""
    by_peer = {
        event.text.split(" ")[0]: event.socket for event in server if event.kind is Kind.ACCEPT
    }
    found: dict[str, str] = {}
    for event in program:
        local = event.detail.get("local")
        if isinstance(local, str) and local in by_peer:
            found[event.socket] = by_peer[local]
    free = [number for number in dict.fromkeys(by_peer.values()) if number not in found.values()]
    for event in program:
        if event.kind is Kind.CONNECT and event.socket not in found and free:
            found[event.socket] = free.pop(0)
    return found


def clock_difference(pairs: Iterable[tuple[Event, Event]]) -> float:
    """Estimate what to add to the server's times, from events that both ends saw.

    Nothing arrives before it was sent: that bounds the difference from both sides (as NTP does,
    RFC 5905). Within the bounds the clocks are taken to agree.

    Args:
        pairs: What the program and the server say about the same thing.

    Returns:
        Seconds; 0 when the clocks contradict nothing.
    """
    low, high = float("-inf"), float("inf")
    for program, server in pairs:
        if program.time is None or server.time is None:
            continue
        difference = program.time - server.time
        if program.kind in _TO_SERVER:
            low = max(low, difference)  # the server cannot get it before it was sent
        elif program.kind in _TO_PROGRAM:
            high = min(high, difference)
    if low <= 0 <= high:
        return 0.0
    if low > high:
        return 0.0  # the pairs contradict each other: change nothing
    if low == float("-inf") or high == float("inf"):
        return high if low == float("-inf") else low
    return (low + high) / 2


def _from_log(log: Sequence[Event], program: Sequence[Event]) -> list[Moment]:
    """Place what only the log knows: right after the hook's event that the log mentions before."""
    waiting: dict[Kind, list[Event]] = defaultdict(list)
    for event in program:
        waiting[event.kind].append(event)
    moments = []
    now = next((event.time for event in program if event.time is not None), None)
    for event in log:
        same = waiting.get(event.kind, [])
        position = next(
            (index for index, other in enumerate(same[:64]) if event.size in {None, other.size}),
            None,
        )
        if event.kind in _SAME_IN_LOG and position is not None:
            now = same[position].time if same[position].time is not None else now
            del same[: position + 1]
        else:
            moments.append(Moment(now, replace(event, source=Source.LOG), None))
    return moments
