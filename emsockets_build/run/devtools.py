"""JSON messages over a WebSocket: how Node, Chromium and Firefox let themselves be looked into."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

__all__ = ["Channel", "Orders", "ProtocolError", "open_channel"]

_OPEN_SECONDS = 10.0
_CLOSE_SECONDS = 2.0


class ProtocolError(Exception):
    """The other side refused an order, or did not answer."""


class Channel:
    """The sending end.

    Attributes:
        lost: Set when the other side is gone.
    """

    def __init__(self) -> None:
        self._outgoing: asyncio.Queue[str] = asyncio.Queue()
        self.lost = asyncio.Event()

    def send(self, message: Mapping[str, object]) -> None:
        """Send a message, soon and in order; one to a side that is gone is lost."""
        self._outgoing.put_nowait(json.dumps(message))

    async def pump(self, connection: ClientConnection) -> None:
        """Write what is to be sent, for ever."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                await connection.send(await self._outgoing.get())


class Orders:
    """Orders to the other side, each with a number that comes back with its answer.

    Args:
        channel: The sending end.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._count = 0
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}

    def answered(self, message: Mapping[str, Any]) -> bool:
        """Take an answer; tell whether the message was one that somebody waits for."""
        waiting = self._waiting.pop(message.get("id") or 0, None)
        if waiting is None:
            return False
        if not waiting.done():
            waiting.set_result(dict(message))
        return True

    async def give(self, message: Mapping[str, object], seconds: float) -> dict[str, Any]:
        """Give an order and return what comes back.

        Args:
            message: The order without its number.
            seconds: How long to wait.

        Raises:
            ProtocolError: There was no answer in time, or nobody is there any more.
        """
        self._count += 1
        number = self._count
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        self._channel.send({"id": number, **message})
        lost = asyncio.create_task(self._channel.lost.wait())
        try:
            await asyncio.wait({answer, lost}, timeout=seconds, return_when="FIRST_COMPLETED")
        finally:
            lost.cancel()
            self._waiting.pop(number, None)
        if not answer.done():
            why = (
                "the connection is gone"
                if self._channel.lost.is_set()
                else f"no answer in {seconds:g} s"
            )
            raise ProtocolError(f"{message.get('method')}: {why}")
        result: dict[str, Any] = answer.result()
        return result


@contextlib.asynccontextmanager
async def open_channel(
    url: str, deliver: Callable[[dict[str, Any]], None]
) -> AsyncIterator[Channel]:
    """Connect, and hand over every message that comes.

    Args:
        url: The WebSocket's URL, on this machine.
        deliver: Called with each message, on the event loop.

    Yields:
        The sending end.

    Raises:
        OSError: Nobody listens there.
        TimeoutError: There is no answer.
        websockets.exceptions.WebSocketException: The answer is no WebSocket.
    """
    async with connect(
        url,
        open_timeout=_OPEN_SECONDS,
        close_timeout=_CLOSE_SECONDS,
        ping_interval=None,  # the other side may stand still in a debugger
        max_size=None,  # whole scripts and payloads come in one message
        compression=None,
        proxy=None,
    ) as connection:
        channel = Channel()
        tasks = [
            asyncio.create_task(_receive(connection, deliver, channel)),
            asyncio.create_task(channel.pump(connection)),
        ]
        try:
            yield channel
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _receive(
    connection: ClientConnection, deliver: Callable[[dict[str, Any]], None], channel: Channel
) -> None:
    endpoint = connection.transport.get_extra_info("socket")
    try:
        async for message in connection:
            # Node answers in two small writes, and the kernel would hold back our acknowledgement
            # of the first for 40 ms, and Node the second until it comes.
            if hasattr(socket, "TCP_QUICKACK"):
                endpoint.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            deliver(json.loads(message))
    except ConnectionClosed:
        pass  # the browser died, or was closed by somebody
    finally:
        channel.lost.set()
