"""``emsockets build``: configure and build a CMake project with Emscripten."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emsockets_build.buildtree import BuiltTarget
    from emsockets_build.toolchain import Toolchain

__all__ = ["build_folder", "definitions_from", "populate_parser", "run"]


def populate_parser(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.description = (
        "Configure and build a CMake project with Emscripten. The project needs nothing of ours; "
        "find_package(EmSockets) works in it without further ado."
    )
    parser.add_argument(
        "source",
        nargs="?",
        default=Path(),
        type=Path,
        metavar="DIR",
        help="the project (default: .)",
    )
    parser.add_argument(
        "--build-dir", type=Path, metavar="DIR", help="default: DIR/build/emscripten-VERSION-CONFIG"
    )
    parser.add_argument(
        "--config", default="Release", metavar="NAME", help="Debug, Release (default), ..."
    )
    parser.add_argument(
        "--target", action="append", default=[], metavar="NAME", help="repeatable (default: all)"
    )
    parser.add_argument(
        "-D",
        dest="definitions",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a CMake cache entry, repeatable",
    )
    parser.add_argument("--emscripten", metavar="PATH|VERSION", help="which Emscripten to use")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Build, and list the programs that were made."""
    from emsockets_build.buildtree import (
        BuildTree,
        Configuration,
        build,
        configure,
        read_targets,
    )
    from emsockets_build.report.console import progress_line
    from emsockets_build.toolchain import find_emscripten, find_toolchain

    toolchain = find_toolchain(emscripten=arguments.emscripten, start=arguments.source)
    # Asked again when there is none, for the error that says where it was looked for.
    emscripten = toolchain.emscripten or find_emscripten(arguments.emscripten)
    folder = build_folder(arguments, toolchain)
    tree = BuildTree(arguments.source.absolute(), folder.absolute(), toolchain)
    with progress_line() as progress:
        configuration = Configuration(arguments.config, definitions_from(arguments.definitions))
        configure(tree, configuration, progress=progress)
        build(tree, arguments.target, progress=progress)
    programs = [
        target
        for target in read_targets(tree.build)
        if target.kind == "EXECUTABLE" and (not arguments.target or target.name in arguments.target)
    ]
    if arguments.json:
        _print_json(emscripten.version_text, tree.build, programs)
    else:
        for program in programs:
            sys.stdout.write(f"{program.artifacts[0]}\n")
    return 0


def build_folder(
    arguments: argparse.Namespace, toolchain: Toolchain, *, native: bool = False
) -> Path:
    """Return ``--build-dir``, or the folder that this release and configuration have."""
    if arguments.build_dir is not None:
        return Path(arguments.build_dir)
    release = toolchain.emscripten.version_text if toolchain.emscripten else "unknown"
    kind = "native" if native else f"emscripten-{release}"
    return Path(arguments.source) / "build" / f"{kind}-{arguments.config.lower()}"


def definitions_from(pairs: list[str]) -> dict[str, str]:
    """Read the values of ``-D``.

    Raises:
        UsageError: One is not of the form NAME=VALUE.
    """
    from emsockets_build.errors import UsageError

    definitions = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not (name and equals):
            raise UsageError(f"-D {pair!r} has no value", remedy="write -D NAME=VALUE")
        definitions[name] = value
    return definitions


def _print_json(version: str, build: Path, programs: list[BuiltTarget]) -> None:
    import json

    document = {
        "schema": 1,
        "command": "build",
        "emscripten": version,
        "build_dir": str(build),
        "programs": [
            {"target": target.name, "files": [str(path) for path in target.artifacts]}
            for target in programs
        ],
    }
    sys.stdout.write(json.dumps(document, indent=2) + "\n")
