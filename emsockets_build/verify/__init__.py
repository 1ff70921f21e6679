"""What a run was expected to do, what it did, and the verdict with its cause."""

from __future__ import annotations

from emsockets_build.verify.batch import Batch, Broken, run_batch
from emsockets_build.verify.declared import Declared, load_scenarios
from emsockets_build.verify.execute import execute
from emsockets_build.verify.expect import find_mismatches
from emsockets_build.verify.model import Cause, Expectations, Mismatch, Outcome, Scenario
from emsockets_build.verify.runners import BROWSERS, RUNNERS, Runtime
from emsockets_build.verify.runtime import page_runtime, runtime_for
from emsockets_build.verify.serving import fill_in

__all__ = [
    "BROWSERS",
    "RUNNERS",
    "Batch",
    "Broken",
    "Cause",
    "Declared",
    "Expectations",
    "Mismatch",
    "Outcome",
    "Runtime",
    "Scenario",
    "execute",
    "fill_in",
    "find_mismatches",
    "load_scenarios",
    "page_runtime",
    "run_batch",
    "runtime_for",
]
