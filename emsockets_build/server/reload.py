"""Live reload: a served page begins anew when a file that it was made of has been built anew."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from emsockets_build.server.behaviour import Behaviour
from emsockets_build.server.content import Content, EventStream, Listener
from emsockets_build.server.gates import host_name, is_loopback
from emsockets_build.server.handshake import RefusedError, Request
from emsockets_build.server.site import Page, Site, find_file

__all__ = ["SCRIPT_PATH", "PageSite", "Reloader", "Watch", "start_page"]

SCRIPT_PATH = "/reload.js"
STREAM_PATH = "/reload"

_MAX_FILES = 1000
_MAX_PAGE = 8 * 1024 * 1024
_POLL_SECONDS = 0.3
_GONE_LOOKS = 100  # about half a minute

_SCRIPT = b"""\
// Begins the page anew when a file that it loaded has been built anew (emsockets serve --page).
new EventSource(new URL("reload", document.currentScript.src)).onmessage = () => location.reload();
"""

_Signature = tuple[int, int] | None


def _signature(path: Path) -> _Signature:
    try:
        status = path.stat()
    except OSError:
        return None  # a build takes files away before it writes them
    return status.st_mtime_ns, status.st_size


class Watch:
    """Notices that files have changed, by looking at their times and sizes; no I/O but `stat`.

    Args:
        signature: Looks at one file; None while it is not there.
        limit: How many files are looked at; those that were added last.
    """

    def __init__(
        self, signature: Callable[[Path], _Signature] = _signature, limit: int = _MAX_FILES
    ) -> None:
        self._signature = signature
        self._limit = limit
        self._served: dict[Path, _Signature] = {}
        self._seen: dict[Path, _Signature] = {}
        self._missing = 0

    def add(self, path: Path) -> None:
        """Remember a file as it is now, which is as it has been served."""
        self._served.pop(path, None)
        self._served[path] = self._signature(path)
        if len(self._served) > self._limit:
            del self._served[next(iter(self._served))]

    def changed(self) -> bool:
        """Tell whether a build has come to its end since the last time.

        A file counts when it is there and differs from what was served, and all count only once
        none has changed for one look: a build writes the script before the WebAssembly.
        """
        now = {path: self._signature(path) for path in self._served}
        still = now == self._seen
        self._seen = now
        self._missing = self._missing + 1 if None in now.values() else 0
        if self._missing > _GONE_LOOKS:  # no build takes that long: they are no part of it any more
            self._served = {path: self._served[path] for path, seen in now.items() if seen}
        if not still or now == self._served or self._missing:
            return False
        self._served = now
        return True


class Reloader:
    """Tells pages to begin anew; looks at files only while a page listens.

    Args:
        watch: Knows the files.
        poll: Seconds between two looks.
    """

    def __init__(self, watch: Watch | None = None, poll: float = _POLL_SECONDS) -> None:
        self.watch = watch or Watch()
        self._poll = poll
        self._listeners: dict[Listener, None] = {}
        self._task: asyncio.Task[None] | None = None

    def respond(self, request: Request) -> Behaviour | None:
        """Answer a request for the script or the stream; None for any other."""
        if request.path == SCRIPT_PATH:
            anywhere = (("Cross-Origin-Resource-Policy", "cross-origin"),)
            return Content("text/javascript; charset=utf-8", _SCRIPT, anywhere)
        if request.path == STREAM_PATH:
            return EventStream(self._joined, self._left)
        return None

    def _joined(self, listener: Listener) -> None:
        self._listeners[listener] = None
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._look())

    def _left(self, listener: Listener) -> None:
        self._listeners.pop(listener, None)
        if not self._listeners and self._task is not None:
            self._task.cancel()
            self._task = None

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(self._poll)
            if self.watch.changed():
                for listener in list(self._listeners):
                    listener.tell(f"changed {time.time():.3f}")


@dataclass(frozen=True)
class PageSite(Site):
    """A program's folder whose pages reload themselves.

    Attributes:
        index: The file that ``/`` stands for.
        reloader: Is told which files were served.
        tools_port: Where the script and the inspector are served, on this machine.
        tools_scheme: ``http`` or ``https``.
    """

    index: str = "index.html"
    reloader: Reloader | None = None
    tools_port: int = 0
    tools_scheme: str = "http"

    def page(self, request: Request) -> Behaviour:
        """Answer a request.

        Raises:
            RefusedError: There is no such file; 307 leads to the inspector.
        """
        if request.path.rstrip("/") == "/inspect":
            url = f"{self._tools(request)}/inspect/"
            raise RefusedError(307, f"the inspector is at {url}", [("Location", url)])
        file = find_file(self.root, request, self.index)
        if self.reloader is not None:
            self.reloader.watch.add(file)
            if file.suffix.lower() in {".html", ".htm"} and (
                page := self._with_script(request, file)
            ):
                return Content("text/html; charset=utf-8", page, head_only=request.method == "HEAD")
        return Page(file, head_only=request.method == "HEAD")

    def _tools(self, request: Request) -> str:
        name = host_name(request.header("Host") or "")
        host = name if is_loopback(name) and ":" not in name else "127.0.0.1"
        return f"{self.tools_scheme}://{host}:{self.tools_port}"

    def _with_script(self, request: Request, file: Path) -> bytes | None:
        """Read a page and put our script behind it; None if that cannot work."""
        if not is_loopback(host_name(request.header("Host") or "")):
            return None  # another machine cannot reach the script
        try:
            if file.stat().st_size > _MAX_PAGE:
                return None
            page = file.read_bytes()
        except OSError:
            return None
        # Behind the end of the document, where every parser takes it for a part of the body.
        return page + f'\n<script src="{self._tools(request)}{SCRIPT_PATH}"></script>\n'.encode()


def start_page(path: Path) -> tuple[Path, str]:
    """Find the folder to serve and the page to begin with.

    Args:
        path: A page, or a folder with one.

    Returns:
        The folder, and the page's name in it.

    Raises:
        UsageError: There is no page, or several and none is ``index.html``.
    """
    from emsockets_build.errors import UsageError

    if path.is_file():
        if path.suffix.lower() not in {".html", ".htm"}:
            raise UsageError(
                f"{path} is no page",
                where="--page",
                why="a browser needs an HTML file that loads the program",
                remedy="link the program with `-o NAME.html` (or set SUFFIX .html on the target), "
                "or write a page that has `<script src=NAME.js>`",
            )
        return path.parent, path.name
    if not path.is_dir():
        raise UsageError(
            f"{path} does not exist", where="--page", remedy="build it first, or mend the path"
        )
    pages = sorted(entry.name for entry in path.glob("*.html"))
    if "index.html" in pages:
        return path, "index.html"
    if len(pages) == 1:
        return path, pages[0]
    raise UsageError(
        f"{path} has {_how_many(pages)}",
        where="--page",
        remedy=f"name the one to begin with: {', '.join(pages[:9])}"
        if pages
        else "link the program with `-o NAME.html`, or name the folder that has the page",
    )


def _how_many(pages: Iterable[str]) -> str:
    count = len(list(pages))
    return f"{count} pages, and none is index.html" if count else "no page (*.html)"
