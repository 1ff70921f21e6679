"""What lint found, for a terminal, for programs and for GitHub."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.text import Text

from emsockets_build.lint.engine import Skipped
from emsockets_build.lint.finding import Finding
from emsockets_build.lint.rule import Level, Rule
from emsockets_build.lint.text import SourceText
from emsockets_build.quoting import terminal_escape
from emsockets_build.report.github import annotation

__all__ = [
    "draw_findings",
    "findings_as_json",
    "findings_for_github",
    "skipped_for_github",
    "totals",
]

_STYLES = {Level.ERROR: "bold red", Level.WARNING: "bold yellow", Level.NOTE: "bold cyan"}
_GITHUB = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}
_WIDEST = 160  # columns of a source line that are shown; generated ones have thousands


def draw_findings(
    findings: Sequence[Finding], rules: Mapping[str, Rule], sources: Mapping[str, SourceText]
) -> Iterator[Text]:
    """Draw findings as compilers do: the place, the line, and a mark below it.

    Args:
        findings: In the order to show.
        rules: By identifier.
        sources: The files, by path.

    Yields:
        Lines.
    """
    for finding in findings:
        level = rules[finding.rule].level
        yield Text.assemble(
            (f"{terminal_escape(finding.path)}:{finding.line}:{finding.column}: ", "bold"),
            (f"{level}: ", _STYLES[level]),
            terminal_escape(finding.message).replace("\n", " "),
            (f" [{finding.rule} {rules[finding.rule].name}]", "dim"),
        )
        source = sources.get(finding.path)
        if source is not None:
            yield from _excerpt(finding, source.line(finding.line), _STYLES[level])


def _excerpt(finding: Finding, line: str, style: str) -> Iterator[Text]:
    begin = finding.column - 1
    first = max(0, begin - _WIDEST // 2) if len(line) > _WIDEST else 0
    shown = line[first : first + _WIDEST].replace("\t", " ")
    before = terminal_escape(shown[: begin - first])
    marked = terminal_escape(shown[begin - first : finding.end_column - 1 - first])
    after = terminal_escape(shown[finding.end_column - 1 - first :])
    dots = "..." if first else ""
    number = f"{finding.line:>5} | "
    yield Text.assemble((number, "dim"), dots, before, marked, after)
    gap = " " * (len(dots) + Text(before).cell_len)
    mark = "^" + "~" * max(Text(marked).cell_len - 1, 0)
    yield Text.assemble((" " * 5 + " | ", "dim"), gap, (mark, style))


def totals(findings: Sequence[Finding], rules: Mapping[str, Rule]) -> dict[Level, int]:
    """Count findings by level."""
    counts = dict.fromkeys(Level, 0)
    for finding in findings:
        counts[rules[finding.rule].level] += 1
    return counts


def findings_as_json(
    findings: Sequence[Finding], rules: Mapping[str, Rule]
) -> list[dict[str, Any]]:
    """Return findings as plain values.

    Args:
        findings: In the order to list.
        rules: By identifier.
    """
    return [
        {
            "rule": finding.rule,
            "name": rules[finding.rule].name,
            "level": str(rules[finding.rule].level),
            "path": finding.path,
            "line": finding.line,
            "column": finding.column,
            "end_column": finding.end_column,
            "message": finding.message,
            "fix": None if finding.fix is None else finding.fix.summary,
        }
        for finding in findings
    ]


def findings_for_github(findings: Sequence[Finding], rules: Mapping[str, Rule]) -> Iterator[str]:
    """Write one workflow command for each finding, which GitHub shows beside its line."""
    for finding in findings:
        rule = rules[finding.rule]
        yield annotation(
            _GITHUB[rule.level],
            finding.message,
            file=finding.path,
            line=finding.line,
            col=finding.column,
            endColumn=finding.end_column,
            title=f"{rule.id} {rule.name}",
        )


def skipped_for_github(skipped: Iterable[Skipped]) -> Iterator[str]:
    """Write a notice for each file that was not checked."""
    for one in skipped:
        yield annotation("notice", f"not checked: {one.reason}", file=one.path)
