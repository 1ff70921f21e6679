"""Who checks which kind of file.

A room of checkers (``source/``, ``buildfiles/``, ``built/``) offers ``CHECKERS``: a tuple of pure
functions. They are imported when the first file of their kind is checked, and may run in any
process; what they yield must depend on their arguments only, because it is cached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module

from emsockets_build.lint.context import Context
from emsockets_build.lint.finding import Finding
from emsockets_build.lint.rule import load_rules
from emsockets_build.lint.silence import silenced_rules
from emsockets_build.lint.text import Kind, SourceText

__all__ = ["Checker", "check_text"]

Checker = Callable[[SourceText, Context], Iterable[Finding]]

_ROOMS = {
    Kind.CMAKE: "buildfiles",
    Kind.MAKE: "buildfiles",
    Kind.SHELL: "buildfiles",
    Kind.SOURCE: "source",
    Kind.BUILT: "built",
}


def check_text(source: SourceText, context: Context) -> tuple[Finding, ...]:
    """Run every checker of a file's kind.

    Args:
        source: The file.
        context: What is known besides.

    Returns:
        What was found, by place; without what the file itself silences, and without rules that do
        not speak of the release in use.
    """
    rules = load_rules()
    silenced = silenced_rules(source)
    found = {
        finding
        for checker in _checkers(source.kind)
        for finding in checker(source, context)
        if context.concerns(rules[finding.rule].since, rules[finding.rule].until)
        and not silenced.covers(finding)
    }
    return tuple(sorted(found, key=lambda one: (one.line, one.column, one.rule, one.message)))


@cache
def _checkers(kind: Kind) -> tuple[Checker, ...]:
    checkers: tuple[Checker, ...] = import_module(f"emsockets_build.lint.{_ROOMS[kind]}").CHECKERS
    return checkers
