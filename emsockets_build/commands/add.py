"""``emsockets add``: gives a target of an existing project what sockets need, as a diff first."""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emsockets_build.scaffold.adopt import Adoption, Place

from emsockets_build.commands.profile_options import add_profile_options, profile_from

__all__ = ["populate_parser", "run"]

_PRESETS = "CMakePresets.json"
_BARE = re.compile(r"[A-Za-z0-9_./:{}-]+")


def populate_parser(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.description = (
        "Find the CMakeLists.txt that makes TARGET and show, as a diff, what would give it sockets "
        "under Emscripten and a first scenario. With --apply the lines are written, once. Without "
        "--wait the flags that the project gives already say how it waits."
    )
    parser.add_argument("target", metavar="TARGET", help="an executable or a library")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(), metavar="DIR")
    add_profile_options(parser)
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--fetch",
        metavar="REPOSITORY",
        help="get EmSockets by FetchContent, from a git URL or a folder, not by find_package()",
    )
    source.add_argument(
        "--vendored", metavar="DIR", help="include the copy that `emsockets vendor` put there"
    )
    parser.add_argument(
        "--test-args",
        nargs="*",
        default=["{host}", "{port}"],
        metavar="ARG",
        help="what the first scenario gives the program; default: {host} {port}",
    )
    parser.add_argument("--no-presets", action="store_true", help=f"add no {_PRESETS}")
    parser.add_argument("--apply", action="store_true", help="write it")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Find, show and, if asked to, write."""
    from emsockets_build.scaffold.adopt import adopt, find_target, read_sources
    from emsockets_build.snippet.text import check_target_name

    target = check_target_name(arguments.target)
    texts = read_sources(arguments.folder)
    place = find_target(texts, target)
    if arguments.wait is None:
        arguments.wait = place.wait
    adoption = adopt(
        texts, place, _package_lines(arguments), _lines(arguments, place), _new_files(arguments)
    )
    if arguments.apply:
        _write(arguments.folder, adoption)
    _report(arguments, place, adoption)
    return 0


def _package_lines(arguments: argparse.Namespace) -> list[str]:
    """Write the lines that give the project EmSockets."""
    from emsockets_build._version import __version__
    from emsockets_build.quoting import cmake_quote

    if arguments.vendored is not None:
        path = Path(arguments.vendored).as_posix()
        return [f'include("${{CMAKE_SOURCE_DIR}}/{cmake_quote(path)[1:-1]}/EmSockets.cmake")']
    if arguments.fetch is None:
        return ["find_package(EmSockets CONFIG REQUIRED)"]
    folder = Path(arguments.fetch)
    if folder.is_dir():
        where = f"SOURCE_DIR {cmake_quote(folder.absolute().as_posix())}"
    else:
        where = f"GIT_REPOSITORY {cmake_quote(arguments.fetch)} GIT_TAG v{__version__}"
    return [
        "include(FetchContent)",
        f"FetchContent_Declare(EmSockets {where})",
        "FetchContent_MakeAvailable(EmSockets)",
    ]


def _lines(arguments: argparse.Namespace, place: Place) -> list[str]:
    """Write the calls for the target."""
    from emsockets_build.settings import load_catalogue
    from emsockets_build.snippet import module_snippet

    text = module_snippet([arguments.target], profile_from(arguments), load_catalogue())
    lines = text.splitlines()[1:]  # the first is find_package()
    if place.call.name == "add_executable":
        words = " ".join(map(_argument, arguments.test_args))
        lines += [
            "emsockets_add_test(",
            f"  NAME {arguments.target}-connects",
            f"  TARGET {arguments.target}",
            *([f"  ARGS {words}"] if words else []),
            ")",
        ]
    return lines


def _argument(word: str) -> str:
    from emsockets_build.quoting import cmake_quote

    return word if _BARE.fullmatch(word) else cmake_quote(word)


def _new_files(arguments: argparse.Namespace) -> dict[str, str]:
    from emsockets_build.resources import templates_dir

    if arguments.no_presets or (arguments.folder / _PRESETS).exists():
        return {}
    return {_PRESETS: (templates_dir() / "_shared" / _PRESETS).read_text("utf-8")}


def _write(folder: Path, adoption: Adoption) -> None:
    from pathlib import PurePosixPath

    from emsockets_build.scaffold import RenderedFile, write_project

    files = [
        RenderedFile(PurePosixPath(file), text.encode("utf-8", "surrogateescape"))
        for file, text in adoption.after.items()
    ]
    write_project(files, folder, force=True)


def _report(arguments: argparse.Namespace, place: Place, adoption: Adoption) -> None:
    from emsockets_build.quoting import terminal_escape
    from emsockets_build.scaffold.adopt import unified_diff

    diff = unified_diff(adoption)
    if arguments.json:
        document = {
            "schema": 1,
            "command": "add",
            "target": arguments.target,
            "file": place.file,
            "line": place.call.line,
            "wait": arguments.wait,
            "old_flags": list(place.old_flags),
            "applied": arguments.apply and bool(diff),
            "already": place.adopted,
            "diff": terminal_escape(diff),
        }
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
        return
    sys.stdout.write(terminal_escape(diff))
    sys.stderr.write(terminal_escape(_words(arguments, place)))


def _words(arguments: argparse.Namespace, place: Place) -> str:
    if place.adopted:
        return f"{arguments.target} has its emsockets_target() already; nothing is added\n"
    flags = "".join(f"  {flag}\n" for flag in place.old_flags)
    note = f"these flags come from emsockets_target() now, and can go:\n{flags}" if flags else ""
    if arguments.apply:
        return f"{note}written; next: emsockets check {arguments.folder}\n"
    return f"{note}nothing was written; --apply writes it\n"
