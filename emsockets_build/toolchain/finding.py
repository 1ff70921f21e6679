"""What can be wrong with a toolchain, in a form that people and programs read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Finding", "Fix", "Severity"]


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"  # a build or a run would fail
    WARNING = "warning"  # some builds or runs would
    NOTE = "note"  # good to know


class Fix(StrEnum):
    """What `emsockets doctor --fix` can set up."""

    EMSCRIPTEN = "emscripten"
    NODE = "node"
    WS = "ws"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        id: A stable name, such as ``acorn-missing``.
        severity: How much it matters.
        summary: What is wrong, in one sentence without a full stop.
        cause: Why, with the paths and versions at hand.
        remedy: What to do.
        reference: Where upstream says so; empty if it is this machine's own matter.
        fix: What would mend it without root; None if nothing of ours would.
    """

    id: str
    severity: Severity
    summary: str
    cause: str
    remedy: str
    reference: str = ""
    fix: Fix | None = None
