"""The terminal: a console, tables in the house style, and progress."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import IO

from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = ["Progress", "console", "fit", "plain_table", "progress_line"]

Progress = Callable[[str], None]

_WIDTH_OF_FILES = 200


def console(stream: IO[str] | None = None) -> Console:
    """Make a console that colours only a terminal, and never when NO_COLOR is set.

    Args:
        stream: Where it writes; standard error if None, which leaves standard output to data.
    """
    target = stream or sys.stderr
    # A file or a pipe has no width that a table could be squeezed into.
    width = None if target.isatty() else _WIDTH_OF_FILES
    return Console(file=target, highlight=False, width=width)


@contextlib.contextmanager
def progress_line(out: Console) -> Iterator[Progress]:
    """Show what is going on: one line that moves on a terminal, a line a stage elsewhere.

    Args:
        out: Where to.

    Yields:
        A function that takes the newest line. What stands before its first ``:`` is the stage.
    """
    if out.is_terminal:
        with out.status("") as status:
            yield lambda line: status.update(Text(fit(line, out.width - 4)))
        return
    stages: set[str] = set()

    def show(line: str) -> None:
        stage = line.partition(":")[0].partition(" of ")[0].rstrip("0123456789 ")
        if stage not in stages:
            stages.add(stage)
            out.print(Text(f"{stage} ..."))

    yield show


def plain_table(*headings: str) -> Table:
    """Make a table without lines, whose columns stay on one line.

    Args:
        headings: One for each column of words; further columns can be added.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, no_wrap=True)
    return table


def fit(line: str, width: int) -> str:
    """Cut a line to a width, with three dots where something is missing."""
    return line if len(line) <= width else line[: max(width - 3, 0)] + "..."
