"""From the stack of a JavaScript error to frames of the program's source."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from emsockets_build.run.hang import with_sources
from emsockets_build.run.stacks import Frame
from emsockets_build.run.symbolize import read_symbol_map, source_lines
from emsockets_build.run.wasm import FunctionTable
from emsockets_build.transcript.event import Event, Kind

__all__ = ["crash_stack", "parse_stack"]

# `at name (wasm://wasm/x.wasm-0123:wasm-function[14]:0x476)`, maybe without name and brackets; in
# a page with the file's own URL, and in Firefox `name@URL:wasm-function[14]:0x476`.
_WASM = re.compile(
    r"^(?:\s*at (?:(.*?) \()?|([^@\n]*)@)(\w+://\S+?):wasm-function\[(\d+)\]:0x([0-9a-f]+)\)?$"
)
_SCRIPT = re.compile(r"^(?:\s*at (?:(.*?) \()?|([^@\n]*)@)(.+?):(\d+):(\d+)\)?$")
_MAX_FRAMES = 64


def parse_stack(text: str) -> tuple[Frame, ...]:
    """Read ``Error.stack`` as V8 and SpiderMonkey write it.

    Args:
        text: The message and the lines that begin with ``at``.

    Returns:
        The frames, innermost first; WebAssembly's carry the byte offset in the file.
    """
    frames = []
    for line in text.splitlines():
        if found := _WASM.match(line):
            name, other, url, index, offset = found.groups()
            function = (name or other or f"func{index}").removeprefix("$")
            # V8 puts the module's name before the function's: `client.wasm.main`
            function = re.sub(r"^[^\s(<]*\.wasm\.", "", function)
            frames.append(Frame(function, wasm=True, offset=int(offset, 16), url=url))
        elif found := _SCRIPT.match(line):
            name, other, url, row, column = found.groups()
            frames.append(
                Frame(name or other or "", wasm=False, offset=int(column), line=int(row), url=url)
            )
    return tuple(frame for frame in frames if not frame.watching)[:_MAX_FRAMES]


def crash_stack(
    program: Path,
    events: Iterable[Event],
    symbolizer: Callable[[], Path | None] | None,
) -> tuple[Frame, ...]:
    """Find the stack of the last uncaught exception, with source lines where there are any.

    Args:
        program: The ``.js`` or ``.mjs`` file.
        events: What the hook saw.
        symbolizer: Finds ``llvm-symbolizer``.

    Returns:
        The frames, innermost first; empty if nothing was thrown.
    """
    stacks = [str(event.detail.get("stack")) for event in events if event.kind is Kind.EXCEPTION]
    frames = parse_stack(stacks[-1]) if stacks else ()
    offsets = [frame.offset for frame in frames if frame.wasm]
    if not offsets:
        return frames
    names = read_symbol_map(program)
    wasm = program.with_suffix(".wasm")
    lines = source_lines(
        wasm,
        offsets,
        code_offset=FunctionTable.of_file(wasm).code_offset,
        symbolizer=symbolizer() if symbolizer is not None else None,
    )
    named = [replace(frame, function=names.get(frame.function, frame.function)) for frame in frames]
    return tuple(with_sources(named, lines))
