"""What emcc is given: options with their places, whatever kind of file they stand in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Flag as Bits
from enum import auto

from emsockets_build.lint.buildfiles.words import Word

__all__ = ["Conditions", "Option", "Setting", "Stage", "Unit", "can_meet", "parse_options"]

Conditions = frozenset[tuple[str, bool]]
"""What must be so for an option to be given: a CMake condition's text, and whether it holds."""

_SETTING = re.compile(r"-s([A-Z][A-Z0-9_]*)(?:=(.*))?", re.DOTALL)
_SPLIT_SETTING = re.compile(r"([A-Z][A-Z0-9_]*)(?:=(.*))?", re.DOTALL)


class Stage(Bits):
    """When an option is given."""

    COMPILE = auto()
    LINK = auto()


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of emcc, ``-sNAME=VALUE``.

    Attributes:
        name: Its name, ``NO_`` taken off.
        value: As it is written, the outer quotes taken off; ``1`` without one, ``0`` with ``NO_``.
        name_word: Where the name stands, ``NO_`` included.
        value_word: Where the value stands; None if there is none.
    """

    name: str
    value: str
    name_word: Word
    value_word: Word | None

    @property
    def on(self) -> bool:
        """Whether it is switched on; a value that the build fills in counts."""
        return self.value.lower() not in {"0", "false", "", "[]"}

    @property
    def known(self) -> bool:
        """Whether the value is all there, nothing left for a variable or a template to fill in."""
        return not re.search(r"[$`@%]", self.value)


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    Attributes:
        text: Such as ``-pthread``; a setting is written ``-sNAME=VALUE``.
        start: Where it begins in the file.
        end: The place behind it; behind the second word of ``-s NAME``.
        words: The word or words that it is written in.
        stage: When it is given.
        conditions: What must be so.
        setting: What it sets, if anything.
        implied: It stands for what another call gives, such as ``emsockets_target()``.
    """

    text: str
    start: int
    end: int
    words: tuple[Word, ...]
    stage: Stage
    conditions: Conditions = frozenset()
    setting: Setting | None = None
    implied: bool = False

    @property
    def debug_only(self) -> bool:
        """Whether only a build for debugging gets it."""
        return any(holds and "debug" in text.lower() for text, holds in self.conditions)


@dataclass(frozen=True, slots=True)
class Unit:
    """The options that come together in one program.

    Attributes:
        name: Of the target; empty for a command or a file without one.
        options: In the order they are given.
        start: Where the target or the command begins in the file.
        end: The place behind that.
        program: Whether it is linked to a program; False for a library.
        compiler: The name of the compiler, where the file has it.
        inputs: The source files, as they are written.
        libraries: What it is linked with, by name.
        wait: How it waits, where the file says so in our own words.
        backend: As `wait`.
        adopted: Whether ``emsockets_target()`` is called for it.
        posix: Whether that makes socket calls wait.
        web: Whether Emscripten builds it for certain.
        stage: What the unit does: compiles, links, or both.
        partial: Whether more options come from elsewhere in the file, so that nothing can be
            said to be missing.
    """

    name: str
    options: tuple[Option, ...]
    start: int = 0
    end: int = 0
    program: bool = True
    compiler: str = ""
    inputs: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    wait: str | None = None
    backend: str | None = None
    adopted: bool = False
    posix: bool = False
    web: bool = False
    stage: Stage = Stage.COMPILE | Stage.LINK
    partial: bool = False
    _settings: dict[str, list[Option]] = field(default_factory=dict, repr=False, compare=False)

    def of(self, name: str) -> list[Option]:
        """Return the options that set a setting."""
        if not self._settings and self.options:
            self._settings[""] = []
            for option in self.options:
                if option.setting is not None:
                    self._settings.setdefault(option.setting.name, []).append(option)
        return self._settings.get(name, [])

    def on(self, *names: str) -> Option | None:
        """Return the first option at the link that switches one of these settings on."""
        for name in names:
            for option in self.of(name):
                if option.setting and option.setting.on and option.stage & Stage.LINK:
                    return option
        return None

    def value(self, name: str) -> str | None:
        """Return the last value that a setting is given at the link; None if it is not set."""
        for option in reversed(self.of(name)):
            if option.setting and option.stage & Stage.LINK:
                return option.setting.value
        return None

    def given(self, text: str, stage: Stage) -> Option | None:
        """Return the first option of this text that is given at a stage."""
        return next((o for o in self.options if o.text == text and o.stage & stage), None)

    @property
    def emscripten(self) -> bool:
        """Whether something shows that Emscripten builds it."""
        return self.web or any(
            option.setting is not None or option.text == "-lwebsocket.js" for option in self.options
        )


def can_meet(one: Option, other: Option) -> bool:
    """Tell whether one program can get both options: no condition stands against another."""
    return not any((text, not holds) in other.conditions for text, holds in one.conditions)


def parse_options(
    words: Sequence[Word], stage: Stage, conditions: Conditions = frozenset()
) -> Iterator[Option]:
    """Read the words of a command line, or of a list of options, as emcc does (``emcc.py``).

    Args:
        words: The words, without the name of the compiler.
        stage: When they are given.
        conditions: What must be so.

    Yields:
        What begins with ``-``.
    """
    pending: Word | None = None
    for word in words:
        if pending is not None:
            first, pending = pending, None
            match = _SPLIT_SETTING.fullmatch(word.text)
            if match:
                setting = _setting(match, word)
                text = f"-s{word.text}"
                yield Option(text, first.start, word.end, (first, word), stage, conditions, setting)
                continue
        if word.text == "-s":
            pending = word
        elif match := _SETTING.fullmatch(word.text):
            yield Option(
                word.text, word.start, word.end, (word,), stage, conditions, _setting(match, word)
            )
        elif word.text.startswith("-"):
            yield Option(word.text, word.start, word.end, (word,), stage, conditions)


def _setting(match: re.Match[str], word: Word) -> Setting:
    name, value = match[1], match[2]
    value_word = None if value is None else word.part(*match.span(2))
    if value is not None and value_word is not None and value[:1] in {"'", '"'}:
        inner = value[1:-1] if value[-1] == value[0] and len(value) > 1 else value[1:]
        begin = match.start(2) + 1
        value, value_word = inner, word.part(begin, begin + len(inner))
    bare = name.removeprefix("NO_")
    if value is None:
        value = "0" if bare != name else "1"
    return Setting(bare, value, word.part(*match.span(1)), value_word)
