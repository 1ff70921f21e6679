"""``emsockets trace``: a SOCKET_DEBUG log, and a server's record, as one readable timeline."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from emsockets_build.transcript.event import Event
    from emsockets_build.transcript.timeline import Moment

__all__ = ["populate_parser", "run"]

_PIECE = 1 << 16


def populate_parser(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.description = (
        "Read the log of a program that was linked with -sSOCKET_DEBUG, of any Emscripten release, "
        "and print what its sockets did, without the noise and the payloads."
    )
    parser.add_argument("log", metavar="LOG", help="the log, or - for standard input")
    parser.add_argument(
        "--record", type=Path, metavar="FILE", help="what `emsockets serve --record` wrote"
    )
    parser.add_argument(
        "--output", action="store_true", help="show the program's own lines between the events"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Print the timeline and succeed."""
    from emsockets_build.transcript.event import Kind
    from emsockets_build.transcript.socket_debug import read_log
    from emsockets_build.transcript.timeline import merge

    counts = dict.fromkeys(Kind, 0)
    events = []
    for event in read_log(_pieces(arguments.log)):
        counts[event.kind] += 1
        wanted = event.kind is not Kind.NOISE and (
            event.kind is not Kind.OUTPUT or arguments.output
        )
        if wanted:
            events.append(event)
    server = _record(arguments.record) if arguments.record else ()
    if arguments.json:
        import json

        document = {
            "schema": 1,
            "command": "trace",
            "events": [_plain(event) for event in (*events, *server)],
            "lines": sum(counts.values()),
            "noise": counts[Kind.NOISE],
            "output": counts[Kind.OUTPUT],
        }
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        _draw(merge((), server, events))
    return 0


def _pieces(name: str) -> Iterator[bytes]:
    from emsockets_build.errors import UsageError

    if name == "-":
        yield from _read(sys.stdin.buffer)
        return
    try:
        with Path(name).open("rb") as file:
            yield from _read(file)
    except OSError as error:
        raise UsageError(
            f"the log {name} cannot be read",
            where=name,
            why=str(error),
            remedy="give a file that holds the program's output, or - to read a pipe: "
            "`node program.js 2>&1 | emsockets trace -`",
        ) from error


def _read(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece


def _record(path: Path) -> tuple[Event, ...]:
    import json

    from emsockets_build.errors import UsageError
    from emsockets_build.transcript.record import events_of_record

    try:
        lines = path.read_text("utf-8", "replace").splitlines()
        entries = [json.loads(line) for line in lines if line.strip()]
    except (OSError, ValueError) as error:
        raise UsageError(
            f"the record {path} cannot be read",
            where=str(path),
            why=str(error),
            remedy="give a file that `emsockets serve --record FILE` wrote: JSON, one line each",
        ) from error
    return events_of_record(entry for entry in entries if isinstance(entry, dict))


def _plain(event: Event) -> dict[str, object]:
    """Put an event into plain values; bytes become their list of numbers."""
    detail = {
        name: list(value) if isinstance(value, bytes) else value
        for name, value in event.detail.items()
    }
    return {
        "source": str(event.source),
        "kind": str(event.kind),
        "time": event.time,
        "line": event.line or None,
        "socket": event.socket or None,
        "size": event.size,
        "text": event.text,
        "detail": detail,
    }


def _draw(moments: Iterable[Moment]) -> None:
    import shutil

    from emsockets_build.transcript.sequence import draw_sequence

    width = shutil.get_terminal_size((100, 24)).columns
    for line in draw_sequence(moments, width=width):
        sys.stdout.write(f"{line}\n")
