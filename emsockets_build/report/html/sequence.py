"""A timeline as a table that reads like a sequence diagram: program, network, server."""

from __future__ import annotations

from collections.abc import Sequence

from emsockets_build.report.html.markup import Element, add, new
from emsockets_build.report.html.plots import Series, dot_plot, seconds_text, step_plot
from emsockets_build.transcript.event import Event, Kind
from emsockets_build.transcript.sequence import Way, describe, shown, way
from emsockets_build.transcript.timeline import Moment

__all__ = ["sequence_table", "traffic_plots"]

_FIRST, _LAST = 250, 50
_LONGEST = 300
_ENOUGH_FOR_A_PLOT = 2
_TROUBLE = frozenset({Kind.ERROR, Kind.EXCEPTION})


def sequence_table(moments: Sequence[Moment], *, two_sides: bool) -> Element:
    """Draw a timeline.

    Args:
        moments: In order; of very many the first and the last are drawn.
        two_sides: Whether program and server are both watched, so that what only one of them
            has seen has not arrived.
    """
    table = new("table", class_="sequence")
    head = add(add(table, "thead"), "tr")
    for class_, heading in (
        ("at", "seconds"), ("who", "program"), ("net", "network"), ("who", "server"),
    ):  # fmt: skip
        add(head, "th", heading, scope="col", class_=class_)
    body = add(table, "tbody")
    rows = list(shown(moments))
    hidden = len(rows) - _FIRST - _LAST
    for number, moment in enumerate(rows):
        if hidden > 0 and _FIRST <= number < _FIRST + hidden:
            if number == _FIRST:
                gap = add(body, "tr", class_="gap")
                add(gap, "td", f"{hidden:,} moments are not drawn", colspan="4")
            continue
        _row(body, moment, two_sides=two_sides)
    return table


def _row(body: Element, moment: Moment, *, two_sides: bool) -> None:
    event = moment.program or moment.server
    trouble = event is not None and event.kind in _TROUBLE
    row = add(body, "tr", class_="trouble" if trouble else None)
    add(row, "td", "" if moment.time is None else f"{moment.time:.3f}", class_="at")
    add(row, "td", _words(moment.program), class_="who program")
    _arrow(add(row, "td", class_="net"), moment, two_sides=two_sides)
    add(row, "td", _words(moment.server), class_="who server")


def _words(event: Event | None) -> str:
    if event is None:
        return ""
    words = describe(event)
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"


def _arrow(cell: Element, moment: Moment, *, two_sides: bool) -> None:
    """Draw which way something went; dashed if it has not been seen to arrive."""
    direction = way(moment)
    if direction is Way.NOWHERE:
        return
    alone = two_sides and (moment.program is None or moment.server is None)
    arrow = add(cell, "span", class_=f"arrow {direction.value}{' alone' if alone else ''}")
    label = "" if moment.travel is None else seconds_text(max(0.0, moment.travel))
    add(arrow, "span", label, class_="travel")
    words = "to the server" if direction is Way.TO_SERVER else "to the program"
    seen = ", seen by one side only" if alone else ""
    add(arrow, "span", f"{words}{seen}", class_="spoken")


def traffic_plots(moments: Sequence[Moment]) -> list[Element]:
    """Plot the bytes of payload so far, and how long messages travelled, where that is known."""
    total: dict[Way, list[tuple[float, float]]] = {Way.TO_SERVER: [], Way.TO_PROGRAM: []}
    travel: dict[Way, list[tuple[float, float]]] = {Way.TO_SERVER: [], Way.TO_PROGRAM: []}
    for moment in shown(moments):
        direction = way(moment)
        event = moment.program or moment.server
        if direction is Way.NOWHERE or moment.time is None or event is None or event.size is None:
            continue
        points = total[direction]
        points.append((moment.time, event.size + (points[-1][1] if points else 0)))
        if moment.travel is not None:
            travel[direction].append((moment.time, max(0.0, moment.travel)))
    plots = []
    if sum(map(len, total.values())) >= _ENOUGH_FOR_A_PLOT:
        plots.append(step_plot("Payload so far", _series(total)))
    if sum(map(len, travel.values())) >= _ENOUGH_FOR_A_PLOT:
        plots.append(dot_plot("Time on the way", _series(travel)))
    return plots


def _series(points: dict[Way, list[tuple[float, float]]]) -> list[Series]:
    return [(direction.value, some) for direction, some in points.items()]
