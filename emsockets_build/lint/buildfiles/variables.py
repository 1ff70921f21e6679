"""Variables of Makefiles and shell scripts whose values are words of command lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from emsockets_build.lint.buildfiles.flags import Conditions, Option, Stage, parse_options
from emsockets_build.lint.buildfiles.words import Word

__all__ = ["Placed", "Variables", "options_of", "stage_of_name"]

Placed = tuple[Word, Conditions]
"""A word, and what must be so for it to be there."""

_LINK_NAME = re.compile(r"LD|LINK|LIBS?\b|LIBS?$|_LIBS", re.IGNORECASE)
_COMPILE_NAME = re.compile(
    r"(?:^|_)(?:C|CC|CXX|CPP|HOST|COMPILE[R]?_?)FLAGS|COMPILE", re.IGNORECASE
)
_DEEPEST = 20
_MOST_WORDS = 5000


def stage_of_name(name: str) -> Stage | None:
    """Tell when the flags in a variable are given, by its name; None if the name does not say."""
    if _LINK_NAME.search(name):
        return Stage.LINK
    return Stage.COMPILE if _COMPILE_NAME.search(name) else None


class Variables:
    """What names stand for.

    Args:
        reference: Matches a word that is nothing but a reference; its first group that matched is
            the name.
    """

    def __init__(self, reference: re.Pattern[str]) -> None:
        self._reference = reference
        self._values: dict[str, list[Placed]] = {}
        self._used: set[str] = set()
        self._resolved: dict[str, list[Placed]] = {}
        self._open: set[str] = set()

    @property
    def names(self) -> list[str]:
        """The names that were assigned, in order."""
        return list(self._values)

    @property
    def used(self) -> set[str]:
        """The names that stood in a command or in another variable."""
        return self._used

    def assign(self, name: str, words: Iterable[Placed], *, keep: bool) -> None:
        """Give a name a value.

        Args:
            name: The name.
            words: The value.
            keep: Whether what it had stays before that.
        """
        self._resolved.clear()
        before = self._values.get(name, []) if keep else []
        self._values[name] = [*before, *words][:_MOST_WORDS]

    def value(self, name: str) -> list[Placed]:
        """Return the words of a variable, other variables resolved."""
        # Each is resolved once: variables that name others twice would double at each step.
        if name not in self._resolved:
            self._open.add(name)
            self._resolved[name] = self.expand(self._values.get(name, ()))
            self._open.discard(name)
        return self._resolved[name]

    def expand(self, words: Iterable[Placed]) -> list[Placed]:
        """Put values in the place of words that are references, but for those in a circle.

        Args:
            words: The words.
        """
        found: list[Placed] = []
        for word, conditions in words:
            name = self.name_in(word)
            if name is None or name not in self._values or name in self._open:
                found.append((word, conditions))
            elif len(self._open) < _DEEPEST and len(found) < _MOST_WORDS:
                self._used.add(name)
                found += [(part, conditions | more) for part, more in self.value(name)]
        return found[:_MOST_WORDS]

    def name_in(self, word: Word) -> str | None:
        """Return the name that a word is a reference to; None if it is none."""
        match = self._reference.fullmatch(word.text)
        return next(filter(None, match.groups()), None) if match else None


def options_of(words: Iterable[Placed], stage: Stage) -> Iterator[Option]:
    """Read words as options; an option and its condition go together."""
    group: list[Word] = []
    needed: Conditions = frozenset()
    for word, conditions in words:
        if conditions != needed and group:
            yield from parse_options(group, stage, needed)
            group = []
        needed = conditions
        group.append(word)
    yield from parse_options(group, stage, needed)
