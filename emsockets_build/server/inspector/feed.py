"""What one page is told: the events of the connection it watches, and which others have changed.

It is bounded, however fast a connection is and however slow the page: what waits for a page that
does not keep up is dropped, the oldest first, and counted. The record itself still has it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from emsockets_build.server.events import Ended, Event
from emsockets_build.server.recorder import Observer

__all__ = ["MAX_WAITING", "Feed", "Key", "Subscription"]

MAX_WAITING = 2000
"""Events that may wait for a page."""

Key = tuple[int, int]
"""A connection: the place of its server, and its number there."""


class Subscription:
    """What waits for one page.

    Args:
        wake: Called when something begins to wait.
        limit: Events that may wait.
    """

    def __init__(self, wake: Callable[[], None], limit: int = MAX_WAITING) -> None:
        self._wake = wake
        self._limit = limit
        self.watched: Key | None = None
        self.events: deque[tuple[int, Event]] = deque()
        self.skipped = 0
        self.changed: dict[Key, None] = {}

    def watch(self, key: Key | None) -> None:
        """Choose the connection whose events are wanted; nothing of another waits any more."""
        self.watched = key
        self.events.clear()
        self.skipped = 0

    def saw(self, key: Key, number: int, event: Event) -> None:
        """Take an event."""
        self.changed[key] = None
        if key == self.watched:
            self.events.append((number, event))
            if len(self.events) > self._limit:
                self.events.popleft()
                self.skipped += 1
        self._wake()

    def take(self) -> tuple[list[tuple[int, Event]], int, list[Key]]:
        """Return what waits: events with their numbers, how many were dropped, what changed."""
        taken = list(self.events), self.skipped, list(self.changed)
        self.events.clear()
        self.skipped = 0
        self.changed.clear()
        return taken


class Feed:
    """Hands the events of several servers to every page that is open."""

    def __init__(self) -> None:
        self._subscriptions: dict[Subscription, None] = {}
        self._counts: dict[Key, int] = {}

    def observer(self, server: int) -> Observer:
        """Return what a server's events are to be given to.

        Args:
            server: The place of the server among those that are inspected.
        """

        def observe(event: Event) -> None:
            key = server, event.connection
            number = self._counts.get(key, 0)
            if isinstance(event, Ended):
                self._counts.pop(key, None)
            else:
                self._counts[key] = number + 1
            for subscription in self._subscriptions:
                subscription.saw(key, number, event)

        return observe

    def join(self, subscription: Subscription) -> None:
        """Begin to hand events to a page."""
        self._subscriptions[subscription] = None

    def leave(self, subscription: Subscription) -> None:
        """Stop doing so."""
        self._subscriptions.pop(subscription, None)
