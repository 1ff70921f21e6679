"""``emsockets explain``: one rule of lint in full, or the list of all."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emsockets_build.lint.rule import Rule

__all__ = ["populate_parser", "run"]


def populate_parser(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.description = (
        "Say what a rule of `emsockets lint` means, why it matters and what to write instead, with "
        "an example of each; without a rule list them all."
    )
    parser.add_argument("rule", nargs="?", metavar="RULE", help="such as ES012, or its name")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Print and succeed."""
    from emsockets_build.lint.rule import find_rules, load_rules

    every = load_rules()
    rules = find_rules(arguments.rule) if arguments.rule else tuple(every.values())
    if arguments.json:
        document = {
            "schema": 1,
            "command": "explain",
            "rules": [_plain(rule) for rule in rules],
        }
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    elif arguments.rule and len(rules) == 1:
        sys.stdout.write(_full(rules[0]))
    else:
        _table(rules)
    return 0


def _plain(rule: Rule) -> dict[str, Any]:
    from emsockets_build.settings import format_version

    return {
        "id": rule.id,
        "name": rule.name,
        "level": str(rule.level),
        "since": format_version(rule.since) if rule.since else None,
        "until": format_version(rule.until) if rule.until else None,
        "summary": rule.summary,
        "explanation": rule.explanation.strip(),
        "references": list(rule.references),
        "examples": [
            {"file": example.file, "bad": example.bad, "good": example.good}
            for example in rule.examples
        ],
    }


def _table(rules: tuple[Rule, ...]) -> None:
    from rich.text import Text

    from emsockets_build.report.console import console, plain_table

    table = plain_table("rule", "level", "name", "what it finds")
    for rule in rules:
        table.add_row(rule.id, str(rule.level), rule.name, Text(rule.summary))
    out = console(sys.stdout)
    out.print(table)


def _full(rule: Rule) -> str:
    import textwrap

    from emsockets_build.lint.rule import releases_of

    lines = [f"{rule.id} {rule.name} ({rule.level})", f"{rule.summary}.", ""]
    for paragraph in rule.explanation.strip().split("\n\n"):
        lines += [*textwrap.wrap(paragraph, 100, break_on_hyphens=False), ""]
    lines.pop()
    if rule.since or rule.until:
        lines += ["", f"releases: {releases_of(rule)}"]
    for example in rule.examples:
        lines += ["", f"wrong, in {example.file}:"]
        lines += [f"    {line}" for line in example.bad.strip("\n").splitlines()]
        lines += ["right:"]
        lines += [f"    {line}" for line in example.good.strip("\n").splitlines()]
    lines += ["", "see:", *(f"    {reference}" for reference in rule.references)]
    return "\n".join(lines) + "\n"
