"""One marked block in somebody's file, kept current without touching anything else."""

from __future__ import annotations

import re

from emsockets_build.errors import UsageError

__all__ = ["BEGIN", "END", "update_block"]

BEGIN = "# >>> emsockets snippet (kept current by `emsockets snippet --update`) >>>"
END = "# <<< emsockets snippet <<<"

_MARKER = re.compile(r"^[ \t]*# (>>>|<<<) emsockets snippet\b.*$", re.MULTILINE)


def update_block(text: str, snippet: str, *, where: str) -> str:
    r"""Put a snippet into the marked block of a file, or behind its end if there is none yet.

    Args:
        text: The file's content; its line endings are kept.
        snippet: What the block shall hold, with ``\n`` line endings and one at the end.
        where: The file's name, for the message.

    Returns:
        The new content. Applying it again gives the same text.

    Raises:
        UsageError: The markers do not form exactly one block.
    """
    markers = list(_MARKER.finditer(text))
    newline = _newline(markers[0][0] + "\n" if markers else text)
    block = f"{BEGIN}\n{snippet}{END}".replace("\n", newline)
    if not markers:
        gap = "" if not text else newline if text.endswith("\n") else newline * 2
        return f"{text}{gap}{block}{newline}"
    if [marker[1] for marker in markers] != [">>>", "<<<"]:
        lines = ", ".join(str(text.count("\n", 0, marker.start()) + 1) for marker in markers)
        raise UsageError(
            "the file does not hold exactly one marked block",
            where=where,
            why=f"markers stand in line {lines}; one that begins and one that ends were expected",
            remedy="delete the stray markers, or all of them to get a fresh block at the end",
        )
    begin, end = markers
    # A carriage return at the end of a marker's line belongs to its line ending.
    rest = text[end.end() :]
    if end[0].endswith("\r"):
        rest = "\r" + rest
    return text[: begin.start()] + block + rest


def _newline(text: str) -> str:
    """Return the line ending of a text's first line."""
    first, end, _ = text.partition("\n")
    return "\r\n" if end and first.endswith("\r") else "\n"
