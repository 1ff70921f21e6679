"""Checkers of CMake files, Makefiles and shell scripts."""

from __future__ import annotations

from emsockets_build.lint.buildfiles.options import check_split_settings
from emsockets_build.lint.checkers import Checker

__all__ = ["CHECKERS"]

CHECKERS: tuple[Checker, ...] = (check_split_settings,)
