"""``emsockets run``: one program, under Node, in a browser or natively, against the test server."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emsockets_build.verify import Runtime

__all__ = ["populate_parser", "run"]


def populate_parser(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.description = (
        "Run a program that Emscripten built (or a native one) against a live test server, and "
        "say what the server saw. In ARGS, {host}, {port} and {url} stand for the server's address."
    )
    parser.add_argument(
        "program", type=Path, metavar="FILE", help=".js, .mjs, .html, or an executable"
    )
    parser.add_argument("arguments", nargs="*", metavar="ARGS", help="arguments, behind --")
    parser.add_argument(
        "--server", default="echo", metavar="SPEC", help="behaviour (default: echo), or none"
    )
    parser.add_argument(
        "--timeout", type=float, default=60.0, metavar="SECONDS", help="default: 60"
    )
    parser.add_argument(
        "--expect-exit",
        type=int,
        default=0,
        metavar="CODE",
        help="exit code to expect (default: 0)",
    )
    parser.add_argument(
        "--runner",
        choices=("node", "chromium", "firefox"),
        help="what runs it (default: node; for .html: chromium)",
    )
    parser.add_argument("--browser", type=Path, metavar="PATH", help="which browser to use")
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
    from emsockets_build.verify import Expectations, Scenario, execute

    _check(arguments)
    runner = _runner(arguments)
    server = "" if arguments.server == "none" else arguments.server
    scenario = Scenario(
        name=arguments.program.name,
        program=arguments.program.absolute(),
        runner=runner,
        server=server,
        arguments=tuple(arguments.arguments),
        timeout=arguments.timeout,
        expectations=Expectations(exit_code=arguments.expect_exit),
    )
    with _runtime(arguments, runner) as runtime:
        outcome = execute(scenario, runtime, on_output=None if arguments.json else _pass_on)
    document = report_document("run", [outcome])
    if arguments.json:
        import json

        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        from emsockets_build.report.console import console
        from emsockets_build.report.terminal import outcome_table, print_failures, print_sequence

        out = console()
        out.print()
        out.print(outcome_table(document))
        if arguments.sequence:
            print_sequence(out, outcome)
        print_failures(out, [outcome], output=False)
    if arguments.html is not None:
        from emsockets_build.report.html import write_html
        from emsockets_build.verify import Batch

        facts = {"Emscripten": arguments.emscripten or ""}
        program = arguments.program
        write_html(arguments.html, Batch((outcome,)), document, project=program, facts=facts)
    return int(ExitCode.OK if outcome.passed else ExitCode.CHECK_FAILED)


def _check(arguments: argparse.Namespace) -> None:
    from emsockets_build.errors import UsageError

    if not arguments.program.is_file():
        raise UsageError(
            f"{arguments.program} is not a file",
            remedy="build it first (`emsockets build` prints what it made), or mend the path",
        )
    if not 0 < arguments.timeout <= 86400:  # noqa: PLR2004 - a day
        raise UsageError(
            f"--timeout {arguments.timeout:g} is out of range",
            remedy="give seconds, more than 0 and at most 86400",
        )


def _runner(arguments: argparse.Namespace) -> str:
    """Choose what runs the program."""
    from emsockets_build.errors import UsageError

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

        with Browsers(arguments.browser) as browsers:
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
