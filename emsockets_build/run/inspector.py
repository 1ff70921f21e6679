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
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from websockets.exceptions import WebSocketException

from emsockets_build.errors import CheckFailedError
from emsockets_build.process import run_bounded
from emsockets_build.run.capture import BoundedCapture
from emsockets_build.run.debugger import ThreadDebugger
from emsockets_build.run.devtools import Channel, open_channel
from emsockets_build.run.stacks import Observation
from emsockets_build.run.wasm import FunctionTable

__all__ = ["observe", "open_inspector"]

_LISTENING = re.compile(rb"Debugger listening on (ws://[^\s]+)")
_OPEN_SECONDS = 3.0


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
    client = _Client()
    async with open_channel(url, client.deliver) as channel:
        client.channel = channel
        await client.main.ask("Debugger.enable")  # every script is announced before the answer
        client.main.send("NodeWorker.enable", waitForDebuggerOnStart=False)
        await client.main.sample(functions, idle=idle)
        await asyncio.gather(
            *(thread.sample(functions, idle=False) for thread in client.workers.values())
        )
        return Observation(
            tuple(thread.view() for thread in (client.main, *client.workers.values()))
        )


class _Client:
    """One connection to the inspector: the main thread, and the workers through it."""

    def __init__(self) -> None:
        self.channel: Channel | None = None
        self.main = ThreadDebugger("main", self._send_to_main)
        self.workers: dict[str, ThreadDebugger] = {}

    def _send_to_main(self, message: Mapping[str, object]) -> None:
        if self.channel is not None:
            self.channel.send(message)

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

        self.workers[session] = thread = ThreadDebugger(f"worker {session}", send)
        thread.send("Debugger.enable")
