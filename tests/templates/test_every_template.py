"""Every template, as `emsockets init` writes it, passes its own `emsockets check` and `ctest`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emsockets_build.cli import main
from emsockets_build.process import run_bounded
from emsockets_build.scaffold import list_templates
from tests.cmake.configuring import CMAKE
from tests.generations import Tools

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CTEST = CMAKE.with_name("ctest")
NATIVE = [template.name for template in list_templates() if template.native]
EVERY = [template.name for template in list_templates()]


@pytest.mark.node
@pytest.mark.parametrize("name", EVERY)
def test_a_new_project_passes_its_own_check(
    tmp_path: Path, name: str, tools: Tools, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a web build of every generation, in a folder with a name as bad as CMake can bear."""
    release, node = tools.emscripten.version_text, str(tools.node.path)
    folder = tmp_path / "größe's $x @NAME@ #1 (a b)"
    check(folder, name, ["--emscripten", release, "--node", node], capsys)


@pytest.mark.parametrize("name", NATIVE)
def test_a_new_project_passes_its_own_native_check(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    check(tmp_path / "größe's $x @NAME@ #1 (a b)", name, ["--native"], capsys)


def check(folder: Path, name: str, options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", str(folder), "--template", name, "--name", "sample"]) == 0
    capsys.readouterr()
    strict = "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror"
    code = main(["check", str(folder), "--json", "-j", "2", strict, *options])
    document = json.loads(capsys.readouterr().out)
    assert code == 0, document
    assert document["verdict"] == "pass"
    assert document["runs"]
    (build,) = (path.parent for path in folder.glob("build/*/CTestTestfile.cmake"))
    done = run_bounded(
        [CTEST, "--test-dir", build, "--no-tests=error", "--output-on-failure"], timeout=300
    )
    assert done.returncode == 0, done.text
