"""Every template that can run in a page passes its own scenarios in Chromium and Firefox."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from emsockets_build.cli import main
from emsockets_build.scaffold import list_templates
from tests.generations import Tools

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(900)]

SERVER = "server-in-wasm"
IN_PAGES = [template.name for template in list_templates() if template.name != SERVER]
RUNNERS = ("chromium", "firefox")


def check(
    folder: Path, name: str, tools: Tools, capsys: pytest.CaptureFixture[str]
) -> tuple[int, dict[str, Any]]:
    """Check a new project in both browsers, whatever its scenarios declare."""
    assert main(["init", str(folder), "--template", name, "--name", "sample"]) == 0
    capsys.readouterr()
    words = [word for runner in RUNNERS for word in ("--runner", runner)]
    release = tools.emscripten.version_text
    code = main(["check", str(folder), "--json", "-j", "1", "--emscripten", release, *words])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("name", IN_PAGES)
def test_a_new_project_passes_its_own_check_in_browsers(
    tmp_path: Path, name: str, newest_tools: Tools, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each scenario once in each, with what the server counted as under Node."""
    code, document = check(tmp_path / "größe's $x #1 (a b)", name, newest_tools, capsys)
    assert code == 0, document
    runs = document["runs"]
    scenarios = {run["name"].partition("[")[0] for run in runs}
    expected = {f"{scenario}[{runner}]" for scenario in scenarios for runner in RUNNERS}
    assert {run["name"] for run in runs} == expected
    assert document["broken"] == []
    assert any(run["server_saw"]["bytes_in"] for run in runs)


def test_the_template_that_listens_says_that_it_is_not_for_pages(
    tmp_path: Path, newest_tools: Tools, capsys: pytest.CaptureFixture[str]
) -> None:
    """Scenarios whose other side is our client are left out; the rest fails with the cause."""
    code, document = check(tmp_path / "server", SERVER, newest_tools, capsys)
    assert code == 1
    assert {run["runner"] for run in document["runs"]} == set(RUNNERS)
    assert [run["client_saw"] for run in document["runs"]] == [None] * len(document["runs"])
    assert {run["cause"]["id"] for run in document["runs"]} == {"wrong-environment"}
