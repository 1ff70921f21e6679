"""Firefox over WebDriver BiDi, which it speaks itself.

BiDi has no debugger and shows no WebSocket frames: the page's script reports those, and a hang is
looked into by the profiler that every Firefox carries (`emsockets_build.run.browser.profile`).
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from emsockets_build.errors import CheckFailedError
from emsockets_build.run.browser.profile import profiler_script, read_stacks
from emsockets_build.run.browser.record import PageRecord, Reason
from emsockets_build.run.browser.script import page_script
from emsockets_build.run.devtools import Channel, Orders, ProtocolError, open_channel
from emsockets_build.run.stacks import Observation, ThreadView
from emsockets_build.run.wasm import FunctionTable

__all__ = ["Firefox", "connected_firefox"]

_ANSWER_SECONDS = 30.0
_SESSION_SECONDS = 60.0  # a new session alone takes two seconds on a quiet machine
_CLOSE_SECONDS = 5.0
_PROFILE_SECONDS = 10.0  # at most; on a quiet machine half a second is enough
_EVENTS = (
    "browsingContext.contextDestroyed",
    "browsingContext.navigationCommitted",
    "browsingContext.userPromptOpened",
    "log.entryAdded",
    "network.fetchError",
    "network.responseCompleted",
    "network.responseStarted",
    "script.message",
)
# In every language of Firefox the URL stands in the sentence; ours is started in English.
_FAILED = re.compile(r"(?:connection to|server at) (wss?://\S+?)\.?(?: was interrupted.*)?$")
_MAX_CONSOLE = 10_000

_Message = dict[str, Any]


class Firefox:
    """The connection to one browser.

    Attributes:
        version: What the browser calls itself.
    """

    def __init__(self) -> None:
        self.version = ""
        self.handlers: dict[str, Callable[[str, _Message], None]] = {}
        self._channel: Channel | None = None
        self._orders: Orders | None = None
        self._profiling = asyncio.Lock()
        self._windows: list[str] = []  # those without a page, by their empty tab

    def connect(self, channel: Channel) -> None:
        """Begin to give orders."""
        self._channel, self._orders = channel, Orders(channel)

    @property
    def lost(self) -> bool:
        """Whether the browser is gone."""
        return self._channel is None or self._channel.lost.is_set()

    def deliver(self, message: _Message) -> None:
        """Take an answer or an event."""
        if self._orders is not None and self._orders.answered(message):
            return
        parameters = message.get("params", {})
        source = parameters.get("source", {})
        # The script's channel has the name of the page, whose frames use it, too.
        context = parameters.get("channel") or parameters.get("context") or source.get("context")
        handler = self.handlers.get(str(context))
        if handler is not None:
            handler(str(message.get("method")), parameters)

    async def ask(
        self, method: str, *, seconds: float = _ANSWER_SECONDS, **options: object
    ) -> _Message:
        """Give an order and return the answer.

        Raises:
            ProtocolError: It was refused, or there was no answer in time.
        """
        assert self._orders is not None  # noqa: S101 - nobody asks before it is there
        answer = await self._orders.give({"method": method, "params": options}, seconds)
        if answer.get("type") != "success":
            raise ProtocolError(f"{method}: {answer.get('error')}: {answer.get('message')}")
        found: _Message = answer["result"]
        return found

    async def begin(self, *, insecure: bool) -> None:
        """Begin the session."""
        wanted = {
            "unhandledPromptBehavior": {"default": "dismiss"},
            "acceptInsecureCerts": insecure,
        }
        made = await self.ask(
            "session.new", seconds=_SESSION_SECONDS, capabilities={"alwaysMatch": wanted}
        )
        self.version = f"Firefox {made['capabilities'].get('browserVersion')}"
        tree = await self.ask("browsingContext.getTree")
        self._windows = [str(tree["contexts"][0]["context"])] if tree.get("contexts") else []

    async def open(self, record: PageRecord) -> FirefoxPage:
        """Open a page in a context of its own."""
        # Each page has a window of its own, whose first tab stays empty: a second page would hide
        # the first, whose timers then crawl, and could not open at all while the first one hangs.
        # A tab in a window that stands is there five times sooner than a window.
        window = self._windows.pop() if self._windows else await self._new_window()
        user = str((await self.ask("browser.createUserContext"))["userContext"])
        try:
            made = await self.ask(
                "browsingContext.create", type="tab", userContext=user, referenceContext=window
            )
        except BaseException:
            await self.remove(user)
            raise
        return FirefoxPage(self, record, user, str(made["context"]), window)

    async def _new_window(self) -> str:
        made = await self.ask("browsingContext.create", type="window", background=True)
        return str(made["context"])

    async def close_page(self, user: str, window: str) -> None:
        """Close a page, hung or not, and keep its window for another."""
        await self.remove(user)
        self._windows.append(window)

    async def remove(self, user: str) -> None:
        """Take away a user context with all its pages."""
        with contextlib.suppress(ProtocolError):
            await self.ask("browser.removeUserContext", seconds=_CLOSE_SECONDS, userContext=user)

    async def profile(self, origin: str) -> tuple[ThreadView, ...]:
        """Have Firefox sample its threads for a while, and return those of one origin.

        Raises:
            CheckFailedError: There is no profile.
        """
        async with self._profiling:
            scope: dict[str, Any] = {"moz:scope": "chrome"}
            own = await self.ask("browsingContext.getTree", **scope)
            answer = await self.ask(
                "script.callFunction",
                seconds=_PROFILE_SECONDS + _ANSWER_SECONDS,
                functionDeclaration=profiler_script(),
                arguments=[
                    {"type": "string", "value": origin},
                    {"type": "number", "value": _PROFILE_SECONDS},
                ],
                awaitPromise=True,
                target={"context": own["contexts"][0]["context"]},
            )
        if answer.get("type") != "success":
            told = answer.get("exceptionDetails", {}).get("text")
            raise CheckFailedError("Firefox's profiler cannot be used", why=str(told))
        return read_stacks(str(answer["result"].get("value")))

    async def close(self) -> None:
        """Let the browser end."""
        with contextlib.suppress(ProtocolError):
            await self.ask("browser.close", seconds=_CLOSE_SECONDS)


@contextlib.asynccontextmanager
async def connected_firefox(url: str, *, insecure: bool = False) -> AsyncIterator[Firefox]:
    """Connect to a browser that has been started.

    Args:
        url: Where it takes orders.
        insecure: Take certificates that it does not trust.

    Yields:
        The connection, with a session.
    """
    client = Firefox()
    async with open_channel(f"{url.rstrip('/')}/session", client.deliver) as channel:
        client.connect(channel)
        await client.begin(insecure=insecure)
        yield client


class FirefoxPage:
    """One page, in a user context of its own."""

    def __init__(
        self, client: Firefox, record: PageRecord, user: str, context: str, window: str
    ) -> None:
        self._client = client
        self._record = record
        self._user = user
        self._context = context
        self._window = window
        self._url = ""
        self._threads = self._in_worker = False
        self._failures: list[tuple[str, str]] = []  # the URL and the words, as they are logged
        self._answers: dict[str, list[tuple[str, int]]] = {}  # errors and statuses, by URL
        self._statuses: dict[str, int] = {}  # by request
        self._said = 0
        client.handlers[context] = self._take

    async def load(self, url: str, settings: dict[str, object], seconds: float) -> None:
        """Prepare the page and send it to an address, whose server may take its time."""
        ask, context = self._client.ask, self._context
        self._url = url
        self._threads = bool(settings["threads"])
        self._in_worker = bool(settings["worker"])
        await asyncio.gather(
            ask("session.subscribe", events=list(_EVENTS), contexts=[context]),
            ask(
                "script.addPreloadScript",
                functionDeclaration=f"(channel) => {{ {page_script(settings, 'channel')} }}",
                arguments=[{"type": "channel", "value": {"channel": context}}],
                contexts=[context],
            ),
        )
        try:
            await ask(
                "browsingContext.navigate", seconds=seconds, context=context, url=url, wait="none"
            )
        except ProtocolError as error:
            if self._client.lost:
                raise
            self._record.end("navigation-failed", str(error))

    def _take(self, method: str, parameters: _Message) -> None:
        if method == "script.message":
            self._record.take(str(parameters.get("data", {}).get("value")))
        elif method == "log.entryAdded":
            self._log(parameters)
        elif method.startswith("network."):
            self._network(method, parameters)
        elif method == "browsingContext.userPromptOpened":
            words = str(parameters.get("message"))[:200]
            self._record.find("dialog", f"{parameters.get('type')}: {words}")
        elif method == "browsingContext.contextDestroyed":
            self._record.end("page-closed")
        elif str(parameters.get("url", "")).startswith("about:tabcrashed"):
            self._record.end("page-crashed")

    def _log(self, entry: Mapping[str, Any]) -> None:
        text = str(entry.get("text", ""))
        if entry.get("type") == "console":  # of a worker: the page's own is taken by the script
            self._said += 1
            if self._said <= _MAX_CONSOLE:
                loud = entry.get("method") in {"warn", "error", "trace", "assert"}
                self._record.line("stderr" if loud else "stdout", text)
            return
        found = _FAILED.search(text)
        if found is not None:
            self._failures.append((found[1], text))
        elif entry.get("level") in {"warn", "error"}:
            self._record.find("log", text)

    def _network(self, method: str, parameters: _Message) -> None:
        request = parameters.get("request", {})
        url, number = str(request.get("url", "")), str(request.get("request"))
        status = int(parameters.get("response", {}).get("status", 0))
        if not _is_websocket(request):
            page = url == self._url or bool(parameters.get("navigation"))
            if method == "network.fetchError" and page:
                self._record.end("navigation-failed", str(parameters.get("errorText")))
            elif method == "network.responseCompleted" and page:
                self._record.answered(status)
            elif method == "network.responseCompleted" and status >= 400:  # noqa: PLR2004 - HTTP
                self._record.find("log", f"the server responded with status {status}", url=url)
            return
        url = url.replace("http", "ws", 1)
        if method == "network.responseStarted":
            self._statuses[number] = status
        else:
            error = str(parameters.get("errorText") or "")
            status = status or self._statuses.get(number, 0)
            self._answers.setdefault(url.rstrip("/"), []).append((error, status))

    async def observe(self, functions: FunctionTable, *, turning: bool) -> Observation:  # noqa: ARG002 - Chromium's signature
        """Look at every thread; they go on all the while.

        Args:
            functions: Of no use here.
            turning: Whether the page's event loop turns; then only workers are worth a look.

        Raises:
            CheckFailedError: Firefox gives no profile.
        """
        if turning and not self._threads and not self._in_worker:
            return Observation((ThreadView("main", ()),))
        try:
            views = await self._client.profile(self._url[: self._url.find("/", 8) + 1])
        except (OSError, ProtocolError) as error:
            raise CheckFailedError("the page cannot be looked into", why=str(error)) from error
        if self._in_worker:  # the page itself does nothing, and the worker is the program
            views = views[1:] or views
        return Observation(views)

    async def count(self) -> None:
        """Have the page's script tell what it has counted so far."""
        with contextlib.suppress(ProtocolError):
            await self._client.ask(
                "script.evaluate",
                seconds=1,
                expression="emsocketsCount()",
                awaitPromise=False,
                target={"context": self._context},
            )

    async def close(self) -> None:
        """Close the page with everything in it, and tell why its WebSockets failed."""
        self._client.handlers.pop(self._context, None)
        await self._client.close_page(self._user, self._window)
        for url, words in self._failures:
            answers = self._answers.get(url.rstrip("/"), [])
            error, status = answers.pop(0) if answers else ("", 0)
            message = f"{error}: {words}" if error else words
            self._record.failed(Reason(url, message, error, status))


def _is_websocket(request: Mapping[str, Any]) -> bool:
    for header in request.get("headers", ()):
        if str(header.get("name")).lower() == "sec-fetch-mode":
            return bool(header.get("value", {}).get("value") == "websocket")
    return False
