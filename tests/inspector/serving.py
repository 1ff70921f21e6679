"""``emsockets serve`` with an inspector, as a process, and a page's side of the channel."""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from emsockets_build.process import child_process
from tests.server.rawclient import RawClient, frame, handshake

__all__ = ["Serving", "channel", "get", "port_of", "serving"]

_SECONDS = 60.0 * float(os.environ.get("EMSOCKETS_TEST_TIME_SCALE", "1"))


@dataclass(frozen=True)
class Serving:
    """What the command said: the first server, the page if there is one, and the inspector."""

    ready: str
    inspect: str
    page: str = ""

    @property
    def port(self) -> int:
        """The first server's port."""
        return port_of(self.ready)

    @property
    def token(self) -> str:
        """What the inspector's page holds."""
        status, _, body = get(port_of(self.inspect), "/inspect/")
        assert status == 200
        found = re.search(r'name="emsockets-token" content="([^"]+)"', body.decode())
        assert found is not None
        return found[1]


def port_of(url: str) -> int:
    """Return the port of a URL."""
    found = re.search(r":(\d+)/", url)
    assert found is not None
    return int(found[1])


@contextmanager
def serving(*arguments: str) -> Iterator[Serving]:
    """Run ``emsockets serve --quiet`` with these arguments, one of which asks for an inspector."""
    command = [sys.executable, "-m", "emsockets_build", "serve", "--quiet", *arguments]
    with child_process(command) as child:
        stopper = threading.Timer(_SECONDS, child.kill)
        stopper.start()
        try:
            said: dict[str, str] = {}
            while "INSPECT" not in said:
                assert child.stdout is not None
                assert child.stderr is not None
                line = child.stdout.readline().decode()
                assert line, child.stderr.read().decode()
                what, _, url = line.strip().partition(" ")
                said.setdefault(what, url)
            yield Serving(said["READY"], said["INSPECT"], said.get("PAGE", ""))
        finally:
            stopper.cancel()


def get(
    port: int, path: str, *, host: str = "127.0.0.1", method: str = "GET"
) -> tuple[int, dict[str, str], bytes]:
    """Ask for a file; returns status, headers and body."""
    with RawClient(port) as client:
        client.send(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        status, headers = client.read_head()
        return status, headers, client.read_all()


class Channel:
    """A page's side of the channel."""

    def __init__(self, client: RawClient) -> None:
        self._client = client

    def send(self, **request: Any) -> None:
        """Send a request."""
        self._client.send(frame(1, json.dumps(request).encode()))

    def next(self, kind: str) -> dict[str, Any]:
        """Return the next message of a kind; others are passed over."""
        while True:
            got = self._client.read_message()
            assert got is not None
            message: dict[str, Any] = json.loads(got.payload)
            if message["type"] == kind:
                return message

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send a request and return its answer."""
        self.send(id=7, **request)
        while True:
            got = self._client.read_message()
            assert got is not None
            message: dict[str, Any] = json.loads(got.payload)
            if message.get("id") == 7:
                return message


@contextmanager
def channel(server: Serving) -> Iterator[tuple[Channel, dict[str, Any]]]:
    """Join the channel as the page does; also gives what the server says first."""
    port = port_of(server.inspect)
    host = f"127.0.0.1:{port}"
    with RawClient(port) as client:
        path = f"/inspect/channel?token={server.token}"
        extra = {"Host": host, "Origin": f"http://{host}"}
        client.send(handshake(path, subprotocols=None, extra=extra))
        assert client.read_head()[0] == 101
        joined = Channel(client)
        yield joined, joined.next("hello")
