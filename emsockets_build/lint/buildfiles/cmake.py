"""A CMake file as the options that it gives to each target, each with its place.

Calls are followed in the order they stand in, with variables and generator expressions, as far as
one file tells. Both arms of an ``if()`` are read; what each option needs to be given is kept. What
only a native build gets is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from emsockets_build.cmake_source import Argument, Call, read_calls
from emsockets_build.lint.buildfiles.arguments import (
    libraries_of,
    options_of,
    shell_prefix,
    unescaped,
)
from emsockets_build.lint.buildfiles.branches import Branches, configuration
from emsockets_build.lint.buildfiles.flags import (
    Conditions,
    Option,
    Stage,
    Unit,
)
from emsockets_build.lint.buildfiles.genex import expand, split_list
from emsockets_build.lint.buildfiles.profile import profile_options
from emsockets_build.lint.buildfiles.words import Word, split_words

__all__ = ["CMakeFile", "read_cmake"]

_VISIBILITY = frozenset(
    ("PRIVATE", "PUBLIC", "INTERFACE", "LINK_PUBLIC", "LINK_PRIVATE", "LINK_INTERFACE_LIBRARIES",
     "BEFORE", "AFTER", "debug", "optimized", "general")
)  # fmt: skip
_VARIABLE = re.compile(r"\$\{([^${}]+)\}")
_DIRECTORY_FLAGS = re.compile(
    r"CMAKE_(?:(?P<compile>C|CXX)_FLAGS|(?:EXE|SHARED|MODULE)_LINKER_FLAGS)(?:_(?P<config>[A-Z]+))?"
    r"(?:_INIT)?"
)
_FLAG_PROPERTY = re.compile(r"(?P<stage>LINK_FLAGS|COMPILE_FLAGS)(?:_(?P<config>[A-Z]+))?")
_LIST_PROPERTY = {
    "LINK_OPTIONS": Stage.LINK,
    "INTERFACE_LINK_OPTIONS": Stage.LINK,
    "COMPILE_OPTIONS": Stage.COMPILE,
    "INTERFACE_COMPILE_OPTIONS": Stage.COMPILE,
    "LINK_LIBRARIES": Stage.LINK,
    "INTERFACE_LINK_LIBRARIES": Stage.LINK,
}
_MOST_EXPANDED = 2000  # words of one variable; a list that doubles itself has no end
_SKIPPED_IN_SET = frozenset(("PARENT_SCOPE", "CACHE", "FORCE"))


@dataclass(slots=True)
class _Target:
    name: str
    start: int
    end: int
    program: bool = True
    made: bool = False
    options: list[Option] = field(default_factory=list)
    interface: list[Option] = field(default_factory=list)
    libraries: list[str] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    wait: str | None = None
    backend: str | None = None
    adopted: bool = False
    posix: bool = False
    web: bool = False


@dataclass(frozen=True, slots=True)
class CMakeFile:
    """What a file says.

    Attributes:
        calls: Its commands.
        units: One for each target that it makes or gives options to; if it has none, one for what
            it gives to all of its directory.
        directory: What every target of the directory gets.
        native: What targets that only native builds make are made of.
    """

    calls: tuple[Call, ...]
    units: tuple[Unit, ...]
    directory: tuple[Option, ...]
    native: tuple[str, ...] = ()


def read_cmake(text: str) -> CMakeFile:
    """Read a file.

    Args:
        text: Its content.

    Returns:
        What it says.

    Raises:
        ValueError: CMake would not take it; the message names the line.
    """
    calls = tuple(read_calls(text))
    reader = _Reader()
    for call in calls:
        reader.take(call)
    return CMakeFile(
        calls, tuple(reader.units()), tuple(reader.directory), tuple(dict.fromkeys(reader.native))
    )


class _Reader:
    """Follows the calls of one file."""

    def __init__(self) -> None:
        self.directory: list[Option] = []
        self.native: list[str] = []
        self._targets: dict[str, _Target] = {}
        self._variables: dict[str, list[tuple[Word, Conditions]]] = {}
        self._branches = Branches()
        self._directory_web = False
        self._handlers = {
            "set": self._set,
            "string": self._string,
            "list": self._list,
            "add_executable": self._add_target,
            "add_library": self._add_target,
            "target_compile_options": self._target_options,
            "target_link_options": self._target_options,
            "target_link_libraries": self._target_options,
            "target_sources": self._target_sources,
            "add_compile_options": self._directory_options,
            "add_link_options": self._directory_options,
            "link_libraries": self._directory_options,
            "add_definitions": self._directory_options,
            "set_target_properties": self._target_properties,
            "set_property": self._set_property,
            "emsockets_target": self._emsockets_target,
        }

    def take(self, call: Call) -> None:
        """Follow one call."""
        if call.name in {"if", "elseif", "else", "endif"}:
            self._branches.take(call)
        elif self._branches.needed is None:
            if call.name in {"add_executable", "add_library", "target_sources"}:
                self.native += self._inputs(call)
        elif handler := self._handlers.get(call.name):
            handler(call)

    def units(self) -> Iterator[Unit]:
        """Put together what each target gets."""
        for target in self._targets.values():
            given = [*self.directory, *target.options, *self._inherited(target)]
            yield Unit(
                name=target.name,
                options=tuple(dict.fromkeys(given)),
                start=target.start,
                end=target.end,
                program=target.program,
                inputs=tuple(target.inputs),
                libraries=tuple(target.libraries),
                wait=target.wait,
                backend=target.backend,
                adopted=target.adopted,
                posix=target.posix,
                web=target.web,
            )
        if not self._targets and self.directory:
            yield Unit("", tuple(dict.fromkeys(self.directory)), program=False)

    def _inherited(self, target: _Target) -> list[Option]:
        """Return what a target gets from the libraries of this file that it is linked with."""
        found: list[Option] = []
        waiting, seen = list(target.libraries), {target.name}
        while waiting:
            name = waiting.pop(0)
            library = self._targets.get(name)
            if library is None or name in seen:
                continue
            seen.add(name)
            found += library.interface
            waiting += library.libraries
        return found

    # Variables.

    def _set(self, call: Call) -> None:
        if len(call.words) < 2:  # noqa: PLR2004 - a name and a value
            return
        name = call.arguments[0]
        values = []
        for word in call.words[1:]:
            if word.kind == "bare" and word.text in _SKIPPED_IN_SET:
                break
            values.append(word)
        self._assign(name, values, keep=False)

    def _list(self, call: Call) -> None:
        if len(call.words) > 2 and call.arguments[0] in {"APPEND", "PREPEND"}:  # noqa: PLR2004 - mode, name, value
            self._assign(call.arguments[1], call.words[2:], keep=True)

    _string = _list

    def _assign(self, name: str, values: Sequence[Argument], *, keep: bool) -> None:
        conditions = self._branches.needed or frozenset()
        flags = _DIRECTORY_FLAGS.fullmatch(name)
        words = [
            (word, needed | conditions)
            for value in values
            for word, needed in self._expanded(value, as_shell=flags is not None)
        ]
        if flags is not None:
            # CMAKE_<LANG>_FLAGS go to the linker, too.
            stage = Stage.COMPILE | Stage.LINK if flags["compile"] else Stage.LINK
            extra = configuration(flags["config"])
            self.directory += options_of(words, stage, extra)
        before = self._variables.get(name, []) if keep or conditions else []
        self._variables[name] = [*before, *words][:_MOST_EXPANDED]

    def _expanded(self, value: Argument, *, as_shell: bool) -> list[tuple[Word, Conditions]]:
        """Return the words of an argument: list items, or words of a shell if CMake hands it on."""
        found: list[tuple[Word, Conditions]] = []
        for item in split_list(unescaped(value)):
            for part, needed in expand(item, frozenset()):
                for word in split_words(part) if as_shell else shell_prefix(part):
                    found += [
                        (inner, needed | more)
                        for inner, more in self._of_variable(word, as_shell=as_shell)
                    ]
        return found[:_MOST_EXPANDED]

    def _of_variable(self, word: Word, *, as_shell: bool) -> list[tuple[Word, Conditions]]:
        match = _VARIABLE.fullmatch(word.text)
        if match is None or match[1] not in self._variables:
            return [(word, frozenset())]
        found = self._variables[match[1]]
        if not as_shell:
            return list(found)
        return [(inner, needed) for whole, needed in found for inner in split_words(whole)]

    # Targets.

    def _target(self, name: str, call: Call) -> _Target:
        return self._targets.setdefault(name, _Target(name, call.start, call.end))

    def _add_target(self, call: Call) -> None:
        if not call.words or {"ALIAS", "IMPORTED"} & set(call.arguments):
            return
        target = self._target(call.arguments[0], call)
        target.start, target.end = call.start, call.end
        target.program, target.made = call.name == "add_executable", True
        target.inputs += self._inputs(call)
        self._mark(target)

    def _mark(self, target: _Target) -> None:
        """Note that a call which only Emscripten comes to speaks of the target."""
        target.web = target.web or self._branches.web_only

    def _inputs(self, call: Call) -> list[str]:
        return [
            text.text for word in call.words[1:] for text, _ in self._expanded(word, as_shell=False)
        ]

    def _target_sources(self, call: Call) -> None:
        if call.words:
            self._target(call.arguments[0], call).inputs += self._inputs(call)

    def _target_options(self, call: Call) -> None:
        if not call.words:
            return
        stage = Stage.COMPILE if "compile" in call.name else Stage.LINK
        conditions = self._branches.needed or frozenset()
        targets = [self._target(name, call) for name in self._names(call.words[0])]
        own: list[tuple[Word, Conditions]] = []
        interface: list[tuple[Word, Conditions]] = []
        private = public = True
        for argument in call.words[1:]:
            if argument.text in _VISIBILITY:
                if argument.text not in {"BEFORE", "AFTER", "debug", "optimized", "general"}:
                    private = argument.text not in {"INTERFACE", "LINK_INTERFACE_LIBRARIES"}
                    public = argument.text not in {"PRIVATE", "LINK_PRIVATE"}
                continue
            for word, needed in self._expanded(argument, as_shell=False):
                own += [(word, needed | conditions)] if private else []
                interface += [(word, needed | conditions)] if public else []
        for target in targets:
            target.options += options_of(own, stage)
            target.interface += options_of(interface, stage)
            self._mark(target)
            if call.name == "target_link_libraries":
                every = [*own, *interface]
                target.libraries += [w.text for w, _ in every if not w.text.startswith("-")]
                target.options += libraries_of(own, stage)
                target.interface += libraries_of(interface, stage)

    def _names(self, word: Argument) -> list[str]:
        return [text.text for text, _ in self._expanded(word, as_shell=False)] or [word.text]

    def _directory_options(self, call: Call) -> None:
        stage = Stage.LINK if "link" in call.name else Stage.COMPILE
        conditions = self._branches.needed or frozenset()
        words = [
            (word, needed | conditions)
            for argument in call.words
            for word, needed in self._expanded(argument, as_shell=False)
        ]
        self.directory += options_of(words, stage) + libraries_of(words, stage)

    def _target_properties(self, call: Call) -> None:
        arguments = call.arguments
        if "PROPERTIES" not in arguments:
            return
        place = arguments.index("PROPERTIES")
        targets = [self._target(name, call) for w in call.words[:place] for name in self._names(w)]
        pairs = call.words[place + 1 :]
        for key, value in zip(pairs[::2], pairs[1::2], strict=False):
            for target in targets:
                self._property(target, key.text, [value])

    def _set_property(self, call: Call) -> None:
        arguments = call.arguments
        if not arguments or arguments[0] != "TARGET" or "PROPERTY" not in arguments:
            return
        place = arguments.index("PROPERTY")
        names = [word for word in call.words[1:place] if not word.text.startswith("APPEND")]
        if place + 1 < len(arguments):
            for word in names:
                for name in self._names(word):
                    target = self._target(name, call)
                    self._property(target, arguments[place + 1], call.words[place + 2 :])

    def _property(self, target: _Target, key: str, values: Sequence[Argument]) -> None:
        conditions = self._branches.needed or frozenset()
        self._mark(target)
        if match := _FLAG_PROPERTY.fullmatch(key):
            stage = Stage.LINK if match["stage"] == "LINK_FLAGS" else Stage.COMPILE
            words = [
                (word, needed | conditions)
                for value in values
                for word, needed in self._expanded(value, as_shell=True)
            ]
            target.options += options_of(words, stage, configuration(match["config"]))
        elif key in _LIST_PROPERTY:
            words = [
                (word, needed | conditions)
                for value in values
                for word, needed in self._expanded(value, as_shell=False)
            ]
            options = options_of(words, _LIST_PROPERTY[key])
            target.interface += options
            target.options += [] if key.startswith("INTERFACE") else options

    def _emsockets_target(self, call: Call) -> None:
        if not call.words:
            return
        found = profile_options(call)
        for name in self._names(call.words[0]):
            target = self._target(name, call)
            target.web = target.adopted = True
            target.posix = found.posix
            target.wait, target.backend = found.wait, found.backend
            target.options += found.options
            target.interface += found.options
