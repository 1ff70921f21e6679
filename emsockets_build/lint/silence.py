"""Comments that silence rules: ``# emsockets: ignore ES012`` and ``// emsockets: ignore ES012``.

A comment silences the line it stands on; alone on its line, the line below. Several rules are
separated by commas or blanks; without any, all are silenced.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from emsockets_build.lint.finding import Finding
from emsockets_build.lint.text import SourceText

__all__ = ["Silence", "silenced_rules"]

_COMMENT = re.compile(
    r"(?P<before>[^\n]*?)(?:#|//|/\*|\bdnl\b)[ \t]*emsockets:[ \t]*ignore\b"
    r"(?P<rules>(?:[ \t,]*ES\d+)*)",
    re.IGNORECASE,
)
_RULE = re.compile(r"ES\d+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Silence:
    """Which rules are silenced where: rules by line number; an empty set stands for all."""

    lines: Mapping[int, frozenset[str]]

    def covers(self, finding: Finding) -> bool:
        """Tell whether a finding is silenced."""
        rules = self.lines.get(finding.line)
        return rules is not None and (not rules or finding.rule in rules)


def silenced_rules(source: SourceText) -> Silence:
    """Read the comments of a file."""
    if "emsockets:" not in source.text:
        return Silence({})
    lines: dict[int, frozenset[str]] = {}
    for match in _COMMENT.finditer(source.text):
        number, _ = source.place(match.end("before"))
        alone = not match["before"].strip()
        rules = frozenset(rule.upper() for rule in _RULE.findall(match["rules"]))
        lines[number + alone] = _join(lines.get(number + alone), rules)
    return Silence(lines)


def _join(before: frozenset[str] | None, rules: frozenset[str]) -> frozenset[str]:
    if before is None:
        return rules
    return before | rules if before and rules else frozenset()
