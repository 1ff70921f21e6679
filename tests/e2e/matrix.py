"""The programs of every generation, backend and wait, and what is promised where there is none."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from emsockets_build.buildtree import BuildTree, Configuration, build, configure, read_targets
from emsockets_build.errors import BuildFailedError
from emsockets_build.process import child_process
from emsockets_build.resources import templates_dir
from emsockets_build.settings import Version, format_version
from emsockets_build.toolchain import Node
from emsockets_build.verify import Outcome, Scenario, execute, runtime_for
from tests.generations import Tools

__all__ = ["BACKENDS", "SECONDS", "WAITS", "Cell", "Matrix", "promised_refusal", "running_proxy"]

SECONDS = 60 * float(os.environ.get("EMSOCKETS_TEST_TIME_SCALE", "1"))
BACKENDS = ("websocket", "proxy", "node", "websocket-api")
WAITS = ("events", "asyncify", "jspi", "pthread")
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Cell:
    """One place in the matrix of one generation."""

    backend: str
    wait: str

    def __str__(self) -> str:
        return f"{self.backend}/{self.wait}"

    @property
    def target(self) -> str:
        """Its target in CMake."""
        return f"{self.backend}-{self.wait}"


CELLS = tuple(Cell(backend, wait) for backend in BACKENDS for wait in WAITS)


def promised_refusal(cell: Cell, version: Version) -> str:
    """Return how a configure run is promised to end in this cell; empty where it can be built.

    Written down by hand from the release notes, not read from the table that it is to check.
    """
    release = format_version(version)
    if cell.backend == "node" and version < (6, 0, 2):
        return (
            f"BACKEND node needs Emscripten 6.0.2 or newer; this is {release} remedy: install a "
            "release that can, or use BACKEND websocket, whose programs reach a TCP server through "
            "a relay"
        )
    if cell.wait == "jspi" and version < (3, 1, 61):
        return (
            f"WAIT jspi needs Emscripten 3.1.61 or newer; this is {release} remedy: install a "
            "release that can, or use WAIT asyncify, which every release can do"
        )
    if cell.backend == "proxy" and cell.wait != "pthread":
        return (
            "BACKEND proxy blocks the thread that calls it, which must not be the main thread "
            "remedy: use WAIT pthread, the default of this backend"
        )
    return ""


class Matrix:
    """The build trees of one generation; several workers of pytest-xdist may share them.

    Args:
        tools: The toolchain.
        folder: Where the trees are, the same for all workers.
    """

    def __init__(self, tools: Tools, folder: Path) -> None:
        self.tools = tools
        self._folder = folder
        folder.mkdir(exist_ok=True)
        self._lock = FileLock(folder / "lock")

    def program(self, target: str, build_type: str = "Release") -> Path:
        """Build the programs of this generation, once, and return the one of a target.

        Raises:
            BuildFailedError: This one cannot be built; others may.
        """
        debug = build_type == "Debug"
        version = self.tools.emscripten.version
        # One that prints every socket call is enough.
        cells = [c for c in CELLS if not promised_refusal(c, version) and (not debug or c == _ONE)]
        tree = self._tree(build_type.lower())
        definitions = {
            "CELLS": ";".join(map(str, cells)),
            "TEMPLATE": str(templates_dir() / "socket-echo" / "src"),
            "MODULES": "OFF" if debug else "ON",
        }
        with self._lock:
            if configure(tree, Configuration(build_type, definitions), progress=_quiet):
                with contextlib.suppress(BuildFailedError):  # each target for itself, below
                    build(tree, progress=_quiet)
            build(tree, [target], progress=_quiet)
        built = {found.name: found for found in read_targets(tree.build)}
        return built[target].artifacts[0]

    def refusal(self, cell: Cell) -> str:
        """Configure a cell that cannot be built and return what is said, in one line."""
        definitions = {"CELLS": str(cell), "TEMPLATE": str(templates_dir() / "socket-echo" / "src")}
        with self._lock:
            try:
                configure(
                    self._tree("refused"), Configuration("Release", definitions), progress=_quiet
                )
            except BuildFailedError as error:
                return re.sub(r"\s+", " ", str(error))
        return ""

    def proxy(self) -> Path:
        """Build this release's websocket_to_posix_proxy for this machine."""
        tree = BuildTree(_HERE / "loopback_proxy", self._folder / "proxy", self.tools.whole)
        sources = self.tools.emscripten.root / "tools" / "websocket_to_posix_proxy"
        with self._lock:
            configure(
                tree, Configuration("Release", {"PROXY": str(sources)}, native=True),
                progress=_quiet,
            )  # fmt: skip
            build(tree, progress=_quiet)
        return read_targets(tree.build)[0].artifacts[0]

    def run(self, scenario: Scenario, node: Node | None = None) -> Outcome:
        """Run a scenario, under the Node of this generation's tools or another."""
        runtime = runtime_for(
            scenario.program, node or self.tools.node, self.tools.emscripten.version
        )
        return execute(scenario, runtime)

    def _tree(self, name: str) -> BuildTree:
        return BuildTree(_HERE / "programs", self._folder / name, self.tools.whole)


_ONE = Cell("websocket", "asyncify")


@contextlib.contextmanager
def running_proxy(program: Path) -> Iterator[str]:
    """Run a proxy on a free port of loopback; gone at the end, and after a minute in any case.

    Yields:
        The URL of the bridge.
    """
    with child_process([program, "0"]) as child:
        timer = threading.Timer(SECONDS, child.kill)
        timer.start()
        try:
            assert child.stdout is not None
            port = child.stdout.readline().decode().removeprefix("PORT ").strip()
            assert b"is now listening" in child.stdout.readline()
            yield f"ws://127.0.0.1:{port}/"
        finally:
            timer.cancel()


def _quiet(_line: str) -> None:
    pass
