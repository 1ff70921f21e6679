"""Writes ``target_link_options()`` in the place of a call that sets LINK_FLAGS, where it is safe.

Safe is what gives the same link line: one executable of the file, one literal string, nothing in it
that CMake, a shell or a list of options would treat in its own way, and no other call that has to
do with the property. All else is for people.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from emsockets_build.cmake_source import Argument, Call
from emsockets_build.lint.finding import Edit, Fix

__all__ = ["as_link_options"]

_PLAIN = re.compile(r"[A-Za-z0-9_=.,:/+@%~\-\[\] \t\n]*")
_BARE = re.compile(r"[A-Za-z0-9_=.,:/+\-]+")
_NAME = re.compile(r"[A-Za-z0-9_.+-]+")
_SETTING = re.compile(r"[A-Z][A-Z0-9_]*(?:=.*)?")
_OLDEST = (3, 13)  # of target_link_options()
_VERSION = re.compile(r"(\d+)\.(\d+)")
_WORDS = {"set_target_properties": 4, "set_property": 5}


def as_link_options(text: str, calls: Sequence[Call], call: Call, value: Argument) -> Fix | None:
    """Rewrite a call that sets LINK_FLAGS of one target, if that is safe.

    Args:
        text: The file.
        calls: Its calls.
        call: The call.
        value: The string that it sets.

    Returns:
        The change; None if it is for a person.
    """
    target = _target(call)
    flags = _flags(value)
    if not target or not flags or "#" in text[call.start : call.end]:
        return None
    if not _alone(calls, call, target) or not _new_enough(calls):
        return None
    written = " ".join(flag if _BARE.fullmatch(flag) else f'"{flag}"' for flag in flags)
    new = f"target_link_options({target} PRIVATE {written})"
    return Fix((Edit(call.start, call.end, new),), f"write {new}")


def _target(call: Call) -> str:
    """Return the target of a call that sets LINK_FLAGS of one, and nothing else; else nothing."""
    words = call.arguments
    if len(words) != _WORDS[call.name] or words[-2] != "LINK_FLAGS":
        return ""
    before = ("PROPERTIES",) if call.name == "set_target_properties" else ("TARGET", "PROPERTY")
    place = 0 if call.name == "set_target_properties" else 1
    if (*words[:place], *words[place + 1 : -2]) != before:
        return ""
    return words[place] if _NAME.fullmatch(words[place]) else ""


def _flags(value: Argument) -> list[str]:
    """Return the items of a string of flags; nothing if a list would not hold the same."""
    if value.kind == "bracket" or not _PLAIN.fullmatch(value.text):
        return []
    flags: list[str] = []
    waiting = False
    for word in value.text.split():
        if waiting:
            if not _SETTING.fullmatch(word):
                return []
            flags.append(f"-s{word}")
        elif word != "-s":
            flags.append(word)
        waiting = word == "-s" and not waiting
    # What follows an option belongs to it; and of equal items CMake keeps one.
    alone = all(flag.startswith("-") for flag in flags) and len(set(flags)) == len(flags)
    return flags if alone and not waiting else []


def _alone(calls: Sequence[Call], call: Call, target: str) -> bool:
    """Tell whether the file makes the program, and says nothing else of its flags."""
    made = any(
        one.name == "add_executable" and one.start < call.start and one.arguments[:1] == (target,)
        for one in calls
    )
    others = (
        one
        for one in calls
        if one is not call and any(word.startswith("LINK_FLAGS") for word in one.arguments)
    )
    # A name in a variable may be the same.
    return made and not any(
        target in one.arguments or any("$" in word for word in one.arguments) for one in others
    )


def _new_enough(calls: Sequence[Call]) -> bool:
    """Tell whether the file asks for no CMake that is older than the command."""
    for call in calls:
        if call.name == "cmake_minimum_required":
            version = _VERSION.match(next((w for w in call.arguments if w[:1].isdigit()), ""))
            return version is not None and (int(version[1]), int(version[2])) >= _OLDEST
    return True
