"""Arguments of CMake as words with their places, and words as the options that they give."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from emsockets_build.cmake_source import Argument
from emsockets_build.lint.buildfiles.branches import without_platform
from emsockets_build.lint.buildfiles.flags import Conditions, Option, Stage, parse_options
from emsockets_build.lint.buildfiles.words import Word, split_words

__all__ = ["libraries_of", "options_of", "shell_prefix", "unescaped"]


def unescaped(argument: Argument) -> Word:
    """Return an argument as CMake reads it, escapes resolved.

    Args:
        argument: As it is written.
    """
    text, start = argument.text, argument.start
    if argument.kind == "bracket" or "\\" not in text:
        return Word(text, start, start + len(text), ((0, start),))
    parts: list[str] = []
    starts = [(0, start)]
    length = at = 0
    for match in re.finditer(r"\\(\r?\n|[^A-Za-z0-9;])", text, re.DOTALL):
        parts.append(text[at : match.start()])
        length += match.start() - at
        at = match.end() if match[1].endswith("\n") else match.start() + 1
        starts.append((length, start + at))
        # The escaped character itself is not looked at again.
        if not match[1].endswith("\n"):
            parts.append(text[at : match.end()])
            length += match.end() - at
            at = match.end()
    parts.append(text[at:])
    return Word("".join(parts), start, start + len(text), tuple(starts))


def shell_prefix(word: Word) -> tuple[Word, ...]:
    """Split what ``SHELL:`` says is to be split.

    Args:
        word: An item of a list of options.
    """
    if word.text.startswith("SHELL:"):
        return split_words(word.part(len("SHELL:"), len(word.text)))
    return (word,)


def options_of(
    words: Iterable[tuple[Word, Conditions]], stage: Stage, extra: Conditions = frozenset()
) -> list[Option]:
    """Read words as options, those that are given together together.

    Args:
        words: Each with what must be so for it.
        stage: When they are given.
        extra: What must be so for all of them.
    """
    found: list[Option] = []
    group: list[Word] = []
    needed: Conditions = frozenset()
    for word, conditions in [*words, (Word("", 0, 0, ()), frozenset({("", True)}))]:
        if conditions != needed:
            found += _web_only(parse_options(group, stage, needed | extra))
            group, needed = [], conditions
        group.append(word)
    return found


def _web_only(options: Iterable[Option]) -> Iterator[Option]:
    for option in options:
        conditions = without_platform(option.conditions)
        if conditions is not None:
            yield replace(option, conditions=conditions)


def libraries_of(words: Iterable[tuple[Word, Conditions]], stage: Stage) -> list[Option]:
    """Return what linking with a library by name gives: CMake writes ``-l`` before it.

    Args:
        words: The names, each with what must be so for it.
        stage: When what they give is given.
    """
    found = []
    for word, conditions in words:
        given = {
            "websocket.js": (("-lwebsocket.js", stage),),
            "Threads::Threads": (("-pthread", Stage.COMPILE), ("-pthread", Stage.LINK)),
        }.get(word.text, ())
        found += [
            Option(text, word.start, word.end, (word,), when, conditions, implied=True)
            for text, when in given
        ]
    return found
