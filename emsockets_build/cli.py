"""The ``emsockets`` command: finds the command's module, runs it, maps errors to exit codes.

Start-up is a feature: only the module of the chosen command is imported, so the list of commands
and their one-line summaries stands here (a test holds it against the modules).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

__all__ = ["COMMANDS", "main"]

COMMANDS = {
    "demo": "prove a round trip: build the Socket sample and run it against a live server",
    "build": "configure and build a CMake project with Emscripten",
    "run": "run a program against a live test server and say what the server saw",
    "snippet": "print CMake text that gives targets what sockets need",
    "cmakedir": "print where find_package(EmSockets) finds the CMake package",
}


class _Parser(argparse.ArgumentParser):
    """An argument parser that suggests the command that was probably meant."""

    def error(self, message: str) -> NoReturn:
        import difflib

        hint = ""
        if "invalid choice: '" in message:
            word = message.split("invalid choice: '", 1)[1].split("'", 1)[0]
            choices = message.split("(choose from", 1)[-1].strip(" )").replace("'", "").split(", ")
            close = difflib.get_close_matches(word, choices, n=1)
            hint = f"\n  remedy: did you mean `{close[0]}`?" if close else ""
        usage = self.format_usage()
        self.exit(2, f"{usage}{self.prog}: error: {message}{hint}\n")


def _build_parser(chosen: str | None) -> argparse.ArgumentParser:
    """Build the root parser, with the arguments of the chosen command only."""
    parser = _Parser(
        prog="emsockets",
        description="Build, run and prove C and C++ socket programs as WebAssembly.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary, allow_abbrev=False)
        if name == chosen:
            module = _load(name)
            module.populate_parser(command)
            command.set_defaults(run=module.run)
    return parser


def _load(name: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 - a module has no protocol
    import importlib

    return importlib.import_module(f"emsockets_build.commands.{name}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The words after the program's name; the process's own if None.

    Returns:
        The exit code; see `emsockets_build.errors.ExitCode`.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    if words == ["--version"]:
        from emsockets_build._version import __version__

        sys.stdout.write(f"emsockets {__version__}\n")
        return 0
    chosen = next((word for word in words if word in COMMANDS), None)
    parser = _build_parser(chosen)
    try:
        arguments = parser.parse_args(words)
    except SystemExit as stop:  # argparse exits by itself; callers of main() want the code
        return stop.code if isinstance(stop.code, int) else 2
    if arguments.command is None:
        parser.print_help(sys.stderr)
        return 2
    return _run(arguments)


def _run(arguments: argparse.Namespace) -> int:
    """Run the chosen command; the one place where exceptions become exit codes."""
    from emsockets_build.errors import EmSocketsError, ExitCode

    try:
        return int(arguments.run(arguments))
    except EmSocketsError as error:
        from emsockets_build.quoting import terminal_escape

        sys.stderr.write(f"emsockets {arguments.command}: {terminal_escape(str(error))}\n")
        return int(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write(f"emsockets {arguments.command}: interrupted\n")
        return int(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output went away (`| head`): nothing is wrong, nothing can be said.
        sys.stderr.close()
        return int(ExitCode.OK)
