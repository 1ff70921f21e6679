"""What a set-up says while it works: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TextIO

from emsockets_build.quoting import terminal_escape

if TYPE_CHECKING:
    import rich.progress

__all__ = ["Bars", "Lines", "Progress", "Silence", "progress_for", "size_text"]

_MEBIBYTE = 1024 * 1024
_LINE_EVERY = 5.0


class Progress(Protocol):
    """Where a set-up reports to."""

    def say(self, text: str) -> None:
        """Say one thing that has happened or begins."""

    def advance(self, step: str, done: float, total: float) -> None:
        """Say how far a step is; the unit is the step's own, bytes if `total` is large."""


class Silence:
    """For callers that want to hear nothing, and the base of those that do."""

    def say(self, text: str) -> None:
        """Ignore it."""

    def advance(self, step: str, done: float, total: float) -> None:
        """Ignore it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return


class Lines(Silence):
    """Plain lines, for logs: at most one every five seconds for each step.

    Args:
        stream: Where they go.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._said: dict[str, float] = {}

    def say(self, text: str) -> None:
        """Write one line."""
        self._stream.write(f"{terminal_escape(text)}\n")
        self._stream.flush()

    def advance(self, step: str, done: float, total: float) -> None:
        """Write a line if the last one of this step is old enough, or the step is at its end."""
        now = time.monotonic()
        whole = done >= total
        if not whole and now - self._said.get(step, now - _LINE_EVERY) < _LINE_EVERY:
            return
        if self._said.get(step) != float("inf"):
            self._said[step] = float("inf") if whole else now
            self.say(f"  {step}: {_amount(done, total)}")


class Bars(Silence):
    """A bar for each step on a terminal; a context manager, so that the terminal is left whole.

    Args:
        stream: The terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[amount]}"),
            TimeElapsedColumn(),
        )
        self._progress = Progress(*columns, console=Console(file=stream))
        self._tasks: dict[str, rich.progress.TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def say(self, text: str) -> None:
        """Print a line above the bars."""
        self._progress.console.print(terminal_escape(text), markup=False, highlight=False)

    def advance(self, step: str, done: float, total: float) -> None:
        """Move the step's bar."""
        amount = _amount(done, total)
        if step not in self._tasks:
            self._tasks[step] = self._progress.add_task(step, total=total, amount=amount)
        self._progress.update(self._tasks[step], completed=done, total=total, amount=amount)


def progress_for(stream: TextIO | None = None) -> Lines | Bars:
    """Return what fits a stream: bars on a terminal, lines elsewhere.

    Args:
        stream: Standard error if None.
    """
    stream = stream or sys.stderr
    return Bars(stream) if stream.isatty() else Lines(stream)


def size_text(size: float) -> str:
    """Write a number of bytes for people."""
    for unit in ("KiB", "MiB"):
        size /= 1024
        if size < 1024:  # noqa: PLR2004 - the next unit
            return f"{size:.0f} {unit}"
    return f"{size / 1024:.1f} GiB"


def _amount(done: float, total: float) -> str:
    if total > _MEBIBYTE:
        return f"{size_text(done)} of {size_text(total)}"
    return f"{done:.0f} of {total:.0f}"
