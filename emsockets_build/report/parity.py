"""Native and web builds side by side: for people on a terminal, for programs as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Console
from rich.text import Text

from emsockets_build.quoting import terminal_escape
from emsockets_build.report.console import fit, plain_table
from emsockets_build.verify import Scenario
from emsockets_build.verify.conduct import Conduct, Talk
from emsockets_build.verify.parity import Comparison, Difference, Semantic, side_by_side
from emsockets_build.verify.parity_run import Parities

__all__ = ["parity_document", "print_parities"]

_KEPT_LINES = 1000


def parity_document(parities: Parities, emscripten: str) -> dict[str, Any]:
    """Describe comparisons as one JSON object.

    Args:
        parities: What became of each scenario.
        emscripten: The release that built the web programs.

    Returns:
        Plain dictionaries, lists, strings and numbers; fields are added, never renamed.
    """
    return {
        "verdict": "pass" if parities.equal else "fail",
        "emscripten": emscripten,
        "compared": [_compared(scenario, one) for scenario, one in parities.compared],
        "not_compared": [{"name": one.name, "why": one.why} for one in parities.not_compared],
        "broken": [
            {
                "name": scenario.name,
                "what": error.what,
                "where": error.where,
                "why": error.why,
                "remedy": error.remedy,
            }
            for scenario, error in parities.broken
        ],
        "interrupted": parities.interrupted,
    }


def _compared(scenario: Scenario, comparison: Comparison) -> dict[str, Any]:
    return {
        "name": scenario.name,
        "target": scenario.target,
        "backend": scenario.backend,
        "wait": scenario.wait,
        "server": scenario.served_by,
        "equal": comparison.equal,
        "differences": [
            {
                "aspect": str(one.aspect),
                "native": one.native,
                "web": one.web,
                "matters": one.matters,
                "because": [semantic.id for semantic in one.because],
            }
            for one in comparison.differences
        ],
        "explanations": [
            {
                "id": one.id,
                "summary": one.summary,
                "remedy": one.remedy,
                "evidence": list(one.evidence),
            }
            for one in _explanations(comparison)
        ],
        "met": [semantic.id for semantic in comparison.semantics],
        "native": _conduct(comparison.native),
        "web": _conduct(comparison.web),
        "remarks": list(comparison.remarks),
    }


def _conduct(conduct: Conduct) -> dict[str, Any]:
    return {
        "ending": conduct.ending,
        "exit_code": conduct.exit_code,
        "stdout": list(conduct.stdout[:_KEPT_LINES]),
        "stderr": list(conduct.stderr[:_KEPT_LINES]),
        "refused": conduct.refused,
        "connections": [_talk(talk) for talk in conduct.talks],
        "calls": None if conduct.calls is None else len(conduct.calls),
    }


def _talk(talk: Talk) -> dict[str, Any]:
    return {
        "bytes_to_server": talk.to_server.size,
        "sha256_to_server": talk.to_server.digest or None,
        "pieces_to_server": list(talk.to_server.pieces[:_KEPT_LINES]),
        "bytes_to_program": talk.to_program.size,
        "sha256_to_program": talk.to_program.digest or None,
        "pieces_to_program": list(talk.to_program.pieces[:_KEPT_LINES]),
        "ended_by": talk.ended_by or None,
        "reset": talk.reset,
    }


def _explanations(comparison: Comparison) -> tuple[Semantic, ...]:
    """Everything that explains a difference, once, in order."""
    found: dict[str, Semantic] = {}
    for difference in comparison.differences:
        for semantic in difference.because:
            found.setdefault(semantic.id, semantic)
    return tuple(found.values())


def print_parities(out: Console, parities: Parities, *, everything: bool = False) -> None:
    """Show a table of all scenarios, and those that differ side by side with the reasons.

    Args:
        out: Where to.
        parities: What became of each scenario.
        everything: Show equal ones side by side, too.
    """
    if parities.compared:
        out.print()
        _print_table(out, parities)
    for scenario, comparison in parities.compared:
        if everything or not comparison.equal:
            _print_comparison(out, scenario, comparison)
    _print_rest(out, parities)
    out.print()
    equal = sum(comparison.equal for _, comparison in parities.compared)
    counts = [f"{equal} equal", f"{len(parities.compared) - equal} different"]
    counts += [f"{len(parities.not_compared)} not compared"] if parities.not_compared else []
    counts += [f"{len(parities.broken)} could not be run"] if parities.broken else []
    counts += ["interrupted"] if parities.interrupted else []
    style = "bold green" if parities.equal else "bold red"
    out.print(Text(f"native and web: {', '.join(counts)}", style=style))


def _print_table(out: Console, parities: Parities) -> None:
    table = plain_table("name", "native and web", "ending", "connections")
    table.add_column("bytes each way", justify="right", no_wrap=True)
    table.add_column("met on the way")
    for scenario, comparison in parities.compared:
        talks = comparison.native.talks
        sent = sum(talk.to_server.size for talk in talks)
        got = sum(talk.to_program.size for talk in talks)
        table.add_row(
            Text(terminal_escape(scenario.name)),
            Text("equal", style="green")
            if comparison.equal
            else Text("DIFFERENT", style="bold red"),
            Text(comparison.native.ending),
            str(len(talks)),
            f"{sent:,}/{got:,}",
            Text(", ".join(semantic.id for semantic in comparison.semantics) or "-", style="dim"),
        )
    out.print(table)


def _print_comparison(out: Console, scenario: Scenario, comparison: Comparison) -> None:
    verdict = "is the same" if comparison.equal else "differs"
    style = "bold" if comparison.equal else "bold red"
    out.print()
    out.print(Text(f"{terminal_escape(scenario.name)} {verdict}", style=style))
    table = plain_table("", "native", f"web ({scenario.wait or scenario.backend or 'as built'})")
    for row in side_by_side(comparison):
        marked = "bold red" if row.differs else ""
        table.add_row(
            Text(f"  {row.label}"), Text(row.native, style=marked), Text(row.web, style=marked)
        )
    out.print(table)
    for difference in comparison.differences:
        _print_lines(out, _difference_lines(difference))
    for semantic in _explanations(comparison):
        _print_lines(out, _semantic_lines(semantic))
    _print_lines(out, (f"note:   {remark}" for remark in comparison.remarks))


def _difference_lines(difference: Difference) -> Iterator[str]:
    matters = "" if difference.matters else " (of no consequence)"
    names = ", ".join(semantic.id for semantic in difference.because)
    yield f"{difference.aspect}{matters}:"
    yield f"  native: {fit(difference.native, 400)}"
    yield f"  web:    {fit(difference.web, 400)}"
    if difference.matters:
        yield f"  by:     {names or 'nothing that is known'}"


def _semantic_lines(semantic: Semantic) -> Iterator[str]:
    yield f"cause:  {semantic.summary} [{semantic.id}]"
    for line in semantic.evidence:
        yield f"        {line}"
    first, *rest = semantic.remedy.splitlines()
    yield f"remedy: {first}"
    for line in rest:
        yield f"        {line}"


def _print_lines(out: Console, lines: Iterable[str]) -> None:
    for line in lines:
        out.print(Text(f"  {terminal_escape(line)}"), soft_wrap=True)


def _print_rest(out: Console, parities: Parities) -> None:
    if parities.not_compared:
        out.print()
        out.print(Text("not compared", style="bold"))
    for one in parities.not_compared:
        out.print(
            Text(f"  {terminal_escape(one.name)}: {terminal_escape(one.why)}"), soft_wrap=True
        )
    for scenario, error in parities.broken:
        out.print()
        name = terminal_escape(scenario.name)
        out.print(Text(f"{name} could not be run", style="bold red"))
        out.print(Text(terminal_escape(f"  {error}")), soft_wrap=True)
