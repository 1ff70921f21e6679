"""How options are handed over: what CMake and the shell make of them on their way to emcc."""

from __future__ import annotations

from collections.abc import Iterator

from emsockets_build.cmake_source import Call, read_calls
from emsockets_build.lint.context import Context
from emsockets_build.lint.finding import Edit, Finding, Fix
from emsockets_build.lint.text import Kind, SourceText

__all__ = ["check_split_settings"]

_OPTION_COMMANDS = frozenset(
    {
        "add_compile_options",
        "add_link_options",
        "target_compile_options",
        "target_link_options",
        "target_link_libraries",
        "link_libraries",
    }
)


def check_split_settings(source: SourceText, context: Context) -> Iterator[Finding]:
    """ES009: ``-s`` and its setting as two arguments of a command that removes duplicates."""
    del context
    if source.kind is not Kind.CMAKE:
        return
    try:
        calls = list(read_calls(source.text))
    except ValueError:
        return
    for call in calls:
        if call.name in _OPTION_COMMANDS:
            yield from _split_settings(source, call)


def _split_settings(source: SourceText, call: Call) -> Iterator[Finding]:
    for first, second in zip(call.words, call.words[1:], strict=False):
        if first.text == "-s" and second.text[:1].isupper():
            begin, end = first.start, second.start + len(second.text)
            fix = None
            if first.kind == second.kind == "bare":
                fix = Fix((Edit(first.start + 2, second.start, ""),), f"write -s{second.text}")
            yield source.finding(
                "ES009",
                begin,
                end,
                f"CMake removes the second `-s` of a target, and leaves {second.text} alone as the "
                f"name of a file; write -s{second.text}",
                fix,
            )
