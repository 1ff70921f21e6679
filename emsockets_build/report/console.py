"""The terminal: a console, tables in the house style, and progress."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:  # importing rich takes 40 ms, which a command has while its programs run
    from rich.console import Console
    from rich.table import Table

__all__ = ["Progress", "console", "fit", "plain_table", "progress_line"]

Progress = Callable[[str], None]

_WIDTH_OF_FILES = 200


def console(stream: IO[str] | None = None) -> Console:
    """Make a console that colours only a terminal, and never when NO_COLOR is set.

    Args:
        stream: Where it writes; standard error if None, which leaves standard output to data.
    """
    from rich.console import Console

    target = stream or sys.stderr
    # A file or a pipe has no width that a table could be squeezed into.
    width = None if target.isatty() else _WIDTH_OF_FILES
    return Console(file=target, highlight=False, width=width)


@contextlib.contextmanager
def progress_line() -> Iterator[Progress]:
    """Show on standard error what goes on: a line that moves on a terminal, else a line a stage.

    Yields:
        A function that takes the newest line. What stands before its first ``:`` is the stage.
    """
    if sys.stderr.isatty():
        from rich.text import Text

        out = console()
        with out.status("") as status:
            yield lambda line: status.update(Text(fit(line, out.width - 4)))
        return
    stages: set[str] = set()

    def show(line: str) -> None:
        stage = line.partition(":")[0].partition(" of ")[0].rstrip("0123456789 ")
        if stage not in stages:
            stages.add(stage)
            sys.stderr.write(f"{stage} ...\n")
            sys.stderr.flush()

    yield show


def plain_table(*headings: str) -> Table:
    """Make a table without lines, whose columns stay on one line.

    Args:
        headings: One for each column of words; further columns can be added.
    """
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, no_wrap=True)
    return table


def fit(line: str, width: int) -> str:
    """Cut a line to a width, with three dots where something is missing."""
    return line if len(line) <= width else line[: max(width - 3, 0)] + "..."
