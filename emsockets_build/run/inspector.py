"""A look into a running Node through its inspector: stacks of the main thread and of the workers.

SIGUSR1 opens the inspector of a Node that was started without one, even while its main thread spins
in WebAssembly, and ``Debugger.pause`` then answers within some 50 ms. Nothing is paid before that.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from emsockets_build.errors import CheckFailedError
from emsockets_build.process import run_bounded
from emsockets_build.run.capture import BoundedCapture
from emsockets_build.run.stacks import Frame, Observation, ThreadView, WasmModule
from emsockets_build.run.wasm import FunctionTable

__all__ = ["observe", "open_inspector"]

_LISTENING = re.compile(rb"Debugger listening on (ws://[^\s]+)")
_OPEN_SECONDS = 3.0
_PAUSE_SECONDS = 1.5
_ENTRY_SECONDS = 0.25
_SAMPLES = 4
_MAX_STEPS_OF_EVENT = 400
_MAX_LOOP_FRAMES = 12
_REWIND_SECONDS = 0.6
_HANDLE_SLEEP = re.compile(r"\bhandleSleep(?::\s*function)?\s*\(\w*\)\s*\{")
_MAX_MESSAGE = 64 << 20


def open_inspector(pid: int, errors: BoundedCapture, node: Path) -> str:
    """Open the inspector of a running Node.

    Args:
        pid: The process, started with ``--inspect-port=127.0.0.1:0``.
        errors: Where its standard error is captured: the address appears there.
        node: The ``node`` executable; on Windows a second one has to ask the first.

    Returns:
        The inspector's WebSocket URL.

    Raises:
        CheckFailedError: No address appeared in time.
    """
    if sys.platform == "win32":
        run_bounded([node, "-e", f"process._debugProcess({pid})"], timeout=_OPEN_SECONDS)
    else:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGUSR1)
    deadline = time.monotonic() + _OPEN_SECONDS
    while time.monotonic() < deadline:
        found = _LISTENING.search(errors.tail(4096))
        if found is not None:
            return found[1].decode("ascii", "replace")
        time.sleep(0.005)
    raise CheckFailedError(
        "Node's inspector did not open",
        where=f"process {pid}",
        why=f"no address on standard error within {_OPEN_SECONDS:g} s of the signal",
        remedy="a Node built without inspector, or a program that handles SIGUSR1, "
        "cannot be looked into",
    )


def observe(url: str, functions: FunctionTable, *, idle: bool) -> Observation:
    """Pause every thread some times and note its stack.

    Args:
        url: From `open_inspector`.
        functions: Where the program's functions lie.
        idle: Whether the main thread's event loop turns, so that it cannot be paused at once.

    Returns:
        What was seen; threads that could not be paused have no samples.

    Raises:
        CheckFailedError: The inspector does not answer.
    """
    try:
        return asyncio.run(asyncio.wait_for(_observe(url, functions, idle=idle), timeout=15))
    except (OSError, TimeoutError, WebSocketException) as error:
        raise CheckFailedError(
            "Node's inspector does not answer", where=url, why=f"{type(error).__name__}: {error}"
        ) from error


async def _observe(url: str, functions: FunctionTable, *, idle: bool) -> Observation:
    async with connect(
        url,
        open_timeout=3,
        close_timeout=2,
        ping_interval=None,
        max_size=_MAX_MESSAGE,
        compression=None,
        proxy=None,
    ) as connection:
        client = _Client()
        exchange = [
            asyncio.create_task(_receive(connection, client)),
            asyncio.create_task(_send(connection, client.outgoing)),
        ]
        try:
            await client.main.ask("Debugger.enable")  # every script is announced before the answer
            client.main.send("NodeWorker.enable", waitForDebuggerOnStart=False)
            await client.main.sample(functions, idle=idle)
            await asyncio.gather(
                *(thread.sample(functions, idle=False) for thread in client.workers.values())
            )
            return Observation(
                tuple(thread.view() for thread in (client.main, *client.workers.values()))
            )
        finally:
            for task in exchange:
                task.cancel()
            await asyncio.gather(*exchange, return_exceptions=True)


async def _receive(connection: ClientConnection, client: _Client) -> None:
    endpoint = connection.transport.get_extra_info("socket")
    async for message in connection:
        # Node answers in two small writes, and the kernel would hold back our acknowledgement of
        # the first for 40 ms, and Node the second until it comes.
        if hasattr(socket, "TCP_QUICKACK"):
            endpoint.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        client.deliver(json.loads(message))


async def _send(connection: ClientConnection, outgoing: asyncio.Queue[str]) -> None:
    while True:
        await connection.send(await outgoing.get())


class _Client:
    """One connection to the inspector: the main thread, and the workers through it."""

    def __init__(self) -> None:
        self.outgoing: asyncio.Queue[str] = asyncio.Queue()
        self.main = _Thread("main", self._send_to_main)
        self.workers: dict[str, _Thread] = {}

    def _send_to_main(self, message: Mapping[str, object]) -> None:
        self.outgoing.put_nowait(json.dumps(message))

    def deliver(self, message: dict[str, Any]) -> None:
        """Take a message; those of workers come wrapped."""
        parameters = message.get("params", {})
        if message.get("method") == "NodeWorker.attachedToWorker":
            self._attach(str(parameters["sessionId"]))
        elif message.get("method") == "NodeWorker.receivedMessageFromWorker":
            thread = self.workers.get(str(parameters["sessionId"]))
            if thread is not None:
                thread.deliver(json.loads(parameters["message"]))
        else:
            self.main.deliver(message)

    def _attach(self, session: str) -> None:
        def send(message: Mapping[str, object]) -> None:
            self.main.send(
                "NodeWorker.sendMessageToWorker", sessionId=session, message=json.dumps(message)
            )

        self.workers[session] = thread = _Thread(f"worker {session}", send)
        thread.send("Debugger.enable")


@dataclass(slots=True)
class _Thread:
    """The debugger of one thread."""

    name: str
    transmit: Callable[[Mapping[str, object]], None]
    count: int = 0
    modules: dict[str, WasmModule] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)
    pauses: asyncio.Queue[tuple[Frame, ...]] = field(default_factory=asyncio.Queue)
    samples: list[tuple[Frame, ...]] = field(default_factory=list)
    answers: dict[int, asyncio.Future[Mapping[str, Any]]] = field(default_factory=dict)
    breakpoint: str = ""
    loop_depth: int = 0

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
        elif message.get("method") == "Debugger.paused":
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

    async def _paused(self, seconds: float) -> tuple[Frame, ...] | None:
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
            stack = await self._paused(_PAUSE_SECONDS)
            if stack is None:
                return
            self.samples.append(stack)
        await self._find_loop(self.samples[-1], functions)

    async def _sample_rewinding(self) -> None:
        """Catch a program that sleeps under ASYNCIFY when its stack has been put back.

        ASYNCIFY's handleSleep() runs again at the end of each sleep, on top of the stack of the
        sleeper; stepping there through WebAssembly would take thousands of steps.
        """
        for script, url in list(self.urls.items()):
            if script in self.modules or url.startswith("node:") or url.endswith(".cjs"):
                continue
            answer = await self.ask("Debugger.getScriptSource", scriptId=script)
            source = str(answer.get("scriptSource", ""))
            found = _HANDLE_SLEEP.search(source)
            if found is not None:
                line = source.count("\n", 0, found.end())
                column = found.end() - (source.rfind("\n", 0, found.end()) + 1)
                place = {"scriptId": script, "lineNumber": line, "columnNumber": column}
                await self.ask("Debugger.setBreakpoint", location=place)
                break
        else:
            return
        while len(self.samples) < _SAMPLES:
            stack = await self._paused(_REWIND_SECONDS)
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
            stack = await self._paused(max(0.0, deadline - time.monotonic()))
            if stack is None:
                return
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
            if await self._paused(_ENTRY_SECONDS) is None:
                self.loop_depth = len(stack) - index
                return
            self.send("Debugger.removeBreakpoint", breakpointId=self.breakpoint)

    def view(self) -> ThreadView:
        """Return what was seen."""
        return ThreadView(
            self.name, tuple(self.samples), self.loop_depth, tuple(self.modules.values())
        )


def _calls_out(stack: tuple[Frame, ...]) -> bool:
    """Whether WebAssembly called into JavaScript at this moment: that names the call."""
    return not stack[0].wasm and any(frame.wasm for frame in stack)
