"""What a probe found: as tables for a terminal, as one JSON object for machines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rich.text import Text

from emsockets_build.probe import (
    Check,
    Finding,
    Observations,
    Verdict,
    checks_of,
    recognise,
)
from emsockets_build.quoting import terminal_escape
from emsockets_build.report.console import plain_table

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["as_json", "print_report"]

_STYLES = {"ok": "green", "note": "cyan", "warning": "yellow", "fail": "bold red"}


def print_report(out: Console, seen: Observations, verdicts: Sequence[Verdict]) -> None:
    """Print the checks, the verdict for each client, and each reason once with what mends it."""
    out.print(Text(f"{terminal_escape(seen.request.target.url)}\n", style="bold"))
    out.print(_checks(checks_of(seen)))
    out.print()
    out.print(_verdicts(verdicts))
    for finding, clients in _by_finding(verdicts):
        out.print()
        if len(clients) == len(verdicts) > 1:
            clients = ["every client"]  # noqa: PLW2901 - shorter words for the same
        _print_finding(out, finding, clients)
    good = sum(one.works for one in verdicts)
    out.print()
    out.print(Text(f"{good} of {len(verdicts)} clients would work; asked in {seen.seconds:.2f} s"))


def _checks(checks: Iterable[Check]) -> Any:  # noqa: ANN401 - rich's table
    table = plain_table("check", "")
    table.add_column("found", overflow="fold")
    for check in checks:
        table.add_row(
            Text(terminal_escape(check.name)),
            Text(check.state, style=_STYLES[check.state]),
            Text(_one_line(check.detail)),
        )
    return table


def _verdicts(verdicts: Iterable[Verdict]) -> Any:  # noqa: ANN401 - rich's table
    table = plain_table("client", "verdict")
    table.add_column("because", overflow="fold")
    for verdict in verdicts:
        word = Text("works", style="green") if verdict.works else Text("fails", style="bold red")
        reason = f"[{verdict.cause.id}]" if verdict.cause is not None else verdict.condition
        table.add_row(verdict.client.title, word, Text(_one_line(reason)))
    return table


def _by_finding(verdicts: Iterable[Verdict]) -> list[tuple[Finding, list[str]]]:
    found: list[tuple[Finding, list[str]]] = []
    for verdict in verdicts:
        if verdict.cause is None:
            continue
        for finding, clients in found:
            if (finding.id, finding.summary) == (verdict.cause.id, verdict.cause.summary):
                clients.append(verdict.client.title)
                break
        else:
            found.append((verdict.cause, [verdict.client.title]))
    return found


def _print_finding(out: Console, finding: Finding, clients: Sequence[str]) -> None:
    head = Text.assemble((f"{', '.join(clients)}: ", "bold"), _one_line(finding.summary))
    out.print(head.append(f" [{finding.id}]", style="dim"), soft_wrap=True)
    for line in finding.evidence:
        out.print(Text(f"        {_one_line(line)}"), soft_wrap=True)
    out.print(Text(f"remedy: {_one_line(finding.remedy)}"), soft_wrap=True)
    for fix in finding.fixes:
        first, *rest = terminal_escape(fix.code).splitlines()
        lead = f"{fix.software}: " if not rest else f"{fix.software}:"
        out.print(Text(f"  {lead}" + (first if not rest else "")), soft_wrap=True)
        for line in [first, *rest] if rest else []:
            out.print(Text(f"    {line}", style="bold"), soft_wrap=True)


def _one_line(text: str) -> str:
    return terminal_escape(text.replace("\n", " ").replace("\t", " "))


def as_json(seen: Observations, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Write the report as JSON; fields are added, never renamed.

    Args:
        seen: What was observed.
        verdicts: For each client.
    """
    return {
        "schema": 1,
        "command": "probe",
        "verdict": "pass" if all(one.works for one in verdicts) else "fail",
        "url": seen.request.target.url,
        "page": seen.page.target.url if seen.page is not None else None,
        "server": [{"id": one.id, "name": one.name, "proxy": one.proxy}
                   for one in recognise(seen.exchanges)],
        "kind": seen.kind or None,
        "clients": [
            {
                "client": one.client.id,
                "title": one.client.title,
                "verdict": "pass" if one.works else "fail",
                "condition": one.condition or None,
                "cause": _finding_json(one.cause),
            }
            for one in verdicts
        ],
        "checks": [
            {"check": one.name, "state": one.state, "found": one.detail}
            for one in checks_of(seen)
        ],
        "seconds": round(seen.seconds, 3),
    }  # fmt: skip


def _finding_json(finding: Finding | None) -> dict[str, Any] | None:
    if finding is None:
        return None
    return {
        "id": finding.id,
        "summary": finding.summary,
        "evidence": list(finding.evidence),
        "remedy": finding.remedy,
        "fixes": [{"software": fix.software, "code": fix.code} for fix in finding.fixes],
    }
