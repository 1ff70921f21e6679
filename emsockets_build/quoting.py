"""Text that people, programs and peers wrote, made safe for the place it is put in.

One function per place: CMake source, JavaScript source, a terminal.
"""

from __future__ import annotations

import json
import re

__all__ = ["cmake_cannot_bear", "cmake_quote", "js_quote", "terminal_escape"]

_CMAKE_UNSAFE = re.compile(r'[\\"$]')
# C0 and C1 controls, and the bidirectional overrides that can reorder what a terminal shows.
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def cmake_cannot_bear(path: str) -> str:
    """Find what makes CMake fail in a folder, whoever quotes its path.

    Its own modules take ``;`` for the end of a list's item, ``"`` for the end of a string (seen
    with 4.4: CMakeDetermineCompilerId, TryCompile), and it turns a backslash into a slash.

    Args:
        path: The path, with slashes between its folders on every platform.

    Returns:
        The first such character; empty if there is none.
    """
    return next((character for character in path if character in ';"\\\n'), "")


def cmake_quote(text: str) -> str:
    r"""Quote one argument for CMake source, so that it reaches the command as one unchanged value.

    A ``;`` stays as it is, for ``\;`` inside quotes would stay two characters. A command that takes
    a list must not be given text with ``;`` at all.

    Args:
        text: The value; any text without NUL.

    Returns:
        A quoted argument, ``"`` included (cmake-language(7), Quoted Argument).

    Raises:
        ValueError: ``text`` holds a NUL, which no CMake file can carry.
    """
    if "\0" in text:
        raise ValueError("a CMake argument cannot hold a NUL character")
    escaped = _CMAKE_UNSAFE.sub(lambda match: "\\" + match[0], text)
    return '"' + escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + '"'


def js_quote(text: str) -> str:
    """Quote a string literal for JavaScript that may also stand inside an HTML ``<script>``.

    Args:
        text: Any text.

    Returns:
        The literal, quotes included; ASCII only, without ``<``, ``>`` and ``&``.
    """
    literal = json.dumps(text)
    for character in "<>&":
        literal = literal.replace(character, f"\\u{ord(character):04x}")
    return literal


def terminal_escape(text: str) -> str:
    r"""Make text from outside printable: controls become visible, ``\n`` and ``\t`` stay.

    Args:
        text: What a peer, a program or a file said.

    Returns:
        The text with every control character, direction override and lone surrogate written as
        an escape such as ``\x1b``, so that it can neither move the cursor nor hide itself.
    """

    def visible(match: re.Match[str]) -> str:
        code = ord(match[0])
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"  # noqa: PLR2004 - one byte

    return _CONTROL.sub(visible, text.replace("\r\n", "\n"))
