"""From byte offsets in a WebAssembly file to lines of source.

V8 gives each WebAssembly frame as an offset in the file; DWARF counts from the start of the code
section, hence ``--adjust-vma``. Seen to hold for Emscripten 3.1.6 to 6.0.5 and LLVM 14 to 21, with
embedded and with separate DWARF. Source maps (``-gsource-map``) map file offsets as they are.
"""

from __future__ import annotations

import bisect
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from emsockets_build.errors import ToolMissingError
from emsockets_build.process import run_bounded

__all__ = [
    "SourceLine",
    "decode_source_map",
    "parse_line_table",
    "parse_symbol_map",
    "parse_symbolizer_output",
    "read_symbol_map",
    "source_lines",
]

_SYMBOLIZER_SECONDS = 20.0
_LINE_TABLE_BYTES = 32 << 20  # beyond it the dump in words would be too much
_FILE_NUMBER = re.compile(r"file_names\[\s*(\d+)\]:")
_FILE_NAME = re.compile(r'\s+name: "(.*)"')
_ROW = re.compile(r"0x([0-9a-f]{16})\s+(\d+)\s+\d+\s+(\d+)(.*)")
_BASE64 = {
    character: value
    for value, character in enumerate(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    )
}


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A place in a source file.

    Attributes:
        function: The function, demangled; empty where only the line is known.
        file: The file, as the debug information names it.
        line: The line, from 1.
    """

    function: str
    file: str
    line: int

    @property
    def place(self) -> str | None:
        """``file:line``; None where only the function is known."""
        return f"{self.file}:{self.line}" if self.line else None


def source_lines(
    wasm: Path, offsets: Iterable[int], *, code_offset: int, symbolizer: Path | None
) -> Mapping[int, tuple[SourceLine, ...]]:
    """Find the source of offsets in a WebAssembly file.

    Args:
        wasm: The file; its ``.debug.wasm`` or ``.map`` is looked for beside it.
        offsets: Byte offsets in the file.
        code_offset: Where the body of its code section starts (CDP ``Debugger.scriptParsed``).
        symbolizer: ``llvm-symbolizer``; None leaves the source map.

    Returns:
        For each offset that debug information knows the innermost inlined function first.
    """
    wanted = sorted(set(offsets))
    if not wanted or not wasm.is_file():
        return {}
    separate = wasm.with_name(wasm.name + ".debug.wasm")
    if not separate.is_file():
        separate = wasm.with_suffix(".debug.wasm")
    found: Mapping[int, tuple[SourceLine, ...]] = {}
    if symbolizer is not None:
        file = separate if separate.is_file() else wasm
        found = _by_dwarf(file, wanted, code_offset, symbolizer)
        missed = [offset for offset in wanted if offset not in found]
        if found and missed:
            found = {**_by_line_table(file, missed, code_offset, symbolizer), **found}
    source_map = wasm.with_name(wasm.name + ".map")
    if not found and source_map.is_file():
        found = _by_source_map(source_map, wanted)
    return found


def _by_dwarf(
    file: Path, offsets: Sequence[int], code_offset: int, symbolizer: Path
) -> Mapping[int, tuple[SourceLine, ...]]:
    command = [
        str(symbolizer),
        "--output-style=JSON",
        "--demangle",
        "-e",
        str(file),
        f"--adjust-vma={code_offset}",
        *map(str, offsets),
    ]
    try:
        done = run_bounded(command, timeout=_SYMBOLIZER_SECONDS)
    except ToolMissingError:
        return {}
    return parse_symbolizer_output(done.stdout.decode("utf-8", "replace"), offsets)


def parse_symbolizer_output(
    text: str, offsets: Sequence[int]
) -> Mapping[int, tuple[SourceLine, ...]]:
    """Read ``llvm-symbolizer --output-style=JSON``: one answer per offset, in order.

    Args:
        text: Its standard output.
        offsets: What it was asked.

    Returns:
        As for `source_lines`; what it does not know (``??``, line 0) is left out.
    """
    try:
        answers = json.loads(text)
    except ValueError:
        return {}
    found = {}
    for offset, answer in zip(offsets, answers if isinstance(answers, list) else (), strict=False):
        symbols = answer.get("Symbol", ()) if isinstance(answer, dict) else ()
        lines = tuple(
            SourceLine(str(symbol["FunctionName"]), str(symbol["FileName"]), int(symbol["Line"]))
            for symbol in symbols
            if symbol.get("FileName") and symbol.get("Line")
        )
        if lines:
            found[offset] = lines
    return found


def _by_line_table(
    file: Path, offsets: Sequence[int], code_offset: int, symbolizer: Path
) -> Mapping[int, tuple[SourceLine, ...]]:
    """Look the offsets up in the line table itself.

    The linker leaves functions that it dropped in the DWARF with addresses that start at 0, and
    LLVM 21's symbolizer finds those in place of the first functions of the file, which for a small
    program are the user's own.
    """
    tool = symbolizer.with_name(symbolizer.name.replace("llvm-symbolizer", "llvm-dwarfdump"))
    if not tool.is_file() or file.stat().st_size > _LINE_TABLE_BYTES:
        return {}
    done = run_bounded([tool, "--debug-line", file], timeout=_SYMBOLIZER_SECONDS)
    rows = parse_line_table(done.stdout.decode("utf-8", "replace"))
    starts = [row[0] for row in rows]
    found = {}
    for offset in offsets:
        place = bisect.bisect_right(starts, offset - code_offset) - 1
        # A row of line 0 belongs to no line: the line before it is the nearest there is.
        while place > 0 and rows[place][2] == 0:
            place -= 1
        if place >= 0 and rows[place][1]:
            found[offset] = (SourceLine("", rows[place][1], rows[place][2]),)
    return found


def parse_line_table(text: str) -> list[tuple[int, str, int]]:
    """Read ``llvm-dwarfdump --debug-line``.

    Args:
        text: Its standard output.

    Returns:
        Rows of address, file and line, sorted by address; a row without a file ends a function.
        Sequences that start at address 0 are those of dropped functions and are left out.
    """
    rows: list[tuple[int, str, int]] = []
    names: dict[str, str] = {}
    sequence: list[tuple[int, str, int]] = []
    number = ""
    for line in text.splitlines():
        if line.startswith("debug_line["):
            names, sequence = {}, []
        elif found := _FILE_NUMBER.match(line):
            number = found[1]
        elif found := _FILE_NAME.match(line):
            names[number] = found[1]
        elif found := _ROW.match(line):
            address, row, file, flags = int(found[1], 16), int(found[2]), found[3], found[4]
            if "end_sequence" in flags:
                sequence.append((address, "", 0))
                rows += sequence if sequence[0][0] else []
                sequence = []
            else:
                sequence.append((address, names.get(file, ""), row))
    return sorted(rows, key=lambda row: row[0])


def _by_source_map(path: Path, offsets: Sequence[int]) -> Mapping[int, tuple[SourceLine, ...]]:
    try:
        content = json.loads(path.read_text("utf-8"))
        rows = decode_source_map(content["mappings"])
        sources = [str(source) for source in content["sources"]]
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return {}
    columns = [row[0] for row in rows]
    found = {}
    for offset in offsets:
        place = bisect.bisect_right(columns, offset) - 1
        if place >= 0:
            _, source, line = rows[place]
            if 0 <= source < len(sources):
                found[offset] = (SourceLine("", sources[source], line + 1),)
    return found


def decode_source_map(mappings: str) -> list[tuple[int, int, int]]:
    """Decode the mappings of a WebAssembly source map, which has one generated line only.

    Args:
        mappings: Base64 VLQ segments (ECMA-426, "mappings").

    Returns:
        Rows of generated column (the byte offset), index of the source, and line from 0;
        sorted by column.

    Raises:
        KeyError: A character that is no base64 digit.
    """
    rows = []
    column = source = line = 0
    for segment in mappings.split(","):
        values = _decode_vlq(segment)
        if not values:
            continue
        column += values[0]
        if len(values) >= 4:  # noqa: PLR2004 - the fields are column, source, line, column
            source += values[1]
            line += values[2]
            rows.append((column, source, line))
    return sorted(rows)


def _decode_vlq(segment: str) -> list[int]:
    values = []
    value = shift = 0
    for character in segment:
        digit = _BASE64[character]
        value |= (digit & 31) << shift
        shift += 5
        if not digit & 32:
            values.append(-(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
    return values


def read_symbol_map(program: Path) -> Mapping[str, str]:
    """Read the names that ``--emit-symbol-map`` kept for a program without debug information.

    Args:
        program: The ``.js`` file.

    Returns:
        From V8's ``func12`` to the function's name; empty without such a file.
    """
    try:
        text = program.with_name(program.name + ".symbols").read_text("utf-8", "replace")
    except OSError:
        return {}
    return parse_symbol_map(text)


def parse_symbol_map(text: str) -> Mapping[str, str]:
    """Read lines of ``index:name``.

    Args:
        text: The file's content.

    Returns:
        As for `read_symbol_map`.
    """
    pairs = re.findall(r"^(\d+):(.*)$", text, re.MULTILINE)
    # emcc writes what would be special in the file as \xx (hexadecimal)
    return {f"func{index}": _unescape(name) for index, name in pairs}


def _unescape(name: str) -> str:
    return re.sub(r"\\([0-9a-fA-F]{2})", lambda match: chr(int(match[1], 16)), name)
