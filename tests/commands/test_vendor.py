from __future__ import annotations

import json
from pathlib import Path

import pytest

from emsockets_build.cli import main
from emsockets_build.resources import cmake_dir
from tests.cmake.configuring import configure


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize("name", ["emsockets", "größe's $@NAME@; (1)"])
def test_the_copy_is_equal_byte_for_byte(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    assert main(["vendor", str(folder)]) == 0
    assert contents(folder) == contents(cmake_dir())
    assert main(["vendor", str(folder), "--check"]) == 0


def test_check_names_what_is_missing_or_different(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["vendor", str(tmp_path)])
    (tmp_path / "settings.json").write_text("{}")
    (tmp_path / "EmSocketsTest.cmake").unlink()
    capsys.readouterr()
    assert main(["vendor", str(tmp_path), "--check", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["different"] == ["EmSocketsTest.cmake", "settings.json"]
    assert (tmp_path / "settings.json").read_text() == "{}"


def test_an_edited_copy_is_replaced_only_with_force(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["vendor", str(tmp_path)])
    (tmp_path / "EmSockets.cmake").write_text("# mine\n")
    assert main(["vendor", str(tmp_path)]) == 2
    assert "EmSockets.cmake" in capsys.readouterr().err
    assert (tmp_path / "EmSockets.cmake").read_text() == "# mine\n"
    assert main(["vendor", str(tmp_path), "--force"]) == 0
    assert contents(tmp_path) == contents(cmake_dir())


def test_it_says_how_to_include_the_copy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    main(["vendor", "cmake/emsockets"])
    line = 'include("${CMAKE_CURRENT_SOURCE_DIR}/cmake/emsockets/EmSockets.cmake")'
    assert line in capsys.readouterr().err


@pytest.mark.parametrize(
    "preamble",
    [
        'include("${HERE}/EmSockets.cmake")',
        "find_package(EmSockets REQUIRED NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH PATHS ${HERE})",
    ],
)
def test_a_vendored_project_configures(tmp_path: Path, preamble: str) -> None:
    assert main(["vendor", str(tmp_path / "source" / "vendored")]) == 0
    lists = (
        "enable_testing()\nadd_executable(game main.cpp)\nemsockets_target(game WAIT asyncify)\n"
        "emsockets_add_test(NAME joins TARGET game ARGS {host} {port})\n"
    )
    here = 'set(HERE "${CMAKE_CURRENT_SOURCE_DIR}/vendored")'
    configured = configure(tmp_path, lists, preamble=f"{here}\n{preamble}")
    assert configured.returncode == 0, configured.stderr
    assert "-sASYNCIFY=1" in configured.targets["game"].link
    assert (configured.build / "emsockets" / "scenarios.json").is_file()
