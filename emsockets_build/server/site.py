"""Static files beside the WebSocket, with the headers that pthread builds need in a browser."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, ClassVar
from urllib.parse import quote

from emsockets_build.server.behaviour import Behaviour, Link, Session
from emsockets_build.server.handshake import RefusedError, Request

__all__ = ["HEADERS", "Page", "Site", "content_type", "find_file"]

_CHUNK = 256 * 1024
_INDEX = "index.html"

# The table of the machine may say anything (Windows' registry has .js as text/plain), and browsers
# refuse modules and streaming compilation with a wrong type: the types that matter stand here.
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".data": "application/octet-stream",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
}

HEADERS = (
    # SharedArrayBuffer, and so pthreads, need a cross-origin isolated page.
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Embedder-Policy", "require-corp"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
    ("Connection", "close"),
)


def content_type(name: str) -> str:
    """Return the media type for a file's name."""
    suffix = Path(name).suffix.lower()
    return _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"


def find_file(root: Path, request: Request, index: str = _INDEX) -> Path:
    """Find the file that a request asks for.

    Args:
        root: The folder that is served; nothing outside it is, not even through a link.
        request: The request.
        index: The file that a folder stands for.

    Returns:
        A file below ``root``.

    Raises:
        RefusedError: 405 for another method than GET and HEAD, 404 for what is not there.
    """
    if request.method not in ("GET", "HEAD"):
        raise RefusedError(
            405, f"method {request.method}, not GET or HEAD", [("Allow", "GET, HEAD")]
        )
    missing = RefusedError(404, f"there is no file {quote(request.path)}")
    base = root.resolve()
    # Each part is a name: a backslash or a drive would lead elsewhere on Windows.
    parts = [part for part in request.path.split("/") if part not in ("", ".")]
    if any(part == ".." or set(part) & set("\\:\0") for part in parts):
        raise missing
    try:
        path = base.joinpath(*parts).resolve()
        if path.is_dir():
            path = (path / index).resolve()
        if not path.is_relative_to(base) or not path.is_file():
            raise missing
    except (OSError, ValueError) as error:  # a name too long, a loop of links
        raise missing from error
    return path


@dataclass(frozen=True)
class Site:
    """A folder that is served to plain HTTP requests.

    Attributes:
        root: The folder.
    """

    root: Path

    def page(self, request: Request) -> Behaviour:
        """Answer a request.

        Raises:
            RefusedError: There is no such file.
        """
        return Page(find_file(self.root, request), head_only=request.method == "HEAD")


class _PageSession(Session):
    def __init__(self, link: Link, plan: Page) -> None:
        super().__init__(link)
        self._plan = plan

    def raw_opened(self) -> None:
        self.link.spawn(self._send())

    def raw_ended(self) -> bool:
        return True  # a client may end its direction once it has asked

    async def _send(self) -> None:
        path = self._plan.path
        try:
            file = path.open("rb")
        except OSError as error:
            self.link.note(f"{path.name} cannot be read: {error.strerror}")
            self.link.send_raw(
                b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
            self.link.finish()
            return
        with file:
            length = path.stat().st_size
            self.link.note(f"sends {path.name}, {length} bytes")
            self.link.send_raw(_head(path.name, length))
            if not self._plan.head_only:
                await self._send_body(file, length)
        self.link.finish()

    async def _send_body(self, file: BinaryIO, length: int) -> None:
        left = length  # not more than announced, even if the file grows meanwhile
        while left and (data := file.read(min(_CHUNK, left))):
            self.link.send_raw(data)
            left -= len(data)
            await self.link.writable()


def _head(name: str, length: int) -> bytes:
    headers = [("Content-Type", content_type(name)), ("Content-Length", str(length)), *HEADERS]
    lines = ["HTTP/1.1 200 OK", *(f"{key}: {value}" for key, value in headers), "", ""]
    return "\r\n".join(lines).encode()


@dataclass(frozen=True)
class Page(Behaviour):
    """Sends one file and closes."""

    name: ClassVar[str] = "static"
    summary: ClassVar[str] = "sends a file"
    websocket: ClassVar[bool] = False

    path: Path = Path()
    head_only: bool = False

    def session(self, link: Link) -> Session:
        """Begin to send."""
        return _PageSession(link, self)
