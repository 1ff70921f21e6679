"""What a run was expected to do, what it did, and the verdict with its cause."""

from __future__ import annotations

from emsockets_build.verify.execute import Runtime, execute, fill_in
from emsockets_build.verify.expect import find_mismatches
from emsockets_build.verify.model import Cause, Expectations, Mismatch, Outcome, Scenario
from emsockets_build.verify.runtime import runtime_for

__all__ = [
    "Cause",
    "Expectations",
    "Mismatch",
    "Outcome",
    "Runtime",
    "Scenario",
    "execute",
    "fill_in",
    "find_mismatches",
    "runtime_for",
]
