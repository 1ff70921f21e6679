"""Offsets to lines: what the tools print, read without the tools."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from emsockets_build.run.crash import parse_stack
from emsockets_build.run.symbolize import (
    SourceLine,
    decode_source_map,
    parse_line_table,
    parse_symbol_map,
    parse_symbolizer_output,
    source_lines,
)
from emsockets_build.run.wasm import FunctionTable

LINE_TABLE = """
debug_line[0x00000000]
file_names[  1]:
           name: "client.c"
      dir_index: 0
file_names[  2]:
           name: "lib/select.c"

Address            Line   Column File   ISA Discriminator OpIndex Flags
------------------ ------ ------ ------ --- ------------- ------- -------------
0x0000000000000000    900      0      2   0             0       0  is_stmt
0x00000000000001a1    900      0      2   0             0       0  is_stmt end_sequence
0x0000000000000006     27      0      1   0             0       0  is_stmt
0x0000000000000010     42     12      1   0             0       0  is_stmt
0x0000000000000020      0     12      1   0             0       0
0x00000000000001a2     44      1      1   0             0       0  is_stmt end_sequence
"""


def test_the_symbolizers_json_keeps_inlined_functions_and_drops_what_it_does_not_know() -> None:
    """`??` and line 0 are no places."""
    answer = [
        {
            "Symbol": [
                {"FunctionName": "writable()", "FileName": "a.cpp", "Line": 9},
                {"FunctionName": "wait()", "FileName": "a.cpp", "Line": 15},
            ]
        },
        {"Symbol": [{"FunctionName": "", "FileName": "", "Line": 0}]},
        {"Symbol": []},
    ]
    found = parse_symbolizer_output(json.dumps(answer), [5, 6, 7])
    assert found == {5: (SourceLine("writable()", "a.cpp", 9), SourceLine("wait()", "a.cpp", 15))}


@given(st.text())
def test_anything_else_from_the_symbolizer_is_no_answer(text: str) -> None:
    """An older one prints plain text."""
    assert not parse_symbolizer_output(text, [1])


def test_the_line_table_leaves_out_functions_that_the_linker_dropped() -> None:
    """Their addresses start at 0 and would cover the program's first functions."""
    rows = parse_line_table(LINE_TABLE)
    assert rows[:2] == [(6, "client.c", 27), (0x10, "client.c", 42)]
    assert all(file != "lib/select.c" for _, file, _ in rows)


def test_a_source_map_decodes_to_offsets_sources_and_lines() -> None:
    """Fields are relative to those before (ECMA-426)."""
    assert decode_source_map("yBAUA,OAEA,CCAA") == [(25, 0, 10), (32, 0, 12), (33, 1, 12)]


def test_a_source_map_is_used_where_there_is_no_debug_information(tmp_path: Path) -> None:
    """-gsource-map: the innermost line only."""
    (tmp_path / "p.wasm").write_bytes(b"\0asm\1\0\0\0")
    (tmp_path / "p.wasm.map").write_text(
        json.dumps({"version": 3, "sources": ["../client.cpp"], "mappings": "yBAUA,OAEA"})
    )
    found = source_lines(tmp_path / "p.wasm", [30, 2], code_offset=10, symbolizer=None)
    assert found == {30: (SourceLine("", "../client.cpp", 11),)}


def test_a_broken_source_map_is_no_answer(tmp_path: Path) -> None:
    """Never an error: it only helps."""
    (tmp_path / "p.wasm").write_bytes(b"")
    for text in ("", "{}", '{"mappings": "%%", "sources": []}', "[1]"):
        (tmp_path / "p.wasm.map").write_text(text)
        assert not source_lines(tmp_path / "p.wasm", [3], code_offset=0, symbolizer=None)


def test_a_symbol_map_is_read_with_its_escapes() -> None:
    """Emcc writes special characters in hexadecimal."""
    assert parse_symbol_map("12:main\n13:operator\\20new\\28int\\29\nnonsense\n") == {
        "func12": "main",
        "func13": "operator new(int)",
    }


def test_the_stack_of_an_error_gives_offsets_in_the_file() -> None:
    """In the forms of several V8s."""
    frames = parse_stack(
        "RuntimeError: unreachable\n"
        "    at crash.wasm.Link::use(int) const (wasm://wasm/c.wasm-0010:wasm-function[6]:0x289)\n"
        "    at main (wasm://wasm/00010:wasm-function[5]:0x244)\n"
        "    at wasm://wasm/00010:wasm-function[7]:0x300\n"
        "    at callMain (/home/me/a b.js:882:15)\n"
        "    at file:///x.mjs:1:2\n"
    )
    assert [(frame.function, frame.wasm, frame.offset) for frame in frames] == [
        ("Link::use(int) const", True, 0x289),
        ("main", True, 0x244),
        ("func7", True, 0x300),
        ("callMain", False, 15),
        ("", False, 2),
    ]


@given(st.text())
def test_no_text_breaks_the_reading_of_a_stack(text: str) -> None:
    """Programs throw what they like."""
    parse_stack(text)


def module(*bodies: bytes) -> bytes:
    """A WebAssembly module of a custom section and a code section."""
    code = bytes([len(bodies)]) + b"".join(bytes([len(body)]) + body for body in bodies)
    return b"\0asm\1\0\0\0" + b"\0\3\2ab" + bytes([10, len(code)]) + code


def test_the_function_around_an_offset_is_found() -> None:
    """By the sizes in the code section."""
    data = module(b"\0\x0b", b"\0\1\1\x0b")
    table = FunctionTable(data)
    assert table.code_offset == 15
    assert [table.start_of(offset) for offset in (15, 17, 18, 20, 23, 24, 99)] == [
        None,
        17,
        17,
        20,
        20,
        None,
        None,
    ]


@given(st.binary())
def test_no_file_breaks_the_reading_of_functions(data: bytes) -> None:
    """A file that is cut off, or no module at all."""
    FunctionTable(b"\0asm\1\0\0\0" + data).start_of(20)
    FunctionTable(data).start_of(0)
