"""A file's text with its places, whatever its encoding."""

from __future__ import annotations

import bisect
import codecs
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import accumulate

from emsockets_build.lint.finding import Finding, Fix

__all__ = ["Kind", "SourceText", "decode"]


class Kind(StrEnum):
    """What a file is, and so who checks it."""

    CMAKE = "cmake"
    MAKE = "make"
    SHELL = "shell"
    SOURCE = "source"
    """C or C++."""
    BUILT = "built"
    """JavaScript or WebAssembly that emcc wrote."""


@dataclass(frozen=True, slots=True)
class SourceText:
    """One file.

    Attributes:
        path: How it is named in findings: relative to where the command ran, with ``/``.
        text: Its characters, line ends untouched. Bytes that are not in its encoding are lone
            surrogates (``surrogateescape``), so that the text can be written back unharmed.
        kind: What it is.
        encoding: How it is written back.
        bom: The byte order mark that stands before the text, or none.
    """

    path: str
    text: str
    kind: Kind
    encoding: str = "utf-8"
    bom: bytes = b""
    _lines: list[int] = field(default_factory=list, repr=False, compare=False)

    @property
    def data(self) -> bytes:
        """The text as UTF-8, for parsers that work on bytes; see `at_bytes`."""
        return self.text.encode("utf-8", "surrogateescape")

    def encoded(self, text: str) -> bytes:
        """Return another text as this file would hold it."""
        return self.bom + text.encode(self.encoding, "surrogateescape")

    def place(self, offset: int) -> tuple[int, int]:
        """Return the line and the column of a character, both from 1.

        Args:
            offset: Its offset in `text`, from 0.
        """
        starts = self._starts()
        line = bisect.bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def line(self, number: int) -> str:
        """Return a line without its end.

        Args:
            number: From 1; a line that is not there is empty.
        """
        starts = self._starts()
        if not 1 <= number <= len(starts):
            return ""
        end = starts[number] if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r\n")

    def finding(
        self, rule: str, start: int, end: int, message: str, fix: Fix | None = None
    ) -> Finding:
        """Make a finding of a range of characters; the mark ends with its first line.

        Args:
            rule: The rule's identifier.
            start: The offset of the first character in `text`.
            end: The offset behind the last one.
            message: What is wrong and what to write instead.
            fix: How to mend it, in offsets of `text`.
        """
        line, column = self.place(start)
        last = column + len(self.line(line)) - (column - 1)
        end_column = max(column + 1, min(column + end - start, last))
        return Finding(rule, self.path, line, column, end_column, message, fix)

    def at_bytes(
        self, rule: str, start: int, end: int, message: str, fix: Fix | None = None
    ) -> Finding:
        """Make a finding of a range of `data`, as `finding` does (``fix`` counts characters)."""
        return self.finding(
            rule, self.character_offset(start), self.character_offset(end), message, fix
        )

    def character_offset(self, byte_offset: int) -> int:
        """Turn an offset in `data` into one in `text`."""
        if self.text.isascii():
            return byte_offset
        return len(self.data[:byte_offset].decode("utf-8", "surrogateescape"))

    def _starts(self) -> list[int]:
        if not self._lines:
            lengths = (len(line) + 1 for line in self.text.split("\n"))
            self._lines.extend(accumulate(lengths, initial=0))
            self._lines.pop()
        return self._lines


_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decode(path: str, data: bytes, kind: Kind) -> SourceText | None:
    """Decode a file by its byte order mark; without one as UTF-8, stray bytes kept.

    Args:
        path: How it is named in findings.
        data: Its content.
        kind: What it is.

    Returns:
        The text; None if it is no text at all.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                text = data[len(mark) :].decode(encoding, "surrogateescape")
            except UnicodeDecodeError:  # half a character of UTF-16
                return None
            return SourceText(path, text, kind, encoding, mark)
    if b"\0" in data[:8192]:
        return None
    return SourceText(path, data.decode("utf-8", "surrogateescape"), kind)
