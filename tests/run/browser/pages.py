"""A server of somebody else: plain pages, and the ways in which a page does not come."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

__all__ = ["SILENT", "Answer", "elsewhere", "page"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a path is answered with."""

    body: bytes = b""
    status: int = 200
    type: str = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


SILENT = Answer(status=0)
"""The request is taken, and never answered."""


def page(script: str, *headers: tuple[str, str]) -> Answer:
    """A page with one script."""
    text = f"<!doctype html><title>page</title><script>{script}</script>"
    return Answer(text.encode(), headers=headers)


@contextlib.contextmanager
def elsewhere(
    answers: Mapping[str, Answer], *, tls: tuple[Path, Path] | None = None
) -> Iterator[str]:
    """Serve paths on a free port of this machine.

    Args:
        answers: The answer of each path; others are answered with 404.
        tls: The certificate and its key, for https.

    Yields:
        The origin.
    """
    ending = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = answers.get(self.path.partition("?")[0], Answer(b"not here", 404))
            if answer is SILENT:
                ending.wait()
                return
            self.send_response(answer.status)
            for name, value in (("Content-Type", answer.type), *answer.headers):
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *words: object) -> None:
            """Be silent."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Browsers leave connections as they like."""

    with Server(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            # Shaken hands within the thread of each connection.
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
        finally:
            ending.set()
            server.shutdown()
            thread.join()
