"""A program that runs beside others until it is told to stop, such as a server of the project's."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from emsockets_build import guard
from emsockets_build.process import child_process, end_group
from emsockets_build.run.capture import BoundedCapture, Pump

__all__ = ["Background", "background"]

_KEPT = 256 * 1024  # bytes of output
_LONGEST_LINE = 4096  # bytes of one line that expressions are tried on
_QUIET_SECONDS = 0.1  # after which an unfinished line is taken for what it is
_LOOK_SECONDS = 0.02
_DRAIN_SECONDS = 1.0


class Background:
    """A program at work beside others.

    Args:
        command: Its command line.
        child: The process.
        patterns: Expressions that are tried on each line of its output.
    """

    def __init__(
        self,
        command: tuple[str, ...],
        child: subprocess.Popen[bytes],
        patterns: Sequence[re.Pattern[str]],
    ) -> None:
        self.command = command
        self._child = child
        self._capture = BoundedCapture(_KEPT)
        self._lock = threading.Lock()
        self._line = b""
        self._last = 0.0
        self._awaited = list(patterns)
        self._matches: dict[re.Pattern[str], re.Match[str]] = {}

    @property
    def output(self) -> bytes:
        """What it printed so far, both streams: the beginning and the end."""
        with self._lock:
            return self._capture.data

    @property
    def output_dropped(self) -> int:
        """Bytes missing from the middle of the output."""
        with self._lock:
            return self._capture.dropped

    @property
    def returncode(self) -> int | None:
        """Its exit code, negative for a signal (POSIX); None while it runs."""
        return self._child.poll()

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Return where one of the expressions matched first, if it did."""
        with self._lock:
            # A prompt ends in no newline; but the first digits of a port are no port, so an
            # unfinished line has to rest before it counts.
            if self._line and time.monotonic() - self._last > _QUIET_SECONDS:
                self._try(self._line)
            return self._matches.get(pattern)

    def wait(self, until: Callable[[], bool], seconds: float) -> bool:
        """Wait for something that its output or its end may bring.

        Args:
            until: Whether it is there; asked some fifty times a second.
            seconds: How long at most.

        Returns:
            Whether it came.
        """
        deadline = time.monotonic() + seconds
        while not until():
            if time.monotonic() >= deadline:
                return False
            time.sleep(_LOOK_SECONDS)
        return True

    def take(self, data: bytes) -> None:
        """Take a piece of its output; whatever it floods us with is read, and little is kept."""
        with self._lock:
            self._capture.add(data)
            if not self._awaited:
                return
            *lines, rest = (self._line + data).split(b"\n")
            for line in lines:
                self._try(line)
            self._line = rest[:_LONGEST_LINE]
            self._last = time.monotonic()

    def _try(self, line: bytes) -> None:
        text = line[:_LONGEST_LINE].decode("utf-8", "replace").rstrip("\r")
        for pattern in list(self._awaited):
            match = pattern.search(text)
            if match:
                self._matches[pattern] = match
                self._awaited.remove(pattern)


@contextlib.contextmanager
def background(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    patterns: Sequence[re.Pattern[str]] = (),
) -> Iterator[Background]:
    """Run a program beside others, and leave no process of it behind.

    Args:
        command: Program and arguments.
        cwd: Its folder; the current one if None.
        environment: Variables added to the inherited environment.
        patterns: Expressions that are tried on each line of its output, see `Background.match`.

    Yields:
        The running program.

    Raises:
        ToolMissingError: It cannot be started.
    """
    with guard.cookie() as cookie:
        variables = {**os.environ, **(environment or {}), guard.COOKIE_VARIABLE: cookie}
        with child_process(command, cwd=cwd, env=variables, stderr=subprocess.STDOUT) as child:
            running = Background(tuple(command), child, patterns)
            assert child.stdout is not None  # noqa: S101 - for the type checker; a pipe was asked for
            pump = Pump(child.stdout, running.take)
            try:
                yield running
            finally:
                # In this order: what left the group goes with its leader's group still known, and
                # the pipe ends when the last that holds it is gone.
                end_group(child)
                guard.kill_cookie(cookie)
                pump.finish(_DRAIN_SECONDS)
