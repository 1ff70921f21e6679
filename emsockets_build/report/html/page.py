"""The whole report: what passed and what did not, then every scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from emsockets_build import __version__
from emsockets_build.report.html.markup import Element, add, document, new, tail
from emsockets_build.report.html.parity import parity_section
from emsockets_build.report.html.plots import bar, bytes_text, seconds_text, share_bar
from emsockets_build.report.html.scenario import Run, scenario_section
from emsockets_build.report.html.sources import SourceLinks
from emsockets_build.resources import theme_css
from emsockets_build.verify import Batch, Broken

__all__ = ["html_report"]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


@dataclass(frozen=True, slots=True)
class _Counts:
    passed: int
    failed: int
    broken: int
    not_run: int

    @property
    def parts(self) -> tuple[tuple[str, int], ...]:
        """Counts by the name of what they count."""
        return (
            ("passed", self.passed),
            ("failed", self.failed),
            ("broken", self.broken),
            ("not-run", self.not_run),
        )


def html_report(
    batch: Batch,
    entries: Sequence[Mapping[str, Any]],
    links: SourceLinks,
    *,
    title: str,
    facts: Mapping[str, str],
    files: Mapping[str, str],
    parity: Mapping[str, Any] | None = None,
) -> str:
    """Write a batch as one HTML page.

    Args:
        batch: The results.
        entries: Its outcomes as `document.report_document` describes them, under ``runs``.
        links: Where sources can be read.
        title: What was run.
        facts: What else is to be known, such as the Emscripten release, in words.
        files: The file that declares each scenario, by its name; may lack any.
        parity: How native and web builds compare, as `report.parity` describes it, if they do.

    Returns:
        The page.
    """
    counts = _Counts(
        passed=sum(outcome.passed for outcome in batch.outcomes),
        failed=sum(not outcome.passed for outcome in batch.outcomes),
        broken=len(batch.broken),
        not_run=len(batch.not_run),
    )
    runs = [
        Run(f"run-{number}", outcome, entry, files.get(outcome.scenario.name, ""))
        for number, (outcome, entry) in enumerate(zip(batch.outcomes, entries, strict=True), 1)
    ]
    alike = parity is None or parity["verdict"] == "pass"
    verdict = _verdict(counts, interrupted=batch.interrupted)
    if not alike:
        verdict += "; native and web builds differ"
    root = new("html", lang="en")
    total = seconds_text(sum(run.outcome.result.seconds for run in runs))
    facts = {**facts, "run time, summed": total} if runs else facts
    root.append(_head(f"{verdict} · {title}"))
    body = add(root, "body")
    body.append(_top(title, verdict, counts, facts, good=batch.passed and alike))
    main = add(body, "main")
    if runs:
        main.append(_table(runs))
    for broken in batch.broken:
        main.append(_broken_section(broken))
    if batch.not_run:
        main.append(_not_run_section([scenario.name for scenario in batch.not_run]))
    if parity is not None:
        main.append(parity_section(parity))
    # What failed is what people came for.
    for run in sorted(runs, key=lambda run: run.outcome.passed):
        unfolded = len(runs) == 1 or not run.outcome.passed
        main.append(scenario_section(run, links, unfolded=unfolded))
    add(add(body, "footer"), "p", f"Written by emsockets-build {__version__}")
    return document(root)


def _verdict(counts: _Counts, *, interrupted: bool) -> str:
    total = sum(count for _, count in counts.parts)
    if counts.failed or counts.broken:
        words = [f"{counts.failed} failed"] if counts.failed else []
        words += [f"{counts.broken} could not be run"] if counts.broken else []
        said = " and ".join(words) + f" of {total}"
    elif counts.not_run:
        said = f"{counts.passed} of {total} passed"
    elif not total:
        said = "Nothing was run"
    else:
        said = "Passed" if total == 1 else f"All {total} passed"
    return f"{said}, interrupted" if interrupted else said


def _head(title: str) -> Element:
    head = new("head")
    add(head, "meta", charset="utf-8")
    add(head, "title", title)
    add(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
    add(head, "meta", http_equiv="Content-Security-Policy", content=_POLICY)
    style = add(head, "style")
    # Ours; ElementTree writes the content of <style> as it is, as HTML wants it.
    style.text = "\n" + theme_css() + Path(__file__).with_name("style.css").read_text("utf-8")
    return head


def _top(
    title: str, verdict: str, counts: _Counts, facts: Mapping[str, str], *, good: bool
) -> Element:
    header = new("header", class_="good" if good else "bad")
    add(header, "p", title, class_="title")
    add(header, "h1", verdict)
    header.append(share_bar(counts.parts))
    shown = add(header, "ul", class_="counts")
    names = {"broken": "could not be run", "not-run": "not reached"}
    for name, count in counts.parts:
        if count:
            add(shown, "li", f"{count:,} {names.get(name, name)}", class_=name)
    when = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")
    listed = add(header, "dl", class_="facts")
    for name, value in {**facts, "written": when}.items():
        if value:
            pair = add(listed, "div")
            add(pair, "dt", name)
            add(pair, "dd", value)
    return header


def _table(runs: Sequence[Run]) -> Element:
    table = new("table", class_="runs")
    head = add(add(table, "thead"), "tr")
    for heading, class_ in (
        ("scenario", "name"),
        ("verdict", "state"),
        ("runner", "words"),
        ("server", "words"),
        ("messages in/out", "number"),
        ("bytes in/out", "number"),
        ("js + wasm", "number"),
        ("time", "number"),
    ):
        add(head, "th", heading, scope="col", class_=class_)
    slowest = max(run.outcome.result.seconds for run in runs)
    largest = max(sum(run.entry["sizes"].values()) for run in runs)
    rows = add(table, "tbody")
    for run in runs:
        _row(add(rows, "tr"), run, slowest, largest)
    return table


def _row(row: Element, run: Run, slowest: float, largest: int) -> None:
    outcome, saw, visit = run.outcome, run.entry["server_saw"], run.entry["client_saw"]
    name = add(row, "th", scope="row", class_="name")
    add(name, "a", outcome.scenario.name, href=f"#{run.anchor}")
    if outcome.cause is not None and not outcome.passed:
        add(name, "span", outcome.cause.id, class_="code")
    verdict = "pass" if outcome.passed else "fail"
    add(add(row, "td", class_="state"), "span", verdict, class_=f"verdict {verdict}")
    add(row, "td", outcome.scenario.runner, class_="words", data_label="runner")
    add(row, "td", outcome.scenario.served_by or "-", class_="words", data_label="server")
    messages, size = (
        ((saw["messages_in"], saw["messages_out"]), (saw["bytes_in"], saw["bytes_out"]))
        if visit is None
        else (
            (visit["messages_echoed"], visit["messages_sent"]),
            (visit["bytes_echoed"], visit["bytes_sent"]),
        )
    )
    add(row, "td", "/".join(f"{n:,}" for n in messages), class_="number", data_label="messages")
    add(row, "td", "/".join(f"{n:,}" for n in size), class_="number", data_label="bytes")
    total = sum(run.entry["sizes"].values())
    cell = add(row, "td", class_="number", data_label="js + wasm")
    add(cell, "span", bytes_text(total) if total else "-")
    cell.append(bar(total / largest if largest else 0, "size"))
    cell = add(row, "td", class_="number", data_label="time")
    add(cell, "span", seconds_text(outcome.result.seconds))
    cell.append(bar(outcome.result.seconds / slowest if slowest else 0, "time"))


def _broken_section(broken: Broken) -> Element:
    section = new("section", class_="scenario")
    head = add(section, "div", class_="head")
    add(head, "h2", broken.scenario.name)
    add(head, "span", "could not be run", class_="verdict fail")
    error = broken.error
    box = add(add(section, "div", class_="body"), "div", class_="cause")
    add(box, "p", error.what, class_="summary")
    for name, words in (("Where: ", error.where), ("Why: ", error.why), ("Remedy: ", error.remedy)):
        if words:
            line = add(box, "p")
            add(line, "strong", name)
            tail(line, words)
    return section


def _not_run_section(names: Sequence[str]) -> Element:
    section = new("section", class_="scenario")
    head = add(section, "div", class_="head")
    add(head, "h2", "Not reached")
    add(head, "span", "interrupted", class_="verdict")
    listed = add(add(section, "div", class_="body"), "ul", class_="lines")
    for name in names:
        add(listed, "li", name)
    return section
