"""Every mistake of the gallery, over every Emscripten on this machine: is its cause found?"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from emsockets_build.process import run_bounded
from emsockets_build.server import TestServer
from emsockets_build.toolchain import (
    Emscripten,
    Node,
    find_emscriptens,
    find_node,
    find_ws,
    node_needs,
)
from emsockets_build.verify import Outcome, Runtime, Scenario, execute
from tests.gallery.entries import ENTRIES, Entry

pytestmark = [pytest.mark.emcc, pytest.mark.node, pytest.mark.slow]
SCALE = float(os.environ.get("EMSOCKETS_TEST_TIME_SCALE", "1"))
PROGRAMS = Path(__file__).with_name("programs")
BY_NAME = {entry.name: entry for entry in ENTRIES}
Build = Callable[[Emscripten, Entry], Path]


@cache
def generations() -> dict[str, Emscripten]:
    """Every release that is installed; of several of one version the preferred one."""
    found: dict[str, Emscripten] = {}
    for emscripten in find_emscriptens():
        found.setdefault(emscripten.version_text, emscripten)
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each entry and each release that it is shown with."""
    if "entry_name" not in metafunc.fixturenames:
        return
    pairs = [
        (version, entry.name)
        for version, emscripten in generations().items()
        for entry in ENTRIES
        if entry.since <= emscripten.version < entry.until
    ]
    metafunc.parametrize(
        ("version", "entry_name"), pairs or [("none", "none")], ids=lambda value: value
    )


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Link each program once for each release and set of flags."""
    done: dict[tuple[str, str, tuple[str, ...]], Path] = {}

    def link(emscripten: Emscripten, entry: Entry) -> Path:
        key = (emscripten.version_text, entry.source, (*entry.flags, entry.spoil))
        if key not in done:
            folder = tmp_path_factory.mktemp(f"{emscripten.version_text}-{entry.name}")
            done[key] = folder / f"program{entry.suffix}"
            command: list[str | Path] = [
                emscripten.empp if entry.source.endswith(".cpp") else emscripten.emcc,
                PROGRAMS / entry.source,
                "-O1",
                *entry.flags,
                "-o",
                done[key],
            ]
            environment = {**os.environ, **emscripten.environment}
            linked = run_bounded(command, timeout=600 * SCALE, env=environment, merge=True)
            assert linked.returncode == 0, linked.text
        return done[key]

    return link


def lacks(node: Node, what: str) -> bool:
    """Whether a Node lacks a feature unless a flag is given, as programs run by hand do."""
    flags = node.features.jspi if what == "jspi" else node.features.websocket
    return flags != ()


def symbolizer_of(emscripten: Emscripten) -> Path | None:
    """The symbolizer that came with a release."""
    root = str(emscripten.config.llvm_root)
    name = shutil.which("llvm-symbolizer", path=root)
    return Path(name) if name else None


def run(entry: Entry, emscripten: Emscripten, program: Path) -> Outcome:
    """Run one entry as `emsockets check` would."""
    node = find_node(at_least=node_needs(emscripten).programs)
    assert not entry.needs or lacks(node, entry.needs), f"{node.path} has {entry.needs}"
    ws = None
    if entry.ws != "none":
        wanted = (8, 0, 0) if entry.ws == "8" else emscripten.version
        module = find_ws(wanted, start=PROGRAMS, node=node.path)
        assert module.fits
        assert entry.ws != "8" or module.version >= (8,), "this entry needs ws 8"
        ws = module.path
    if entry.ws == "8":
        # Beside the program, where users have it; nothing is lent.
        modules = program.parent / "node_modules"
        assert ws is not None
        if not modules.exists():
            shutil.copytree(ws / "ws", modules / "ws", symlinks=False)
        ws = None
    if entry.spoil:
        program.with_suffix(entry.spoil).unlink(missing_ok=True)
    scenario = Scenario(
        entry.name,
        program,
        server="" if entry.tls else entry.server,
        arguments=entry.arguments,
        # A ws of this machine must not reach the programs by itself.
        environment={"NODE_PATH": "", **entry.environment},
        timeout=entry.seconds * SCALE,
        expectations=entry.expectations,
    )
    runtime = Runtime(
        node=node.path,
        ws_modules=ws,
        emscripten_version=emscripten.version,
        symbolizer=lambda: symbolizer_of(emscripten),
    )
    if not entry.tls:
        return execute(scenario, runtime)
    with TestServer(entry.server, tls=True) as server:
        address = (server.host, str(server.port))
        return execute(replace(scenario, arguments=address), runtime)


def line_of(source: str) -> int:
    """The line that is marked in a source."""
    lines = (PROGRAMS / source).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if "// HERE" in line)


def test_the_cause_is_found(version: str, entry_name: str, build: Build) -> None:
    """With sentence, evidence and remedy; for a hang with function, file and line."""
    assert version != "none", "tests marked `emcc` need an Emscripten"
    emscripten, entry = generations()[version], BY_NAME[entry_name]
    outcome = run(entry, emscripten, build(emscripten, entry))
    cause = outcome.cause
    assert cause is not None, outcome
    assert cause.id == entry.cause, (cause, outcome.result, outcome.connections)
    assert cause.summary
    assert cause.remedy
    hang = outcome.result.hang
    assert outcome.result.seconds < 30 * SCALE
    if entry.hang is not None:
        assert hang is not None
        assert hang.kind is entry.hang, hang
    if entry.function:
        assert hang is not None
        assert hang.function == entry.function, hang
        assert cause.location.endswith(f"{entry.source}:{line_of(entry.source)}"), hang
