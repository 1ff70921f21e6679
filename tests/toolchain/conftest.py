"""A machine of its own for each test: no tool but what the test puts there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from emsockets_build.toolchain import emscripten

MakeRelease = Callable[..., Path]
MakeProgram = Callable[[str, str], Path]

_VARIABLES = (
    "CONDA_PREFIX", "EMSDK", "EMSDK_NODE", "EMSDK_PYTHON", "EM_CACHE", "EM_CONFIG", "NODE_PATH",
    "EM_FROZEN_CACHE", "EM_LLVM_ROOT", "EM_BINARYEN_ROOT", "EM_NODE_JS", "EMSOCKETS_EMSCRIPTEN",
    "EMSOCKETS_NODE", "NODE_OPTIONS",
)  # fmt: skip


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder on a machine with an empty cache and nothing installed; HOME and the cwd."""
    home = tmp_path / "home"
    home.mkdir()
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("EMSOCKETS_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(home)
    monkeypatch.setattr(emscripten, "SYSTEM_ROOTS", ())
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    return home


@pytest.fixture
def make_release(tmp_path: Path) -> MakeRelease:
    """Write the files of an Emscripten release that anyone looks at: `make(folder, version)`."""

    def make(folder: str | Path, version: str, *, config: str | None = None) -> Path:
        root = tmp_path / folder
        (root / "tools").mkdir(parents=True)
        (root / "src").mkdir()
        (root / "emscripten-version.txt").write_text(f'"{version}"\n')
        for name in ("emcc", "em++"):
            script(root / name, 'echo "this fake compiles nothing"')
        shared = "# older is refused\nMINIMUM_NODE_VERSION = (16, 20, 0)\n"
        (root / "tools" / "shared.py").write_text(shared)
        (root / "src" / "settings.js").write_text("// x\nvar MIN_NODE_VERSION = 180300;\n")
        if config is not None:
            (root / ".emscripten").write_text(config)
        return root

    return make


@pytest.fixture
def make_program(tmp_path: Path) -> MakeProgram:
    """Write a program on PATH: `make(name, shell_script)`."""

    def make(name: str, text: str) -> Path:
        return script(tmp_path / "bin" / name, text)

    return make


def script(path: Path, text: str) -> Path:
    """Write an executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def fake_node(version: str, *, without_flag: str = "", flags: dict[str, str] | None = None) -> str:
    """Return a shell script that answers our questions as a Node of that version would.

    Args:
        version: What it says.
        without_flag: The names that exist at once: ``Suspending``, ``WebSocket``, ``fetch``.
        flags: The flags that it takes, each with the names that exist with it.
    """

    def answer(names: str) -> str:
        known = ("Suspending", "WebSocket", "fetch")
        kinds = ["function" if name in names else "undefined" for name in known]
        return f'echo \'["{version}", "{kinds[0]}", "{kinds[1]}", "{kinds[2]}"]\''

    lines = [f"    {flag}) {answer(names)} ;;" for flag, names in (flags or {}).items()]
    plain = [f"    -e) {answer(without_flag)} ;;", '    *) echo "bad option: $1" >&2; exit 9 ;;']
    return "\n".join(['case "$1" in', *lines, *plain, "esac"])


assert sys.platform != "win32", "the fakes of these tests are shell scripts"
