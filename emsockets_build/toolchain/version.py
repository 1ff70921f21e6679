"""Versions in what programs say, and the ranges that known faults are written in."""

from __future__ import annotations

import re

from emsockets_build.settings.version import Version

__all__ = ["in_range", "version_in"]

_NUMBERS = re.compile(r"(?<![\w.])v?(\d{1,6})(?:\.(\d{1,6}))?(?:\.(\d{1,9}))?(?!\d)")
_CLAUSE = re.compile(r"(<=|>=|<|>|==)\s*(\d[\d.]*)")


def version_in(text: str) -> Version | None:
    """Find the first version in a text such as ``emcc (...) 3.1.6 ()`` or ``v24.19.0``.

    Args:
        text: What a program or a version file says.

    Returns:
        Major, minor and patch (missing ones are 0), or None if there is no number.
    """
    match = re.search(r"(?<![\w.])v?(\d{1,6})\.(\d{1,6})(?:\.(\d{1,9}))?", text)
    match = match or _NUMBERS.search(text)
    if match is None:
        return None
    major, minor, patch = (int(part or 0) for part in match.groups())
    return (major, minor, patch)


def in_range(version: Version, ranges: str) -> bool:
    """Tell whether a version is in a range such as ``>=4.0.0,<4.0.2 || >=5,<5.0.3``.

    Args:
        version: The version asked about.
        ranges: Alternatives separated by ``||``; each a list of comparisons separated by ``,``.

    Raises:
        ValueError: The range is not of that form.
    """
    held = [_all_hold(version, part) for part in ranges.split("||")]
    return any(held)


def _all_hold(version: Version, clauses: str) -> bool:
    held = [_holds(version, part.strip()) for part in clauses.split(",")]  # checks every form
    return all(held)


def _holds(version: Version, clause: str) -> bool:
    match = _CLAUSE.fullmatch(clause)
    bound = version_in(match[2]) if match else None
    if match is None or bound is None:
        raise ValueError(f"not a version comparison: {clause!r}")
    comparison = (version > bound) - (version < bound)
    return {
        "<": comparison < 0,
        "<=": comparison <= 0,
        ">": comparison > 0,
        ">=": comparison >= 0,
        "==": comparison == 0,
    }[match[1]]
