"""``emsockets inspect``: how a built program was linked, read from its files."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emsockets_build.run.inspect import Inspection

__all__ = ["populate_parser", "run"]

_URLS = {
    "ws://": "ws:// and what connect() is given",
    "wss://": "wss:// and what connect() is given",
}


def populate_parser(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.description = (
        "Say how programs that emcc wrote were linked: backend, URL, subprotocols, wait, where "
        "they run, whether they log their sockets. Only their files are read; nothing is run."
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="FILE.js or FILE.mjs")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Read and print."""
    from emsockets_build.run.inspect import inspect_program

    found = [inspect_program(file) for file in arguments.files]
    if arguments.json:
        document = {
            "schema": 1,
            "command": "inspect",
            "programs": [_plain(inspection) for inspection in found],
        }
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        _table(found)
    return 0


def _plain(inspection: Inspection) -> dict[str, Any]:
    environments = inspection.environments
    return {
        **asdict(inspection),
        "path": str(inspection.path),
        "environments": None if environments is None else list(environments),
    }


def _table(found: list[Inspection]) -> None:
    from rich.text import Text

    from emsockets_build.quoting import terminal_escape
    from emsockets_build.report.console import console, plain_table

    table = plain_table("", *(terminal_escape(str(one.path)) for one in found))
    columns = [_words(one) for one in found]
    for row, label in enumerate(label for label, _ in columns[0]):
        cells = [Text(terminal_escape(column[row][1])) for column in columns]
        table.add_row(Text(label), *cells)
    console(sys.stdout).print(table)


def _words(one: Inspection) -> list[tuple[str, str]]:
    """Return what is said of a program, label by label; the labels are the same for all."""
    url = one.url
    offered = one.subprotocols
    places = one.environments
    return [
        ("backend", one.backend or "none: it makes no socket calls that show"),
        ("URL", "-" if url is None else _URLS.get(url, f"{url}, whatever connect() is given")),
        ("subprotocols", "-" if offered is None else "none" if offered == "null" else offered),
        ("wait", one.wait + (", POSIX ON" if one.posix else "")),
        ("threads", _yes(one.threads)),
        ("runs in", "unknown" if places is None else ", ".join(places) or "nothing"),
        ("started as", one.module),
        ("SOCKET_DEBUG", _yes(one.socket_debug)),
        ("needs, under Node", one.needs or "nothing"),
        ("js", f"{one.js_bytes:,} bytes"),
        ("wasm", "-" if one.wasm_bytes is None else f"{one.wasm_bytes:,} bytes"),
    ]


def _yes(value: bool) -> str:  # noqa: FBT001 - the value to put into words
    return "yes" if value else "no"
