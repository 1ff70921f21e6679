"""What stands beside the servers for people: the inspector and the live reload, on their own port.

Their own, so that pages of programs are of another origin and cannot read the inspector's token,
and so that records and logs hold what programs do and nothing else.
"""

from __future__ import annotations

import secrets
import ssl
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import quote

from emsockets_build.errors import UsageError
from emsockets_build.server.certificate import Certificate
from emsockets_build.server.inspector import Channel, Desk, ToolsSite, channel_gate
from emsockets_build.server.library import AsyncTestServer
from emsockets_build.server.recorder import RecordLimits
from emsockets_build.server.reload import PageSite, Reloader

__all__ = ["Tools"]

_LAST_PORT = 65535
_KEPT = RecordLimits.counts_only(10)


class Tools:
    """The server for people, bound to this machine whatever the others are bound to.

    Args:
        port: The port; another one if it is taken, 0 for a free one.
        tls: The certificate, if the others have one.
        page: The folder and the name of the page that reloads itself, if there is one.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        tls: ssl.SSLContext | Certificate | None = None,
        page: tuple[Path, str] | None = None,
    ) -> None:
        self.desk = Desk()
        self._ports = [port, 0] if 0 < port <= _LAST_PORT else [0]
        self._tls = tls
        self._page = page
        self._reloader = Reloader() if page is not None else None
        self._server: AsyncTestServer | None = None

    async def start(self, stack: AsyncExitStack) -> None:
        """Listen until the stack is left.

        Raises:
            UsageError: There is no port to listen on.
        """
        for port in self._ports:
            server = self._make(port)
            try:
                await stack.enter_async_context(server)
            except UsageError:
                if port == self._ports[-1]:
                    raise
                continue
            self._server = server
            return

    def _make(self, port: int) -> AsyncTestServer:
        token = secrets.token_urlsafe(24)
        return AsyncTestServer(
            Channel(self.desk),
            port=port,
            subprotocols=(),
            tls=self._tls or False,
            site=ToolsSite(token=token, reloader=self._reloader),
            gate=channel_gate(token),
            limits=_KEPT,
        )

    @property
    def _port(self) -> int:
        return 0 if self._server is None else self._server.port

    @property
    def _scheme(self) -> str:
        return "http" if self._tls is None else "https"

    @property
    def inspector_url(self) -> str:
        """Where the inspector is."""
        return f"{self._scheme}://127.0.0.1:{self._port}/inspect/"

    def site(self) -> PageSite | None:
        """Return what answers plain requests on the servers' ports; None if there is no page."""
        if self._page is None:
            return None
        folder, name = self._page
        return PageSite(folder, name, self._reloader, self._port, self._scheme)

    def page_url(self, server: AsyncTestServer) -> str | None:
        """Return where a server serves the page; None if there is none."""
        if self._page is None:
            return None
        base = server.url.replace("ws", "http", 1)
        return f"{base}{quote(self._page[1])}"
