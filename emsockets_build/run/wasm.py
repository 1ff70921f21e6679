"""The little that must be read of a WebAssembly file: where its functions lie."""

from __future__ import annotations

import bisect
from pathlib import Path

__all__ = ["FunctionTable"]

_CODE_SECTION = 10
_LOOP = b"\x03\x40"  # `loop` without a value
_HEADER = 8  # magic number and version


class FunctionTable:
    """Where each function's body starts in a file.

    Args:
        data: The file's content; what is no WebAssembly module has no functions.

    Attributes:
        code_offset: Where the body of the code section starts: DWARF counts from there.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._starts: list[int] = []
        self._end = 0
        self.code_offset = 0
        try:
            self._read(data)
        except IndexError:
            return  # cut off: what was read so far is right

    @classmethod
    def of_file(cls, path: Path) -> FunctionTable:
        """Read a file; one that is not there has no functions."""
        try:
            return cls(path.read_bytes())
        except OSError:
            return cls(b"")

    def _read(self, data: bytes) -> None:
        if data[:4] != b"\0asm":
            return
        place = _HEADER
        while place < len(data):
            section = data[place]
            size, body = _leb128(data, place + 1)
            if section == _CODE_SECTION:
                self.code_offset = body
                count, place = _leb128(data, body)
                for _ in range(count):
                    size, start = _leb128(data, place)
                    self._starts.append(start)
                    place = self._end = start + size
                return
            place = body + size

    def start_of(self, offset: int) -> int | None:
        """Return where the function around an offset starts; None outside of the code.

        Args:
            offset: A byte offset in the file.
        """
        index = bisect.bisect_right(self._starts, offset) - 1
        return self._starts[index] if index >= 0 and offset < self._end else None

    def begins_with_loop(self, start: int, place: int) -> bool:
        """Tell whether a loop opens between a function's start and a place near it.

        Args:
            start: Where the function starts.
            place: The first instruction that a debugger stops at.
        """
        return _LOOP in self._data[start:place]


def _leb128(data: bytes, place: int) -> tuple[int, int]:
    """Decode an unsigned LEB128 number; return it and the place after it."""
    value = shift = 0
    while True:
        byte = data[place]
        value |= (byte & 0x7F) << shift
        place += 1
        shift += 7
        if not byte & 0x80:
            return value, place
