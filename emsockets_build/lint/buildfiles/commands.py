"""Calls of a compiler on command lines, in scripts and in recipes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from emsockets_build.lint.buildfiles.flags import Option, Stage, Unit
from emsockets_build.lint.buildfiles.variables import Placed, Variables, options_of
from emsockets_build.lint.buildfiles.words import split_words

__all__ = ["ASSIGNMENT", "assigned", "compiler_unit", "without_wrappers"]

ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(\+?=)(.*)", re.DOTALL)
_COMPILER = re.compile(
    r"(?:.*/)?(?P<name>emcc|em\+\+)(?:\.py|\.bat)?|(?:.*/)?(?:cc|gcc|c\+\+|g\+\+|clang|clang\+\+)"
)
_COMPILER_VARIABLE = re.compile(
    r"\$?[({]?(?:\w*_)?(?:EM)?(?:CC|CXX|LD|EMPP|LINK)[)}]?", re.IGNORECASE
)
_WRAPPERS = frozenset(
    ("time", "exec", "env", "command", "sudo", "ccache", "sccache", "if", "then", "else", "elif",
     "do", "while", "until", "!", "{", "emmake", "emconfigure", "emcmake", "nice", "eval")
)  # fmt: skip
_SOURCE = re.compile(r"\.(?:c|cc|cpp|cxx|c\+\+|m|mm)$", re.IGNORECASE)
_ONLY_COMPILES = frozenset(("-c", "-E", "-S", "-M", "-MM", "-fsyntax-only"))
_CMAKE_FLAGS = re.compile(
    r"-DCMAKE_(?:(?P<compile>C|CXX)_FLAGS|(?:EXE|SHARED|MODULE)_LINKER_FLAGS)\w*(?::\w+)?=(?P<value>.*)",
    re.DOTALL,
)


def without_wrappers(words: Sequence[Placed]) -> list[Placed]:
    """Take away what stands before the program: keywords, wrappers and assignments."""
    place = 0
    while place < len(words):
        text = words[place][0].text.lstrip("@+-") if place == 0 else words[place][0].text
        if text and text not in _WRAPPERS and not ASSIGNMENT.fullmatch(text):
            break
        place += 1
    return list(words[place:])


def assigned(words: Sequence[Placed]) -> list[tuple[str, list[Placed], bool]]:
    """Return the variables that a command line sets, before the program or as its arguments."""
    found = []
    for word, conditions in words:
        match = ASSIGNMENT.fullmatch(word.text)
        if match is not None:
            begin = match.start(3)
            value = word.part(begin, len(word.text)) if begin < len(word.text) else None
            inner = split_words(value) if value is not None else ()
            found.append((match[1], [(w, conditions) for w in inner], match[2] == "+="))
    return found


def compiler_unit(
    words: Sequence[Placed], variables: Variables, inputs: Sequence[str] = ()
) -> Unit | None:
    """Read a command line that may call a compiler, or CMake with flags for one.

    Args:
        words: Its words, not expanded yet.
        variables: What its variables stand for.
        inputs: What ``$^`` and ``$<`` of a recipe stand for.

    Returns:
        Its options; None if it calls none.
    """
    words = without_wrappers(words)
    if not words:
        return None
    first = words[0][0]
    called = without_wrappers(variables.expand(words[:1]))
    name = (called[0][0].text if called else "").lstrip("@+-")
    arguments = variables.expand([*called[1:], *words[1:]])
    if PurePosixPath(name).name == "cmake":
        return _cmake_unit(first.start, arguments)
    match = _COMPILER.fullmatch(name)
    if match is None and not _COMPILER_VARIABLE.fullmatch(name):
        return None
    texts = [word.text for word, _ in arguments]
    sources = [text for text in texts if _SOURCE.search(text)]
    if any(text in {"$^", "$<", "$(^)", "${^}"} for text in texts):
        sources += [text for text in inputs if _SOURCE.search(text)]
    if _ONLY_COMPILES & set(texts):
        stage = Stage.COMPILE
    else:
        stage = Stage.COMPILE | Stage.LINK if sources else Stage.LINK
    compiler = match["name"] if match and match["name"] else ""
    return Unit(
        name="",
        options=tuple(options_of(arguments, stage)),
        start=first.start,
        end=first.end,
        compiler=compiler,
        inputs=tuple(sources),
        web=bool(compiler),
        stage=stage,
    )


def _cmake_unit(start: int, arguments: Sequence[Placed]) -> Unit | None:
    options: list[Option] = []
    for word, conditions in arguments:
        match = _CMAKE_FLAGS.fullmatch(word.text)
        if match and match["value"]:
            stage = Stage.COMPILE | Stage.LINK if match["compile"] else Stage.LINK
            inner = split_words(word.part(match.start("value"), len(word.text)))
            options += options_of([(part, conditions) for part in inner], stage)
    if not options:
        return None
    # The project's own files give more.
    return Unit("", tuple(options), start, start + len("cmake"), partial=True)
