"""A build file, read once for all rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from emsockets_build.lint.buildfiles.cmake import CMakeFile, read_cmake
from emsockets_build.lint.buildfiles.flags import Option, Setting, Stage, Unit
from emsockets_build.lint.buildfiles.make import read_make
from emsockets_build.lint.buildfiles.shell import read_shell
from emsockets_build.lint.buildfiles.words import Word
from emsockets_build.lint.context import Context
from emsockets_build.lint.finding import Edit, Finding, Fix
from emsockets_build.lint.text import Kind, SourceText
from emsockets_build.settings.names import NameTable

__all__ = ["BuildFile", "read_build_file"]

_WEB = re.compile(
    r"emcc\b|em\+\+|emscripten|emmake|emconfigure|\bwasm|-lwebsocket\.js|--(?:pre|post)-js",
    re.IGNORECASE,
)
_PLACE = re.compile(r"^[ \t]*@\w+@(?=[ \t]*\r?$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class BuildFile:
    """A build file.

    Attributes:
        source: Its text.
        context: What is known besides.
        units: The options that come together.
        names: What is known of settings.
        cmake: What it is as a CMake file; None if it is none.
        web: Whether Emscripten is spoken of in it at all.
    """

    source: SourceText
    context: Context
    units: tuple[Unit, ...]
    names: NameTable
    cmake: CMakeFile | None
    web: bool

    def options(self) -> Iterator[Option]:
        """Return every option that stands in the file itself; the same place once a stage."""
        seen: set[tuple[int, int, str, Stage]] = set()
        for unit in self.units:
            for option in unit.options:
                key = (option.start, option.end, option.text, option.stage)
                if not option.implied and key not in seen:
                    seen.add(key)
                    yield option

    def settings(self) -> Iterator[tuple[Option, Setting]]:
        """Return every setting that stands in the file itself."""
        for option in self.options():
            if option.setting is not None:
                yield option, option.setting

    def at(self, rule: str, option: Option, message: str, fix: Fix | None = None) -> Finding:
        """Make a finding of an option."""
        return self.source.finding(rule, option.start, option.end, message, fix)

    def replacement(self, word: Word, text: str, summary: str) -> Fix | None:
        """Make a fix that puts a text in the place of a word; None if it is not written plainly."""
        if self.source.text[word.start : word.end] != word.text:
            return None
        return Fix((Edit(word.start, word.end, text),), summary)


def read_build_file(source: SourceText, context: Context) -> BuildFile:
    """Read a build file.

    Args:
        source: The file.
        context: What is known besides.

    Returns:
        What it says.

    Raises:
        ValueError: CMake would not take it; the message names the line.
    """
    cmake = read_cmake(_configured(source)) if source.kind is Kind.CMAKE else None
    if cmake is not None:
        units = cmake.units
    elif source.kind is Kind.MAKE:
        units = read_make(source.text)
    else:
        units = read_shell(source.text)
    names = NameTable(context.version, context.installed)
    web = (cmake is not None and any(unit.emscripten for unit in units)) or _speaks_of_web(
        source.text, units
    )
    return BuildFile(source, context, units, names, cmake, web)


def _configured(source: SourceText) -> str:
    """Return the text with blanks for what configure_file() puts commands in the place of."""
    if not source.path.endswith(".in"):
        return source.text
    return _PLACE.sub(lambda found: " " * len(found[0]), source.text)


def _speaks_of_web(text: str, units: tuple[Unit, ...]) -> bool:
    """Whether a file is about Emscripten: what looks like a setting may be another program's."""
    if any(unit.web for unit in units) or _WEB.search(text):
        return True
    every = NameTable().names
    return any(o.setting and o.setting.name in every for unit in units for o in unit.options)
