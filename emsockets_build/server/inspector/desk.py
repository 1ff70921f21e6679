"""The servers that are inspected, and what can be asked of them and done to them."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from emsockets_build.errors import UsageError
from emsockets_build.server.controls import Control
from emsockets_build.server.events import ConnectionRecord, FrameSeen, RawBytes
from emsockets_build.server.inspector.commands import ACTIONS, Command, perform
from emsockets_build.server.inspector.export import har_document, json_document
from emsockets_build.server.inspector.feed import Feed, Key
from emsockets_build.server.inspector.shape import Turnaround, connection_json, events_json
from emsockets_build.server.recorder import Recorder

__all__ = ["Desk", "Inspected"]

_MOST_CONNECTIONS = 500
_MOST_EVENTS = 2000


class Inspected(Protocol):
    """A server, as the desk sees it; `library.AsyncTestServer` is one."""

    @property
    def url(self) -> str:
        """Its real URL."""

    @property
    def behaviour_name(self) -> str:
        """How it treats clients."""

    def recorder(self, number: int) -> Recorder | None:
        """Return the record of one connection in the making."""

    def recorders(self) -> Iterable[Recorder]:
        """Return the records of all connections in the making."""

    def control(self, number: int) -> Control:
        """Return what acts on a connection that stands."""


class Desk:
    """Answers every page from the records of the servers; it keeps none of its own."""

    def __init__(self) -> None:
        self.feed = Feed()
        self.servers: list[Inspected] = []

    def hello(self) -> dict[str, Any]:
        """Say what there is: the servers, and the newest connections."""
        keys = [
            (place, recorder.number)
            for place, server in enumerate(self.servers)
            for recorder in server.recorders()
        ]
        newest = sorted(keys, key=lambda key: key[1])[-_MOST_CONNECTIONS:]
        return {
            "type": "hello",
            "servers": [
                {"url": server.url, "behaviour": server.behaviour_name} for server in self.servers
            ],
            "connections": self.connections(newest),
        }

    def connections(self, keys: Iterable[Key]) -> list[dict[str, Any]]:
        """Describe connections, those left out that nothing is kept of any more."""
        return [
            connection_json(
                key[0],
                recorder.snapshot(events=False),
                recorder.started,
                self._control_state(key),
            )
            for key in keys
            if (recorder := self._recorder(key)) is not None
        ]

    def answer(self, command: Command) -> dict[str, Any]:
        """Do what a page asks for.

        Args:
            command: Anything but ``watch``, which is for who keeps the page's subscription.

        Returns:
            What the page is told.

        Raises:
            UsageError: It cannot be done.
        """
        if command.do in ACTIONS:
            assert command.connection is not None  # noqa: S101 - parse_command saw to it
            server, number = command.connection
            if server >= len(self.servers):
                raise UsageError(f"there is no server {server}")
            perform(command, self.servers[server].control(number))
            return {"type": "done", "connections": self.connections([command.connection])}
        if command.do == "payload":
            return self._payload(command)
        return self._export(command)

    def history(self, key: Key, turnaround: Turnaround) -> dict[str, Any]:
        """Return the newest events that are kept of a connection.

        Args:
            key: The connection.
            turnaround: A new one, which has seen them afterwards.

        Raises:
            UsageError: Nothing is kept of it.
        """
        first, events = self._kept(key).kept
        skipped = max(0, len(events) - _MOST_EVENTS)
        shaped = events_json(first, events, turnaround)[skipped:]
        return {
            "type": "events",
            "watched": f"{key[0]}.{key[1]}",
            "connections": self.connections([key]),
            "omitted": first + skipped,
            "events": shaped,
        }

    def _payload(self, command: Command) -> dict[str, Any]:
        assert command.connection is not None  # noqa: S101 - parse_command saw to it
        event = self._kept(command.connection).event(command.whole("event"))
        if not isinstance(event, FrameSeen | RawBytes):
            raise UsageError("this payload is not kept any more")
        return {
            "type": "payload",
            "size": event.size,
            "data": base64.b64encode(event.payload).decode(),
        }

    def _export(self, command: Command) -> dict[str, Any]:
        write = {"json": json_document, "har": har_document}.get(command.text("format"))
        if write is None:
            raise UsageError("records are exported as json or har")
        return {"type": "export", "document": write(self._recorded(command.connection))}

    def _recorded(self, key: Key | None) -> Sequence[tuple[int, str, ConnectionRecord]]:
        if key is not None:
            record = self._kept(key).snapshot()
            return [(key[0], self.servers[key[0]].url, record)]
        return [
            (place, server.url, recorder.snapshot())
            for place, server in enumerate(self.servers)
            for recorder in server.recorders()
            if recorder.behaviour != "static"
        ]

    def _kept(self, key: Key) -> Recorder:
        recorder = self._recorder(key)
        if recorder is None:
            raise UsageError(f"nothing is kept of connection {key[1]} (any more)")
        return recorder

    def _recorder(self, key: Key) -> Recorder | None:
        return self.servers[key[0]].recorder(key[1]) if key[0] < len(self.servers) else None

    def _control_state(self, key: Key) -> dict[str, Any] | None:
        try:
            return self.servers[key[0]].control(key[1]).state
        except UsageError:
            return None
