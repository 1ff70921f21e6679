"""A Makefile as the options that its recipes and variables give, each with its place.

Read as GNU make does (its manual, "Writing Makefiles"): logical lines, assignments of every kind,
target-specific ones, conditionals with both arms, ``define``, and recipes as command lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from emsockets_build.lint.buildfiles.commands import assigned, compiler_unit
from emsockets_build.lint.buildfiles.flags import Conditions, Unit
from emsockets_build.lint.buildfiles.shell import variable_unit
from emsockets_build.lint.buildfiles.variables import Placed, Variables
from emsockets_build.lint.buildfiles.words import read_commands

__all__ = ["read_make"]

_REFERENCE = re.compile(r"\$\(([\w.-]+)\)|\$\{([\w.-]+)\}|\$([A-Za-z])")
_ASSIGNMENT = re.compile(
    r"[ ]*(?:(?:override|export|private)[ \t]+)*(?P<name>[\w.${}()-]+)[ \t]*"
    r"(?P<operator>\?=|\+=|:{0,3}=|!=)"
)
_SPECIFIC = re.compile(
    r"(?P<targets>[^\t=:#][^=:#]*):{1,2}[ \t]*(?:(?:override|export|private)[ \t]+)*"
    r"(?P<name>[\w.-]+)[ \t]*(?P<operator>\?=|\+=|:{0,3}=|!=)"
)
_RULE = re.compile(r"[^\t=:#][^=:#]*:{1,2}(?!=)(?P<inputs>[^=;#]*)(?P<recipe>;)?")
_CONDITIONAL = re.compile(r"[ \t]*(?P<else>else[ \t]+)?(?P<word>ifn?eq|ifn?def)\b(?P<test>[^\n]*)")


@dataclass(frozen=True, slots=True)
class _Line:
    """A logical line: where it begins and ends, its line end not counted."""

    start: int
    end: int


def read_make(text: str) -> tuple[Unit, ...]:
    """Read a Makefile.

    Args:
        text: Its content; any text.

    Returns:
        A unit for each call of a compiler in a recipe, and one for what variables hold.
    """
    return _Reader(text).read()


def _logical_lines(text: str) -> Iterator[_Line]:
    start = at = 0
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        stop = end - 1 if text[end - 1 : end] == "\r" and end > at else end
        if stop > at and text[stop - 1] == "\\" and end < len(text):
            at = end + 1
            continue
        yield _Line(start, stop)
        start = at = end + 1


class _Reader:
    """One pass for variables, which recipes may use before they are set, and one for recipes."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._variables = Variables(_REFERENCE)
        self._recipes: list[tuple[_Line, list[Placed], Conditions]] = []
        self._inputs: list[Placed] = []
        self._stack: list[tuple[Conditions, Conditions]] = []

    def read(self) -> tuple[Unit, ...]:
        defining: str | None = None
        for line in _logical_lines(self._text):
            first = self._text[line.start : line.end]
            if defining is not None:
                defining = self._define(line, first, defining)
            elif first.startswith("\t"):
                # @, + and - say how make runs the line.
                begin = line.start + len(first) - len(first.lstrip("\t @+-"))
                self._recipes.append((_Line(begin, line.end), self._inputs, self._needed))
            elif not first.strip() or first.lstrip().startswith("#") or self._conditional(first):
                continue
            elif first.startswith("define "):
                defining = first.split()[1] if len(first.split()) > 1 else ""
            else:
                self._statement(line, first)
        units = [unit for recipe in self._recipes for unit in self._units(*recipe)]
        rest = variable_unit(self._variables, units)
        return tuple([*units, rest] if rest else units)

    @property
    def _needed(self) -> Conditions:
        return (
            frozenset().union(*(taken for taken, _ in self._stack)) if self._stack else frozenset()
        )

    def _define(self, line: _Line, first: str, name: str) -> str | None:
        if first.strip() == "endef":
            return None
        self._variables.assign(name, self._words(line.start, line.end), keep=True)
        return name

    def _conditional(self, line: str) -> bool:
        word = line.strip()
        if word == "endif" or word.startswith("endif "):
            if self._stack:
                self._stack.pop()
            return True
        match = _CONDITIONAL.match(line)
        is_else = word == "else" or word.startswith("else ")
        if match is None and not is_else:
            return False
        before: Conditions = frozenset()
        if is_else:
            if not self._stack:
                return True
            before = self._stack.pop()[1]
        if match is None:
            self._stack.append((before, before))
            return True
        text = f"{match['word'].replace('ifn', 'if')}{match['test'].rstrip()}"
        holds = not match["word"].startswith("ifn")
        taken: Conditions = before | {(text, holds)}
        self._stack.append((taken, before | {(text, not holds)}))
        return True

    def _statement(self, line: _Line, first: str) -> None:
        match = _ASSIGNMENT.match(first) or _SPECIFIC.match(first)
        if match is not None:
            keep = match["operator"] == "+=" or bool(self._needed) or match.re is _SPECIFIC
            words = self._words(line.start + match.end(), line.end)
            self._variables.assign(match["name"], words, keep=keep)
            return
        rule = _RULE.match(first)
        if rule is not None:
            begin = line.start + rule.start("inputs")
            self._inputs = self._words(begin, line.start + rule.end("inputs"))
            if rule["recipe"]:
                place = _Line(line.start + rule.end(), line.end)
                self._recipes.append((place, self._inputs, self._needed))

    def _words(self, start: int, end: int) -> list[Placed]:
        needed = self._needed
        return [
            (word, needed)
            for command in read_commands(self._text, start, end)
            for word in command.words
        ]

    def _units(self, line: _Line, inputs: list[Placed], needed: Conditions) -> Iterator[Unit]:
        sources = [word.text for word, _ in self._variables.expand(inputs)]
        for command in read_commands(self._text, line.start, line.end):
            words: list[Placed] = [(word, needed) for word in command.words]
            for name, value, _ in assigned(words):
                self._variables.assign(name, value, keep=True)
            unit = compiler_unit(words, self._variables, sources)
            if unit is not None:
                yield unit
