"""``emsockets cmakedir``: where the CMake package lies."""

from __future__ import annotations

import argparse
import sys

__all__ = ["populate_parser", "run"]


def populate_parser(parser: argparse.ArgumentParser) -> None:
    """Describe the command; it takes no arguments."""
    parser.description = (
        "Print the folder of EmSocketsConfig.cmake, for "
        '`emcmake cmake -S . -B build -DEmSockets_DIR="$(emsockets cmakedir)"`. '
        "(EmSockets_ROOT and CMAKE_PREFIX_PATH are not searched in an Emscripten build.)"
    )


def run(arguments: argparse.Namespace) -> int:  # noqa: ARG001 - every command has this shape
    """Print the folder and succeed."""
    from emsockets_build.resources import cmake_dir

    sys.stdout.write(f"{cmake_dir()}\n")
    return 0
