"""Which `ws` fits which release (generations.md's table of the two interfaces)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emsockets_build.errors import ToolMissingError
from emsockets_build.toolchain import find_ws
from emsockets_build.toolchain.ws import ws_fits, ws_major


def _put(folder: Path, version: str) -> None:
    (folder / "ws").mkdir(parents=True)
    (folder / "ws" / "package.json").write_text(json.dumps({"name": "ws", "version": version}))


@pytest.mark.parametrize(
    ("major", "fits_old", "fits_new"),
    [(1, True, True), (2, True, True), (3, False, False), (7, False, False), (8, False, True)],
)
def test_majors(major: int, fits_old: bool, fits_new: bool) -> None:
    assert ws_fits((major, 0, 0), (3, 1, 9)) is fits_old
    assert ws_fits((major, 0, 0), (3, 1, 10)) is fits_new


def test_the_major_to_install() -> None:
    assert [ws_major(v) for v in ((3, 1, 6), (3, 1, 10), (6, 0, 5), None)] == [2, 8, 8, 8]


@pytest.mark.usefixtures("machine")
def test_the_projects_own_comes_first_if_it_fits(tmp_path: Path) -> None:
    _put(tmp_path / "home" / "node_modules", "8.18.1")
    cached = tmp_path / "cache" / "ws" / "2"
    _put(cached / "node_modules", "2.3.1")
    manifest = {"schema": 1, "provider": "npm", "modules": "node_modules"}
    (cached / "manifest.json").write_text(json.dumps(manifest))
    assert find_ws((6, 0, 5)).origin == "project"
    old = find_ws((3, 1, 6))
    assert (old.origin, old.version, old.fits) == ("cache", (2, 3, 1), True)


@pytest.mark.usefixtures("machine")
def test_one_that_does_not_fit_is_shown_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _put(tmp_path / "modules", "8.0.0")
    monkeypatch.setenv("NODE_PATH", str(tmp_path / "modules"))
    found = find_ws((3, 1, 6))
    assert (found.version, found.fits, found.origin) == ((8, 0, 0), False, "NODE_PATH")


@pytest.mark.usefixtures("machine")
def test_none_at_all_names_the_remedy() -> None:
    with pytest.raises(ToolMissingError, match="ws was not found") as caught:
        find_ws()
    assert "emsockets setup --ws" in caught.value.remedy
