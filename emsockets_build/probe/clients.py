"""The clients that are judged, and how they differ; data.

Chromium, Node's ``ws`` and Node's own WebSocket refuse a server that selects no subprotocol though
one was offered; Firefox does not. Under Node, Emscripten's sockets drop text frames.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CLIENTS", "DEFAULT_CLIENTS", "Client"]


@dataclass(frozen=True, slots=True)
class Client:
    """A client.

    Attributes:
        id: Its name on the command line and in JSON.
        title: Its name for people.
        exchanges: The handshakes that it may send, by name; it works if one of them does, since the
            program chooses.
        insists: Whether it refuses a server that selects none of the subprotocols offered.
        browser: Whether a page's rules bind it.
        drops_text: Whether text frames never reach the program.
        proxy: Whether it speaks the protocol of websocket_to_posix_proxy.
        max_head: Bytes that the head of an answer may have; 0 for as many as the probe reads.
    """

    id: str
    title: str
    exchanges: tuple[str, ...]
    insists: bool = True
    browser: bool = False
    drops_text: bool = False
    proxy: bool = False
    max_head: int = 0

    @property
    def chooses(self) -> bool:
        """Whether the program chooses the subprotocol when it makes the WebSocket."""
        return len(self.exchanges) > 1


_NODE_HEAD = 16 * 1024  # Node's --max-http-header-size

CLIENTS = {
    client.id: client
    for client in (
        Client("chrome", "sockets in Chrome", ("chrome",), browser=True),
        Client("firefox", "sockets in Firefox", ("firefox",), insists=False, browser=True),
        Client("node", "sockets in Node with ws 8", ("ws",), drops_text=True, max_head=_NODE_HEAD),
        Client("websocket-api", "websocket.h in a browser", ("none", "chrome"), browser=True),
        Client(
            "websocket-api-node",
            "websocket.h in Node",
            ("undici-none", "undici"),
            max_head=_NODE_HEAD,
        ),
        Client("proxy", "BACKEND proxy", ("none",), browser=True, proxy=True),
    )
}
"""By name."""

DEFAULT_CLIENTS = ("chrome", "firefox", "node", "websocket-api", "websocket-api-node")
"""Those that are judged when none is named; who uses ``BACKEND proxy`` knows it."""
