from __future__ import annotations

from pathlib import Path

import pytest

from emsockets_build.buildtree import BuildTree, Configuration, configure
from emsockets_build.errors import BuildFailedError, UsageError
from emsockets_build.toolchain import find_toolchain

LISTS = """\
cmake_minimum_required(VERSION 3.22)
project(p LANGUAGES NONE)
if(NOT WORD STREQUAL "good")
  message(FATAL_ERROR "bad word")
endif()
"""


def _tree(folder: Path) -> BuildTree:
    source = folder / "source"
    source.mkdir()
    (source / "CMakeLists.txt").write_text(LISTS)
    return BuildTree(source, folder / "build", find_toolchain(start=source))


def _configure(tree: BuildTree, word: str) -> bool:
    configuration = Configuration(definitions={"WORD": word}, native=True)
    return configure(tree, configuration, progress=lambda _: None)


def test_the_same_configuration_is_not_done_twice(tmp_path: Path) -> None:
    tree = _tree(tmp_path)
    assert _configure(tree, "good")
    assert not _configure(tree, "good")


def test_a_failed_configuration_is_not_taken_for_the_one_before(tmp_path: Path) -> None:
    """CMake keeps the definitions of a run that failed, so the good ones must be given again."""
    tree = _tree(tmp_path)
    assert _configure(tree, "good")
    with pytest.raises(BuildFailedError, match="cannot configure"):
        _configure(tree, "bad")
    assert _configure(tree, "good")
    assert "WORD:UNINITIALIZED=good" in (tree.build / "CMakeCache.txt").read_text()


def test_a_build_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    tree = _tree(tmp_path)
    tree.build.write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        _configure(tree, "good")
