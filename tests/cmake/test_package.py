from __future__ import annotations

import re
from pathlib import Path

import pytest

from emsockets_build.process import run_bounded
from emsockets_build.resources import cmake_dir
from tests.cmake.configuring import CMAKE, configure

ASK = """
set(PACKAGE_FIND_VERSION {major}.{minor})
set(PACKAGE_FIND_VERSION_MAJOR {major})
set(PACKAGE_FIND_VERSION_MINOR {minor})
include("${{CMAKE_CURRENT_LIST_DIR}}/version.cmake")
message("${{PACKAGE_VERSION_COMPATIBLE}}")
"""


@pytest.mark.parametrize(
    ("wanted", "answer"), [("0.7", b"TRUE"), ("0.1", b"FALSE"), ("0.70", b"FALSE")]
)
def test_a_new_version_number_is_the_only_edit(tmp_path: Path, wanted: str, answer: bytes) -> None:
    """Which requests fit follows from the one version number, whatever it is."""
    text = (cmake_dir() / "EmSocketsConfigVersion.cmake").read_text()
    text, edits = re.subn(r'(PACKAGE_VERSION) "[0-9.]+"', r'\1 "0.7.3"', text)
    assert edits == 1
    (tmp_path / "version.cmake").write_text(text)
    major, minor = wanted.split(".")
    (tmp_path / "ask.cmake").write_text(ASK.format(major=major, minor=minor))
    done = run_bounded([CMAKE, "-P", tmp_path / "ask.cmake"], timeout=60)
    assert done.stderr.strip() == answer


def test_a_newer_table_configures_again(tmp_path: Path) -> None:
    """The build system depends on the table of settings as it does on the CMake files."""
    result = configure(tmp_path, "add_executable(game main.cpp)\nemsockets_target(game)")
    assert "settings.json" in (result.build / "build.ninja").read_text()
