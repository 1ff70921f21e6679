"""Programs of real releases in the forms that pages load."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from emsockets_build.buildtree.explain import explain
from emsockets_build.process import run_bounded
from emsockets_build.toolchain import Emscripten
from tests.processes import SCALE
from tests.run.browser.pages import Answer

__all__ = ["ISOLATING", "Compiler", "served"]

ISOLATING = (
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Embedder-Policy", "require-corp"),
)
_PROGRAMS = Path(__file__).parents[2] / "gallery" / "programs"
_TYPES = {".js": "text/javascript", ".wasm": "application/wasm", ".html": "text/html"}
_SHELL = """<!doctype html>
<html><body><div id="own">own shell</div><script>
var Module = { print: function (text) { document.getElementById("own").textContent = text; } };
</script>{{{ SCRIPT }}}</body></html>
"""


class Compiler:
    """Builds each program of a release once.

    Args:
        emscripten: The release.
        folder: Where to.
    """

    def __init__(self, emscripten: Emscripten, folder: Path) -> None:
        self._emscripten = emscripten
        self._folder = folder
        self._shell = folder / "shell.html"
        self._shell.write_text(_SHELL)
        (folder / "returns.c").write_text("int main(void) { return 5; }\n")

    def build(self, source: str, suffix: str = ".js", flags: tuple[str, ...] = ()) -> Path:
        """Build a program of the gallery, or ``returns.c``; ``{shell}`` in flags is a page's."""
        file = next(path / source for path in (_PROGRAMS, self._folder) if (path / source).exists())
        words = [flag.format(shell=self._shell) for flag in flags]
        name = hashlib.sha256(repr((source, suffix, words)).encode()).hexdigest()[:12]
        target = self._folder / name / f"client{suffix}"
        if target.is_file():
            return target
        target.parent.mkdir(exist_ok=True)
        command: list[str | Path] = [self._emscripten.emcc, file, "-O1", *words, "-o", target]
        environment = {**os.environ, **self._emscripten.environment}
        done = run_bounded(command, timeout=600 * SCALE, env=environment, merge=True)
        if suffix == ".html" and _lacks_pages(done.text):
            return self._page_by_hand(source, flags)
        assert done.returncode == 0, done.text
        return target

    def _page_by_hand(self, source: str, flags: tuple[str, ...]) -> Path:
        """Write the page that emcc would write, where a release lacks the parts of it."""
        script = self.build(source, flags=tuple(flag for flag in flags if "{" not in flag))
        page = script.with_suffix(".html")
        element = f"<script src={script.name}></script>"
        page.write_text(_SHELL.replace("{{{ SCRIPT }}}", element))
        return page


def _lacks_pages(output: str) -> bool:
    """Whether emcc failed because its package lacks what pages are made of, as Debian's do."""
    known = explain(output)
    return known is not None and known.id == "html-shell-missing"


def served(program: Path, *headers: tuple[str, str]) -> dict[str, Answer]:
    """Return the folder of a program as the answers of a server."""
    return {
        f"/{file.name}": Answer(
            file.read_bytes(), type=_TYPES.get(file.suffix, "text/plain"), headers=headers
        )
        for file in program.parent.iterdir()
    }
