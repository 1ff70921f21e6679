"""Applies the fixes of findings until none is left."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from emsockets_build.lint.checkers import check_text
from emsockets_build.lint.context import Context
from emsockets_build.lint.finding import apply_edits
from emsockets_build.lint.text import SourceText

__all__ = ["fixed"]

_MOST_ROUNDS = 20  # a fix may be hidden by another on the same characters, but not for ever


def fixed(source: SourceText, context: Context, rules: Collection[str]) -> SourceText:
    """Apply what can be fixed; doing so again changes nothing.

    Args:
        source: A file.
        context: What its checkers are told.
        rules: The rules that may change something.

    Returns:
        The file with its new text; the same object if nothing can be fixed.
    """
    for _ in range(_MOST_ROUNDS):
        fixes = [
            finding.fix
            for finding in check_text(source, context)
            if finding.fix is not None and finding.rule in rules
        ]
        text, applied = apply_edits(source.text, fixes)
        if not applied or text == source.text:
            break
        source = replace(source, text=text, _lines=[])
    return source
