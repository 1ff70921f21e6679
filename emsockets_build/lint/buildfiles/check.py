"""All rules on build files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath

from emsockets_build.cmake_source import read_calls
from emsockets_build.lint.buildfiles.habits import check_habits
from emsockets_build.lint.buildfiles.names import check_names
from emsockets_build.lint.buildfiles.options import check_options
from emsockets_build.lint.buildfiles.pairs import check_pairs
from emsockets_build.lint.buildfiles.read import read_build_file
from emsockets_build.lint.buildfiles.threads import check_threads
from emsockets_build.lint.buildfiles.values import check_values
from emsockets_build.lint.context import Context
from emsockets_build.lint.finding import Finding
from emsockets_build.lint.text import SourceText

__all__ = ["check_build_file"]

_LINE = re.compile(r"line (\d+): (.*)", re.DOTALL)


def check_build_file(source: SourceText, context: Context) -> Iterator[Finding]:
    """Apply every rule on build files.

    Args:
        source: A CMake file, a Makefile or a shell script.
        context: What is known besides.

    Yields:
        What was found; one of a file that CMake would not take says so, and is all.
    """
    try:
        file = read_build_file(source, context)
    except ValueError as error:
        if not _is_cmake(source):
            return
        match = _LINE.match(str(error))
        line = int(match[1]) if match else 1
        why = match[2] if match else str(error)
        end = max(len(source.line(line)), 1) + 1
        yield Finding("ES047", source.path, line, 1, end, f"CMake would not take this file: {why}")
        return
    for check in (
        check_names,
        check_values,
        check_pairs,
        check_options,
        check_threads,
        check_habits,
    ):
        yield from check(file)


def _is_cmake(source: SourceText) -> bool:
    """Tell CMake with a mistake from what only has its suffix, such as a text about CMake."""
    if PurePath(source.path).name.startswith("CMakeLists.txt"):
        return True
    try:
        return next(read_calls(source.text), None) is not None
    except ValueError:
        return False
