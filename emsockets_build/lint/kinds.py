"""Which kind of file a name stands for."""

from __future__ import annotations

import re
from pathlib import PurePath

from emsockets_build.lint.text import Kind

__all__ = ["kind_by_first_line", "kind_of"]

_SOURCES = frozenset(
    (".c", ".cc", ".cpp", ".cxx", ".c++", ".h", ".hh", ".hpp", ".hxx", ".h++", ".inl", ".ipp")
)
_SUFFIXES = {
    ".cmake": Kind.CMAKE,
    ".mk": Kind.MAKE,
    ".mak": Kind.MAKE,
    ".sh": Kind.SHELL,
    ".bash": Kind.SHELL,
    ".js": Kind.BUILT,
    ".mjs": Kind.BUILT,
    ".cjs": Kind.BUILT,
    ".wasm": Kind.BUILT,
    **dict.fromkeys(_SOURCES, Kind.SOURCE),
}
_MAKEFILE = re.compile(r"(?:GNU)?makefile(?:\.(?!in$)\w+)?", re.IGNORECASE)
# Autoconf's input is shell inside of m4, automake's is make with a few words more.
_NAMES = {
    "CMakeLists.txt": Kind.CMAKE,
    "Makefile.am": Kind.MAKE,
    "Makefile.in": Kind.MAKE,
    "configure.ac": Kind.SHELL,
    "configure.in": Kind.SHELL,
}
_SHEBANG = re.compile(rb"#![^\n]*\b(?:(?:ba|da|k|z|a)?sh|make)\b")


def kind_of(path: PurePath) -> Kind | None:
    """Tell a file's kind by its name; None if the name says nothing.

    Args:
        path: Its path. A template's ``.in`` does not count: ``CMakeLists.txt.in`` is CMake.
    """
    name = path.name
    if name in _NAMES:
        return _NAMES[name]
    stem = name.removesuffix(".in")
    if stem in _NAMES:
        return _NAMES[stem]
    if _MAKEFILE.fullmatch(name):
        return Kind.MAKE
    *_, before, last = ["", "", *(suffix.lower() for suffix in PurePath(stem).suffixes)]
    if before in _SOURCES and last == ".cmake":
        return None  # config.h.cmake: configure_file() makes a header of it
    return _SUFFIXES.get(last)


def kind_by_first_line(data: bytes) -> Kind | None:
    """Tell the kind of a script without a suffix by its ``#!`` line; None if it has none.

    Args:
        data: The beginning of the file.
    """
    found = _SHEBANG.match(data)
    if found is None:
        return None
    return Kind.MAKE if found[0].rstrip().endswith(b"make") else Kind.SHELL
