"""Programs and tools for the tests of the runners."""

from __future__ import annotations

import os
import shutil
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

SCALE = float(os.environ.get("EMSOCKETS_TEST_TIME_SCALE", "1"))


@pytest.fixture(scope="session")
def node() -> Path:
    """The Node of this machine."""
    found = shutil.which("node")
    assert found is not None, "tests marked `node` need Node on PATH"
    return Path(found)


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., Path]:
    """Write a program by hand; Emscripten's output is JavaScript like any other."""

    def write(text: str, name: str = "program.js") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    return write
