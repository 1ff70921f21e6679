from __future__ import annotations

from pathlib import Path

import pytest

from emsockets_build.errors import UsageError
from emsockets_build.scaffold.adopt import adopt, find_target, read_sources, unified_diff

TOP = "CMakeLists.txt"
PACKAGE = ["find_package(EmSockets CONFIG REQUIRED)"]
LINES = ["emsockets_target(game)"]


def adopted(texts: dict[str, str], target: str = "game") -> dict[str, str]:
    place = find_target(texts, target)
    return {**texts, **adopt(texts, place, PACKAGE, LINES, {}).after}


def test_the_lines_stand_behind_the_target() -> None:
    text = "project(p)\nadd_executable(game a.cpp\n  b.cpp) # c\ninstall(TARGETS game)\n"
    assert adopted({TOP: text})[TOP] == (
        "project(p)\nenable_testing()\nadd_executable(game a.cpp\n  b.cpp) # c\n"
        "find_package(EmSockets CONFIG REQUIRED)\nemsockets_target(game)\ninstall(TARGETS game)\n"
    )


def test_line_ends_indentation_and_a_missing_last_one_are_kept() -> None:
    text = "project(p)\r\ninclude(CTest)\r\nif(X)\r\n\tadd_library(game a.cpp)"
    assert adopted({TOP: text})[TOP] == (
        f"{text}\r\n\tfind_package(EmSockets CONFIG REQUIRED)\r\n\temsockets_target(game)\r\n"
    )


def test_adding_again_changes_nothing() -> None:
    once = adopted({TOP: "project(p)\nadd_executable(game a.cpp)\n"})
    assert adopted(once) == once


def test_a_second_target_does_not_get_the_package_twice() -> None:
    texts = {TOP: "project(p)\nadd_executable(game a.cpp)\nadd_executable(tool b.cpp)\n"}
    twice = adopted(adopted(texts), "tool")
    assert twice[TOP].count("find_package(EmSockets") == 1
    assert twice[TOP].count("enable_testing()") == 1
    assert twice[TOP].count("emsockets_target(") == 2


@pytest.mark.parametrize(
    "text",
    [
        "project(game)\nadd_executable(${PROJECT_NAME} a.cpp)\n",
        "project(p)\nset(NAME game)\nset(APP ${NAME})\nADD_EXECUTABLE( ${APP} a.cpp )\n",
        'project(p)\nadd_executable("game" a.cpp)\n',
        "project(p)\n#add_library(game b)\n#[[ add_executable(game c)\n]] add_executable(game)\n",
        "project(p)\nadd_executable(game a.cpp)\nadd_library(n::game ALIAS game)\n",
    ],
)
def test_the_target_is_found_however_it_is_written(text: str) -> None:
    assert "emsockets_target(game)" in adopted({TOP: text})[TOP]


def test_a_nested_target_is_found_and_testing_is_enabled_at_the_top() -> None:
    texts = {
        TOP: "project(p)\nadd_subdirectory(src)\n",
        "src/CMakeLists.txt": "add_executable(game a.cpp)\n",
    }
    after = adopted(texts)
    assert after[TOP] == "project(p)\nenable_testing()\nadd_subdirectory(src)\n"
    assert "emsockets_target(game)" in after["src/CMakeLists.txt"]


@pytest.mark.parametrize(
    ("flags", "wait"),
    [
        ("-s ASYNCIFY=1 -s SOCKET_DEBUG=1", "asyncify"),
        ("-sASYNCIFY -pthread -sPROXY_TO_PTHREAD", "pthread"),
        ("-sJSPI", "jspi"),
        ("-sWEBSOCKET_URL=wss://", None),
    ],
)
def test_the_flags_of_before_say_how_it_waits(flags: str, wait: str | None) -> None:
    text = (
        "project(p)\nadd_executable(game a.cpp)\n"
        f'set_target_properties(game PROPERTIES LINK_FLAGS "{flags}")\n'
    )
    place = find_target({TOP: text}, "game")
    assert place.wait == wait
    assert all(flag.startswith(f"{TOP}:3: ") for flag in place.old_flags)
    assert place.old_flags


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("project(p)\nadd_executable(other a.cpp)\n", "it makes: other"),
        ("project(p)\n", "no executable"),
        ("if(A)\nadd_executable(game a)\nelse()\nadd_executable(game b)\nendif()\n", ":2, "),
        ("project(p\n", "line 1"),
    ],
)
def test_what_cannot_be_done_is_an_error_that_says_why(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_target({TOP: text}, "game")
    assert said in caught.value.why
    assert caught.value.remedy


def test_build_folders_are_no_sources(tmp_path: Path) -> None:
    for folder in ("", "src", "build", "build-web", ".git", "tree"):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / TOP).write_bytes(b"# \xff\r\n")
    (tmp_path / "tree" / "CMakeCache.txt").touch()
    texts = read_sources(tmp_path)
    assert list(texts) == [TOP, f"src/{TOP}"]
    assert texts[TOP].encode("utf-8", "surrogateescape") == b"# \xff\r\n"


def test_a_folder_without_a_project_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="emsockets init"):
        read_sources(tmp_path)


def test_the_diff_shows_changed_and_new_files() -> None:
    texts = {TOP: "project(p)\nadd_executable(game a.cpp)\n"}
    adoption = adopt(texts, find_target(texts, "game"), PACKAGE, LINES, {"new.json": "{}\n"})
    diff = unified_diff(adoption)
    assert diff.startswith(f"--- a/{TOP}\n+++ b/{TOP}\n@@ -1,2 +1,5 @@\n project(p)\n")
    assert diff.endswith("--- /dev/null\n+++ b/new.json\n@@ -0,0 +1 @@\n+{}\n")
