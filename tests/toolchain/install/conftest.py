"""Set-ups that never leave this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from emsockets_build.toolchain.install.progress import Silence
from tests.toolchain.conftest import fake_node, script
from tests.toolchain.install.archive import StandIn, make_archive


class Log(Silence):
    """A progress that remembers what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.steps: dict[str, tuple[float, float]] = {}

    def say(self, text: str) -> None:
        """Remember it."""
        self.said.append(text)

    def advance(self, step: str, done: float, total: float) -> None:
        """Remember the last of each step."""
        self.steps[step] = (done, total)


@pytest.fixture
def log() -> Log:
    """Where a set-up reports to."""
    return Log()


@pytest.fixture(scope="session")
def pristine_archive(tmp_path_factory: pytest.TempPathFactory) -> StandIn:
    """A stand-in for Debian's archive; tests that damage it take a copy."""
    releases = {"bookworm": "9.1.6", "trixie": "9.1.69", "sid": "9.9.9"}
    return make_archive(tmp_path_factory.mktemp("archive"), releases)


@pytest.fixture
def archive(pristine_archive: StandIn, tmp_path: Path) -> StandIn:
    """A copy of the stand-in that a test may damage."""
    root = tmp_path / "archive"
    shutil.copytree(pristine_archive.root, root)
    keyring = root / pristine_archive.archive.keyring.name
    there = pristine_archive.archive
    return StandIn(root, type(there)(f"file://{root}", there.architecture, keyring))


@pytest.fixture
def debian_machine(machine: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine with the tools of Debian and a Node, and nothing of ours; its cache.

    At the end, nothing may lie there half done.
    """
    bin_dir = machine.parent / "bin"
    script(bin_dir / "node", fake_node("24.19.0"))
    monkeypatch.setenv("PATH", os.pathsep.join([str(bin_dir), "/usr/bin", "/bin"]))
    cache = machine.parent / "cache"
    yield cache
    for folder in cache.glob("emscripten/*"):
        assert (folder / "manifest.json").is_file(), f"{folder} was left without a manifest"
    assert list(cache.glob("incoming/*")) == []
