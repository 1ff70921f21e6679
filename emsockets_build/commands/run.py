"""``emsockets run``: one program against the test server, or one page that is served elsewhere."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from emsockets_build.errors import UsageError

if TYPE_CHECKING:
    from emsockets_build.verify import Runtime, Scenario

__all__ = ["populate_parser", "run"]

_SECONDS = 60.0
_WATCH_SECONDS = 10.0
_MOST_SECONDS = 86400  # a day


def populate_parser(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.description = (
        "Run a program that Emscripten built (or a native one) against a live test server, and "
        "say what the server saw. In ARGS, {host}, {port} and {url} stand for the server's "
        "address. With --url, watch a page that another server on this machine serves, and say "
        "how its WebSockets fare."
    )
    parser.add_argument(
        "program", type=Path, nargs="?", metavar="FILE", help=".js, .mjs, .html, or an executable"
    )
    parser.add_argument("arguments", nargs="*", metavar="ARGS", help="arguments, behind --")
    parser.add_argument(
        "--url",
        metavar="URL",
        help="watch the page at this http or https address in place of a FILE, as it is",
    )
    parser.add_argument(
        "--server",
        metavar="SPEC",
        help="behaviour, or none (default: echo; with --url none, else {url} and the like in it "
        "are filled in)",
    )
    parser.add_argument(
        "--timeout",
        type=float,
        metavar="SECONDS",
        help=f"default: {_SECONDS:g}; with --url, how long it is watched: {_WATCH_SECONDS:g}",
    )
    parser.add_argument(
        "--expect-exit",
        type=int,
        metavar="CODE",
        help="exit code to expect (default: 0; of a page with --url, if it tells one)",
    )
    parser.add_argument(
        "--runner",
        choices=("node", "chromium", "firefox"),
        help="what runs it (default: node; for .html and --url: chromium)",
    )
    parser.add_argument("--browser", type=Path, metavar="PATH", help="which browser to use")
    parser.add_argument(
        "--insecure",
        action="store_true",
        help="let the browser take an untrusted certificate for a trusted one",
    )
    parser.add_argument("--node", metavar="PATH|VERSION", help="which Node to use")
    parser.add_argument(
        "--emscripten",
        metavar="VERSION",
        help="the release that built the program, if its text does not tell",
    )
    parser.add_argument(
        "--sequence", action="store_true", help="draw program, network and server as a sequence"
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page to read, too")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Run the program and print the verdict."""
    from emsockets_build.errors import ExitCode
    from emsockets_build.report.document import report_document
    from emsockets_build.verify import execute

    _check(arguments)
    scenario = _page_scenario(arguments) if arguments.url is not None else _scenario(arguments)
    with _runtime(arguments, scenario.runner) as runtime:
        outcome = execute(scenario, runtime, on_output=None if arguments.json else _pass_on)
    document = report_document("run", [outcome])
    if arguments.json:
        import json

        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        from emsockets_build.report.console import console
        from emsockets_build.report.terminal import (
            outcome_table,
            print_failures,
            print_sequence,
            socket_table,
        )

        out = console()
        out.print()
        out.print(outcome_table(document))
        if scenario.url and document["runs"][0]["sockets"]:
            out.print()
            out.print(socket_table(document))
        if arguments.sequence:
            print_sequence(out, outcome)
        print_failures(out, [outcome], output=False)
    if arguments.html is not None:
        from emsockets_build.report.html import write_html
        from emsockets_build.verify import Batch

        facts = {"Emscripten": arguments.emscripten or ""}
        program = Path(scenario.name) if scenario.url else arguments.program
        write_html(arguments.html, Batch((outcome,)), document, project=program, facts=facts)
    return int(ExitCode.OK if outcome.passed else ExitCode.CHECK_FAILED)


def _scenario(arguments: argparse.Namespace) -> Scenario:
    from emsockets_build.verify import Expectations, Scenario

    return Scenario(
        name=arguments.program.name,
        program=arguments.program.absolute(),
        runner=_runner(arguments),
        server="" if arguments.server == "none" else arguments.server or "echo",
        arguments=tuple(arguments.arguments),
        timeout=_SECONDS if arguments.timeout is None else arguments.timeout,
        expectations=Expectations(exit_code=arguments.expect_exit or 0),
    )


def _page_scenario(arguments: argparse.Namespace) -> Scenario:
    """Describe the watch of a page that is served elsewhere."""
    from emsockets_build.verify import BROWSERS, Expectations, Scenario

    runner = arguments.runner or "chromium"
    if runner not in BROWSERS:
        raise UsageError(
            f"{runner} cannot load a page", remedy="give --runner chromium or --runner firefox"
        )
    _check_address(arguments.url)
    return Scenario(
        name=arguments.url,
        program=Path(),
        runner=runner,
        server="" if arguments.server in {None, "none"} else arguments.server,
        timeout=_WATCH_SECONDS if arguments.timeout is None else arguments.timeout,
        expectations=Expectations(exit_code=arguments.expect_exit),
        url=arguments.url,
    )


def _check_address(url: str) -> None:
    from emsockets_build.probe import parse_page
    from emsockets_build.run.ports import is_this_machine

    # The fragment is for the page's own scripts, the placeholders for `verify.execute`.
    sent = url.partition("#")[0]
    for placeholder in ("{host}", "{port}", "{url}"):
        sent = sent.replace(placeholder, "0")
    page = parse_page(sent)
    if not is_this_machine(page.host):
        raise UsageError(
            "this page is not served on this machine",
            where=url,
            why=f"{page.host} leads elsewhere, and the browsers that tests are run in are not "
            "guarded as those that people use: for root they have no sandbox",
            remedy="serve the page here (`emsockets serve --page`), or see what its headers "
            "forbid with `emsockets probe WS-URL --page URL`",
        )


def _check(arguments: argparse.Namespace) -> None:
    if arguments.timeout is not None and not 0 < arguments.timeout <= _MOST_SECONDS:
        raise UsageError(
            f"--timeout {arguments.timeout:g} is out of range",
            remedy=f"give seconds, more than 0 and at most {_MOST_SECONDS}",
        )
    if (arguments.program is None) == (arguments.url is None):
        raise UsageError(
            "there is nothing to run" if arguments.url is None else "there are two to run",
            remedy="give the FILE of a program, or the address of a page with --url",
        )
    if arguments.program is not None and not arguments.program.is_file():
        raise UsageError(
            f"{arguments.program} is not a file",
            remedy="build it first (`emsockets build` prints what it made), or mend the path",
        )


def _runner(arguments: argparse.Namespace) -> str:
    """Choose what runs the program."""
    suffix = arguments.program.suffix
    runner = str(arguments.runner or ("chromium" if suffix == ".html" else "node"))
    if suffix not in {".js", ".mjs", ".cjs", ".html"}:
        if arguments.runner is not None:
            raise UsageError(
                f"--runner {runner} cannot run {arguments.program.name}",
                why="it is no .js, .mjs or .html file, so it is run as it is",
                remedy="leave --runner out, or give the file that emcc wrote",
            )
        return "native"
    if suffix == ".html" and runner == "node":
        raise UsageError(
            f"Node cannot run {arguments.program.name}",
            remedy="give --runner chromium or firefox, or the .js file beside it",
        )
    return runner


@contextlib.contextmanager
def _runtime(arguments: argparse.Namespace, runner: str) -> Iterator[Runtime]:
    from emsockets_build.settings import parse_version
    from emsockets_build.toolchain import find_node
    from emsockets_build.verify import BROWSERS, Runtime, page_runtime, runtime_for

    version = parse_version(arguments.emscripten) if arguments.emscripten else None
    if runner == "native":
        yield Runtime()
    elif runner in BROWSERS:
        from emsockets_build.run.browser import Browsers

        with Browsers(arguments.browser, insecure=arguments.insecure) as browsers:
            yield page_runtime(browsers, version)
    else:
        node = find_node(arguments.node)
        yield runtime_for(arguments.program, node, version, substitute=arguments.node is None)


def _pass_on(stream: str, data: bytes) -> None:
    """Give the program's output on as it comes, made harmless if it is for a terminal."""
    target = sys.stdout if stream == "stdout" else sys.stderr
    if target.isatty():
        from emsockets_build.quoting import terminal_escape

        target.write(terminal_escape(data.decode("utf-8", "backslashreplace")))
    else:
        target.buffer.write(data)
    target.flush()
