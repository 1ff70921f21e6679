"""How CMake hands options over: what it drops, overwrites, or gives to a shell."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Sequence

from emsockets_build.cmake_source import Argument, Call
from emsockets_build.lint.buildfiles.flags import Option
from emsockets_build.lint.buildfiles.read import BuildFile
from emsockets_build.lint.buildfiles.rewriting import as_link_options
from emsockets_build.lint.finding import Edit, Finding, Fix

__all__ = ["check_options"]

_WEB_FLAG = re.compile(r"-s\s*[A-Z][A-Z0-9_]+|-lwebsocket\.js|--(?:pre|post)-js|--js-library")
_FLAG_STRING = re.compile(r"LINK_FLAGS(?:_[A-Z]+)?|COMPILE_FLAGS")
_LINKER_VARIABLE = re.compile(r"CMAKE_(?:EXE|SHARED|MODULE)_LINKER_FLAGS(?:_[A-Z]+)?")
_FLAGS_VARIABLE = re.compile(r"CMAKE_(?:(?:EXE|SHARED|MODULE)_LINKER|C|CXX)_FLAGS(?:_[A-Z]+)?")
# Outside of quotes; a $ that CMake itself resolves is none of them.
_SHELL = re.compile(r"[&|<>`]|\$(?![{<(A-Z])|(?<!\\);")
_RELATIVE_FILE = re.compile(
    r"(?P<flag>--(?:pre-js|post-js|js-library|shell-file|preload-file|embed-file|extern-pre-js"
    r"|extern-post-js))(?:[ =]+)(?P<file>\.\.?/[^\s\"']+)"
)
_RELEASE_TYPE = re.compile(r"CMAKE_(?:RELEASE|BUILD)_?(?:TYPE|MODE)|CMAKE_CONFIG(?:URATION)?")


def check_options(file: BuildFile) -> Iterator[Finding]:
    """ES009, ES010, ES034, ES038 to ES041, ES046."""
    if file.cmake is None or not file.web:
        return
    yield from _split(file, file.cmake.calls)
    made = False
    for call in file.cmake.calls:
        if call.name in {"set_target_properties", "set_property"}:
            yield from _flag_strings(file, call)
        elif call.name == "set" and call.words:
            yield from _set(file, call, made=made)
        elif call.name in {"if", "elseif"}:
            yield from _condition(file, call)
        made = made or call.name == "add_executable"
        yield from _relative_files(file, call)


def _split(file: BuildFile, calls: Sequence[Call]) -> Iterator[Finding]:
    """``-s`` and its setting as two items of a list."""
    arguments = [word for call in calls for word in call.words]
    starts = [word.start for word in arguments]
    strings = [
        (call.start, call.end)
        for call in calls
        if call.name == "add_definitions"  # which keeps a string, and all of it
        or (call.name == "set" and call.words and _FLAGS_VARIABLE.fullmatch(call.words[0].text))
    ]
    for option in file.options():
        if len(option.words) != 2:  # noqa: PLR2004 - -s and its setting
            continue
        first, second = (bisect.bisect_right(starts, word.start) - 1 for word in option.words)
        inside = any(begin <= option.start < end for begin, end in strings)
        if first != second and not inside:
            yield file.at(
                "ES009",
                option,
                "of all `-s` of a target CMake leaves one, and emcc takes what follows others for "
                f"files; write {option.text}",
                _joined(file, option, arguments[first], arguments[second]),
            )


def _joined(file: BuildFile, option: Option, first: Argument, second: Argument) -> Fix | None:
    between = file.source.text[option.words[0].end : option.words[1].start]
    if first.kind != "bare" or second.kind != "bare" or between.strip():
        return None
    edit = Edit(option.words[0].end, option.words[1].start, "")
    return Fix((edit,), f"write {option.text}")


def _flag_strings(file: BuildFile, call: Call) -> Iterator[Finding]:
    arguments = call.arguments
    keyword = "PROPERTIES" if call.name == "set_target_properties" else "PROPERTY"
    if keyword not in arguments:
        return
    place = arguments.index(keyword)
    pairs = call.words[place + 1 :]
    if keyword == "PROPERTY":
        if len(pairs) > 1 and _FLAG_STRING.fullmatch(pairs[0].text):
            mode = next((a for a in arguments[:place] if a.startswith("APPEND")), "")
            yield from _flag_string(file, call, pairs[0], pairs[1:], mode)
        return
    for key, value in zip(pairs[::2], pairs[1::2], strict=False):
        if _FLAG_STRING.fullmatch(key.text):
            yield from _flag_string(file, call, key, [value], "")


def _flag_string(
    file: BuildFile, call: Call, key: Argument, values: Sequence[Argument], mode: str
) -> Iterator[Finding]:
    value = values[0]
    fix = None
    if not _WEB_FLAG.search(value.text):
        return
    options = "target_link_options" if key.text.startswith("LINK") else "target_compile_options"
    if mode == "APPEND" or len(values) > 1:
        message = f"{key.text} is one string, and a list of items comes out with `;` in between"
    elif mode == "APPEND_STRING" and not value.text.startswith(" "):
        message = f"APPEND_STRING glues this to what {key.text} has already; begin it with a blank"
    elif not mode and f"${{{key.text}}}" not in value.text and "_flags}" not in value.text.lower():
        message = f"this replaces what {key.text} of the target was before"
        if file.cmake is not None:
            fix = as_link_options(file.source.text, file.cmake.calls, call, value)
    else:
        message = ""
    if message:
        yield file.source.finding(
            "ES010", key.start, key.start + len(key.text), f"{message}; use {options}()", fix
        )
    yield from _shell_characters(file, key, value)


def _shell_characters(file: BuildFile, key: Argument, value: Argument) -> Iterator[Finding]:
    """What a shell takes for its own; quotes that CMake leaves in the text protect from it."""
    quote = ""
    for index, character in enumerate(value.text):
        if character in {"'", '"'}:
            quote = "" if quote == character else quote or character
        elif not quote and (match := _SHELL.match(value.text, index)):
            yield file.source.finding(
                "ES034",
                value.start + index,
                value.start + index + len(match[0]),
                f"{key.text} goes through a shell as it is, which takes {character} for its own; "
                "use target_link_options(), which quotes",
            )
            return


def _set(file: BuildFile, call: Call, *, made: bool) -> Iterator[Finding]:
    name, values = call.words[0], call.words[1:]
    if name.text == "CMAKE_EXECUTABLE_SUFFIX" and made:
        yield file.source.finding(
            "ES038",
            name.start,
            name.start + len(name.text),
            "the targets above keep the suffix that they were made with; set it before "
            "add_executable(), or set the property SUFFIX of one target",
        )
    if _RELEASE_TYPE.fullmatch(name.text) and name.text != "CMAKE_BUILD_TYPE":
        yield _no_such_variable(file, name)
    if not _FLAGS_VARIABLE.fullmatch(name.text) or not values:
        return
    reference = f"${{{name.text}}}"
    given = [word for word in values if word.text not in {"CACHE", "PARENT_SCOPE", "FORCE"}]
    if values[0].text == reference and len(given) > 1:
        yield file.source.finding(
            "ES046",
            call.start,
            call.end,
            f"this makes {name.text} a list, and its `;` ends the command in the shell; write "
            f'set({name.text} "{reference} ...") or string(APPEND {name.text} " ...")',
        )
    elif (
        _LINKER_VARIABLE.fullmatch(name.text)
        and _WEB_FLAG.search(values[0].text)
        and not any(reference in word.text for word in values)
    ):
        yield file.source.finding(
            "ES010",
            name.start,
            name.start + len(name.text),
            f"this replaces what {name.text} was before; use add_link_options(), or "
            "target_link_options() for one target",
        )


def _condition(file: BuildFile, call: Call) -> Iterator[Finding]:
    for word in call.words:
        if re.fullmatch(r"\$ENV\{[^{}]+\}", word.text) and word.kind == "bare":
            name = word.text[5:-1]
            yield file.source.finding(
                "ES041",
                word.start,
                word.start + len(word.text),
                f"if() takes the content of the environment's {name} for the name of a variable, "
                f"and an empty one is an error; write DEFINED ENV{{{name}}}",
            )
        elif _RELEASE_TYPE.fullmatch(word.text.strip("${}")) and "BUILD_TYPE" not in word.text:
            yield _no_such_variable(file, word)


def _no_such_variable(file: BuildFile, word: Argument) -> Finding:
    return file.source.finding(
        "ES039",
        word.start,
        word.start + len(word.text),
        f"CMake has no variable {word.text.strip('${}')}; did you mean CMAKE_BUILD_TYPE?",
    )


def _relative_files(file: BuildFile, call: Call) -> Iterator[Finding]:
    if call.name not in {"set_target_properties", "set_property", "set", "string"}:
        return
    for word in call.words:
        for match in _RELATIVE_FILE.finditer(word.text):
            yield file.source.finding(
                "ES040",
                word.start + match.start("file"),
                word.start + match.end("file"),
                f"{match['file']} is looked for from the build folder; write "
                f"${{CMAKE_CURRENT_SOURCE_DIR}}/ before it",
            )
