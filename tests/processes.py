"""Counts processes by a mark in their environment, which whatever they start inherits."""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["SCALE", "marked", "new_mark", "until", "until_none"]

SCALE = float(os.environ.get("EMSOCKETS_TEST_TIME_SCALE", "1"))


def marked(mark: str) -> set[int]:
    """The processes that carry a mark in their environment, ourselves excepted."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"MARK={mark}".encode() in path.read_bytes().split(b"\0"):
                found.add(int(path.parent.name))
        except OSError:
            continue
    return found - {os.getpid()}


def until(reached: Callable[[], bool], seconds: float) -> bool:
    """Look until something is so; tell whether it came to be in time."""
    deadline = time.monotonic() + seconds * SCALE
    while not (so := reached()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return so


def until_none(mark: str, seconds: float) -> set[int]:
    """Look until no marked process is left; return those left at the end of the time."""
    until(lambda: not marked(mark), seconds)
    return marked(mark)


@contextmanager
def new_mark() -> Iterator[str]:
    """A mark for the processes of one test; whatever a failing test leaves is killed."""
    chosen = uuid.uuid4().hex
    try:
        yield chosen
    finally:
        for pid in marked(chosen):
            os.kill(pid, signal.SIGKILL)
