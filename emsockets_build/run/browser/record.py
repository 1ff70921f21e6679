"""What is known of one page while it runs, whichever browser tells it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from types import MappingProxyType

from emsockets_build.run.capture import BoundedCapture
from emsockets_build.run.channel import HookReader
from emsockets_build.run.model import Limits
from emsockets_build.run.supervise import output_taker
from emsockets_build.transcript.event import Event, Kind, Source

__all__ = ["PageRecord", "Reason"]

_MAX_STARTS = 20
_MAX_FINDINGS = 500


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a WebSocket failed, in the browser's words, which it keeps from the page.

    Attributes:
        url: The WebSocket's URL.
        message: The reason.
        code: The browser's own code for it, such as ``NS_ERROR_CONNECTION_REFUSED``.
        status: The HTTP status that answered the handshake; 0 where it is not known.
    """

    url: str
    message: str
    code: str = ""
    status: int = 0


class PageRecord:
    """One run of one page.

    Args:
        limits: Bounds of output and events.
        on_output: Called with ``stdout`` or ``stderr`` and each piece.
        on_event: Called with each event of the page's script.

    Attributes:
        captures: Standard output and standard error.
        reports: What the page's script said.
        ended: Set when the program has ended, or can never end.
        exit_code: Its exit code; None if it did not come to one.
    """

    def __init__(
        self,
        limits: Limits,
        on_output: Callable[[str, bytes], None] | None = None,
        on_event: Callable[[Event], None] | None = None,
    ) -> None:
        self.captures = {name: BoundedCapture(limits.output) for name in ("stdout", "stderr")}
        self._takers = {
            name: output_taker(name, capture, on_output) for name, capture in self.captures.items()
        }
        self.reports = HookReader(limits.events, on_event)
        self.ended = asyncio.Event()
        self.exit_code: int | None = None
        self._findings: list[Event] = []
        self._reasons: list[Reason] = []
        self._starts = 0
        self._heard = asyncio.Event()
        self._first_lag: float | None = None  # of the page's clock behind ours, with the way
        self._least_lag = 0.0

    @property
    def started(self) -> bool:
        """Whether a page has begun."""
        return self._starts > 0

    def take(self, text: str) -> None:
        """Take a report of the page's script; what is none is passed by."""
        try:
            report = json.loads(text)
        except ValueError:
            return
        if not isinstance(report, dict) or self.ended.is_set():
            return
        name = report.get("event")
        if name == "output":
            self.output(str(report.get("stream")), str(report.get("data")))
            return
        if self._starts > 1 and "socket" in report:  # each page counts its own from 1
            report["socket"] = f"{report['socket']} of page {self._starts}"
        self._heard.set()
        self._mark_clock(report.get("t"))
        self.reports.take(report)
        if name == "exit":
            code = report.get("code")
            self.exit_code = code & 255 if isinstance(code, int) else None
            self.ended.set()
        elif name == "start":
            self._starts += 1
            if self._starts > _MAX_STARTS:
                self.end("page-reloads", f"the page was loaded {self._starts} times")
            self.answered(report.get("status"))

    def answered(self, status: object) -> None:
        """Take the HTTP status that a page came with; an error's page is not the one wanted."""
        if isinstance(status, int) and status >= HTTPStatus.BAD_REQUEST:
            self.end("navigation-failed", f"its server answered {status}")

    def _mark_clock(self, stamp: object) -> None:
        """Compare the clocks: the report that was quickest on its way tells their difference."""
        if isinstance(stamp, int | float):
            lag = time.monotonic() - stamp / 1e6
            if self._first_lag is None:
                self._first_lag = self._least_lag = lag
            self._least_lag = min(self._least_lag, lag)

    async def pulse(self) -> None:
        """Wait until the page's script says anything, which it can only if its loop turns."""
        self._heard.clear()
        await self._heard.wait()

    def output(self, stream: str, data: str) -> None:
        """Take output, one character for each byte."""
        taker = self._takers.get(stream)
        if taker is not None:
            taker(data.encode("latin-1", "replace"))

    def line(self, stream: str, text: str) -> None:
        """Take a line of text."""
        self.output(stream, (text + "\n").encode("utf-8", "replace").decode("latin-1"))

    def find(self, report: str, text: str = "", **detail: object) -> None:
        """Note what the browser itself says."""
        if len(self._findings) < _MAX_FINDINGS:
            self._findings.append(
                Event(
                    Kind.NOTE,
                    Source.BROWSER,
                    time.monotonic(),
                    text=text,
                    detail=MappingProxyType({"report": report, **detail}),
                )
            )

    def end(self, report: str, text: str = "") -> None:
        """Note something after which the program cannot go on."""
        if not self.ended.is_set():
            self.find(report, text)
            self.ended.set()

    def failed(self, reason: Reason) -> None:
        """Note why a WebSocket failed."""
        self._reasons.append(reason)

    def events(self) -> tuple[Event, ...]:
        """Return everything that was seen, in order, each socket's error with its reason."""
        waiting = list(self._reasons)
        # The reader took the first report's lag for that of all.
        late = (self._first_lag or 0.0) - self._least_lag
        told = [
            replace(event, time=None if event.time is None else event.time - late)
            for event in (_explained(event, waiting) for event in self.reports.events)
        ]
        together = [*told, *self._findings]
        return tuple(sorted(together, key=lambda event: event.time or 0.0))


def _explained(event: Event, waiting: list[Reason]) -> Event:
    """Put the first reason that fits an error to it; reasons and errors come in one order."""
    if event.kind is not Kind.ERROR or event.detail.get("message"):
        return event
    url = str(event.detail.get("url", "")).rstrip("/")
    for reason in waiting:
        if reason.url.rstrip("/") == url:
            waiting.remove(reason)
            told = {"message": reason.message, "code": reason.code, "status": reason.status}
            return replace(
                event,
                text=reason.message,
                detail=MappingProxyType({**event.detail, **told}),
            )
    return event
