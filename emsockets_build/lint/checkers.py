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
from emsockets_build.lint.finding import Checked, Finding, Unchecked
from emsockets_build.lint.rule import load_rules
from emsockets_build.lint.silence import silenced_rules
from emsockets_build.lint.text import Kind, SourceText

__all__ = ["Checker", "check_text", "check_whole"]

Checker = Callable[[SourceText, Context], Iterable[Finding | Unchecked]]

_ROOMS = {
    Kind.CMAKE: "buildfiles",
    Kind.MAKE: "buildfiles",
    Kind.SHELL: "buildfiles",
    Kind.SOURCE: "source",
    Kind.BUILT: "built",
}


def check_text(source: SourceText, context: Context) -> tuple[Finding, ...]:
    """Return the findings of `check_whole`."""
    return check_whole(source, context).findings


def check_whole(source: SourceText, context: Context) -> Checked:
    """Run every checker of a file's kind.

    Args:
        source: The file.
        context: What is known besides.

    Returns:
        What was found; without what the file itself silences, and without rules that do not speak
        of the release in use.
    """
    rules = load_rules()
    silenced = silenced_rules(source)
    found: set[Finding] = set()
    unchecked: list[str] = []
    for checker in _checkers(source.kind):
        for one in checker(source, context):
            if isinstance(one, Unchecked):
                unchecked.append(one.reason)
            elif not silenced.covers(one) and context.concerns(
                rules[one.rule].since, rules[one.rule].until
            ):
                found.add(one)
    ordered = sorted(found, key=lambda one: (one.line, one.column, one.rule, one.message))
    return Checked(tuple(ordered), "; ".join(dict.fromkeys(unchecked)))


@cache
def _checkers(kind: Kind) -> tuple[Checker, ...]:
    checkers: tuple[Checker, ...] = import_module(f"emsockets_build.lint.{_ROOMS[kind]}").CHECKERS
    return checkers
