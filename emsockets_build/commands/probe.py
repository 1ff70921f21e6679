"""``emsockets probe``: what Emscripten programs would get from a server, and why."""

from __future__ import annotations

import argparse
import re
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emsockets_build.probe import Asked, Request

__all__ = ["populate_parser", "run"]

_MAX_SIZE = 32 * 1024 * 1024
_DEFAULT_SIZE = 1024 * 1024
_MAX_SECONDS = 3600.0
_UNITS = {"": 1, "b": 1, "k": 1024, "kib": 1024, "m": 1024**2, "mib": 1024**2}


def populate_parser(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.description = (
        "Say to a server what Emscripten programs in Chrome, Firefox and Node would say, and judge "
        "the answers: would they work, if not why, and which line of the server mends it. Exits "
        "with 0 when all clients that are asked for would work, with 1 when not."
    )
    parser.add_argument(
        "url", metavar="URL|HOST:PORT", help="such as ws://127.0.0.1:9000/, localhost:9000, :9000"
    )
    parser.add_argument(
        "--client",
        action="append",
        choices=("chrome", "firefox", "node", "websocket-api", "websocket-api-node", "proxy"),
        help="judge this client, repeatable (default: all but proxy)",
    )
    parser.add_argument(
        "--subprotocol",
        action="append",
        metavar="NAME",
        help="what the program offers, repeatable; `none` for none (default: binary)",
    )
    parser.add_argument("--page", metavar="URL", help="the page that the program is in")
    parser.add_argument(
        "--threads", action="store_true", help="the program has threads, for which --page must "
        "be cross-origin isolated",
    )  # fmt: skip
    parser.add_argument("--origin", metavar="URL", help="the page's origin, as browsers send it")
    parser.add_argument(
        "--max-size",
        metavar="SIZE",
        help="the largest message that must pass, such as 64KiB; 0 sends none (default: 1MiB is "
        "tried, and less is only a warning)",
    )
    parser.add_argument(
        "--idle", type=float, default=0.0, metavar="SECONDS",
        help="leave a connection idle for so long; it must survive that",
    )  # fmt: skip
    parser.add_argument(
        "--timeout", type=float, default=5.0, metavar="SECONDS",
        help="how long each step may take (default: 5)",
    )  # fmt: skip
    parser.add_argument("--ca-file", metavar="FILE", help="trust these authorities, too (PEM)")
    parser.add_argument(
        "--insecure", action="store_true", help="take an untrusted certificate for a trusted one"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")


def run(arguments: argparse.Namespace) -> int:
    """Probe and report."""
    import asyncio

    from emsockets_build.errors import ExitCode
    from emsockets_build.probe import judge, survey
    from emsockets_build.report.console import console, progress_line

    request, asked = _request(arguments), _asked(arguments)
    if sys.stderr.isatty() and not arguments.json:
        with progress_line() as progress:
            progress(f"asking {request.target.url}")
            seen = asyncio.run(survey(request))
    else:
        seen = asyncio.run(survey(request))
    verdicts = judge(seen, asked)
    if arguments.json:
        import json

        from emsockets_build.report.probing import as_json

        sys.stdout.write(json.dumps(as_json(seen, verdicts)) + "\n")
    else:
        from emsockets_build.report.probing import print_report

        print_report(console(sys.stdout), seen, verdicts)
    works = all(verdict.works for verdict in verdicts)
    return int(ExitCode.OK if works else ExitCode.CHECK_FAILED)


def _request(arguments: argparse.Namespace) -> Request:
    from emsockets_build.errors import UsageError
    from emsockets_build.probe import Request, parse_page, parse_target

    for option, value in (("--timeout", arguments.timeout), ("--idle", arguments.idle)):
        least = 0.0 if option == "--idle" else 0.05
        if not least <= value <= _MAX_SECONDS:
            raise UsageError(
                f"{value:g} is no time for {option}", where=option,
                remedy=f"give seconds from {least:g} to {_MAX_SECONDS:g}",
            )  # fmt: skip
    page = parse_page(arguments.page) if arguments.page else None
    origin = parse_page(arguments.origin).origin if arguments.origin else ""
    _check_ca_file(arguments.ca_file)
    return Request(
        target=parse_target(arguments.url),
        subprotocols=_subprotocols(arguments.subprotocol),
        origin=origin or (page.origin if page is not None else ""),
        page=page,
        max_size=_size(arguments.max_size),
        idle=arguments.idle,
        bridge="proxy" in (arguments.client or ()),
        timeout=arguments.timeout,
        ca_file=arguments.ca_file or "",
        insecure=arguments.insecure,
    )


def _asked(arguments: argparse.Namespace) -> Asked:
    from emsockets_build.probe import DEFAULT_CLIENTS, Asked

    return Asked(
        clients=tuple(dict.fromkeys(arguments.client or DEFAULT_CLIENTS)),
        threads=arguments.threads,
        sizes=arguments.max_size is not None,
        idle=arguments.idle > 0,
    )


def _subprotocols(given: list[str] | None) -> tuple[str, ...]:
    """Read what is offered: options may hold Emscripten's own comma-separated lists."""
    from emsockets_build.errors import UsageError

    if given is None:
        return ("binary",)
    names = [name.strip() for option in given for name in option.split(",")]
    if [name.lower() for name in names] in (["none"], ["null"]):
        return ()
    for name in names:
        if not re.fullmatch(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}", name):
            raise UsageError(
                f"`{name}` is no name of a subprotocol", where="--subprotocol",
                why="browsers throw a SyntaxError at it (RFC 6455, section 4.1, item 10)",
                remedy="use letters, digits and - . _",
            )  # fmt: skip
    if len(set(names)) != len(names):
        raise UsageError(
            "a subprotocol is named twice", where="--subprotocol",
            why="browsers throw a SyntaxError at it", remedy="name each one once",
        )  # fmt: skip
    return tuple(names)


def _size(text: str | None) -> int:
    from emsockets_build.errors import UsageError

    if text is None:
        return _DEFAULT_SIZE
    found = re.fullmatch(r"(\d{1,12})\s*([kKmM]?(?:[iI]?[bB])?)", text)
    factor = _UNITS.get(found[2].lower().replace("kb", "k").replace("mb", "m")) if found else None
    size = int(found[1]) * factor if found and factor else -1
    if not 0 <= size <= _MAX_SIZE:
        raise UsageError(
            f"`{text}` is no size of a message", where="--max-size",
            remedy=f"give bytes, or a size such as 64KiB, up to {_MAX_SIZE // 1024**2}MiB",
        )  # fmt: skip
    return size


def _check_ca_file(file: str | None) -> None:
    import ssl

    from emsockets_build.errors import UsageError

    if not file:
        return
    try:
        ssl.create_default_context().load_verify_locations(file)
    except OSError as error:  # ssl.SSLError is one
        raise UsageError(
            f"the authorities in {file} cannot be used", where="--ca-file",
            why=error.strerror or str(error), remedy="give a PEM file",
        ) from error  # fmt: skip
