"""What ``if()`` says of the calls inside of it: what must be so for them, as far as words tell."""

from __future__ import annotations

import re

from emsockets_build.cmake_source import Call
from emsockets_build.lint.buildfiles.flags import Conditions

__all__ = ["Branches", "configuration", "without_platform"]

_WEB = re.compile(
    r"EMSCRIPTEN|PLATFORM_ID:Emscripten|CMAKE_SYSTEM_NAME (?:STREQUAL|MATCHES) \"?Emscripten\"?"
    r"|\$\{CMAKE_SYSTEM_NAME\} (?:STREQUAL|MATCHES) \"?Emscripten\"?"
)
_DEEPEST = 100  # if() in if(), and elseif() in a row


class Branches:
    """Follows the branches of one file."""

    def __init__(self) -> None:
        self._arms: list[list[Conditions]] = []
        self._taken: list[Conditions] = []

    @property
    def needed(self) -> Conditions | None:
        """What must be so for the call at hand; None if Emscripten never comes here."""
        return without_platform(self._taken[-1]) if self._taken else frozenset()

    @property
    def web_only(self) -> bool:
        """Whether only Emscripten comes here."""
        return any(_WEB.fullmatch(text) for taken in self._taken for text, holds in taken if holds)

    def take(self, call: Call) -> None:
        """Follow ``if()``, ``elseif()``, ``else()`` or ``endif()``."""
        if call.name == "if":
            self._arms.append([])
        if not self._arms:
            return
        arms = self._arms[-1]
        before: Conditions = frozenset().union(*arms[-_DEEPEST:]) if arms else frozenset()
        if call.name != "if" and self._taken:
            self._taken.pop()
        if call.name == "endif":
            self._arms.pop()
            return
        text = " ".join(call.arguments)
        positive = _literals(text) if call.name != "else" else frozenset[tuple[str, bool]]()
        arms.append(_negated(text))
        above: Conditions = self._taken[-1] if self._taken else frozenset()
        # Nobody nests so deep; each level would copy all that are above it.
        deep = len(self._taken) > _DEEPEST
        self._taken.append(above if deep else above | positive | before)


def without_platform(conditions: Conditions) -> Conditions | None:
    """Take away what holds under Emscripten anyway; None if something never does.

    Args:
        conditions: What must be so.
    """
    kept = set()
    for text, holds in conditions:
        if _WEB.fullmatch(text):
            if not holds:
                return None
        else:
            kept.add((text, holds))
    return frozenset(kept)


def configuration(name: str | None) -> Conditions:
    """Return the condition for a configuration; nothing for all of them.

    Args:
        name: In capitals, as variables and properties have it.
    """
    return frozenset({(f"CONFIG:{name.title()}", True)}) if name else frozenset()


def _literals(text: str) -> Conditions:
    """Return what a condition says, as far as it is a plain conjunction."""
    if " OR " in text or "(" in text:
        return frozenset({(text, True)})
    parts = text.split(" AND ")
    whole = frozenset({(text, True)}) if len(parts) > 1 else frozenset[tuple[str, bool]]()
    return whole | {(part.removeprefix("NOT "), not part.startswith("NOT ")) for part in parts}


def _negated(text: str) -> Conditions:
    if text.startswith("NOT ") and " AND " not in text and " OR " not in text:
        return frozenset({(text.removeprefix("NOT "), True)})
    return frozenset({(text, False)})
