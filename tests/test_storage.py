from __future__ import annotations

import os
from pathlib import Path

import pytest

from emsockets_build.errors import UsageError
from emsockets_build.storage import CACHE_VARIABLE, cache_dir, write_whole


def test_file_appears_with_its_folder(tmp_path: Path) -> None:
    """The destination's folder is made, and nothing else is left in it."""
    path = tmp_path / "new" / "file"
    write_whole(path, "text\n")
    assert path.read_bytes() == b"text\n"
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


def test_permissions_survive(tmp_path: Path) -> None:
    """A script that is rewritten can still be executed."""
    path = tmp_path / "script"
    path.touch()
    path.chmod(0o755)
    write_whole(path, "#!/bin/sh\n")
    assert path.stat().st_mode & 0o777 == 0o755


def test_failure_leaves_the_old_file_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full half-way does not cost the old content."""
    path = tmp_path / "file"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UsageError, match="cannot be written") as caught:
        write_whole(path, "new")
    assert "No space left" in caught.value.why
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_cache_is_where_the_variable_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """EMSOCKETS_CACHE_DIR wins; without it the platform decides."""
    monkeypatch.setenv(CACHE_VARIABLE, os.fspath(tmp_path))
    assert cache_dir() == tmp_path
    monkeypatch.delenv(CACHE_VARIABLE)
    assert cache_dir().name == "emsockets"
