"""What the inspector's page is made of, and the script that reloads pages: served on one port."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from emsockets_build.resources import theme_css
from emsockets_build.server.behaviour import Behaviour
from emsockets_build.server.content import Content
from emsockets_build.server.handshake import RefusedError, Request
from emsockets_build.server.reload import Reloader
from emsockets_build.server.site import Site, content_type

__all__ = ["ToolsSite"]

_STATIC = Path(__file__).with_name("static")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = (("Content-Security-Policy", _POLICY), ("Referrer-Policy", "no-referrer"))
_TOKEN = b"@TOKEN@"


@cache
def _assets() -> dict[str, bytes]:
    """Read the page's files; only these are served, whatever lies beside them."""
    files = {path.name: path.read_bytes() for path in _STATIC.iterdir() if path.is_file()}
    return {**files, "theme.css": theme_css().encode()}


@dataclass(frozen=True)
class ToolsSite(Site):
    """The inspector under ``/inspect/``, and the live reload.

    Attributes:
        token: What the page must show to be fed; it is put into the page, which no page of another
            origin can read.
        reloader: Answers for the live reload; None if there is none.
    """

    root: Path = _STATIC
    token: str = ""
    reloader: Reloader | None = None

    def page(self, request: Request) -> Behaviour:
        """Answer a request.

        Raises:
            RefusedError: There is no such file; 307 leads to the page.
        """
        if request.method not in ("GET", "HEAD"):
            raise RefusedError(405, "only GET and HEAD", [("Allow", "GET, HEAD")])
        answer = self.reloader.respond(request) if self.reloader is not None else None
        if answer is not None:
            return answer
        if request.path in ("/", "/inspect"):
            raise RefusedError(307, "the inspector is at /inspect/", [("Location", "/inspect/")])
        folder, _, name = request.path.rpartition("/")
        body = _assets().get(name or "index.html") if folder == "/inspect" else None
        if body is None:
            raise RefusedError(404, "there is no such file")
        if name in ("", "index.html"):
            body = body.replace(_TOKEN, self.token.encode())
        media_type = content_type(name or "index.html")
        return Content(media_type, body, _HEADERS, head_only=request.method == "HEAD")
