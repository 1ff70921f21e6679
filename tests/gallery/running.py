"""Runs the gallery as `emsockets check` runs scenarios: many at a time, each to its verdict."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from emsockets_build.errors import ToolMissingError
from emsockets_build.run.browser import Browsers
from emsockets_build.server import TestServer
from emsockets_build.toolchain import Emscripten, Node, find_nodes, find_ws, node_needs
from emsockets_build.verify import Outcome, Runtime, Scenario, run_batch
from tests.gallery.entry import Entry

__all__ = ["SCALE", "run_entries"]

SCALE = float(os.environ.get("EMSOCKETS_TEST_TIME_SCALE", "1"))
_JOBS = (os.cpu_count() or 1) + 1  # most of them wait most of the time
# The interface of ws 3 to 7: the message alone, without a word on what kind it is.
_WS_7 = """\
const WebSocket = require(%r);
module.exports = class extends WebSocket {
  emit(name, ...values) {
    return super.emit(name, ...(name === "message" ? values.slice(0, 1) : values));
  }
};
"""


@dataclass(frozen=True, slots=True)
class Prepared:
    """An entry with all that it is run with."""

    scenario: Scenario
    runtime: Runtime


def run_entries(
    emscripten: Emscripten,
    programs: Mapping[str, Path],
    entries: Iterable[Entry],
    folder: Path,
    *,
    runner: str = "node",
    browsers: Browsers | None = None,
) -> Mapping[str, Outcome]:
    """Run entries to their verdicts.

    Args:
        emscripten: The release that built the programs.
        programs: The program of each entry, by its name.
        entries: What to run.
        folder: Where copies of programs may be put.
        runner: What runs them.
        browsers: The browsers, if one of them does.

    Returns:
        The outcomes by name.
    """
    with contextlib.ExitStack() as stack:
        prepared: dict[str, Prepared] = {}
        for entry in entries:
            program = _placed(entry, emscripten, programs[entry.name], folder / entry.name)
            arguments = stack.enter_context(_staged(entry))
            prepared[entry.name] = Prepared(
                Scenario(
                    entry.name,
                    program,
                    runner=runner,
                    server="" if entry.stage else entry.server,
                    arguments=arguments,
                    # A ws of this machine must not reach the programs by itself.
                    environment={"NODE_PATH": "", **entry.environment},
                    timeout=entry.seconds * SCALE,
                    expectations=entry.expectations,
                ),
                _runtime(entry, emscripten) if browsers is None else _page(emscripten, browsers),
            )
        batch = run_batch(
            [one.scenario for one in prepared.values()],
            lambda scenario: prepared[scenario.name].runtime,
            jobs=_JOBS,
        )
    assert not batch.broken, batch.broken
    return {outcome.scenario.name: outcome for outcome in batch.outcomes}


def _page(emscripten: Emscripten, browsers: Browsers) -> Runtime:
    return Runtime(
        emscripten_version=emscripten.version,
        symbolizer=lambda: _symbolizer(emscripten),
        browsers=browsers,
    )


@contextlib.contextmanager
def _staged(entry: Entry) -> Iterator[tuple[str, ...]]:
    """Set up what stands in for the server, and put its address into the arguments."""
    with contextlib.ExitStack() as stack:
        if entry.stage == "":
            yield entry.arguments
            return
        port = stack.enter_context(_STAGES[entry.stage]())
        values = {"{host}": "127.0.0.1", "{port}": str(port)}
        yield tuple(values.get(argument, argument) for argument in entry.arguments)


@contextlib.contextmanager
def _closed_port() -> Iterator[int]:
    """A port that is taken, so that nobody else can begin to listen there."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@contextlib.contextmanager
def _tls() -> Iterator[int]:
    with TestServer("echo", tls=True) as server:
        yield server.port


@contextlib.contextmanager
def _ipv6_only() -> Iterator[int]:
    with TestServer("echo", host="::1") as server:
        yield server.port


_STAGES = {"closed-port": _closed_port, "tls": _tls, "ipv6": _ipv6_only}


def _placed(entry: Entry, emscripten: Emscripten, program: Path, folder: Path) -> Path:
    """Copy a program to where it runs, if something is to be wrong there."""
    if not entry.only_script and entry.ws != "unfit":
        return program
    folder.mkdir(parents=True)
    for suffix in (".js",) if entry.only_script else (".js", ".wasm"):
        shutil.copyfile(program.with_suffix(suffix), folder / f"{program.stem}{suffix}")
    if entry.ws == "unfit":
        _lay_unfit_ws(emscripten, folder / "node_modules" / "ws")
    return folder / program.name


def _lay_unfit_ws(emscripten: Emscripten, folder: Path) -> None:
    """Put a ``ws`` beside a program whose interface the release does not know."""
    newest = find_ws((8, 0, 0)).path / "ws"
    if emscripten.version < (3, 1, 10):
        shutil.copytree(newest, folder)
        return
    folder.mkdir(parents=True)
    (folder / "package.json").write_text('{"name": "ws", "version": "7.5.10"}')
    (folder / "index.js").write_text(_WS_7 % newest.as_posix())


def _runtime(entry: Entry, emscripten: Emscripten) -> Runtime:
    least = node_needs(emscripten).programs
    nodes = [node for node in find_nodes() if node.version >= least]
    node = next((node for node in nodes if not entry.needs or _lacks(node, entry.needs)), None)
    assert node is not None, f"every Node of this machine has {entry.needs}"
    modules = None
    if entry.ws == "fitting":
        ws = find_ws(emscripten.version, node=node.path)
        if not ws.fits:
            raise ToolMissingError(
                "no fitting ws", remedy="run `emsockets setup --ws` for this release"
            )
        modules = ws.path
    return Runtime(
        node=node.path,
        ws_modules=modules,
        emscripten_version=emscripten.version,
        symbolizer=lambda: _symbolizer(emscripten),
    )


def _lacks(node: Node, what: str) -> bool:
    """Whether a Node lacks a feature unless a flag is given, as programs run by hand do."""
    flags = node.features.jspi if what == "jspi" else node.features.websocket
    return flags != ()


def _symbolizer(emscripten: Emscripten) -> Path | None:
    """The symbolizer that came with a release."""
    name = shutil.which("llvm-symbolizer", path=str(emscripten.config.llvm_root))
    return Path(name) if name else None
