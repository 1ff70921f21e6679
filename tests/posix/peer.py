"""The peer of the conformance program: a TCP server that does what the first line asks for."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from types import TracebackType
from typing import Self

__all__ = ["Peer"]

_MUCH = 1 << 16


class Peer:
    """Listens on loopback in a thread of its own while the context lasts.

    A script is a line of steps: ``say:TEXT``, ``drip:TEXT`` (a byte at a time), ``fill:BYTES``,
    ``wait:MS``, ``echo``, ``count:BYTES`` (read that many, then say how many), ``drain`` (read to
    the end), ``hold`` (read nothing), ``answer-at-end:TEXT``, ``report`` (read to the end and keep
    how much), ``reported`` (say what was kept, once it is), ``reset``, ``close``.
    """

    port: int

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._totals: asyncio.Queue[int] = asyncio.Queue()
        self._writers: set[asyncio.StreamWriter] = set()

    def __enter__(self) -> Self:
        """Start; ``port`` is known then."""
        self._thread.start()
        starting = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", 0), self._loop
        )
        self._server = starting.result(10)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def drop(self) -> None:
        """Cut all connections, so that relays in front have nothing left to send when they end."""
        asyncio.run_coroutine_threadsafe(self._drop(), self._loop).result(10)

    async def _drop(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0.2)

    async def _end(self) -> None:
        self._server.close()
        await self._drop()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            script = (await reader.readline()).decode().split()
            for step in script:
                name, _, argument = step.partition(":")
                await self._do(name, argument, reader, writer)
        with contextlib.suppress(OSError):
            writer.close()

    async def _do(  # noqa: C901, PLR0912 - one step after the other, none with a branch of its own
        self, name: str, argument: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        match name:
            case "say":
                writer.write(argument.encode())
            case "drip":
                for byte in argument:
                    writer.write(byte.encode())
                    await asyncio.sleep(0.005)
            case "fill":
                writer.write(bytes(number * 7 & 0xFF for number in range(int(argument))))
            case "wait":
                await asyncio.sleep(int(argument) / 1000)
            case "echo":
                while data := await reader.read(_MUCH):
                    writer.write(data)
            case "count":
                await reader.readexactly(int(argument))
                writer.write(argument.encode())
            case "drain":
                while await reader.read(_MUCH):
                    pass
            case "hold":
                writer.transport.pause_reading()  # type: ignore[attr-defined]  # of sockets it has it
                await asyncio.sleep(30)
            case "answer-at-end":
                total = 0
                while data := await reader.read(_MUCH):
                    total += len(data)
                writer.write(f"{argument} {total}".encode())
            case "report":
                total = 0
                try:
                    while data := await reader.read(_MUCH):
                        total += len(data)
                finally:
                    self._totals.put_nowait(total)
            case "reported":
                async with asyncio.timeout(5):
                    writer.write(str(await self._totals.get()).encode())
            case "reset":
                raw: socket.socket = writer.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
            case _:
                pass
        await writer.drain()
