"""`emsockets add` on projects as people write them; each then passes its own check."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from emsockets_build.cli import main
from emsockets_build.process import run_bounded
from emsockets_build.resources import cmake_dir, templates_dir
from emsockets_build.storage import write_whole
from tests.cmake.configuring import CMAKE, FAKE_TOOLCHAIN

SOURCES = "echo_client.cpp main.cpp socket.cpp wait.cpp"

OLD = f"""cmake_minimum_required(VERSION 3.5)
PROJECT(OldGame)
SET(CMAKE_CXX_STANDARD 17)
IF(EMSCRIPTEN)
  SET(CMAKE_EXE_LINKER_FLAGS "${{CMAKE_EXE_LINKER_FLAGS}} -s ALLOW_MEMORY_GROWTH=1")
ENDIF()
ADD_EXECUTABLE(game {SOURCES})
IF(EMSCRIPTEN)
  SET_TARGET_PROPERTIES(game PROPERTIES LINK_FLAGS "-s ASYNCIFY=1 -s EXIT_RUNTIME=1")
ENDIF(EMSCRIPTEN)
"""
MODERN = f"""cmake_minimum_required(VERSION 3.22...4.0)
project(game VERSION 1.0 LANGUAGES CXX)
include(CTest)

add_executable(${{PROJECT_NAME}})
target_sources(${{PROJECT_NAME}} PRIVATE {SOURCES})
set_property(TARGET ${{PROJECT_NAME}} PROPERTY CXX_STANDARD 17)
target_link_options(${{PROJECT_NAME}} PRIVATE "$<$<PLATFORM_ID:Emscripten>:-sASYNCIFY>")
"""
NESTED = "cmake_minimum_required(VERSION 3.22)\nproject(suite CXX)\nadd_subdirectory(client)\n"
NESTED_CLIENT = f"""if(NOT TARGET game)
\tadd_executable(
\t\tgame # the client
\t\t{SOURCES}
\t)
endif()
set_property(TARGET game PROPERTY CXX_STANDARD 17)
"""
PROJECTS = {
    "old": {"CMakeLists.txt": OLD},
    "modern": {"CMakeLists.txt": MODERN},
    "nested": {"CMakeLists.txt": NESTED, "client/CMakeLists.txt": NESTED_CLIENT},
}


@pytest.fixture(params=PROJECTS)
def project(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """An existing project that builds natively and has nothing of ours."""
    folder = tmp_path / "größe's game"
    for name, text in PROJECTS[request.param].items():
        write_whole(folder / name, text)
    sources = folder / "client" if request.param == "nested" else folder
    shutil.copytree(templates_dir() / "socket-echo" / "src", sources, dirs_exist_ok=True)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_shows_a_diff_and_writes_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(project)
    assert main(["add", "game", str(project), "--wait", "asyncify"]) == 0
    out, err = capsys.readouterr()
    assert "+emsockets_target(game WAIT asyncify)" in out.replace("+\t", "+")
    assert "--apply" in err
    assert contents(project) == before


def test_the_diff_is_one_that_git_can_apply(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["add", "game", str(project)]) == 0
    patch = project.parent / "patch"
    patch.write_text(capsys.readouterr().out)
    copy = project.parent / "copy"
    shutil.copytree(project, copy)
    done = run_bounded(["git", "apply", patch], cwd=copy, timeout=30)
    assert done.returncode == 0, done.text
    assert main(["add", "game", str(project), "--apply"]) == 0
    assert contents(copy) == contents(project)


def test_applies_once(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["add", "game", str(project), "--apply", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["applied"], document["already"]) == (True, False)
    once = contents(project)
    assert main(["add", "game", str(project), "--apply", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["applied"], document["already"], document["diff"]) == (False, True, "")
    assert contents(project) == once


def configure(project: Path) -> list[str]:
    """Configure for a make-believe Emscripten and return the names of the scenarios."""
    build = project / "build"
    definitions = {
        "CMAKE_TOOLCHAIN_FILE": FAKE_TOOLCHAIN,
        "EmSockets_DIR": cmake_dir(),
        "CMAKE_BUILD_TYPE": "Release",
    }
    done = run_bounded(
        [
            *(CMAKE, "-S", project, "-B", build, "-G", "Ninja"),
            *(f"-D{name}={value}" for name, value in definitions.items()),
        ],
        env={**os.environ, "FAKE_EMSCRIPTEN_VERSION": "6.0.5"},
        timeout=60,
    )
    assert done.returncode == 0, done.text
    document = json.loads((build / "emsockets" / "scenarios.json").read_text())
    return [entry["name"] for entry in document["scenarios"]]


def test_the_project_configures_with_a_scenario(project: Path) -> None:
    assert main(["add", "game", str(project), "--apply"]) == 0
    assert configure(project) == ["game-connects"]


def test_the_project_configures_with_fetched_files(project: Path) -> None:
    words = ["add", "game", str(project), "--apply", "--fetch", str(cmake_dir().parent)]
    assert main(words) == 0
    assert configure(project) == ["game-connects"]


def test_the_project_configures_with_vendored_files(project: Path) -> None:
    folder = "third $party's (1)"
    assert main(["vendor", str(project / folder)]) == 0
    assert main(["add", "game", str(project), "--apply", "--vendored", folder]) == 0
    assert configure(project) == ["game-connects"]


@pytest.mark.emcc
@pytest.mark.node
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_project_passes_its_check(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whichever way it was written."""
    words = ["--wait", "asyncify", "--exit-runtime", "on", "--apply"]
    assert main(["add", "game", str(project), *words]) == 0
    capsys.readouterr()
    code = main(["check", str(project), "--json"])
    document = json.loads(capsys.readouterr().out)
    assert (code, document["verdict"]) == (0, "pass"), document


def test_flags_of_before_decide_and_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "CMakeLists.txt").write_text(OLD)
    assert main(["add", "game", str(tmp_path), "--no-presets"]) == 0
    out, err = capsys.readouterr()
    assert "+emsockets_target(game WAIT asyncify)" in out
    assert "CMakeLists.txt:9: ASYNCIFY" in err
    assert "CMakePresets" not in out


@pytest.mark.parametrize(
    "words",
    [["none"], ["two words"], ["game", "--wait", "sleep"], ["game", "--url", "127.0.0.1"], ["all"]],
)
def test_bad_input_is_exit_code_2_with_a_remedy(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "CMakeLists.txt").write_text(OLD)
    target, *options = words
    assert main(["add", target, str(tmp_path), "--apply", *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "remedy:" in err
    assert (tmp_path / "CMakeLists.txt").read_text() == OLD


def test_words_for_the_program_are_quoted(tmp_path: Path) -> None:
    (tmp_path / "CMakeLists.txt").write_text(MODERN)
    words = ["--apply", "--test-args", "{url}", "a b", "$x;y", '"']
    assert main(["add", "game", str(tmp_path), *words]) == 0
    text = (tmp_path / "CMakeLists.txt").read_text()
    assert r'ARGS {url} "a b" "\$x;y" "\""' in text
