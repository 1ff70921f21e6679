"""One scenario of the report: why it failed, what happened, what it printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emsockets_build.report.html.markup import Element, add, new, tail
from emsockets_build.report.html.plots import bytes_text, seconds_text
from emsockets_build.report.html.sequence import sequence_table, traffic_plots
from emsockets_build.report.html.sources import SourceLinks
from emsockets_build.verify import Outcome
from emsockets_build.verify.timeline import timeline_of

__all__ = ["Run", "scenario_section"]

_KEPT_OUTPUT = 32 * 1024


@dataclass(frozen=True, slots=True)
class Run:
    """A run as the report shows it.

    Attributes:
        anchor: The section's name in links.
        outcome: What it rests on.
        entry: The same as `document.report_document` describes it.
        declared: The file that declares the scenario; empty if none does.
    """

    anchor: str
    outcome: Outcome
    entry: Mapping[str, Any]
    declared: str = ""


def scenario_section(run: Run, links: SourceLinks, *, unfolded: bool) -> Element:
    """Describe one run.

    Args:
        run: What to describe.
        links: Where sources can be read.
        unfolded: Whether all of it is seen at once.
    """
    outcome = run.outcome
    section = new("section", id=run.anchor, class_="scenario")
    fold = add(section, "details", open="" if unfolded else None)
    summary = add(fold, "summary")
    add(summary, "h2", outcome.scenario.name)
    verdict = "pass" if outcome.passed else "fail"
    add(summary, "span", verdict, class_=f"verdict {verdict}")
    add(summary, "span", seconds_text(outcome.result.seconds), class_="seconds")
    body = add(fold, "div", class_="body")
    _facts(body, run, links)
    if not outcome.passed:
        _why(body, outcome, links)
    moments = timeline_of(outcome.result, outcome.connections)
    if moments:
        add(body, "h3", "What happened")
        two_sides = bool(outcome.scenario.served_by and outcome.result.events)
        body.append(sequence_table(moments, two_sides=two_sides))
    if plots := traffic_plots(moments):
        box = add(body, "div", class_="plots")
        box.extend(plots)
    own = outcome.own_server
    for name, output in (
        ("Standard output", outcome.result.stdout),
        ("Standard error", outcome.result.stderr),
        *([("The server's output", own.output)] if own else []),
    ):
        _output(body, name, output, unfolded=not outcome.passed)
    return section


def _facts(body: Element, run: Run, links: SourceLinks) -> None:
    scenario, entry = run.outcome.scenario, run.entry
    saw, visit = entry["server_saw"], entry["client_saw"]
    facts = add(body, "dl", class_="facts")
    for name, value in (
        ("target", scenario.target),
        ("backend", scenario.backend),
        ("wait", scenario.wait),
        ("runner", scenario.runner),
        ("server", scenario.served_by),
        ("subprotocol", entry["subprotocol"]),
        ("exit code", _ending(run.outcome)),
        ("close code", saw["close_code"]),
    ):
        if value not in (None, ""):
            _fact(facts, name, str(value))
    if visit is None and saw["connections"]:
        _fact(facts, "server got", _traffic(saw["messages_in"], saw["bytes_in"]))
        _fact(facts, "server sent", _traffic(saw["messages_out"], saw["bytes_out"]))
    elif visit is not None:
        _fact(facts, "client sent", _traffic(visit["messages_sent"], visit["bytes_sent"]))
        _fact(facts, "came back", _traffic(visit["messages_echoed"], visit["bytes_echoed"]))
    for kind, size in entry["sizes"].items():
        _fact(facts, kind, bytes_text(size))
    if run.declared:
        _fact_element(facts, "declared in").append(_link(run.declared, links))


def _fact(facts: Element, name: str, value: str) -> None:
    tail(_fact_element(facts, name), value)


def _fact_element(facts: Element, name: str) -> Element:
    pair = add(facts, "div")
    add(pair, "dt", name)
    return add(pair, "dd")


def _traffic(messages: int, size: int) -> str:
    return f"{messages:,} message{'' if messages == 1 else 's'}, {size:,} B"


def _ending(outcome: Outcome) -> str:
    result = outcome.result
    if result.timed_out:
        return "none: its time ran out"
    if result.signal is not None:
        return f"none: signal {result.signal}"
    return "none" if result.exit_code is None else str(result.exit_code)


def _why(body: Element, outcome: Outcome, links: SourceLinks) -> None:
    cause = outcome.cause
    if cause is not None:
        box = add(body, "div", class_="cause")
        words = add(box, "p", class_="summary")
        _with_links(words, cause.summary, links)
        identity = add(box, "p", class_="identity")
        add(identity, "code", cause.id)
        if cause.location:
            tail(identity, " at ")
            identity.append(_link(cause.location, links))
        remedy = add(box, "p", class_="remedy")
        add(remedy, "strong", "Remedy: ")
        tail(remedy, cause.remedy)
    _mismatches(body, outcome)
    refusals = [f"the server refused: {c.refusal}" for c in outcome.connections if c.refusal]
    if cause is not None:
        _lines(body, "Stack, innermost first", cause.stack, links)
        _lines(body, "Evidence", (*refusals, *cause.evidence), links)
    else:
        _lines(body, "Evidence", tuple(refusals), links)


def _mismatches(body: Element, outcome: Outcome) -> None:
    table = add(body, "table", class_="mismatches")
    head = add(add(table, "thead"), "tr")
    for heading in ("expectation", "expected", "found"):
        add(head, "th", heading, scope="col")
    rows = add(table, "tbody")
    for miss in outcome.mismatches:
        row = add(rows, "tr")
        add(row, "th", miss.expectation, scope="row")
        add(row, "td", miss.expected, class_="code")
        add(row, "td", miss.found, class_="code")


def _lines(body: Element, title: str, lines: tuple[str, ...], links: SourceLinks) -> None:
    if not lines:
        return
    add(body, "h3", title)
    shown = add(body, "ul", class_="lines code")
    for line in lines:
        _with_links(add(shown, "li"), line, links)


def _with_links(element: Element, text: str, links: SourceLinks) -> None:
    """Say something in which the first place in a source becomes a link."""
    found = links.place(text)
    if found is None:
        tail(element, text)
        return
    before, place, after = found
    tail(element, before)
    element.append(_link(place, links))
    tail(element, after)


def _link(place: str, links: SourceLinks) -> Element:
    href = links.link(place)
    if href is None:
        return new("span", place)
    return new("a", links.short(place), href=href)


def _output(body: Element, name: str, output: bytes, *, unfolded: bool) -> None:
    if not output:
        return
    fold = add(body, "details", class_="output", open="" if unfolded else None)
    missing = len(output) - _KEPT_OUTPUT
    size = (
        f"the last {_KEPT_OUTPUT:,} of {len(output):,} B" if missing > 0 else f"{len(output):,} B"
    )
    summary = add(fold, "summary")
    add(summary, "h3", name)
    add(summary, "span", size, class_="size")
    # A newline right behind <pre> would be dropped by who reads it.
    add(fold, "pre", "\n" + output[-_KEPT_OUTPUT:].decode("utf-8", "backslashreplace"))
