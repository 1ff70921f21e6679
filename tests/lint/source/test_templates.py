"""The project's own templates are the way to do it: nothing is found in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from emsockets_build.lint.text import Kind, decode
from emsockets_build.resources import templates_dir
from tests.lint.source.checking import check

SOURCES = sorted(path for path in templates_dir().rglob("*") if path.suffix in (".c", ".cpp", ".h"))


@pytest.mark.parametrize("emcc", [None, "3.1.6", "3.1.69", "6.0.5"])
@pytest.mark.parametrize("wait", [None, "events", "asyncify", "jspi", "pthread"])
def test_nothing_is_found_in_the_templates(wait: str | None, emcc: str | None) -> None:
    assert len(SOURCES) > 10
    for path in SOURCES:
        assert check(_text(path), name=path.name, wait=wait, emcc=emcc) == (), path


def _text(path: Path) -> str:
    source = decode(path.name, path.read_bytes(), Kind.SOURCE)
    assert source is not None
    return source.text
