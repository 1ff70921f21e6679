"""What a browser is given to load: the program's folder, and a page that starts the program."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from emsockets_build.run.baked import scan_baked
from emsockets_build.run.browser.script import worker_script
from emsockets_build.run.features import ModuleKind, ProgramFeatures, read_features
from emsockets_build.run.model import Version
from emsockets_build.server.behaviour import Behaviour
from emsockets_build.server.content import Content
from emsockets_build.server.handshake import Request
from emsockets_build.server.site import Site, content_type

__all__ = ["ProgramSite", "page_for", "page_path", "prepared", "script_of"]

_PAGE = "/emsockets-page.html"
_WORKER = "/emsockets-worker.js"
_FACTORY_NAME = re.compile(r"\bmodule\.exports\s*=\s*([A-Za-z_$][\w$]*)")
_FRAME = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<link rel="icon" href="data:,">
<canvas id="canvas"></canvas>
{scripts}
</html>
"""


def page_path(program: Path) -> str:
    """Return the path that the browser is sent to: a program's own page, or ours."""
    return f"/{quote(program.name)}" if program.suffix == ".html" else _PAGE


def page_for(program: Path, features: ProgramFeatures, text: str) -> bytes:
    """Write the page that starts a program.

    Args:
        program: The ``.js`` or ``.mjs`` file.
        features: What its text says.
        text: The text itself.

    Returns:
        The page, in UTF-8.
    """
    source = html.escape(quote(program.name))
    if features.kind is ModuleKind.ES_MODULE:
        name = json.dumps(f"./{quote(program.name)}")
        scripts = (
            f'<script type="module">import create from {name}; emsocketsStart(create);</script>'
        )
    elif features.kind is ModuleKind.FACTORY:
        start = f"emsocketsStart({_factory_name(text)});"
        scripts = f'<script src="{source}"></script>\n<script>{start}</script>'
    else:
        scripts = f'<script src="{source}"></script>'
    return _framed(program, scripts)


def _framed(program: Path, scripts: str) -> bytes:
    return _FRAME.format(title=html.escape(program.name), scripts=scripts).encode()


def worker_for(program: Path, features: ProgramFeatures, text: str) -> bytes:
    """Write the worker that starts a program which was built for workers alone.

    Args:
        program: The ``.js`` or ``.mjs`` file.
        features: What its text says.
        text: The text itself.

    Returns:
        The worker's script, in UTF-8.
    """
    name = json.dumps(f"./{quote(program.name)}")
    if features.kind is ModuleKind.ES_MODULE:
        start = f"emsocketsStart(import({name}).then((module) => module.default));"
    elif features.kind is ModuleKind.FACTORY:
        start = f"importScripts({name}); emsocketsStart({_factory_name(text)});"
    else:
        start = f"importScripts({name});"
    return worker_script(start).encode()


def _factory_name(text: str) -> str:
    found = _FACTORY_NAME.search(text[-2000:])
    return found[1] if found else "Module"


@dataclass(frozen=True)
class ProgramSite(Site):
    """A program's folder with the page that starts it.

    Attributes:
        made: The contents that are no files, by their paths.
    """

    made: tuple[tuple[str, bytes], ...] = ()

    @property
    def worker(self) -> str:
        """The path of the worker that the program runs in; empty if it runs in the page."""
        return next((path for path, _ in self.made if path == _WORKER), "")

    def page(self, request: Request) -> Behaviour:
        """Answer a request.

        Raises:
            RefusedError: There is no such file.
        """
        for path, content in self.made:
            if request.path == path and request.method in {"GET", "HEAD"}:
                head_only = request.method == "HEAD"
                return Content(content_type(path), content, head_only=head_only)
        return super().page(request)


def script_of(program: Path) -> Path:
    """Return the JavaScript of a program, which an ``.html`` page has beside it."""
    return program.with_suffix(".js") if program.suffix == ".html" else program


def prepared(program: Path, version: Version | None = None) -> tuple[ProgramFeatures, ProgramSite]:
    """Read a program, and make what the browser will load.

    Args:
        program: The ``.js``, ``.mjs`` or ``.html`` file.
        version: The Emscripten that built it, where it is known.

    Returns:
        What its text says, for a page, and the site.

    Raises:
        UsageError: It cannot be read.
    """
    script = script_of(program)
    if program.suffix == ".html" and not script.is_file():
        features = ProgramFeatures(ModuleKind.SCRIPT)
    else:
        features = read_features(script, version)
    # Pages have a WebSocket of their own, and hand text frames on.
    features = replace(features, ws=None, drops_text=False, fetch_file=False)
    made: tuple[tuple[str, bytes], ...] = ()
    if program.suffix != ".html":
        text = script.read_text("utf-8", "replace")
        if _for_workers_alone(text):
            worker = worker_for(program, features, text)
            made = ((_PAGE, _framed(program, "")), (_WORKER, worker))
        else:
            made = ((_PAGE, page_for(program, features, text)),)
    return features, ProgramSite(program.parent.absolute(), made)


def _for_workers_alone(text: str) -> bool:
    """Whether a program runs in workers and not in pages (``-sENVIRONMENT=worker``)."""
    environments = scan_baked(text).environments or ()
    return "worker" in environments and "web" not in environments
