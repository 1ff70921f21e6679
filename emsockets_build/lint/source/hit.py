"""A place in a source that a rule speaks of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from emsockets_build.lint.source.tree import Node
from emsockets_build.lint.source.unit import Unit
from emsockets_build.lint.source.web import Web

__all__ = ["Analysis", "Hit", "at"]


@dataclass(frozen=True, slots=True)
class Hit:
    """One place.

    Attributes:
        rule: The rule.
        start: The offset of its first byte.
        end: The offset behind its last one.
        message: What is wrong here and what to write instead.
        replacement: What to write in its place, where that is safe.
    """

    rule: str
    start: int
    end: int
    message: str
    replacement: str | None = None


Analysis = Callable[[Unit, Web], Iterator[Hit]]


def at(rule: str, node: Node, message: str) -> Hit:
    """Make the hit of a node."""
    return Hit(rule, node.start, node.end, message)
