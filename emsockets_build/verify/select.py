"""Which scenarios are meant: by an expression over their names and labels, and by shard."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from emsockets_build.errors import UsageError
from emsockets_build.verify.model import Scenario

__all__ = ["compile_expression", "parse_shard", "take_shard", "with_runners"]

_T = TypeVar("_T")
_TOKEN = re.compile(r"\s*([()]|[^\s()]+)")

Matcher = Callable[[Collection[str]], bool]


def compile_expression(text: str) -> Matcher:
    """Compile an expression such as ``echo and not (slow or pthread)``.

    A word holds for a scenario if its name or one of its labels contains it, in any case of
    letters. ``not`` binds more tightly than ``and``, which binds more tightly than ``or``.

    Args:
        text: The expression.

    Returns:
        A function that takes a scenario's words and tells whether the expression holds.

    Raises:
        UsageError: The expression is not complete.
    """
    return _Parser(text).parse()


class _Parser:
    """Recursive descent over ``or``, ``and``, ``not``, brackets and words."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _TOKEN.findall(text)
        self._next = 0

    def parse(self) -> Matcher:
        matcher = self._either()
        if self._next < len(self._tokens):
            raise self._error(f"{self._tokens[self._next]!r} was not expected")
        return matcher

    def _either(self) -> Matcher:
        parts = [self._both()]
        while self._take("or"):
            parts.append(self._both())
        return lambda words: any(part(words) for part in parts)

    def _both(self) -> Matcher:
        parts = [self._negated()]
        while self._take("and"):
            parts.append(self._negated())
        return lambda words: all(part(words) for part in parts)

    def _negated(self) -> Matcher:
        if self._take("not"):
            inner = self._negated()
            return lambda words: not inner(words)
        if self._take("("):
            inner = self._either()
            if not self._take(")"):
                raise self._error("a bracket is not closed")
            return inner
        if self._next == len(self._tokens) or self._tokens[self._next] in {")", "and", "or"}:
            raise self._error("a word is missing")
        wanted = self._tokens[self._next].casefold()
        self._next += 1
        return lambda words: any(wanted in word.casefold() for word in words)

    def _take(self, token: str) -> bool:
        found = self._next < len(self._tokens) and self._tokens[self._next] == token
        self._next += found
        return found

    def _error(self, why: str) -> UsageError:
        return UsageError(
            f"-k {self._text!r} cannot be understood",
            why=why,
            remedy="write words with and, or, not and brackets, such as 'echo and not slow'",
        )


def parse_shard(text: str) -> tuple[int, int]:
    """Read ``I/N``: the I-th of N parts, counted from 1.

    Raises:
        UsageError: It is not of that form.
    """
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise UsageError(
            f"--shard {text!r} cannot be understood",
            why="it is I/N, the I-th of N parts, and I lies between 1 and N",
            remedy="write --shard 1/4 on the first of four machines, 2/4 on the second, ...",
        )
    return int(match[1]), int(match[2])


def take_shard(items: Sequence[_T], shard: tuple[int, int]) -> tuple[_T, ...]:
    """Take the shard's part: every N-th item, so that neighbours spread over the machines."""
    index, count = shard
    return tuple(items[index - 1 :: count])


def with_runners(
    scenarios: Sequence[Scenario], tests: Mapping[str, str], runners: Sequence[str]
) -> list[Scenario]:
    """Give each test other runners than it declares.

    Args:
        scenarios: What was chosen so far.
        tests: The name that each was declared with, by its own name.
        runners: The runners.

    Returns:
        One scenario for each test and runner; native programs, and under a browser programs that
        are servers, are left out: they cannot be run so.
    """
    chosen: dict[str, Scenario] = {}
    for scenario in scenarios:
        for runner in dict.fromkeys(runners):
            if scenario.runner == "native" or (scenario.client and runner != "node"):
                continue
            test = tests[scenario.name]
            name = f"{test}[{runner}]" if len(set(runners)) > 1 else test
            chosen.setdefault(name, replace(scenario, name=name, runner=runner))
    return list(chosen.values())
