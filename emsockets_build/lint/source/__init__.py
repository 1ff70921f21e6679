"""Checkers of C and C++ sources.

A file is reduced to what Emscripten compiles (`webview`), parsed (`tree`) and read (`unit`); each
rule is a pure function over that and the facts of a target (`web`). Where a rule must know what a
program makes of an answer, the statements behind the call are run with that answer (`flow`).
"""

from __future__ import annotations

from emsockets_build.lint.checkers import Checker
from emsockets_build.lint.source.check import check_source

__all__ = ["CHECKERS"]

CHECKERS: tuple[Checker, ...] = (check_source,)
