"""What a checker found, where, and how it can be mended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Checked", "Edit", "Finding", "Fix", "Unchecked", "apply_edits"]


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """One replacement in a text.

    Attributes:
        start: The offset of the first character that goes, from 0.
        end: The offset behind the last one; equal to ``start`` if text is only put in.
        text: What comes in its place.
    """

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A change that mends a finding and nothing else: all of its edits or none.

    Attributes:
        edits: The replacements, which do not overlap.
        summary: What it does, as a phrase such as ``write -sASYNCIFY``.
    """

    edits: tuple[Edit, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One place that a rule speaks of.

    Attributes:
        rule: The rule's identifier, such as ``ES012``; its level and explanation are the rule's.
        path: The file, as the `SourceText` names it.
        line: From 1.
        column: From 1, in characters.
        end_column: Behind the last character on the same line; never before ``column + 1``.
        message: What is wrong here and what to write instead, in one or two sentences.
        fix: How ``--fix`` mends it; None where only a person can.
    """

    rule: str
    path: str
    line: int
    column: int
    end_column: int
    message: str
    fix: Fix | None = None


@dataclass(frozen=True, slots=True)
class Unchecked:
    """What a checker yields for a file that it passes over though it should be looked at.

    Attributes:
        reason: Why, as a clause such as ``it is larger than 1 MiB``.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of one file.

    Attributes:
        findings: By place.
        unchecked: Why it was not looked at, or not in all; empty if it was.
    """

    findings: tuple[Finding, ...]
    unchecked: str = ""


def apply_edits(text: str, fixes: Iterable[Fix]) -> tuple[str, tuple[Fix, ...]]:
    """Apply fixes to a text; one that meets another on the same characters waits for the next time.

    Args:
        text: The text that the fixes were made for.
        fixes: In the order of preference.

    Returns:
        The new text, and the fixes that were applied.
    """
    taken: list[Edit] = []
    applied: list[Fix] = []
    for fix in fixes:
        fresh = [edit for edit in fix.edits if edit not in taken]
        if any(_overlap(edit, other) for edit in fresh for other in taken):
            continue
        taken += fresh
        applied.append(fix)
    for edit in sorted(taken, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text, tuple(applied)


def _overlap(one: Edit, other: Edit) -> bool:
    if one.start == other.start:
        return True
    return one.start < other.end and other.start < one.end
