"""Chromium, Chrome and Edge over the DevTools protocol.

``Debugger.enable`` must be acknowledged before the program starts: sent while the page's main
thread spins it is never answered. Once it is on, ``Debugger.pause`` reaches any loop within
milliseconds, and it does not slow WebAssembly down.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

from emsockets_build.errors import CheckFailedError
from emsockets_build.run.browser.record import PageRecord, Reason
from emsockets_build.run.browser.script import page_script
from emsockets_build.run.debugger import ThreadDebugger
from emsockets_build.run.devtools import Channel, Orders, ProtocolError, open_channel
from emsockets_build.run.stacks import Observation
from emsockets_build.run.wasm import FunctionTable

__all__ = ["Chromium", "connected_chromium"]

_ANSWER_SECONDS = 30.0
_CLOSE_SECONDS = 5.0
_BINDING = "emsocketsReport"
_DEBUGGERS_COUNT = 1 << 30  # its numbers must not be ours
_FAILED = re.compile(r"WebSocket connection to '([^']*)' failed: (.*)", re.DOTALL)
_MAX_CONSOLE = 10_000

_Message = dict[str, Any]


class Chromium:
    """The connection to one browser, with one session for each page and worker.

    Attributes:
        version: What the browser calls itself.
    """

    def __init__(self) -> None:
        self.version = ""
        self.handlers: dict[str, Callable[[_Message], None]] = {}
        self.ends: dict[str, Callable[[str, str], None]] = {}
        self._channel: Channel | None = None
        self._orders: Orders | None = None

    def connect(self, channel: Channel) -> None:
        """Begin to give orders."""
        self._channel, self._orders = channel, Orders(channel)

    def deliver(self, message: _Message) -> None:
        """Take an answer or an event."""
        if self._orders is not None and self._orders.answered(message):
            return
        handler = self.handlers.get(str(message.get("sessionId", "")))
        if handler is not None:
            handler(message)
            return
        parameters = message.get("params", {})
        ended = self.ends.get(str(parameters.get("targetId")))
        if ended is None:
            return
        if message.get("method") == "Target.targetCrashed":
            ended("page-crashed", f"{parameters.get('status')}, code {parameters.get('errorCode')}")
        elif message.get("method") == "Target.targetDestroyed":
            ended("page-closed", "")

    @property
    def lost(self) -> bool:
        """Whether the browser is gone."""
        return self._channel is None or self._channel.lost.is_set()

    def post(self, message: Mapping[str, object]) -> None:
        """Send a message as it is."""
        if self._channel is not None:
            self._channel.send(message)

    async def ask(
        self, method: str, session: str = "", *, seconds: float = _ANSWER_SECONDS, **options: object
    ) -> _Message:
        """Give an order and return the answer.

        Raises:
            ProtocolError: It was refused, or there was no answer in time.
        """
        assert self._orders is not None  # noqa: S101 - nobody asks before it is there
        message: dict[str, object] = {"method": method, "params": options}
        if session:
            message["sessionId"] = session
        answer = await self._orders.give(message, seconds)
        if "error" in answer:
            raise ProtocolError(f"{method}: {answer['error'].get('message')}")
        found: _Message = answer.get("result", {})
        return found

    async def open(self, record: PageRecord) -> ChromiumPage:
        """Open a page in a context of its own."""
        context = str((await self.ask("Target.createBrowserContext"))["browserContextId"])
        try:
            made = await self.ask(
                "Target.createTarget", url="about:blank", browserContextId=context
            )
            target = str(made["targetId"])
            attached = await self.ask("Target.attachToTarget", targetId=target, flatten=True)
        except BaseException:
            await self._dispose(context)
            raise
        return ChromiumPage(self, record, context, target, str(attached["sessionId"]))

    async def dispose(self, page: ChromiumPage) -> None:
        """Close a page, hung or not, with its context."""
        self.ends.pop(page.target, None)
        for session in [page.session, *page.workers]:
            self.handlers.pop(session, None)
        await self._dispose(page.context)

    async def _dispose(self, context: str) -> None:
        with contextlib.suppress(ProtocolError):
            await self.ask(
                "Target.disposeBrowserContext", seconds=_CLOSE_SECONDS, browserContextId=context
            )

    async def close(self) -> None:
        """Let the browser end."""
        with contextlib.suppress(ProtocolError):
            await self.ask("Browser.close", seconds=_CLOSE_SECONDS)


@contextlib.asynccontextmanager
async def connected_chromium(url: str) -> AsyncIterator[Chromium]:
    """Connect to a browser that has been started.

    Args:
        url: Where it takes orders.

    Yields:
        The connection.
    """
    client = Chromium()
    async with open_channel(url, client.deliver) as channel:
        client.connect(channel)
        client.version = str((await client.ask("Browser.getVersion"))["product"])
        await client.ask("Target.setDiscoverTargets", discover=True)  # for how pages end
        yield client


class ChromiumPage:
    """One page, in a browser context of its own."""

    def __init__(
        self, client: Chromium, record: PageRecord, context: str, target: str, session: str
    ) -> None:
        self._client = client
        self._record = record
        self.context = context
        self.target = target
        self.session = session
        self.workers: dict[str, ThreadDebugger] = {}
        self._debugger = self._thread("main", session, resumes=True)
        self._said = 0
        self._in_worker = False
        client.handlers[session] = self._take
        client.ends[target] = record.end

    def _thread(self, name: str, session: str, *, resumes: bool) -> ThreadDebugger:
        def transmit(message: Mapping[str, object]) -> None:
            self._client.post({**message, "sessionId": session})

        return ThreadDebugger(name, transmit, count=_DEBUGGERS_COUNT, resumes=resumes)

    async def load(self, url: str, settings: dict[str, object], seconds: float) -> None:
        """Prepare the page and send it to an address, whose server may take its time."""
        ask, session = self._client.ask, self.session
        self._in_worker = bool(settings["worker"])
        script = page_script(settings, f"(text) => globalThis.{_BINDING}(text)")
        await asyncio.gather(
            ask("Page.enable", session),
            ask("Runtime.enable", session),
            ask("Log.enable", session),
            ask("Inspector.enable", session),
            ask("Runtime.addBinding", session, name=_BINDING),
            ask("Page.addScriptToEvaluateOnNewDocument", session, source=script),
            ask("Debugger.enable", session),
            ask(
                "Target.setAutoAttach",
                session,
                autoAttach=True,
                waitForDebuggerOnStart=False,
                flatten=True,
            ),
        )
        try:
            answer = await ask("Page.navigate", session, seconds=seconds, url=url)
        except ProtocolError as error:
            if self._client.lost:
                raise
            self._record.end("navigation-failed", str(error))
            return
        if answer.get("errorText"):
            self._record.end("navigation-failed", str(answer["errorText"]))

    def _take(self, message: _Message) -> None:
        method, parameters = message.get("method", ""), message.get("params", {})
        if method == "Runtime.bindingCalled":
            if parameters.get("name") == _BINDING:
                self._record.take(str(parameters.get("payload")))
        elif method == "Log.entryAdded":
            self._log(parameters["entry"])
        elif method == "Page.javascriptDialogOpening":
            kind, words = str(parameters.get("type")), str(parameters.get("message"))
            self._record.find("dialog", f"{kind}: {words[:200]}")
            self._order("Page.handleJavaScriptDialog", accept=kind == "beforeunload")
        elif method == "Inspector.targetCrashed":
            self._record.end("page-crashed")
        elif method == "Target.attachedToTarget":
            self._attach(parameters)
        elif method == "Target.detachedFromTarget":
            gone = str(parameters.get("sessionId"))
            self.workers.pop(gone, None)
            self._client.handlers.pop(gone, None)
        elif method == "Inspector.detached":
            self._record.end("page-closed", str(parameters.get("reason")))
        else:
            self._debugger.deliver(message)

    def _order(self, method: str, session: str = "", **options: object) -> None:
        """Send an order whose answer nobody waits for."""
        self._client.post(
            {
                "id": _DEBUGGERS_COUNT - 1,
                "method": method,
                "params": options,
                "sessionId": session or self.session,
            }
        )

    def _log(self, entry: Mapping[str, Any]) -> None:
        text = str(entry.get("text", ""))
        found = _FAILED.match(text)
        if found is not None:
            self._record.failed(Reason(found[1], found[2]))
        elif entry.get("level") in {"warning", "error"}:
            self._record.find("log", text, url=str(entry.get("url", "")))

    def _attach(self, parameters: Mapping[str, Any]) -> None:
        session = str(parameters["sessionId"])
        if parameters.get("targetInfo", {}).get("type") != "worker":
            return
        name = f"worker {len(self.workers) + 1}"
        self.workers[session] = self._thread(name, session, resumes=False)
        self._client.handlers[session] = lambda message: self._worker_said(session, message)
        self._order("Runtime.enable", session)

    def _worker_said(self, session: str, message: _Message) -> None:
        if message.get("method") != "Runtime.consoleAPICalled":
            worker = self.workers.get(session)
            if worker is not None:
                worker.deliver(message)
            return
        self._said += 1
        if self._said <= _MAX_CONSOLE:
            parameters = message["params"]
            loud = parameters.get("type") in {"warning", "error", "trace", "assert"}
            words = [_worded(value) for value in parameters.get("args", ())]
            self._record.line("stderr" if loud else "stdout", " ".join(words))

    async def observe(self, functions: FunctionTable, *, turning: bool) -> Observation:
        """Look at every thread, and let them go on.

        Args:
            functions: Where the program's functions lie.
            turning: Whether the page's event loop turns.

        Raises:
            CheckFailedError: The browser is gone.
        """
        threads = dict(self._threads())
        try:
            for worker in list(threads.values())[0 if self._in_worker else 1 :]:
                await worker.ask("Debugger.enable")
            (session, first), *others = threads.items()
            if not turning:
                first.sampling = True
                await self._flush(session, first)
            await first.sample(functions, idle=turning)
            for _, worker in others:
                await worker.sample(functions, idle=False)
        except ProtocolError as error:
            raise CheckFailedError("the page cannot be looked into", why=str(error)) from error
        for thread in threads.values():
            thread.sampling = False
            thread.send("Debugger.resume")
        return Observation(tuple(thread.view() for thread in threads.values()))

    def _threads(self) -> Iterator[tuple[str, ThreadDebugger]]:
        """Give the threads by their sessions, the one that the program's main() runs in first."""
        if not self._in_worker or not self.workers:
            yield self.session, self._debugger
        yield from self.workers.items()

    async def _flush(self, session: str, thread: ThreadDebugger) -> None:
        """Have the rest of a line that was begun before the hang."""
        thread.send("Debugger.pause")
        if await thread.paused(1.0) is not None:
            with contextlib.suppress(ProtocolError):
                await self._client.ask(
                    "Runtime.evaluate", session, seconds=1, expression="emsocketsFlush()"
                )
            thread.send("Debugger.resume")

    async def count(self) -> None:
        """Have the page's script tell what it has counted so far."""
        with contextlib.suppress(ProtocolError):
            await self._client.ask(
                "Runtime.evaluate", self.session, seconds=1, expression="emsocketsCount()"
            )

    async def close(self) -> None:
        """Close the page with everything in it."""
        await self._client.dispose(self)


def _worded(value: Mapping[str, Any]) -> str:
    told = value.get("value", value.get("description", value.get("type")))
    return str(told)
