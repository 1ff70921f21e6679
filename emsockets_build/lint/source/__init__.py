"""Checkers of C and C++ sources."""

from __future__ import annotations

from emsockets_build.lint.checkers import Checker

__all__ = ["CHECKERS"]

CHECKERS: tuple[Checker, ...] = ()
