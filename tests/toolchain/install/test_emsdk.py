"""The contract with emsdk, held against a stand-in of its repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import textwrap
from pathlib import Path

import pytest

from emsockets_build.errors import ToolMissingError, UsageError
from emsockets_build.toolchain import find_emscripten
from emsockets_build.toolchain.install.emsdk import install_emsdk
from emsockets_build.toolchain.installed import installed, unfinished
from tests.toolchain.install.conftest import Log

pytestmark = pytest.mark.usefixtures("debian_machine")

# What upstream's emsdk.py does, as far as anything of ours relies on it.
_EMSDK = """
    import os, pathlib, sys
    here = pathlib.Path(__file__).resolve().parent
    command, version = sys.argv[1:]
    leaks = [name for name in os.environ if name.startswith(("EMSDK", "EM_"))]
    if leaks or version == "4.0.9":
        sys.exit(f"cannot download {version} {leaks}")
    root = here / "upstream" / "emscripten"
    if command == "install":
        (root / "tools").mkdir(parents=True)
        (root / "emscripten-version.txt").write_text(
            '"9.9.9"' if version == "4.0.8" else f'"{version}"')
        (root / "emcc").write_text("#!/bin/sh")
        print("Done installing tool 'releases'.")
    elif command == "activate":
        assert root.is_dir()
        (here / ".emscripten").write_text(f"LLVM_ROOT = '{here}/upstream/bin'\\n")
    else:
        sys.exit("Unknown command " + command)
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A git repository with the files of emsdk that are relied on."""
    folder = tmp_path / "emsdk.git"
    folder.mkdir()
    (folder / "emsdk.py").write_text(textwrap.dedent(_EMSDK))
    releases = dict.fromkeys(("3.1.6", "4.0.8", "4.0.9", "4.0.10", "4.0.10-asserts"), "0" * 40)
    tags = {"aliases": {"latest": "4.0.10"}, "releases": releases}
    (folder / "emscripten-releases-tags.json").write_text(json.dumps(tags))
    _git(folder, "init", "--quiet")
    _commit(folder)
    return folder


def _git(folder: Path, *words: str) -> None:
    git = shutil.which("git", path="/usr/bin:/usr/local/bin:/bin")
    assert git is not None, "these tests need git"
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.invalid"]
    subprocess.run([git, "-C", str(folder), *identity, *words], check=True, env=environment)


def _commit(folder: Path) -> None:
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", "stand-in")


def test_a_release_is_installed_and_activated_in_our_cache(source: Path, log: Log) -> None:
    entry = install_emsdk("3.1.6", log, source=str(source))
    assert (entry.version, entry.provider) == ("3.1.6", "emsdk")
    found = find_emscripten()
    assert (found.version, found.origin) == ((3, 1, 6), "cache")
    # It was activated where it lies now, so that absolute paths in its configuration hold.
    assert found.config.llvm_root == entry.folder / "emsdk/upstream/bin"
    assert found.environment["EM_CONFIG"] == str(entry.folder / "emsdk/.emscripten")


def test_no_version_means_the_latest(source: Path, log: Log) -> None:
    assert install_emsdk(None, log, source=str(source)).version == "4.0.10"


def test_older_copies_keep_the_latest_at_the_top(source: Path, log: Log) -> None:
    path = source / "emscripten-releases-tags.json"
    path.write_text(json.dumps({"latest": "3.1.6", "releases": {"3.1.6": "0" * 40}}))
    _commit(source)
    assert install_emsdk(None, log, source=str(source)).version == "3.1.6"


def test_an_activated_emsdk_of_the_caller_is_left_out(
    source: Path, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMSDK", "/elsewhere")
    monkeypatch.setenv("EM_CONFIG", "/elsewhere/.emscripten")
    assert install_emsdk("3.1.6", log, source=str(source)).version == "3.1.6"


def test_the_source_may_be_named_in_the_environment(
    source: Path, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMSOCKETS_EMSDK_SOURCE", str(source))
    assert install_emsdk("3.1.6", log).version == "3.1.6"


def test_an_unknown_release_names_the_newest(source: Path, log: Log) -> None:
    with pytest.raises(UsageError, match=r"no release 1\.2\.3") as caught:
        install_emsdk("1.2.3", log, source=str(source))
    assert caught.value.why.endswith("4.0.10, 4.0.10-asserts")


@pytest.mark.parametrize(
    ("version", "words"),
    [("4.0.9", "emsdk install 4.0.9 failed"), ("4.0.8", "did not install Emscripten 4.0.8")],
)
def test_a_failure_leaves_nothing(source: Path, log: Log, version: str, words: str) -> None:
    with pytest.raises(ToolMissingError, match=words):
        install_emsdk(version, log, source=str(source))
    assert (installed("emscripten"), unfinished("emscripten")) == ((), ())


def test_a_repository_that_is_not_there(tmp_path: Path, log: Log) -> None:
    with pytest.raises(ToolMissingError, match="cannot be cloned") as caught:
        install_emsdk(None, log, source=str(tmp_path / "no-such.git"))
    assert "EMSOCKETS_EMSDK_SOURCE" in caught.value.remedy


def test_a_repository_that_is_no_emsdk(source: Path, log: Log) -> None:
    (source / "emscripten-releases-tags.json").write_text("[]")
    _commit(source)
    with pytest.raises(ToolMissingError, match="no emsdk that we know"):
        install_emsdk(None, log, source=str(source))


def test_without_git_the_other_provider_is_named(
    source: Path, log: Log, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissingError, match="needs git") as caught:
        install_emsdk(None, log, source=str(source))
    assert "--provider debian" in caught.value.remedy
