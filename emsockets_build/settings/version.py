"""Versions of Emscripten."""

from __future__ import annotations

import re

from emsockets_build.errors import UsageError

__all__ = ["Version", "format_version", "parse_version"]

Version = tuple[int, int, int]

_VERSION = re.compile(r"(\d{1,6})\.(\d{1,6})\.(\d{1,6})(?:-git)?")


def parse_version(text: str) -> Version:
    """Read a version such as ``3.1.69``.

    Args:
        text: Three numbers with dots. A ``-git`` suffix (a build of upstream's main branch) counts
            as the release that it leads to, because it has that release's behaviour.

    Returns:
        The three numbers, which compare as versions do.

    Raises:
        UsageError: ``text`` is no such version.
    """
    match = _VERSION.fullmatch(text.strip())
    if match is None:
        raise UsageError(
            f"{text!r} is not an Emscripten version",
            why="a version is three numbers with dots",
            remedy="write it like 3.1.69",
        )
    return int(match[1]), int(match[2]), int(match[3])


def format_version(version: Version) -> str:
    """Write a version the way `parse_version` reads it."""
    return ".".join(map(str, version))
