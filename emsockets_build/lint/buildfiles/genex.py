"""Generator expressions of CMake, as far as they say when an option is given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from emsockets_build.lint.buildfiles.flags import Conditions
from emsockets_build.lint.buildfiles.words import Word

__all__ = ["condition_of", "expand", "split_list"]

_MARK = re.compile(r"\$<|[>:,;]")
_DEEPEST = 32
# Expressions that are their content, in the one case or the other.
_TRANSPARENT = frozenset(
    {"LINK_ONLY", "BUILD_INTERFACE", "BUILD_LOCAL_INTERFACE", "HOST_LINK", "1"}
)
_NOTHING = frozenset({"0", "INSTALL_INTERFACE", "DEVICE_LINK"})


def expand(word: Word, conditions: Conditions, depth: int = 0) -> Iterator[tuple[Word, Conditions]]:
    """Take generator expressions apart.

    Args:
        word: A word that may hold some.
        conditions: What must be so for the word.
        depth: For the recursion.

    Yields:
        The plain words inside, with what must be so for each. What is computed, such as
        ``$<TARGET_FILE:x>``, stays as it is.
    """
    text = word.text
    if not text.startswith("$<") or depth > _DEEPEST:
        if text:
            yield word, conditions
        return
    end = _closing(text, 0)
    head, colon = _head(text, end)
    if colon < 0:
        yield word, conditions
        return
    inner = word.part(colon + 1, end) if colon + 1 < end else None
    if head.startswith("$<"):
        wanted = condition_of(head)
        if wanted is not None and inner is not None:
            yield from _each(inner, conditions | wanted, depth)
    elif head in _TRANSPARENT:
        if inner is not None:
            yield from _each(inner, conditions, depth)
    elif head == "IF":
        yield from _if(word, colon + 1, end, conditions, depth)
    elif head not in _NOTHING:
        yield word, conditions


def condition_of(expression: str, *, holds: bool = True) -> Conditions | None:
    """Return what must be so for a condition such as ``$<CONFIG:Debug>`` to be true.

    Args:
        expression: The whole expression.
        holds: Whether it is to be true, or false.

    Returns:
        The conditions; None if it never is.
    """
    end = _closing(expression, 0)
    head, colon = _head(expression, end)
    content = expression[colon + 1 : end] if colon >= 0 else ""
    if expression in {"$<0>", "$<1>"} or expression in {"0", "1"}:
        return frozenset() if (expression.strip("$<>") == "1") == holds else None
    if head == "NOT":
        return condition_of(content, holds=not holds)
    if head == "AND" and holds:
        parts = [condition_of(part) for part in _arguments(content)]
        return None if None in parts else frozenset().union(*(part or () for part in parts))
    if head == "BOOL":
        return frozenset({(content.removeprefix("${").removesuffix("}"), holds)})
    return frozenset({(expression[2:end] if expression.startswith("$<") else expression, holds)})


def split_list(word: Word) -> Iterator[Word]:
    """Split a word at the semicolons that stand outside of generator expressions."""
    text = word.text
    if ";" not in text:
        if text:
            yield word
        return
    begin = 0
    for index in [*_separators(text, 0, len(text), ";"), len(text)]:
        if index < len(text) and text[index - 1 : index] == "\\":
            continue
        if index > begin:
            yield word.part(begin, index)
        begin = index + 1


def _each(inner: Word, conditions: Conditions, depth: int) -> Iterator[tuple[Word, Conditions]]:
    for part in split_list(inner):
        yield from expand(part, conditions, depth + 1)


def _if(
    word: Word, begin: int, end: int, conditions: Conditions, depth: int
) -> Iterator[tuple[Word, Conditions]]:
    commas = _commas(word.text, begin, end)
    if len(commas) != 2:  # noqa: PLR2004 - a condition and two values
        yield word, conditions
        return
    condition = word.text[begin : commas[0]]
    for first, last, holds in ((commas[0] + 1, commas[1], True), (commas[1] + 1, end, False)):
        wanted = condition_of(condition, holds=holds)
        if wanted is not None and last > first:
            yield from _each(word.part(first, last), conditions | wanted, depth)


def _arguments(content: str) -> list[str]:
    places = [-1, *_commas(content, 0, len(content)), len(content)]
    return [content[a + 1 : b] for a, b in pairwise(places)]


def _commas(text: str, begin: int, end: int) -> list[int]:
    return list(_separators(text, begin, end, ","))


def _separators(text: str, begin: int, end: int, character: str) -> Iterator[int]:
    """Yield where a character stands outside of generator expressions."""
    depth = 0
    for match in _MARK.finditer(text, begin, end):
        mark = match[0]
        if mark == "$<":
            depth += 1
        elif mark == ">":
            depth = max(depth - 1, 0)
        elif mark == character and depth == 0:
            yield match.start()


def _head(text: str, end: int) -> tuple[str, int]:
    """Return what stands before the first colon of an expression, and where that is."""
    colon = next(_separators(text, 2, end, ":"), -1)
    return text[2 : end if colon < 0 else colon], colon


def _closing(text: str, start: int) -> int:
    """Return where an expression ends; the end of the text if it does not."""
    depth = 0
    for match in _MARK.finditer(text, start):
        if match[0] == "$<":
            depth += 1
        elif match[0] == ">" and depth:
            depth -= 1
            if depth == 0:
                return match.start()
    return len(text)
