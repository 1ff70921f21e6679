"""What POSIX adds to a program, in bytes: it is the same on every machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from emsockets_build.buildtree import BuildTree, Configuration, build, configure, read_targets
from tests.generations import Tools
from tests.posix.cells import Cell, cells_of

pytestmark = pytest.mark.slow

_MOST = 8 << 10


def test_posix_stays_small(
    tools: Tools, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """JavaScript and WebAssembly together, at -O2, for each wait of the release."""
    cells = cells_of(tools.emscripten.version)
    waits = [each.wait for each in cells if each == Cell("websocket", each.wait)]
    tree = BuildTree(Path(__file__).parent / "size", tmp_path / "build", tools.whole)
    settings = Configuration("None", {"WAITS": ";".join(waits)})
    configure(tree, settings, progress=lambda _: None)
    build(tree, progress=lambda _: None)
    sizes = {
        target.name: sum(path.with_suffix(end).stat().st_size for end in (".js", ".wasm"))
        for target in read_targets(tree.build)
        for path in target.artifacts
        if path.suffix == ".js"
    }
    added = {wait: sizes[f"client-{wait}-ON"] - sizes[f"client-{wait}-OFF"] for wait in waits}
    with capsys.disabled():
        print(f"\n{tools.emscripten.version_text}: POSIX adds {added} bytes")  # noqa: T201 - asked for
    assert {wait: size for wait, size in added.items() if size > _MOST} == {}
