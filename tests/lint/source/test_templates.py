"""The project's own templates are the way to do it: nothing is found in them.

Their sources bear any wait, whatever is known of them, but for those of the template that leaves
waiting to POSIX ON: they are judged as what the template makes of them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from emsockets_build.lint.engine import lint
from emsockets_build.lint.text import Kind, decode
from emsockets_build.resources import templates_dir
from emsockets_build.scaffold import list_templates, project_files, write_project
from emsockets_build.scaffold.template import Template
from emsockets_build.settings.version import Version
from tests.lint.source.checking import check

SOURCES = sorted(
    path
    for path in templates_dir().rglob("*")
    if path.suffix in (".c", ".cpp", ".h") and "tcp-service" not in path.parts
)


@pytest.mark.parametrize("emcc", [None, "3.1.6", "3.1.69", "6.0.5"])
@pytest.mark.parametrize("wait", [None, "events", "asyncify", "jspi", "pthread"])
def test_nothing_is_found_in_the_templates(wait: str | None, emcc: str | None) -> None:
    assert len(SOURCES) > 10
    for path in SOURCES:
        assert check(_text(path), name=path.name, wait=wait, emcc=emcc) == (), path


@pytest.mark.parametrize("emcc", [None, (3, 1, 6), (3, 1, 69), (6, 0, 5)])
@pytest.mark.parametrize("template", list_templates(), ids=lambda template: template.name)
def test_nothing_is_found_in_a_new_project(
    template: Template, emcc: Version | None, tmp_path: Path
) -> None:
    """Its build files are read, too, which say what each source is a part of."""
    write_project(project_files(template, {"NAME": "sample"}), tmp_path / "sample")
    report = lint([tmp_path / "sample"], version=emcc, jobs=1)
    assert report.findings == ()
    assert report.files > 3


def _text(path: Path) -> str:
    source = decode(path.name, path.read_bytes(), Kind.SOURCE)
    assert source is not None
    return source.text
