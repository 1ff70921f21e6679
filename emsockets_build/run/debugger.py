"""The debugger of one thread, over Chrome's DevTools protocol: in Node and in Chromium alike."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from emsockets_build.run.imports import find_waiting_functions, place_in
from emsockets_build.run.stacks import Frame, ThreadView, WasmModule
from emsockets_build.run.wasm import FunctionTable

__all__ = ["ThreadDebugger"]

_PAUSE_SECONDS = 1.5
_ENTRY_SECONDS = 0.25
_SAMPLES = 4
_MAX_STEPS_OF_EVENT = 400
_MAX_LOOP_FRAMES = 12
_REWIND_SECONDS = 0.6
_HANDLE_SLEEP = re.compile(r"\bhandleSleep(?::\s*function)?\s*\(\w*\)\s*\{")


@dataclass(slots=True)
class ThreadDebugger:
    """The debugger of one thread.

    Attributes:
        name: ``main`` or ``worker N``.
        transmit: Sends a message to the thread's session.
        count: The number of the last command; whoever shares the session counts elsewhere.
        resumes: Whether pauses that nobody asked for (``debugger;``) are ended at once.
    """

    name: str
    transmit: Callable[[Mapping[str, object]], None]
    count: int = 0
    resumes: bool = False
    modules: dict[str, WasmModule] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)
    pauses: asyncio.Queue[tuple[Frame, ...]] = field(default_factory=asyncio.Queue)
    samples: list[tuple[Frame, ...]] = field(default_factory=list)
    answers: dict[int, asyncio.Future[Mapping[str, Any]]] = field(default_factory=dict)
    breakpoint: str = ""
    stops_at: int = 0
    loop_depth: int = 0
    sampling: bool = False

    def send(self, method: str, **parameters: object) -> None:
        """Send a command whose answer nobody waits for; events tell its effect."""
        self.count += 1
        self.transmit({"id": self.count, "method": method, "params": parameters})

    async def ask(self, method: str, **parameters: object) -> Mapping[str, Any]:
        """Send a command and return its answer; nothing if none comes."""
        self.send(method, **parameters)
        answer = self.answers[self.count] = asyncio.get_running_loop().create_future()
        try:
            return await asyncio.wait_for(answer, _PAUSE_SECONDS)
        except TimeoutError:
            return {}

    def deliver(self, message: dict[str, Any]) -> None:
        """Take an answer or an event."""
        waiting = self.answers.pop(message.get("id", 0), None)
        if waiting is not None and not waiting.done():
            waiting.set_result(message.get("result", {}))
        parameters = message.get("params", {})
        if message.get("method") == "Debugger.scriptParsed":
            script, url = str(parameters["scriptId"]), str(parameters.get("url", ""))
            self.urls[script] = url
            if parameters.get("scriptLanguage") == "WebAssembly":
                self.modules[script] = WasmModule(url, int(parameters.get("codeOffset", 0)))
        elif "breakpointId" in message.get("result", {}):
            self.breakpoint = str(message["result"]["breakpointId"])
            self.stops_at = int(message["result"]["actualLocation"].get("columnNumber", 0))
        elif message.get("method") == "Debugger.paused":
            if self.resumes and not self.sampling:
                self.send("Debugger.resume")
                return
            frames = map(self._frame, parameters.get("callFrames", ()))
            self.pauses.put_nowait(tuple(frame for frame in frames if not frame.watching))

    def _frame(self, raw: Mapping[str, Any]) -> Frame:
        location = raw["location"]
        script = str(location["scriptId"])
        wasm = script in self.modules
        return Frame(
            function=str(raw["functionName"]).removeprefix("$" if wasm else ""),
            wasm=wasm,
            offset=int(location.get("columnNumber", 0)),
            line=0 if wasm else int(location.get("lineNumber", 0)) + 1,
            url=self.urls.get(script, ""),
        )

    async def paused(self, seconds: float) -> tuple[Frame, ...] | None:
        """Wait for a pause; return its stack, or None if none came in time."""
        try:
            return await asyncio.wait_for(self.pauses.get(), seconds)
        except TimeoutError:
            return None

    async def sample(self, functions: FunctionTable, *, idle: bool) -> None:
        """Note some stacks.

        Args:
            functions: Where the module's functions lie.
            idle: Whether the thread mostly waits for events.
        """
        self.sampling = True
        if idle:
            await self._sample_rewinding()
            if not self.samples:
                await self._sample_next_event()
        else:
            await self._sample_loop(functions)

    async def _sample_loop(self, functions: FunctionTable) -> None:
        """Pause some times, then find the function that holds the loop."""
        for number in range(_SAMPLES):
            if number:
                self.send("Debugger.resume")
                await asyncio.sleep(0.01)
            self.send("Debugger.pause")
            stack = await self.paused(_PAUSE_SECONDS)
            if stack is None:
                return
            self.samples.append(stack)
        if not any(map(_calls_out, self.samples)):
            await self._sample_call()
        await self._find_loop(self.samples[-1], functions)

    async def _sample_call(self) -> None:
        """Stop at the next call that waits: a short one may never be there when a pause comes."""
        stops = []
        async for script, source in self._scripts():
            for line, column in find_waiting_functions(source):
                place = {"scriptId": script, "lineNumber": line, "columnNumber": column}
                answer = await self.ask("Debugger.setBreakpoint", location=place)
                stops.append(answer.get("breakpointId"))
        if not stops:
            return
        self.send("Debugger.resume")
        stack = await self.paused(_ENTRY_SECONDS)
        for stop in filter(None, stops):
            self.send("Debugger.removeBreakpoint", breakpointId=stop)
        if stack is None:
            self.send("Debugger.pause")
            stack = await self.paused(_PAUSE_SECONDS)
        if stack is not None:
            self.samples.append(stack)

    async def _scripts(self) -> AsyncIterator[tuple[str, str]]:
        """Give the program's JavaScript: the number and the text of each script."""
        for script, url in list(self.urls.items()):
            if script in self.modules or url.startswith("node:") or url.endswith(".cjs"):
                continue
            answer = await self.ask("Debugger.getScriptSource", scriptId=script)
            yield script, str(answer.get("scriptSource", ""))

    async def _sample_rewinding(self) -> None:
        """Catch a program that sleeps under ASYNCIFY when its stack has been put back.

        ASYNCIFY's handleSleep() runs again at the end of each sleep, on top of the stack of the
        sleeper; stepping there through WebAssembly would take thousands of steps.
        """
        async for script, source in self._scripts():
            found = _HANDLE_SLEEP.search(source)
            if found is not None:
                line, column = place_in(source, found.end())
                place = {"scriptId": script, "lineNumber": line, "columnNumber": column}
                await self.ask("Debugger.setBreakpoint", location=place)
                break
        else:
            return
        while len(self.samples) < _SAMPLES:
            stack = await self.paused(_REWIND_SECONDS)
            if stack is None:
                break
            if any(frame.wasm for frame in stack):
                self.samples.append(stack)
            self.send("Debugger.resume")
        self.send("Debugger.removeBreakpoint", breakpointId=self.breakpoint)

    async def _sample_next_event(self) -> None:
        """Wait for the next callback and follow it into WebAssembly."""
        deadline = time.monotonic() + _PAUSE_SECONDS
        self.send("Debugger.pause")
        for _ in range(_MAX_STEPS_OF_EVENT):
            stack = await self.paused(max(0.0, deadline - time.monotonic()))
            if stack is None:
                return
            if not stack:  # nothing but the script that watches the page
                self.send("Debugger.stepOut")
                continue
            own = [frame.wasm and not frame.function.startswith("asyncify_") for frame in stack]
            if any(own):
                self.samples.append(stack)
                if not own[0] and sum(map(_calls_out, self.samples)) >= _SAMPLES:
                    return
            # ASYNCIFY's own functions lead nowhere; all else is followed, past Node's own code
            # and past our pulse.
            rewinding = stack[0].wasm and not own[0]
            self.send("Debugger.stepOut" if rewinding else "Debugger.stepInto")

    async def _find_loop(self, stack: tuple[Frame, ...], functions: FunctionTable) -> None:
        """Ask of each function, from the inside out, whether it is entered again.

        The first that is not holds the loop. (Stepping out of frames would tell the same, but V8
        cannot step into a frame whose code it compiled before the debugger came.)
        """
        wasm = [index for index, frame in enumerate(stack) if frame.wasm]
        for index in wasm[:_MAX_LOOP_FRAMES]:
            start = functions.start_of(stack[index].offset)
            if start is None:
                return
            script = next(iter(self.modules))
            place = {"scriptId": script, "lineNumber": 0, "columnNumber": start}
            self.send("Debugger.setBreakpoint", location=place)
            self.send("Debugger.resume")
            again = await self.paused(_ENTRY_SECONDS) is not None
            self.send("Debugger.removeBreakpoint", breakpointId=self.breakpoint)
            if again and functions.begins_with_loop(start, self.stops_at):
                # V8 of 2026 stops behind the opening of a loop that a function begins with, and so
                # at each turn: whether the function ever returns tells.
                self.send("Debugger.stepOut")
                again = await self.paused(_ENTRY_SECONDS) is not None
            if not again:
                self.loop_depth = len(stack) - index
                return

    def view(self) -> ThreadView:
        """Return what was seen."""
        return ThreadView(
            self.name, tuple(self.samples), self.loop_depth, tuple(self.modules.values())
        )


def _calls_out(stack: tuple[Frame, ...]) -> bool:
    """Whether WebAssembly called into JavaScript at this moment: that names the call."""
    return not stack[0].wasm and any(frame.wasm for frame in stack)
