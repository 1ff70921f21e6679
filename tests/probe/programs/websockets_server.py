"""A WebSocket echo server on Python's websockets; the arguments are the subprotocols."""

from __future__ import annotations

import asyncio
import sys

from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol


async def _echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


async def _main() -> None:
    names = [Subprotocol(name) for name in sys.argv[1:]]
    async with serve(_echo, "127.0.0.1", 0, subprotocols=names or None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        sys.stdout.write(f"READY {port}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


asyncio.run(_main())
