"""The ``emsockets`` command: finds the command's module, runs it, maps errors to exit codes.

Start-up is a feature: only the module of the chosen command is imported, so the list of commands
and their one-line summaries stands here (a test holds it against the modules), and neither
``--version`` nor ``--help`` needs a parser.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # typing itself costs a tenth of the start
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from emsockets_build.arguments import Command

__all__ = ["COMMANDS", "main"]

COMMANDS = {
    "demo": "prove a round trip: build the Socket sample and run it against a live server",
    "init": "start a project that passes its own check, or bring it to a newer template",
    "add": "give a target of your CMake project sockets and a first scenario, as a diff first",
    "check": "build a project and prove every scenario that it declares",
    "parity": "compare what native and web builds do, and explain what differs",
    "build": "configure and build a CMake project with Emscripten",
    "run": "run a program against a live test server and say what the server saw",
    "serve": "serve WebSocket clients in every good and bad way, or relay them to TCP",
    "probe": "ask a server as each client would, and say who could connect, and why not",
    "trace": "print a SOCKET_DEBUG log as one readable timeline",
    "lint": "find what will fail in sources, build files and built files, and mend what is safe",
    "explain": "say what a rule of lint means, or list them all",
    "inspect": "say how a program that emcc wrote was linked: backend, URL, subprotocols, wait",
    "snippet": "print CMake text that gives targets what sockets need",
    "vendor": "copy the CMake files into a project that wants no package",
    "doctor": "show the tools that are found, what is wrong with them, and how to mend it",
    "setup": "get Emscripten, Node.js and ws into the user's cache, without root",
    "cmakedir": "print where find_package(EmSockets) finds the CMake package",
}


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
    if words in (["--help"], ["-h"]):
        sys.stdout.write(_help_text())
        return 0
    if not words:
        sys.stderr.write(_help_text())
        return 2
    from emsockets_build.arguments import build_parser, parse_words

    chosen = next((word for word in words if word in COMMANDS), None)
    parser = build_parser(COMMANDS, _help_text(), chosen, _load(chosen) if chosen else None)
    try:
        arguments = parse_words(parser, words)
    except SystemExit as stop:  # argparse exits by itself; callers of main() want the code
        return stop.code if isinstance(stop.code, int) else 2
    if arguments.command is None:
        sys.stderr.write(_help_text())
        return 2
    return _run(arguments)


def _help_text() -> str:
    width = max(map(len, COMMANDS))
    commands = "".join(f"  {name:<{width}}  {summary}\n" for name, summary in COMMANDS.items())
    return (
        "usage: emsockets COMMAND [ARGS]\n"
        "       emsockets [--help] [--version]\n\n"
        "Build, run and prove C and C++ socket programs as WebAssembly.\n\n"
        f"commands:\n{commands}\n"
        "`emsockets COMMAND --help` tells more.\n"
    )


def _load(name: str) -> Command:
    import importlib

    module: Command = importlib.import_module(f"emsockets_build.commands.{name}")
    return module


def _run(arguments: argparse.Namespace) -> int:
    """Run the chosen command; the one place where exceptions become exit codes."""
    from emsockets_build.errors import EmSocketsError, ExitCode

    try:
        return _perform(arguments)
    except EmSocketsError as error:
        from emsockets_build.quoting import terminal_escape

        sys.stderr.write(f"emsockets {arguments.command}: {terminal_escape(str(error))}\n")
        return int(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write(f"emsockets {arguments.command}: interrupted\n")
        return int(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output went away (`| head`). Nothing can be said any more, and what was
        # not said, such as a failed check, must not pass for success under `pipefail`.
        _drop_output()
        return int(ExitCode.CHECK_FAILED)
    except OSError as error:
        # What no room below foresaw, such as a full disk: the system's words, not a traceback.
        from emsockets_build.quoting import terminal_escape

        where = f"{error.filename}: " if error.filename else ""
        words = terminal_escape(f"{where}{error.strerror or error}")
        sys.stderr.write(f"emsockets {arguments.command}: {words}\n")
        _drop_output()
        return int(ExitCode.USAGE)


def _perform(arguments: argparse.Namespace) -> int:
    code = int(arguments.run(arguments))
    # Flushed here, where a failure still has words; print() copes with a closed stream.
    print(end="", flush=True)  # noqa: T201 - prints nothing
    return code


def _drop_output() -> None:
    """Send what standard output cannot get rid of nowhere, or Python fails at it again at exit."""
    import os

    try:
        print(end="", flush=True)  # noqa: T201 - prints nothing
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)
