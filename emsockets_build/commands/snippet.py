"""``emsockets snippet``: CMake text for socket targets."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from emsockets_build.commands.profile_options import add_profile_options, profile_from

__all__ = ["populate_parser", "run"]


def populate_parser(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.description = "Print CMake text that gives targets what sockets need under Emscripten."
    parser.add_argument("targets", nargs="+", metavar="TARGET", help="a target of your project")
    add_profile_options(parser)
    parser.add_argument(
        "--style",
        choices=("module", "standalone"),
        default="module",
        help="a call of emsockets_target() (default), or plain CMake that needs no package",
    )
    parser.add_argument(
        "--emscripten",
        metavar="VERSION",
        help="write standalone text for this release only (default: for all, told apart)",
    )
    parser.add_argument(
        "--library",
        action="store_true",
        help="standalone text for libraries: pass the options on to what links them",
    )
    destination = parser.add_mutually_exclusive_group()
    destination.add_argument("-o", "--output", type=Path, metavar="FILE", help="write to a file")
    destination.add_argument(
        "--update", type=Path, metavar="FILE", help="keep one marked block in this file current"
    )
    parser.add_argument("--force", action="store_true", help="overwrite the file of --output")


def run(arguments: argparse.Namespace) -> int:
    """Write the text to where it was asked for."""
    text = _text(arguments)
    file = arguments.update or arguments.output
    if arguments.update is not None:
        _update(arguments.update, text)
    elif arguments.output is not None:
        _write(arguments.output, text, force=arguments.force)
    else:
        sys.stdout.write(text)
    if arguments.posix == "on" and arguments.style == "standalone":
        _ship_posix(None if file is None else file.parent)
    return 0


def _ship_posix(folder: Path | None) -> None:
    """Put the sources that the text names beside it, or say where to get them."""
    from emsockets_build.resources import cmake_dir
    from emsockets_build.scaffold.vendor import posix_files
    from emsockets_build.scaffold.write import write_project
    from emsockets_build.snippet import POSIX_FOLDER

    if folder is None:
        sys.stderr.write(f"copy {cmake_dir() / 'posix'} to {POSIX_FOLDER}/ beside this text\n")
    else:
        write_project(posix_files(POSIX_FOLDER), folder, force=True)
        sys.stderr.write(f"{folder / POSIX_FOLDER}: holds the sources of POSIX\n")


def _text(arguments: argparse.Namespace) -> str:
    from emsockets_build.errors import UsageError
    from emsockets_build.settings import load_catalogue, parse_version
    from emsockets_build.snippet import module_snippet, standalone_snippet

    profile, catalogue = profile_from(arguments), load_catalogue()
    if arguments.style == "standalone":
        version = parse_version(arguments.emscripten) if arguments.emscripten else None
        return standalone_snippet(
            arguments.targets, profile, catalogue, version=version, library=arguments.library
        )
    if arguments.emscripten or arguments.library:
        raise UsageError(
            "--emscripten and --library go with --style standalone",
            why="the module finds out by itself which release and which kind of target it has",
            remedy="leave them out, or add --style standalone",
        )
    return module_snippet(arguments.targets, profile, catalogue)


def _write(path: Path, text: str, *, force: bool) -> None:
    from emsockets_build.errors import UsageError
    from emsockets_build.storage import write_whole

    if path.exists() and not force:
        raise UsageError(
            f"{path} exists already",
            remedy="choose another name, use --update to keep a block in it, or --force",
        )
    write_whole(path, text)


def _update(path: Path, text: str) -> None:
    from emsockets_build.errors import UsageError
    from emsockets_build.snippet import update_block
    from emsockets_build.storage import write_whole

    try:
        before = path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read",
            why=str(error),
            remedy="give the CMakeLists.txt that shall hold the block",
        ) from error
    after = update_block(before, text, where=str(path))
    if after != before:
        write_whole(path, after)
    sys.stderr.write(f"{path}: {'updated' if after != before else 'already current'}\n")
