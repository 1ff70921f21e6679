"""What `demo --yes` relies on: find a toolchain, and set up what it lacks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emsockets_build.cli import main
from emsockets_build.errors import ToolMissingError, UsageError
from emsockets_build.settings.version import Version
from emsockets_build.toolchain.install import Want, ensure, ensure_toolchain
from emsockets_build.toolchain.installed import Installed
from tests.toolchain.conftest import MakeProgram, MakeRelease, fake_node, script
from tests.toolchain.install.conftest import Log


class Installers:
    """Installers that put fakes into the cache and remember what they were asked for."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self.asked: list[tuple[str, object]] = []

    def emscripten(
        self, version: str | None, _log: Log, *, provider: str | None = None
    ) -> Installed:
        """Set up a fake release."""
        self.asked.append(("emscripten", version))
        folder = self.cache / "emscripten" / (version or "6.0.5")
        root = folder / "root"
        for name in ("tools", "src"):
            (root / name).mkdir(parents=True)
        (root / "emscripten-version.txt").write_text(folder.name)
        script(root / "emcc", "exit 0")
        return self._finish("emscripten", folder, {"provider": provider or "x", "root": "root"})

    def node(self, version: str | None, _log: Log) -> Installed:
        """Set up a fake Node."""
        self.asked.append(("node", version))
        folder = self.cache / "node" / "24.19.0"
        script(folder / "node", fake_node("24.19.0"))
        return self._finish("node", folder, {"provider": "pip", "program": "node"})

    def ws(self, release: Version | None, _log: Log) -> Installed:
        """Set up a fake ws."""
        self.asked.append(("ws", release))
        folder = self.cache / "ws" / "8"
        (folder / "m" / "ws").mkdir(parents=True)
        (folder / "m" / "ws" / "package.json").write_text('{"version": "8.0.0"}')
        return self._finish("ws", folder, {"provider": "npm", "modules": "m"})

    def _finish(self, kind: str, folder: Path, facts: dict[str, object]) -> Installed:
        (folder / "manifest.json").write_text(json.dumps({"schema": 1, "size": 1, **facts}))
        return Installed(kind, folder.name, folder, "x", 1, facts)


@pytest.fixture
def installers(machine: Path, monkeypatch: pytest.MonkeyPatch) -> Installers:
    """No network and nothing real."""
    fakes = Installers(machine.parent / "cache")
    for module in (ensure, ensure.__name__.rpartition(".")[0]):
        prefix = module if isinstance(module, str) else module.__name__
        monkeypatch.setattr(f"{prefix}.install_emscripten", fakes.emscripten)
        monkeypatch.setattr(f"{prefix}.install_node", fakes.node)
        monkeypatch.setattr(f"{prefix}.install_ws", fakes.ws)
    return fakes


def test_an_empty_machine_gets_all_of_it_node_first(installers: Installers, log: Log) -> None:
    found = ensure_toolchain(Want(), progress=log, assume_yes=True)
    assert found.emscripten is not None
    assert found.node is not None
    assert found.ws is not None
    assert [kind for kind, _ in installers.asked] == ["node", "emscripten", "ws"]


def test_what_is_there_is_not_set_up_again(installers: Installers, log: Log) -> None:
    ensure_toolchain(Want(), progress=log, assume_yes=True)
    installers.asked.clear()
    ensure_toolchain(Want(), progress=log)  # and nobody is asked anything
    assert installers.asked == []


def test_a_version_that_is_wanted_is_set_up_beside_another(
    installers: Installers, log: Log
) -> None:
    ensure_toolchain(Want(), progress=log, assume_yes=True)
    found = ensure_toolchain(Want(emscripten="3.1.69"), progress=log, assume_yes=True)
    assert ("emscripten", "3.1.69") in installers.asked
    assert found.emscripten is not None
    assert found.emscripten.version == (3, 1, 69)


def test_a_node_that_is_too_old_is_set_up_anew(
    installers: Installers, log: Log, make_release: MakeRelease, make_program: MakeProgram,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("EMSDK", str(make_release("sdk/upstream/emscripten", "6.0.5").parents[1]))
    make_program("node", fake_node("16.0.0"))
    found = ensure_toolchain(Want(ws=False), progress=log, assume_yes=True)
    assert installers.asked == [("node", None)]
    assert found.node is not None
    assert found.node.version == (24, 19, 0)


def test_someone_is_asked_and_may_say_no(installers: Installers, log: Log) -> None:
    asked: list[str] = []

    def no(text: str) -> bool:
        asked.append(text)
        return False

    with pytest.raises(ToolMissingError, match="missing: Emscripten, Node 24") as caught:
        ensure_toolchain(Want(), progress=log, confirm=no)
    assert "Emscripten and Node 24 will be set up in" in asked[0]
    assert "--yes" in caught.value.remedy
    assert installers.asked == []


@pytest.mark.usefixtures("installers")
def test_without_a_terminal_nobody_is_asked(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(UsageError, match="nobody is there"):
        ensure_toolchain(Want(), progress=log)


@pytest.mark.usefixtures("installers")
def test_a_path_that_is_wrong_cannot_be_set_up(log: Log) -> None:
    with pytest.raises(ToolMissingError, match="cannot be set up"):
        ensure_toolchain(Want(emscripten="/no/such/emcc"), progress=log, assume_yes=True)


def test_setup_without_options_gets_all_and_says_how_it_is_used(
    installers: Installers, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["setup", "--yes", "--json"]) == 0
    out, err = capsys.readouterr()
    result = json.loads(out)
    assert (result["schema"], result["command"]) == (1, "setup")
    assert {entry["kind"] for entry in result["installed"]} == {"emscripten", "node", "ws"}
    assert "uses Emscripten 6.0.5 from now on" in err
    assert [kind for kind, _ in installers.asked] == ["node", "emscripten", "ws"]


def test_setup_says_what_still_comes_first(
    installers: Installers, capsys: pytest.CaptureFixture[str], make_release: MakeRelease,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("EMSDK", str(make_release("sdk/upstream/emscripten", "4.0.10").parents[1]))
    assert main(["setup", "--emscripten", "3.1.6", "--yes"]) == 0
    err = capsys.readouterr().err
    assert "Emscripten 4.0.10 (EMSDK" in err
    assert "EMSOCKETS_EMSCRIPTEN=3.1.6" in err
    assert ("emscripten", "3.1.6") in installers.asked


def test_setup_of_one_part_leaves_the_others(installers: Installers) -> None:
    assert main(["setup", "--node", "--yes"]) == 0
    assert installers.asked == [("node", None)]


def test_list_and_remove(installers: Installers, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["setup", "--list"]) == 0
    assert "Nothing is set up" in capsys.readouterr().out
    assert main(["setup", "--yes"]) == 0
    (installers.cache / "node" / "20.0.0").mkdir()
    capsys.readouterr()
    assert main(["setup", "--list"]) == 0
    shown = capsys.readouterr().out
    assert "6.0.5" in shown
    assert "unfinished" in shown
    assert main(["setup", "--remove", "6.0.5", "--json"]) == 0
    left = json.loads(capsys.readouterr().out)["installed"]
    assert {entry["kind"] for entry in left} == {"node", "ws"}
    assert main(["setup", "--remove", "6.0.5"]) == 2
    assert "nothing of version 6.0.5 is set up" in capsys.readouterr().err


def test_setup_asks_nobody_who_is_not_there(
    installers: Installers, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert main(["setup"]) == 2
    assert "--yes" in capsys.readouterr().err
    assert installers.asked == []
