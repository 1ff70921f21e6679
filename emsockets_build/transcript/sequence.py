"""A timeline as text: program, network and server side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum

from emsockets_build.quoting import terminal_escape
from emsockets_build.transcript.event import Event, Kind
from emsockets_build.transcript.timeline import Moment

__all__ = ["Way", "describe", "draw_sequence", "shown", "way"]

_LEFT, _ARROW = 38, 22
_OUTWARD = frozenset({Kind.CONNECT, Kind.SEND})
_INWARD = frozenset({Kind.OPEN, Kind.MESSAGE, Kind.ACCEPT})
_HIDDEN = frozenset({Kind.TOTALS, Kind.CALL})
_PER_KIND = {Kind.START, Kind.EXIT, Kind.EXCEPTION, Kind.LISTEN}


class Way(Enum):
    """Where the arrow of a moment points."""

    NOWHERE = "nowhere"
    TO_SERVER = "to-server"
    TO_PROGRAM = "to-program"


def shown(moments: Iterable[Moment]) -> Iterator[Moment]:
    """Leave out what sums up other moments, or is no part of the traffic."""
    for moment in moments:
        event = moment.program or moment.server
        if event is not None and event.kind not in _HIDDEN:
            yield moment


def way(moment: Moment) -> Way:
    """Tell which way something went at a moment, if anything did."""
    event = moment.program or moment.server
    outward, inward = _OUTWARD, _INWARD
    if moment.program is None:  # the server's words have the other direction
        outward, inward = frozenset({Kind.MESSAGE}), frozenset({Kind.SEND})
    if event is None or event.kind not in outward | inward:
        return Way.NOWHERE
    return Way.TO_SERVER if event.kind in outward else Way.TO_PROGRAM


def draw_sequence(moments: Iterable[Moment], *, width: int = 100) -> Iterator[str]:
    """Draw a timeline, one line for each moment.

    Args:
        moments: In order.
        width: Columns of the terminal.

    Yields:
        Lines; what came from outside is made harmless for a terminal.
    """
    right = max(20, width - 10 - _LEFT - _ARROW)
    yield f"{'seconds':>9} {'program':<{_LEFT}}{'network':^{_ARROW}}server".rstrip()
    for moment in shown(moments):
        time = "" if moment.time is None else f"{moment.time:.3f}"
        left = _fit(describe(moment.program), _LEFT - 1) if moment.program else ""
        there = _fit(describe(moment.server), right) if moment.server else ""
        yield f"{time:>9} {left:<{_LEFT}}{_arrow(moment):^{_ARROW}}{there}".rstrip()


def _arrow(moment: Moment) -> str:
    """Draw the way of a message, with its size and how long it took."""
    direction = way(moment)
    if direction is Way.NOWHERE:
        return ""
    label = "" if moment.travel is None else f" {max(0.0, moment.travel) * 1000:.1f} ms "
    line = label.center(_ARROW - 4, "-")
    return f"{line}>" if direction is Way.TO_SERVER else f"<{line}"


def describe(event: Event) -> str:
    """Say in a few words what happened.

    Args:
        event: Of any source.

    Returns:
        The words, without control characters.
    """
    name = str(event.detail.get("report") or event.detail.get("log") or event.kind)
    words = [name]
    if event.socket and event.kind not in _PER_KIND:
        words.append(f"#{event.socket}" if event.socket.isdigit() else event.socket)
    if event.size is not None:
        words.append(f"{event.size} B")
    if event.detail.get("binary") is False:
        words.append("text")
    code = event.detail.get("code") or event.detail.get("status")
    if code not in {None, ""} and str(code) not in event.text:
        words.append(str(code))
    if event.text and event.text != name:
        words.append(event.text)
    return terminal_escape(" ".join(words)).replace("\n", "\\n").replace("\t", " ")


def _fit(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
