"""Plots as SVG that stretches with the page; words and numbers stay HTML, so that they do not."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from emsockets_build.report.html.markup import Element, add, new

__all__ = ["Series", "bar", "bytes_text", "dot_plot", "seconds_text", "share_bar", "step_plot"]

Series = tuple[str, Sequence[tuple[float, float]]]
"""A name, which is also its class in the style sheet, and points (seconds, value) in order."""

_Text = Callable[[float], str]

_WIDTH, _HEIGHT = 1000, 100
_MOST_POINTS = 1000


def bytes_text(count: float) -> str:
    """Write a number of bytes as people read it, in powers of 1000."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5 or unit == "GB":  # noqa: PLR2004 - what would round to 1000
            break
        count /= 1000
    digits = 0 if unit == "B" or count >= 100 else 1  # noqa: PLR2004 - three digits are enough
    return f"{count:.{digits}f} {unit}"


def seconds_text(seconds: float) -> str:
    """Write a time as people read it."""
    if seconds < 0.9995:  # noqa: PLR2004 - what would round to 1000 ms
        return f"{seconds * 1000:.{1 if seconds < 0.01 else 0}f} ms"  # noqa: PLR2004 - 10 ms
    return f"{seconds:.2f} s"


def bar(share: float, class_: str = "") -> Element:
    """Draw a bar that fills ``share`` of its cell."""
    svg = new(
        "svg",
        class_=f"bar {class_}".strip(),
        viewBox="0 0 100 1",
        preserveAspectRatio="none",
        aria_hidden="true",
    )
    add(svg, "rect", width=_number(100 * min(max(share, 0.0), 1.0)), height="1")
    return svg


def share_bar(parts: Sequence[tuple[str, int]]) -> Element:
    """Draw counts as parts of one bar; each part's name is its class."""
    total = sum(count for _, count in parts) or 1
    svg = new(
        "svg",
        class_="shares",
        viewBox=f"0 0 {total} 1",
        preserveAspectRatio="none",
        aria_hidden="true",
    )
    start = 0
    for name, count in parts:
        if count:
            add(svg, "rect", class_=name, x=str(start), width=str(count), height="1")
        start += count
    return svg


def step_plot(title: str, series: Sequence[Series]) -> Element:
    """Draw values that stay until the next point, such as bytes so far."""
    figure, svg, end, top = _frame(title, series, bytes_text)
    for name, points in series:
        path = [f"M0 {_HEIGHT}"]
        for seconds, value in _thinned(points):
            path.append(f"H{_x(seconds, end)}V{_y(value, top)}")
        path.append(f"H{_WIDTH}")
        if points:
            add(svg, "path", class_=f"line {name}", d="".join(path))
    return figure


def dot_plot(title: str, series: Sequence[Series]) -> Element:
    """Draw single values, such as how long each message travelled."""
    figure, svg, end, top = _frame(title, series, seconds_text)
    for name, points in series:
        # A line of no length with round ends is a dot that stays round however the plot stretches.
        dots = "".join(f"M{_x(at, end)} {_y(value, top)}h0" for at, value in _thinned(points))
        if dots:
            add(svg, "path", class_=f"dots {name}", d=dots)
    return figure


def _frame(
    title: str, series: Sequence[Series], text: _Text
) -> tuple[Element, Element, float, float]:
    """Make a figure with its axes; also the ends of both."""
    points = [point for _, some in series for point in some]
    end = max((at for at, _ in points), default=0.0) or 1.0
    top = max((value for _, value in points), default=0.0) or 1.0
    figure = new("figure", class_="plot")
    caption = add(figure, "figcaption", title)
    for name, some in series:
        if some:
            add(caption, "span", name.replace("-", " "), class_=f"key {name}")
    box = add(figure, "div", class_="axes")
    add(box, "span", text(top), class_="top")
    add(box, "span", "0", class_="bottom")
    label = f"{title}: up to {text(top)} within {seconds_text(end)}"
    svg = add(
        box,
        "svg",
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        preserveAspectRatio="none",
        role="img",
        aria_label=label,
    )
    for height in (0, _HEIGHT // 2, _HEIGHT):
        add(svg, "path", class_="grid", d=f"M0 {height}H{_WIDTH}")
    add(box, "span", "0 s", class_="start")
    add(box, "span", seconds_text(end), class_="end")
    return figure, svg, end, top


def _thinned(points: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    """Keep so many points that nobody sees which are missing, the last among them."""
    step = math.ceil(len(points) / _MOST_POINTS)
    return points if step <= 1 else [*points[:-1:step], points[-1]]


def _x(seconds: float, end: float) -> str:
    return _number(_WIDTH * max(seconds, 0.0) / end)


def _y(value: float, top: float) -> str:
    return _number(_HEIGHT * (1 - max(value, 0.0) / top))


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
