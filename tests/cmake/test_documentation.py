from __future__ import annotations

import re
from pathlib import Path

import pytest

from emsockets_build.resources import cmake_dir
from tests.cmake.configuring import configure

_BLOCK = re.compile(r"^#\[=+\[\.rst:\n(.*?)^#\]=+\]", re.DOTALL | re.MULTILINE)
_EXAMPLES = re.compile(
    r"^Examples\n\^+\n(.*?)(?=^\S[^\n]*\n[\^~-]{4,}|\Z)", re.DOTALL | re.MULTILINE
)
_CODE = re.compile(r"^\.\. code-block:: cmake\n\n((?:  .*\n|\n)+)", re.MULTILINE)


def _public_modules() -> list[Path]:
    return [path for path in sorted(cmake_dir().glob("*.cmake")) if _BLOCK.search(path.read_text())]


def _examples() -> list[tuple[str, str]]:
    found = []
    for path in _public_modules():
        block = _BLOCK.search(path.read_text())
        assert block is not None
        examples = _EXAMPLES.search(block[1])
        assert examples is not None, f"{path.name} shows no examples"
        for number, code in enumerate(_CODE.findall(examples[1])):
            found.append((f"{path.stem}-{number}", re.sub(r"^  ", "", code, flags=re.MULTILINE)))
    return found


@pytest.mark.parametrize(("name", "code"), _examples())
@pytest.mark.parametrize("emscripten", ["6.0.5", None], ids=["emscripten", "native"])
def test_every_example_in_the_documentation_configures(
    tmp_path: Path, name: str, code: str, emscripten: str | None
) -> None:
    """What the documentation shows works as it stands there, for the web and natively."""
    result = configure(tmp_path, code, emscripten=emscripten)
    assert result.returncode == 0, f"{name}: {result.stderr}"
    assert result.stderr == ""


def test_every_public_command_is_documented() -> None:
    """A function without a leading underscore has an rst block that names it."""
    for path in cmake_dir().glob("*.cmake"):
        text = path.read_text()
        block = _BLOCK.search(text)
        for command in re.findall(r"^function\(([a-z]\w*)", text, re.MULTILINE):
            assert block is not None, f"{path.name} has no documentation"
            assert f".. command:: {command}\n" in block[1]


def test_commands_and_macros_keep_the_house_rules() -> None:
    """Functions only, and every one under our prefix."""
    for path in cmake_dir().glob("*.cmake"):
        text = path.read_text()
        assert not re.search(r"^\s*macro\(", text, re.MULTILINE), path.name
        for name in re.findall(r"^\s*function\((\w+)", text, re.MULTILINE):
            assert name.startswith(("emsockets_", "_emsockets_")), name
