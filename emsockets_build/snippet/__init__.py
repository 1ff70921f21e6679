"""Profiles as CMake text: a call of our module, or plain CMake that depends on nothing."""

from __future__ import annotations

from emsockets_build.snippet.block import update_block
from emsockets_build.snippet.text import (
    POSIX_FOLDER,
    check_target_name,
    module_snippet,
    standalone_snippet,
)

__all__ = [
    "POSIX_FOLDER",
    "check_target_name",
    "module_snippet",
    "standalone_snippet",
    "update_block",
]
