"""Each fault is found by its identifier, and a sound toolchain has none."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from emsockets_build.cli import main
from emsockets_build.toolchain import find_toolchain
from emsockets_build.toolchain.diagnose import diagnose, is_usable
from emsockets_build.toolchain.finding import Finding, Fix, Severity
from tests.toolchain.conftest import MakeProgram, MakeRelease, fake_node, script

NODE_24 = fake_node("24.19.0", without_flag="fetch WebSocket Suspending")


class Bench:
    """A sound toolchain of fakes, whose parts the tests break one by one."""

    def __init__(self, folder: Path, make_release: MakeRelease) -> None:
        self.folder = folder
        self.llvm = folder / "llvm" / "bin"
        self.binaryen = folder / "binaryen" / "bin"
        self.node = script(folder / "bin" / "node", NODE_24)
        for path in (self.llvm / "clang", self.llvm / "wasm-ld", self.binaryen / "wasm-opt"):
            script(path, "exit 0")
        for name, version in (("cmake", "cmake version 4.4.4"), ("ninja", "1.13.2")):
            script(folder / "bin" / name, f"echo {version}")
        self.put_ws("8.18.1")
        self.root = make_release("sdk/upstream/emscripten", "6.0.5")
        self.configure()
        (self.root / "tools" / "acorn-optimizer.mjs").write_text("import * as acorn from 'acorn';")
        self.acorn = self.root / "node_modules" / "acorn"
        self.acorn.mkdir(parents=True)
        (self.acorn / "package.json").write_text("{}")

    def configure(self, **changes: object) -> None:
        """Write the configuration anew, with changes."""
        values = {"LLVM_ROOT": str(self.llvm), "BINARYEN_ROOT": str(self.binaryen.parent),
                  "NODE_JS": str(self.node), "CACHE": str(self.folder / "emcache"),
                  **changes}  # fmt: skip
        lines = [f"{name} = {value!r}\n" for name, value in values.items()]
        (self.root.parent.parent / ".emscripten").write_text("".join(lines))

    def release(self, version: str) -> None:
        """Become another release."""
        (self.root / "emscripten-version.txt").write_text(version)

    def put_ws(self, version: str) -> None:
        """Have this version of ws in the project."""
        path = self.folder / "home" / "node_modules" / "ws" / "package.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"version": version}))

    def find(self) -> dict[str, Finding]:
        """Diagnose what is there now."""
        return {finding.id: finding for finding in diagnose(find_toolchain())}


@pytest.fixture
def bench(
    machine: Path, tmp_path: Path, make_release: MakeRelease, monkeypatch: pytest.MonkeyPatch
) -> Bench:
    """A sound toolchain."""
    assert machine.is_dir()
    bench = Bench(tmp_path, make_release)
    monkeypatch.setenv("EMSDK", str(tmp_path / "sdk"))
    return bench


def test_a_sound_toolchain_has_nothing_wrong(bench: Bench) -> None:
    assert bench.find() == {}


def _old_node(version: str) -> Callable[[Bench], object]:
    return lambda bench: script(bench.node, fake_node(version, without_flag="fetch"))


FAULTS: dict[str, Callable[[Bench], object]] = {
    "emcc-missing": lambda bench: (bench.root / "emscripten-version.txt").unlink(),
    "llvm-missing": lambda bench: (bench.llvm / "wasm-ld").unlink(),
    "binaryen-missing": lambda bench: (bench.binaryen / "wasm-opt").unlink(),
    "config-broken": lambda bench: (bench.folder / "sdk/.emscripten").write_text("LLVM_ROOT ="),
    "acorn-missing": lambda bench: bench.acorn.rename(bench.acorn.with_name("hidden")),
    "emcc-node-missing": lambda bench: bench.configure(NODE_JS="/no/such/node"),
    "emcc-node-too-old": _old_node("14.18.0"),
    "node-too-old": _old_node("18.2.0"),
    "node-broken": lambda bench: script(bench.node, "exit 1"),
    "cmake-missing": lambda bench: (bench.folder / "bin/cmake").unlink(),
    "cmake-broken": lambda bench: script(bench.folder / "bin/cmake", "exit 1"),
    "cmake-too-old": lambda bench: script(bench.folder / "bin/cmake", "echo 3.21.9"),
    "ninja-missing": lambda bench: (bench.folder / "bin/ninja").unlink(),
    "ws-missing": lambda bench: (bench.folder / "home/node_modules/ws/package.json").unlink(),
    "ws-misfit": lambda bench: bench.put_ws("7.5.14"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_an_error_with_cause_and_remedy(bench: Bench, name: str) -> None:
    FAULTS[name](bench)
    if name == "emcc-node-missing":  # with another Node at hand, emcc is given that one
        bench.node.unlink()
    finding = bench.find()[name]
    assert finding.severity is Severity.ERROR
    assert finding.summary
    assert finding.cause.endswith((".", name)) or finding.cause
    assert finding.remedy.strip()


@pytest.mark.parametrize("name", ["acorn-missing", "ws-misfit", "node-too-old"])
def test_doctor_exits_with_3_and_says_it_in_json(
    bench: Bench, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["usable"] is True
    FAULTS[name](bench)
    assert main(["doctor", "--json"]) == 3
    result = json.loads(capsys.readouterr().out)
    assert (result["schema"], result["command"], result["usable"]) == (1, "doctor", False)
    assert name in {finding["id"] for finding in result["findings"]}
    assert result["tools"]["emscripten"]["version"] == "6.0.5"


def test_doctor_tells_people_too(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    FAULTS["ws-missing"](bench)
    assert main(["doctor"]) == 3
    shown = capsys.readouterr().out
    assert "ws-missing" in shown
    assert "emsockets setup --ws" in shown
    assert "\x1b" not in shown  # no colour where there is no terminal


def test_ws_8_is_a_misfit_for_3_1_6_only(bench: Bench) -> None:
    bench.release("3.1.6")
    found = bench.find()
    assert found["ws-misfit"].fix is Fix.WS
    assert "16720" in found["ws-misfit"].reference
    bench.put_ws("2.3.1")
    assert "ws-misfit" not in bench.find()


@pytest.mark.parametrize(
    ("flags", "words"),
    [({}, "no flag against it"), ({"--no-experimental-fetch": ""}, "--no-experimental-fetch")],
)
def test_the_fetch_trap_of_old_releases(bench: Bench, flags: dict[str, str], words: str) -> None:
    assert "fetch-trap" not in bench.find()
    script(bench.node, fake_node("20.20.2", without_flag="fetch WebSocket", flags=flags))
    bench.release("3.1.6")
    finding = bench.find()["fetch-trap"]
    assert finding.severity is Severity.WARNING
    assert words in finding.remedy
    bench.release("3.1.12")
    assert "fetch-trap" not in bench.find()


def test_what_a_node_cannot_do_is_a_note(bench: Bench) -> None:
    script(bench.node, fake_node("20.20.2", without_flag="fetch"))
    found = bench.find()
    assert found["node-no-jspi"].severity is Severity.NOTE
    assert found["node-no-websocket"].severity is Severity.NOTE
    assert is_usable(tuple(found.values()))


def test_a_frozen_cache_is_a_note_until_em_cache_points_elsewhere(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.configure(FROZEN_CACHE=True)
    assert bench.find()["cache-frozen"].severity is Severity.NOTE
    monkeypatch.setenv("EM_CACHE", "/my/cache")
    assert bench.find()["cache-frozen-moved"].severity is Severity.ERROR


def test_caches_that_cannot_be_written_are_warnings(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = os.access

    def access(path: str | os.PathLike[str], mode: int) -> bool:
        return mode != os.W_OK and there(path, mode)

    bench.find()  # what is known by now need not be written
    monkeypatch.setattr("os.access", access)
    found = bench.find()
    assert found["cache-read-only"].severity is Severity.WARNING
    assert "emscripten-cache" in found["cache-read-only"].cause
    assert found["user-cache-read-only"].severity is Severity.WARNING


def test_two_nodes_are_a_note(bench: Bench) -> None:
    other = script(bench.folder / "other" / "node", fake_node("22.16.0"))
    bench.configure(NODE_JS=str(other))
    finding = bench.find()["node-mixed"]
    assert "22.16.0" in finding.cause
    assert "24.19.0" in finding.cause


def test_the_system_is_checked_by_its_provider(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["setup", "--provider", "system", "--emscripten", "--yes"]
    assert main(words) == 0
    assert "Emscripten 6.0.5" in capsys.readouterr().err
    FAULTS["llvm-missing"](bench)
    assert main(words) == 3
    assert "wasm-ld not found" in capsys.readouterr().err


def test_old_releases_find_acorn_by_node_path(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """require() looks at NODE_PATH; the import statements of newer releases do not."""
    bench.acorn.rename(bench.folder / "acorn")
    monkeypatch.setenv("NODE_PATH", str(bench.folder))
    assert "acorn-missing" in bench.find()
    tools = bench.root / "tools"
    (tools / "acorn-optimizer.mjs").rename(tools / "acorn-optimizer.js")
    assert "acorn-missing" not in bench.find()


def test_debians_llvm_has_its_version_in_its_names(bench: Bench) -> None:
    (bench.llvm / "clang").rename(bench.llvm / "clang-14")
    (bench.llvm / "wasm-ld").rename(bench.llvm / "wasm-ld-14")
    assert "llvm-missing" in bench.find()
    bench.configure(LLVM_ADD_VERSION="14")
    assert "llvm-missing" not in bench.find()


@pytest.mark.usefixtures("machine")
def test_an_empty_machine_can_be_fixed_all_of_it(make_program: MakeProgram) -> None:
    make_program("unrelated", "exit 0")
    fixes = {finding.fix for finding in diagnose(find_toolchain())}
    assert {Fix.EMSCRIPTEN, Fix.NODE, Fix.WS} <= fixes


def test_fix_sets_up_what_is_missing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    FAULTS["ws-missing"](bench)
    script(
        bench.folder / "bin" / "npm",
        '[ "$1" = ci ] && mkdir -p node_modules/ws && '
        'echo \'{"version": "8.18.1"}\' > node_modules/ws/package.json',
    )
    monkeypatch.setenv("PATH", f"{bench.folder / 'bin'}:/usr/bin:/bin")
    assert main(["doctor", "--fix", "--json"]) == 2  # nobody there to ask
    assert "--yes" in capsys.readouterr().err
    assert main(["doctor", "--fix", "--yes", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tools"]["ws"]["origin"] == "cache"
