"""Which Node is found, and what is learnt about it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emsockets_build.errors import ToolMissingError
from emsockets_build.toolchain import find_node
from tests.toolchain.conftest import MakeProgram, fake_node, script

NODE_20 = fake_node(
    "20.20.2",
    without_flag="fetch",
    flags={"--no-experimental-fetch": "", "--experimental-websocket": "fetch WebSocket"},
)
NODE_24 = fake_node(
    "24.19.0",
    without_flag="fetch WebSocket",
    flags={"--experimental-wasm-jspi": "fetch WebSocket Suspending"},
)


@pytest.mark.usefixtures("machine")
def test_nothing_there_names_the_remedy() -> None:
    with pytest.raises(ToolMissingError, match=r"no Node\.js was found") as caught:
        find_node()
    assert "emsockets setup --node" in caught.value.remedy


@pytest.mark.usefixtures("machine")
def test_features_are_tested_with_and_without_flags(make_program: MakeProgram) -> None:
    make_program("node", NODE_20)
    features = find_node().features
    assert features.jspi is None
    assert features.websocket == ("--experimental-websocket",)
    assert features.without_fetch == ("--no-experimental-fetch",)


@pytest.mark.usefixtures("machine")
def test_node_24_takes_fetch_away_by_no_flag(make_program: MakeProgram) -> None:
    make_program("node", NODE_24)
    features = find_node().features
    assert features.jspi == ("--experimental-wasm-jspi",)
    assert features.websocket == ()
    assert features.without_fetch is None


@pytest.mark.usefixtures("machine")
def test_a_node_is_asked_once_until_its_file_changes(
    make_program: MakeProgram, tmp_path: Path
) -> None:
    log = tmp_path / "asked"
    make_program("node", f"echo asked >> {log}\n{NODE_24}")
    assert find_node().version == (24, 19, 0)
    asked = log.read_text()
    assert find_node().version == (24, 19, 0)
    assert log.read_text() == asked
    make_program("node", NODE_20)
    assert find_node().version == (20, 20, 2)


@pytest.mark.usefixtures("machine")
def test_a_damaged_probe_cache_is_no_obstacle(make_program: MakeProgram, tmp_path: Path) -> None:
    make_program("node", NODE_24)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "probes.json").write_text('{"schema": 1, "entries": [')
    assert find_node().version == (24, 19, 0)


@pytest.mark.usefixtures("machine")
def test_our_own_comes_after_path(make_program: MakeProgram, tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "node" / "24.19.0"
    script(folder / "bin" / "node", NODE_24)
    manifest = {"schema": 1, "provider": "pip", "program": "bin/node"}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert find_node().origin == "cache"
    make_program("node", NODE_20)
    assert find_node().origin == "PATH"
    assert find_node("24").path == folder / "bin" / "node"
    assert find_node(at_least=(22, 0, 0)).origin == "cache"
    assert find_node(at_least=(99, 0, 0)).origin == "PATH"


@pytest.mark.usefixtures("machine")
def test_the_emsdk_comes_before_path(
    make_program: MakeProgram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_program("node", NODE_20)
    script(tmp_path / "sdk/node/22.16.0_64bit/bin/node", NODE_24)
    monkeypatch.setenv("EMSDK", str(tmp_path / "sdk"))
    assert find_node().origin == "EMSDK"


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("text", ["exit 1", "echo nonsense", "echo '[]'", "echo '{\"a\": 1}'"])
def test_a_program_that_is_no_node_is_refused(make_program: MakeProgram, text: str) -> None:
    path = make_program("node", text)
    with pytest.raises(ToolMissingError, match=r"no Node\.js that works here"):
        find_node(str(path))
    assert find_node().version == (0, 0, 0)  # doctor shows it as it is


@pytest.mark.usefixtures("machine")
def test_a_version_that_is_not_there_names_those_that_are(make_program: MakeProgram) -> None:
    make_program("node", NODE_20)
    with pytest.raises(ToolMissingError, match="not found") as caught:
        find_node("24")
    assert "20.20.2" in caught.value.why


@pytest.mark.node
def test_the_real_node_answers() -> None:
    found = find_node()
    assert found.version > (16, 0, 0)
    assert found.features.jspi is None or isinstance(found.features.jspi, tuple)
