"""The parser of the ``emsockets`` command."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import NoReturn, Protocol

__all__ = ["Command", "Parser", "build_parser", "parse_words"]


class Command(Protocol):
    """What every module in `emsockets_build.commands` that is a command offers."""

    def populate_parser(self, parser: argparse.ArgumentParser) -> None:
        """Describe the command and its arguments."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it and return the exit code."""


class Parser(argparse.ArgumentParser):
    """An argument parser that suggests the word that was probably meant."""

    def error(self, message: str) -> NoReturn:
        """Print usage, the error and the remedy, and exit with 2."""
        import difflib

        hint = ""
        if "invalid choice: '" in message:
            word = message.split("invalid choice: '", 1)[1].split("'", 1)[0]
            choices = message.split("(choose from", 1)[-1].strip(" )").replace("'", "").split(", ")
            close = difflib.get_close_matches(word, choices, n=1)
            hint = f"\n  remedy: did you mean `{close[0]}`?" if close else ""
        self.exit(2, f"{self.format_usage()}{self.prog}: error: {message}{hint}\n")


class _Root(Parser):
    """The parser of the bare command, whose help is written by `emsockets_build.cli`."""

    help_text = ""

    def format_help(self) -> str:
        return self.help_text


def build_parser(
    commands: Mapping[str, str], help_text: str, chosen: str | None, module: Command | None
) -> argparse.ArgumentParser:
    """Build the root parser, with the arguments of the chosen command only.

    Args:
        commands: All names with their one-line summaries.
        help_text: The help of the bare command.
        chosen: The command that will run; None if the words name none.
        module: Its module.
    """
    parser = _Root(prog="emsockets", allow_abbrev=False)
    parser.help_text = help_text
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    for name, summary in commands.items():
        command = subparsers.add_parser(name, help=summary, allow_abbrev=False)
        if name == chosen and module is not None:
            module.populate_parser(command)
            command.set_defaults(run=module.run)
    return parser


def parse_words(parser: argparse.ArgumentParser, words: Sequence[str]) -> argparse.Namespace:
    """Parse a command line of the form ``COMMAND FILE [OPTIONS] [-- ARGS]``.

    argparse settles how many ``ARGS`` a positional ``*`` takes as soon as it comes to ``FILE``, so
    that words behind ``--`` are left over when an option stands between (python/cpython#59317).

    Args:
        parser: From `build_parser`.
        words: The words after the program's name.

    Returns:
        The arguments; what follows ``--`` is in ``arguments`` of a command that has it.
    """
    arguments, left_over = parser.parse_known_args(words)
    behind = list(words[words.index("--") + 1 :]) if "--" in words else []
    if left_over and left_over in (behind, ["--", *behind]) and "arguments" in arguments:
        arguments.arguments = [*arguments.arguments, *behind]
    elif left_over:
        parser.error(f"unrecognized arguments: {' '.join(left_over)}")
    return arguments
