"""Configure and build a project through CMake, and read what it made."""

from __future__ import annotations

from emsockets_build.buildtree.build import BuildTree, Configuration, build, configure
from emsockets_build.buildtree.codemodel import BuiltTarget, read_targets

__all__ = ["BuildTree", "BuiltTarget", "Configuration", "build", "configure", "read_targets"]
