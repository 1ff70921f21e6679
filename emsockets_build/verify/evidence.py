"""What is known of a failed run, arranged for the question why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from emsockets_build.run.hang import Hang
from emsockets_build.run.model import RunResult
from emsockets_build.server import ConnectionRecord
from emsockets_build.transcript.event import Event, Kind, Source
from emsockets_build.verify.model import Mismatch

__all__ = ["Evidence"]

_TAIL = 64 * 1024


@dataclass(frozen=True)
class Evidence:
    """Everything that a cause may rest on; the views of it are computed once.

    Attributes:
        result: What the program did.
        connections: What the server saw.
        mismatches: What was expected and did not come.
        log: The program's SOCKET_DEBUG lines as events, if it wrote any.
    """

    result: RunResult
    connections: Sequence[ConnectionRecord] = ()
    mismatches: Sequence[Mismatch] = ()
    log: Sequence[Event] = field(default=())

    def of(self, *kinds: Kind) -> list[Event]:
        """Return the hook's events of some kinds, in order."""
        return [event for event in self.result.events if event.kind in kinds]

    @cached_property
    def errors(self) -> list[Event]:
        """Errors of sockets, with the reasons that Emscripten keeps from the program."""
        return self.of(Kind.ERROR)

    @cached_property
    def exceptions(self) -> list[Event]:
        """What nobody caught."""
        return self.of(Kind.EXCEPTION)

    @cached_property
    def opened(self) -> set[str]:
        """The sockets that were open at some time."""
        return {event.socket for event in self.of(Kind.OPEN, Kind.ACCEPT)}

    @cached_property
    def closes(self) -> list[Event]:
        """The ends of WebSockets that had been open.

        A program that exits as soon as recv() returns 0 is gone before its WebSocket has closed;
        then the answer to the server's close frame tells the code.
        """
        closes = [event for event in self.of(Kind.CLOSE) if event.socket in self.opened]
        told = {event.socket for event in closes}
        return closes + [
            event
            for event in self.of(Kind.NOTE)
            if event.detail.get("answering") and event.socket in self.opened - told
        ]

    @cached_property
    def last_words(self) -> str:
        """The end of standard error."""
        return self.result.stderr[-_TAIL:].decode("utf-8", "replace")

    def noted(self, *names: str) -> list[Event]:
        """Return the notes of some names, of the program's hook and of the browser."""
        return [event for event in self.of(Kind.NOTE) if event.detail.get("report") in names]

    @cached_property
    def in_page(self) -> bool:
        """Whether a browser ran the program."""
        return any("isolated" in event.detail for event in self.of(Kind.START)) or any(
            event.source is Source.BROWSER for event in self.result.events
        )

    @property
    def host(self) -> str:
        """What ran the program, in words."""
        return "the page" if self.in_page else "Node"

    @property
    def hang(self) -> Hang | None:
        """What the inspector found, if the program did not end."""
        return self.result.hang

    @property
    def source(self) -> str:
        """``file:line`` of the innermost frame of a crash that has one."""
        own = (
            frame.location
            for frame in self.result.crash
            if frame.location and "system/lib/" not in frame.location
        )
        return next(own, "")

    @property
    def stack(self) -> tuple[str, ...]:
        """The stack of a crash in words."""
        frames = self.result.crash
        last = max((place for place, frame in enumerate(frames) if frame.wasm), default=-1)
        return tuple(str(frame) for frame in (frames[: last + 1] if last >= 0 else frames))

    def seconds(self, event: Event) -> str:
        """Say when an event was, in seconds of the run."""
        return "" if event.time is None else f"{event.time - self.result.started:.3f} s "

    def lines(self, events: Iterable[Event], limit: int = 6) -> tuple[str, ...]:
        """Put events into words, one line each."""
        chosen = list(events)
        words = [self._line(event) for event in chosen[:limit]]
        if len(chosen) > limit:
            words.append(f"... and {len(chosen) - limit} more")
        return tuple(words)

    def _line(self, event: Event) -> str:
        who = "program" if event.source is Source.PROGRAM else str(event.source)
        what = str(event.detail.get("report") or event.kind)
        parts = [f"{self.seconds(event)}{who}: {what}"]
        if event.socket:
            parts.append(f"socket {event.socket}")
        if event.size is not None:
            parts.append(f"{event.size} bytes")
        code = event.detail.get("code")
        if code not in {None, "", event.text}:
            parts.append(str(code))
        if event.text:
            parts.append(event.text)
        return ", ".join(parts)

    def server_lines(self) -> tuple[str, ...]:
        """Say in words what the server saw of each connection."""
        return tuple(_server_line(record) for record in self.connections[:6])


def _server_line(record: ConnectionRecord) -> str:
    offered = ", ".join(record.offered) or "none"
    parts = [
        f"server: connection {record.number} offered subprotocol {offered}",
        f"answered {record.status or 'nothing'}, selected {record.subprotocol or 'none'}",
        f"{record.messages_in} messages in, {record.messages_out} out",
    ]
    if record.refusal:
        parts.append(f"refused: {record.refusal}")
    if record.close_code is not None:
        by = f" by the {record.closed_by}" if record.closed_by else ""
        parts.append(f"closed {record.close_code}{by}")
    if record.reset:
        parts.append("TCP reset")
    if record.fault:
        parts.append(record.fault)
    return "; ".join(parts)
