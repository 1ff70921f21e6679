"""A shell script as the options that its calls of emcc are given, each with its place.

Also for ``configure.ac``, which is shell inside of m4: what does not look like shell is passed by.
"""

from __future__ import annotations

import re

from emsockets_build.lint.buildfiles.commands import assigned, compiler_unit, without_wrappers
from emsockets_build.lint.buildfiles.flags import Option, Stage, Unit
from emsockets_build.lint.buildfiles.variables import (
    Placed,
    Variables,
    options_of,
    stage_of_name,
)
from emsockets_build.lint.buildfiles.words import Word, read_commands, split_words

__all__ = ["read_shell", "variable_unit"]

_REFERENCE = re.compile(r"\$(\w+)|\$\{(\w+)(?:\[[@*]\])?(?::?[-+=?][^}]*)?\}")
_ARRAY = re.compile(r"(?:[A-Za-z_]\w*)\+?=")
_DECLARES = frozenset(("export", "local", "declare", "readonly", "typeset"))


def read_shell(text: str) -> tuple[Unit, ...]:
    """Read a script.

    Args:
        text: Its content; any text.

    Returns:
        A unit for each call of a compiler, and one for what variables hold.
    """
    variables = Variables(_REFERENCE)
    units: list[Unit] = []
    array: Word | None = None
    for command in read_commands(text):
        words: list[Placed] = [(word, frozenset()) for word in command.words]
        if array is not None:
            name, _, _ = array.text.partition("=")
            variables.assign(name.rstrip("+"), words, keep=name.endswith("+"))
            array = None
            continue
        last = command.words[-1]
        if _ARRAY.fullmatch(last.text) and text[last.end : last.end + 1] == "(":
            array = last
            continue
        if words[0][0].text in _DECLARES:
            words = words[1:]
        program = without_wrappers(words)
        for name, value, keep in assigned(words):
            variables.assign(name, [*_split(value)], keep=keep or _refers(name, value))
        unit = compiler_unit(program, variables)
        if unit is not None:
            units.append(unit)
    rest = variable_unit(variables, units)
    return tuple([*units, rest] if rest else units)


def variable_unit(variables: Variables, units: list[Unit]) -> Unit | None:
    """Put together what variables hold, with the stage that their names or their users say.

    Args:
        variables: All of the file.
        units: The calls of a compiler that the file makes itself.
    """
    options: list[Option] = []
    for name in variables.names:
        value = variables.value(name)  # marks what it uses
        stage = stage_of_name(name)
        if stage is not None:
            options += options_of(value, stage)
    for name in variables.names:
        if stage_of_name(name) is None and name not in variables.used:
            options += options_of(variables.value(name), Stage.LINK)
    if not options:
        return None
    start = min(option.start for option in options)
    return Unit(
        "", tuple(dict.fromkeys(options)), start, start + 1, program=False, partial=bool(units)
    )


def _split(value: list[Placed]) -> list[Placed]:
    return [(inner, needed) for word, needed in value for inner in _again(word)]


def _again(word: Word) -> tuple[Word, ...]:
    return split_words(word) if " " in word.text else (word,)


def _refers(name: str, value: list[Placed]) -> bool:
    return any(word.text in {f"${name}", f"${{{name}}}"} for word, _ in value)
