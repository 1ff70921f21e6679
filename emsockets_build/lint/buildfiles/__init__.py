"""Checkers of CMake files, Makefiles and shell scripts."""

from __future__ import annotations

from emsockets_build.lint.buildfiles.check import check_build_file
from emsockets_build.lint.checkers import Checker

__all__ = ["CHECKERS"]

CHECKERS: tuple[Checker, ...] = (check_build_file,)
