"""Command lines as the words that a program gets, each with its place in the file (POSIX sh, 2.3).

Quotes are taken off and continued lines joined, but nothing is expanded: ``$VAR``, ``$(...)`` and
backquotes stay as they are written. The reader takes any text; a quote without an end ends with it.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator
from dataclasses import dataclass

__all__ = ["Command", "Word", "read_commands", "split_words"]

_BLANK = " \t\r\f\v"
_OPERATORS = frozenset("|&;<>()\n")
_QUOTING = frozenset("'\"\\$`")
_LONGEST_SUBSTITUTION = 4096


@dataclass(frozen=True, slots=True)
class Word:
    """One word.

    Attributes:
        text: What the program gets.
        start: The offset of its first character in the file, the quote included.
        end: The offset behind its last one.
        starts: Where each stretch of ``text`` stands in the file: pairs of an index in ``text`` and
            an offset in the file.
        bare: The characters of ``text`` that stand outside of quotes and mean something to a shell.
    """

    text: str
    start: int
    end: int
    starts: tuple[tuple[int, int], ...]
    bare: str = ""

    def offset(self, index: int) -> int:
        """Return where a character of `text` stands in the file."""
        place = bisect.bisect_right(self.starts, (index, 1 << 62)) - 1
        if place < 0:
            return self.start
        first, offset = self.starts[place]
        return offset + index - first

    def plain(self, written: str) -> bool:
        """Tell whether the word is written as it is read, so that parts of it can be replaced."""
        return written[self.start : self.end].strip("'\"") == self.text

    def part(self, begin: int, end: int) -> Word:
        """Return a part of the word as a word of its own."""
        inner = [(i - begin, offset) for i, offset in self.starts if begin < i < end]
        return Word(
            self.text[begin:end],
            self.offset(begin),
            self.offset(end - 1) + 1 if end > begin else self.offset(begin),
            ((0, self.offset(begin)), *inner),
            self.bare,
        )


@dataclass(frozen=True, slots=True)
class Command:
    """The words of one simple command, without its redirections.

    Attributes:
        words: At least one.
    """

    words: tuple[Word, ...]


def split_words(word: Word) -> tuple[Word, ...]:
    """Split the text of a word into words again, as ``eval`` or the next shell would.

    Args:
        word: Such as the value of ``LDFLAGS="-s A -s B"``.
    """
    found = []
    for command in _Reader(word.text, newline_ends=False, comments=False).commands():
        for inner in command.words:
            starts = [(0, word.offset(inner.offset(0)))] if inner.text else []
            for index in range(1, len(inner.text)):
                here = word.offset(inner.offset(index))
                if here != starts[-1][1] + index - starts[-1][0]:
                    starts.append((index, here))
            begin, end = word.offset(inner.start), word.offset(inner.end - 1) + 1
            found.append(Word(inner.text, begin, end, tuple(starts), inner.bare))
    return tuple(found)


def read_commands(text: str, start: int = 0, end: int | None = None) -> Iterator[Command]:
    """Read the simple commands of a shell script, wherever they stand in compound ones.

    Args:
        text: The file.
        start: Where to begin.
        end: Where to stop.

    Yields:
        The commands, with offsets in ``text``.
    """
    yield from _Reader(text, start, len(text) if end is None else end).commands()


class _Reader:
    """One pass over a text; every step goes forward, so that it is linear."""

    def __init__(
        self,
        text: str,
        start: int = 0,
        end: int | None = None,
        *,
        newline_ends: bool = True,
        comments: bool = True,
    ) -> None:
        self._text = text
        self._at = start
        self._end = len(text) if end is None else end
        self._newline_ends = newline_ends
        self._comments = comments
        self._unclosed = 0  # up to here no bracket is looked for again, or it would be quadratic

    def commands(self) -> Iterator[Command]:
        words: list[Word] = []
        here_documents: list[str] = []
        redirected = False
        while self._at < self._end:
            character = self._text[self._at]
            if character in _BLANK or self._continued() or self._is_plain_newline():
                self._at += 1 + (character == "\\")
            elif character == "#" and self._comments:
                self._at = self._line_end()
            elif character in _OPERATORS:
                redirected = self._operator(here_documents)
                if words and not redirected:
                    yield Command(tuple(words))
                    words = []
            else:
                word = self._word()
                if not redirected:
                    words.append(word)
                elif here_documents and here_documents[-1] == "":
                    here_documents[-1] = word.text
                redirected = False
        if words:
            yield Command(tuple(words))

    def _is_plain_newline(self) -> bool:
        return self._text[self._at] == "\n" and not self._newline_ends

    def _operator(self, here_documents: list[str]) -> bool:
        """Pass by an operator; tell whether it redirects, and the next word names a file."""
        character = self._text[self._at]
        if character == "\n":
            self._at += 1
            for delimiter in here_documents:
                self._skip_here_document(delimiter)
            here_documents.clear()
            return False
        if self._text.startswith("<<", self._at) and not self._text.startswith("<<<", self._at):
            here_documents.append("")
            self._at += 2 + (self._text[self._at + 2 : self._at + 3] == "-")
            return True
        self._at += 1
        if character in "<>":
            while self._at < self._end and self._text[self._at] in "<>&|":
                self._at += 1
            return True
        return False

    def _skip_here_document(self, delimiter: str) -> None:
        while self._at < self._end:
            line_end = self._line_end()
            line = self._text[self._at : line_end].strip()
            self._at = min(line_end + 1, self._end)
            if line == delimiter:
                return

    def _line_end(self) -> int:
        found = self._text.find("\n", self._at, self._end)
        return self._end if found < 0 else found

    def _continued(self) -> bool:
        text, at = self._text, self._at
        return text[at] == "\\" and (
            text[at + 1 : at + 2] == "\n" or text[at + 1 : at + 3] == "\r\n"
        )

    def _word(self) -> Word:
        start = self._at
        parts: list[str] = []
        starts: list[tuple[int, int]] = []
        bare: list[str] = []
        length = 0

        def add(begin: int, end: int) -> None:
            nonlocal length
            if end > begin:
                starts.append((length, begin))
                parts.append(self._text[begin:end])
                length += end - begin

        while self._at < self._end:
            character = self._text[self._at]
            if character in _BLANK or character in _OPERATORS:
                break
            if character not in _QUOTING:
                begin = self._at
                self._at = self._plain_end()
                add(begin, self._at)
            elif character == "\\":
                if self._continued():
                    self._at = self._text.index("\n", self._at) + 1
                    continue
                add(self._at + 1, min(self._at + 2, self._end))
                self._at += 2
            elif character == "'":
                close = self._close("'", self._at + 1)
                add(self._at + 1, close)
                self._at = close + 1
            elif character == '"':
                self._quoted(add)
            else:
                begin = self._at
                self._at = self._substitution_end()
                bare.append(character)
                add(begin, self._at)
        self._at = min(self._at, self._end)
        return Word("".join(parts), start, self._at, tuple(starts), "".join(bare))

    def _plain_end(self) -> int:
        at = self._at
        while (
            at < self._end
            and self._text[at] not in _BLANK
            and self._text[at] not in _OPERATORS
            and self._text[at] not in _QUOTING
        ):
            at += 1
        return at

    def _close(self, quote: str, start: int) -> int:
        found = self._text.find(quote, start, self._end)
        return self._end if found < 0 else found

    def _quoted(self, add: Callable[[int, int], None]) -> None:
        """Read a string in double quotes; ``$(...)`` inside of it may hold quotes of its own."""
        at = begin = self._at + 1
        while at < self._end and self._text[at] != '"':
            if self._text[at] == "\\" and self._text[at + 1 : at + 2] in '"\\$`\n':
                add(begin, at)
                begin = at + 2 if self._text[at + 1 : at + 2] == "\n" else at + 1
                at += 2
            elif self._text.startswith("$(", at):
                self._at = at
                at = self._substitution_end()
            else:
                at += 1
        add(begin, min(at, self._end))
        self._at = at + 1

    def _substitution_end(self) -> int:
        """Return the end of ``$NAME``, ``${...}``, ``$(...)``, `````...````` or a lone ``$``."""
        text, at = self._text, self._at
        if text[at] == "`":
            return min(self._close("`", at + 1) + 1, self._end)
        opening = text[at + 1 : at + 2]
        if opening not in {"(", "{"} or at < self._unclosed:
            return at + 1
        closing = ")" if opening == "(" else "}"
        depth, bound = 0, min(self._end, at + 1 + _LONGEST_SUBSTITUTION)
        for place in range(at + 1, bound):
            depth += (text[place] == opening) - (text[place] == closing)
            if depth == 0:
                return place + 1
        self._unclosed = bound
        return at + 1
