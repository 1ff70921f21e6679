"""Checkers of the JavaScript and WebAssembly that emcc wrote."""

from __future__ import annotations

from emsockets_build.lint.built.check import check_built
from emsockets_build.lint.checkers import Checker

__all__ = ["CHECKERS"]

CHECKERS: tuple[Checker, ...] = (check_built,)
