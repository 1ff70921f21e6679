"""Which Emscripten is found, where, and with what environment."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from emsockets_build.errors import ToolMissingError
from emsockets_build.toolchain import emscripten as module
from emsockets_build.toolchain import find_emscripten, find_emscriptens, node_needs
from emsockets_build.toolchain.emscripten import use_node
from emsockets_build.toolchain.model import Node, NodeFeatures
from tests.toolchain.conftest import MakeRelease, fake_node, script


def _install(tmp_path: Path, make_release: MakeRelease, version: str) -> Path:
    folder = tmp_path / "cache" / "emscripten" / version
    make_release(folder / "prefix/usr/share/emscripten", version)
    (folder / "emscripten.config").write_text("FROZEN_CACHE = False\nCACHE = '$CFGDIR/cache'\n")
    manifest = {
        "schema": 1,
        "provider": "debian",
        "root": "prefix/usr/share/emscripten",
        "config": "emscripten.config",
        "path": ["prefix/usr/bin"],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_nothing_there_names_the_remedy(machine: Path) -> None:
    with pytest.raises(ToolMissingError, match="no Emscripten was found") as caught:
        find_emscripten()
    assert "emsockets setup" in caught.value.remedy
    assert machine.is_dir()


@pytest.mark.usefixtures("machine")
def test_order_of_preference(
    tmp_path: Path, make_release: MakeRelease, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EMSDK, EM_CONFIG, PATH, an emsdk at home, conda, the system, our cache."""
    make_release("sdk/upstream/emscripten", "9.0.1")
    monkeypatch.setenv("EMSDK", str(tmp_path / "sdk"))
    make_release("sdk2/upstream/emscripten", "9.0.2")
    (tmp_path / "sdk2" / ".emscripten").write_text("")
    monkeypatch.setenv("EM_CONFIG", str(tmp_path / "sdk2" / ".emscripten"))
    make_release("opt/emscripten", "9.0.3")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "emcc").symlink_to(tmp_path / "opt" / "emscripten" / "emcc")
    make_release("home/emsdk/upstream/emscripten", "9.0.4")
    (tmp_path / "home" / "emsdk" / ".emscripten").write_text("")
    make_release("conda/lib/emscripten-9.0.5", "9.0.5")
    monkeypatch.setenv("CONDA_PREFIX", str(tmp_path / "conda"))
    system = make_release("usr/share/emscripten", "9.0.6")
    monkeypatch.setattr(module, "SYSTEM_ROOTS", ((system, "Debian", "it is there"),))
    _install(tmp_path, make_release, "9.0.7")
    found = [(one.version_text, one.origin) for one in find_emscriptens()]
    assert found == [
        ("9.0.1", "EMSDK"),
        ("9.0.2", "EM_CONFIG"),
        ("9.0.3", "PATH"),
        ("9.0.4", "emsdk"),
        ("9.0.5", "conda"),
        ("9.0.6", "Debian"),
        ("9.0.7", "cache"),
    ]
    assert find_emscripten().version == (9, 0, 1)


@pytest.mark.usefixtures("machine")
def test_one_folder_is_found_once(
    tmp_path: Path, make_release: MakeRelease, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_release("sdk/upstream/emscripten", "4.0.10")
    monkeypatch.setenv("EMSDK", str(tmp_path / "sdk"))
    monkeypatch.setenv("PATH", str(root))
    assert [one.origin for one in find_emscriptens()] == ["EMSDK"]


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("request_", ["3.1.69", "v3.1.69", "3.1"])
def test_a_version_is_found_wherever_it_is(
    tmp_path: Path, make_release: MakeRelease, monkeypatch: pytest.MonkeyPatch, request_: str
) -> None:
    make_release("sdk/upstream/emscripten", "6.0.5")
    monkeypatch.setenv("EMSDK", str(tmp_path / "sdk"))
    _install(tmp_path, make_release, "3.1.69")
    assert find_emscripten(request_).version == (3, 1, 69)
    monkeypatch.setenv("EMSOCKETS_EMSCRIPTEN", request_)
    assert find_emscripten().version == (3, 1, 69)


@pytest.mark.usefixtures("machine")
def test_a_version_is_not_a_prefix_of_digits(tmp_path: Path, make_release: MakeRelease) -> None:
    """3.1.6 is not 3.1.69, and the error says what is there and how to get the other."""
    _install(tmp_path, make_release, "3.1.69")
    with pytest.raises(ToolMissingError, match=r"3\.1\.6 was not found") as caught:
        find_emscripten("3.1.6")
    assert "3.1.69" in caught.value.why
    assert "emsockets setup --emscripten 3.1.6" in caught.value.remedy


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("inside", ["", "upstream/emscripten", "upstream/emscripten/emcc"])
def test_a_path_may_be_the_emsdk_the_folder_or_the_compiler(
    tmp_path: Path, make_release: MakeRelease, inside: str
) -> None:
    make_release("sdk/upstream/emscripten", "4.0.10")
    found = find_emscripten(str(tmp_path / "sdk" / inside))
    assert (found.version, found.origin) == ((4, 0, 10), "request")


@pytest.mark.usefixtures("machine")
def test_a_path_that_is_no_emscripten_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ToolMissingError, match="is no Emscripten"):
        find_emscripten(str(tmp_path))


@pytest.mark.usefixtures("machine")
def test_homebrew_starts_emcc_by_a_script(
    tmp_path: Path, make_release: MakeRelease, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_release("Cellar/emscripten/4.0.10/libexec", "4.0.10")
    wrapper = script(tmp_path / "Cellar/emscripten/4.0.10/bin/emcc", "exec false")
    monkeypatch.setenv("PATH", str(wrapper.parent))
    assert find_emscripten().root == tmp_path / "Cellar/emscripten/4.0.10/libexec"


@pytest.mark.usefixtures("machine")
def test_debian_keeps_the_driver_elsewhere(tmp_path: Path, make_release: MakeRelease) -> None:
    """Debian's 3.1.6 has only emcc.py in its folder and a wrapper in /usr/bin."""
    root = make_release("usr/share/emscripten", "3.1.6")
    (root / "emcc").unlink()
    emcc = script(tmp_path / "usr/bin/emcc", "exec false")
    found = find_emscripten(str(root))
    assert (found.emcc, found.empp.name) == (emcc, "em++")


@pytest.mark.usefixtures("machine")
def test_acorn_of_debian_is_on_node_path(
    tmp_path: Path, make_release: MakeRelease, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No Node but Debian's own finds /usr/share/nodejs, and every -O2 link needs acorn."""
    root = make_release("usr/share/emscripten", "3.1.6")
    modules = tmp_path / "usr/share/nodejs"
    (modules / "acorn").mkdir(parents=True)
    monkeypatch.setenv("NODE_PATH", "/mine")
    environment = find_emscripten(str(root)).environment
    assert environment["NODE_PATH"] == os.pathsep.join([str(modules), "/mine"])


@pytest.mark.usefixtures("machine")
def test_the_configuration_of_one_release_does_not_lead_another_astray(
    tmp_path: Path, make_release: MakeRelease, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_release("mine", "4.0.10", config="NODE_JS = ['/opt/node', '--x']\n")
    other = tmp_path / "other.config"
    other.write_text("NODE_JS = '/elsewhere'\n")
    monkeypatch.setenv("EM_CONFIG", str(other))
    found = find_emscripten(str(root))
    assert found.config.node == Path("/opt/node")
    assert found.environment["EM_CONFIG"] == str(root / ".emscripten")


@pytest.mark.usefixtures("machine")
def test_a_cache_that_cannot_be_written_is_replaced(
    make_release: MakeRelease, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda _path, _mode: False)
    root = make_release("mine", "4.0.10", config="CACHE = '/nowhere'\n")
    found = find_emscripten(str(root))
    cache = Path(found.environment["EM_CACHE"])
    assert cache.is_relative_to(tmp_path / "cache")
    assert found.config.cache == cache


@pytest.mark.usefixtures("machine")
def test_a_frozen_cache_stays_where_it_is(
    make_release: MakeRelease, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian's frozen caches work read-only, and any other EM_CACHE makes emcc fail."""
    monkeypatch.setattr("os.access", lambda _path, _mode: False)
    root = make_release("mine", "3.1.6", config="FROZEN_CACHE = True\n")
    assert "EM_CACHE" not in find_emscripten(str(root)).environment


@pytest.mark.usefixtures("machine")
def test_our_own_release_brings_its_environment(tmp_path: Path, make_release: MakeRelease) -> None:
    folder = _install(tmp_path, make_release, "3.1.6")
    found = find_emscripten()
    assert found.environment["EM_CONFIG"] == str(folder / "emscripten.config")
    assert found.environment["EMSDK_PYTHON"] == sys.executable
    assert found.environment["PATH"].split(os.pathsep)[:2] == [
        str(found.root),
        str(folder / "prefix/usr/bin"),
    ]
    assert found.config.cache == folder / "cache"


@pytest.mark.usefixtures("machine")
def test_a_set_up_that_was_interrupted_is_not_found(
    tmp_path: Path, make_release: MakeRelease
) -> None:
    folder = _install(tmp_path, make_release, "3.1.6")
    (folder / "manifest.json").unlink()
    assert list(find_emscriptens()) == []


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("text", ["raise SystemExit(3)", "syntax error here", "x = 1/0"])
def test_a_broken_configuration_is_reported_not_raised(
    make_release: MakeRelease, text: str
) -> None:
    root = make_release("mine", "4.0.10", config=text)
    assert find_emscripten(str(root)).config.error


@pytest.mark.usefixtures("machine")
def test_variables_override_the_configuration(
    make_release: MakeRelease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EM_LLVM_ROOT", "/my/llvm")
    root = make_release("mine", "4.0.10", config="LLVM_ROOT = '/theirs'\n")
    assert find_emscripten(str(root)).config.llvm_root == Path("/my/llvm")


@pytest.mark.usefixtures("machine")
def test_emcc_is_given_a_node_when_its_own_is_missing_or_too_old(
    make_release: MakeRelease, tmp_path: Path
) -> None:
    configured = tmp_path / "configured" / "node"
    root = make_release("mine", "4.0.10", config=f"NODE_JS = {str(configured)!r}\n")
    node = Node(Path("/my/node"), (24, 0, 0), "cache", "", NodeFeatures())

    def environment(node: Node | None) -> Mapping[str, str]:
        return use_node(find_emscripten(str(root)), node, at_least=(16, 20, 0)).environment

    assert environment(node)["EM_NODE_JS"] == "/my/node"
    script(configured, fake_node("14.0.0"))
    assert environment(node)["EM_NODE_JS"] == "/my/node"
    assert "EM_NODE_JS" not in environment(replace(node, version=(12, 0, 0)))  # no better
    assert "EM_NODE_JS" not in environment(None)
    script(configured, fake_node("20.20.2"))
    assert "EM_NODE_JS" not in environment(node)


@pytest.mark.usefixtures("machine")
def test_a_release_says_itself_which_node_it_wants(make_release: MakeRelease) -> None:
    needs = node_needs(find_emscripten(str(make_release("mine", "6.0.5"))))
    assert (needs.compiler, needs.programs) == ((16, 20, 0), (18, 3, 0))
