"""Timers and tasks that belong to one connection and end with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

__all__ = ["Lifetime"]


class Lifetime:
    """Keeps what runs beside a connection.

    Args:
        failed: Gets whatever an action or a task raises.
    """

    __slots__ = ("_deadline", "_failed", "_tasks", "_timers")

    def __init__(self, failed: Callable[[Exception], None]) -> None:
        self._failed = failed
        self._timers: set[asyncio.TimerHandle] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._deadline: asyncio.TimerHandle | None = None

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Run ``action`` after ``seconds``, unless the connection has ended by then."""

        def act() -> None:
            self._timers.discard(timer)
            self.guard(action)

        timer = asyncio.get_running_loop().call_later(seconds, act)
        self._timers.add(timer)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine until it ends or the connection does."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and isinstance(error := task.exception(), Exception):
            self._failed(error)

    def guard(self, action: Callable[[], None]) -> None:
        """Run ``action`` now; what it raises ends this connection and no other."""
        try:
            action()
        except Exception as error:  # noqa: BLE001 - handed to the connection, which says so
            self._failed(error)

    def deadline(self, seconds: float, action: Callable[[], None]) -> None:
        """Run ``action`` after ``seconds``, in place of any deadline before it."""
        self.no_deadline()
        self._deadline = asyncio.get_running_loop().call_later(seconds, action)

    def no_deadline(self) -> None:
        """Call off the deadline."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def end(self) -> None:
        """Stop everything."""
        self.no_deadline()
        for timer in self._timers:
            timer.cancel()
        for task in self._tasks:
            task.cancel()
