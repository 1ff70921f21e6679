"""``emsockets vendor``: the CMake files, copied into a project."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

__all__ = ["populate_parser", "run"]


def populate_parser(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.description = (
        "Copy the CMake files into a folder of your project, byte for byte, so that it builds "
        "where this package is not installed. Running it again brings them up to date with --force."
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="such as cmake/emsockets")
    parser.add_argument("--check", action="store_true", help="only compare; exit code 1 if unequal")
    parser.add_argument("--force", action="store_true", help="replace files that are different")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Copy or compare."""
    from emsockets_build.errors import ExitCode
    from emsockets_build.quoting import terminal_escape
    from emsockets_build.scaffold.vendor import different_files, vendored_files
    from emsockets_build.scaffold.write import write_project

    names = different_files(arguments.folder)
    if not arguments.check:
        files = [file for file in vendored_files() if str(file.path) in names]
        write_project(files, arguments.folder, force=arguments.force)
    if arguments.json:
        document = {
            "schema": 1,
            "command": "vendor",
            "folder": str(arguments.folder.absolute()),
            "written": not arguments.check,
            "different": list(names),
        }
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        verdict = _words(arguments.folder, names, check=arguments.check)
        sys.stderr.write(terminal_escape(verdict))
    return int(ExitCode.CHECK_FAILED if arguments.check and names else ExitCode.OK)


def _words(folder: Path, names: tuple[str, ...], *, check: bool) -> str:
    if not names:
        return f"{folder} holds the files of this release\n"
    if check:
        return f"missing or different in {folder}: {', '.join(names)}\n"
    from emsockets_build.quoting import cmake_quote

    path = cmake_quote(folder.name if folder.is_absolute() else folder.as_posix())[1:-1]
    return (
        f"{len(names)} files are in {folder}; in CMakeLists.txt:\n"
        f'  include("${{CMAKE_CURRENT_SOURCE_DIR}}/{path}/EmSockets.cmake")\n'
    )
