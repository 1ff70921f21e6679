"""CMake source as the commands that stand in it, with their places (cmake-language(7)).

Only as much of the language as it takes to find a call and to put text behind it: no variables
are expanded, and a call is the same inside and outside of ``if()``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Argument", "Call", "read_calls"]

_BRACKET = r"\[(?P<{0}>=*)\[.*?\](?P={0})\]"
_SPACE = re.compile(rf"(?:[\s\ufeff]+|#{_BRACKET.format('comment')}|#(?!\[=*\[)[^\n]*)", re.DOTALL)
_CALL = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)[ \t]*\(")
_ARGUMENT = re.compile(
    rf"{_BRACKET.format('bracket')}"
    r'|"(?P<quoted>(?:\\.|[^"\\])*)"'
    r'|(?P<bare>(?!\[=*\[)(?:\\.|[^\s()#"\\])(?:\\.|[^\s()#"\\]|"(?:\\.|[^"\\])*")*)',
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call.

    Attributes:
        text: As it is written, quotes and brackets taken off; escapes are kept.
        start: Where ``text`` begins in the file, behind the quote or bracket.
        kind: ``quoted``, ``bracket``, ``bare``, or ``parenthesis`` for an inner one.
    """

    text: str
    start: int
    kind: str


@dataclass(frozen=True, slots=True)
class Call:
    """One command invocation.

    Attributes:
        name: The command, in lower case: CMake does not tell the cases apart.
        words: Its arguments with their places.
        start: Where it begins in the text.
        end: The place behind its closing parenthesis.
        line: The number of the line where it begins, from 1.
    """

    name: str
    words: tuple[Argument, ...]
    start: int
    end: int
    line: int

    @property
    def arguments(self) -> tuple[str, ...]:
        """The arguments' texts."""
        return tuple(word.text for word in self.words)


def read_calls(text: str) -> Iterator[Call]:
    """Read the commands of a CMake file.

    Args:
        text: Its content.

    Yields:
        Each command, in the order in which they are written.

    Raises:
        ValueError: CMake would not take this text; the message names the line.
    """
    position = _skip_space(text, 0)
    while position < len(text):
        opening = _CALL.match(text, position)
        if opening is None:
            raise ValueError(f"line {_line(text, position)}: a command was expected")
        arguments, end = _read_arguments(text, opening.end())
        line = _line(text, position)
        yield Call(opening["name"].lower(), tuple(arguments), position, end, line)
        position = _skip_space(text, end)


def _read_arguments(text: str, position: int) -> tuple[list[Argument], int]:
    """Read up to the parenthesis that closes a call; inner ones are arguments of their own."""
    begin, arguments, depth = position, list[Argument](), 1
    while True:
        position = _skip_space(text, position)
        character = text[position : position + 1]
        if character in {"(", ")"}:
            depth += 1 if character == "(" else -1
            position += 1
            if depth == 0:
                return arguments, position
            arguments.append(Argument(character, position - 1, "parenthesis"))
            continue
        argument = _ARGUMENT.match(text, position)
        if argument is None:
            raise ValueError(f"line {_line(text, begin)}: a call or a string does not end")
        arguments.append(_content(argument))
        position = argument.end()


def _content(argument: re.Match[str]) -> Argument:
    for kind in ("quoted", "bare"):
        if argument[kind] is not None:
            return Argument(argument[kind], argument.start(kind), kind)
    width = len(argument["bracket"]) + 2
    return Argument(argument[0][width:-width], argument.start() + width, "bracket")


def _skip_space(text: str, position: int) -> int:
    while space := _SPACE.match(text, position):
        position = space.end()
    return position


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
