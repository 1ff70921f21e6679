"""LINK_FLAGS rewritten as target_link_options(): only where the link line stays the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from emsockets_build.lint.context import Context
from emsockets_build.lint.fixing import fixed
from emsockets_build.lint.text import Kind, SourceText

MADE = "add_executable(game main.c)\n"


def rewritten(text: str) -> str:
    source = SourceText("CMakeLists.txt", text, Kind.CMAKE)
    return fixed(source, Context(), {"ES010"}).text


SAFE = {
    'set_target_properties(game PROPERTIES LINK_FLAGS "-s ASYNCIFY")': "-sASYNCIFY",
    "set_target_properties(game PROPERTIES LINK_FLAGS -sASYNCIFY)": "-sASYNCIFY",
    'set_property(TARGET game PROPERTY LINK_FLAGS "-sASYNCIFY -pthread")': "-sASYNCIFY -pthread",
    'set_target_properties(game PROPERTIES\n  LINK_FLAGS "-s WEBSOCKET_URL=wss:// -s A=1")':
        "-sWEBSOCKET_URL=wss:// -sA=1",
    'set_target_properties(game PROPERTIES LINK_FLAGS " -O2   -s A=[_main,_f] -lwebsocket.js ")':
        '-O2 "-sA=[_main,_f]" -lwebsocket.js',
}  # fmt: skip


@pytest.mark.parametrize("call", SAFE)
def test_one_literal_string_becomes_a_list(call: str) -> None:
    expected = f"{MADE}target_link_options(game PRIVATE {SAFE[call]})\n"
    assert rewritten(f"{MADE}{call}\n") == expected
    assert rewritten(expected) == expected


SET = 'set_target_properties(game PROPERTIES LINK_FLAGS "-s ASYNCIFY")\n'


@pytest.mark.parametrize(
    "text",
    [
        SET,  # who makes the target? it may be a library
        "add_library(game STATIC main.c)\n" + SET,
        "cmake_minimum_required(VERSION 3.12)\n" + MADE + SET,
        "cmake_minimum_required(VERSION ${OLDEST})\n" + MADE + SET,
        MADE + SET + SET.replace("ASYNCIFY", "EXIT_RUNTIME"),
        MADE + SET + 'set_property(TARGET game APPEND_STRING PROPERTY LINK_FLAGS " -g")\n',
        MADE + SET + "foreach(t game other)\nset_target_properties(${t} PROPERTIES LINK_FLAGS -g)\n"
        "endforeach()\n",
        MADE + SET.replace("game", "${name}"),
        MADE + SET.replace("game", "game other"),
        MADE + SET.replace("LINK_FLAGS", "LINK_FLAGS_DEBUG"),
        MADE + SET.replace("LINK_FLAGS", "COMPILE_FLAGS"),
        MADE + SET.replace(")", " SUFFIX .html)"),
        MADE + SET.replace('"-s', '# why\n  "-s'),
        MADE + SET.replace("ASYNCIFY", "ASYNCIFY=${mode}"),
        MADE + SET.replace("ASYNCIFY", "ASYNCIFY=$<CONFIG:Debug>"),
        MADE + SET.replace("ASYNCIFY", "A='x' -s ASYNCIFY"),
        MADE + SET.replace("ASYNCIFY", r"A=\"x\" -s ASYNCIFY"),
        MADE + SET.replace("ASYNCIFY", "A=x;y -s ASYNCIFY"),
        MADE + SET.replace("ASYNCIFY", "ASYNCIFY --pre-js pre.js"),
        MADE + SET.replace("ASYNCIFY", "ASYNCIFY -s ASYNCIFY"),
        MADE + SET.replace("ASYNCIFY", "ASYNCIFY -s"),
        MADE + SET.replace("ASYNCIFY", "A=(x) -s ASYNCIFY"),
    ],
)
def test_what_may_mean_something_else_is_left_to_people(text: str) -> None:
    assert rewritten(text) == text


def _link_line(folder: Path, text: str) -> list[str]:
    """Let CMake itself say what it gives to the linker."""
    folder.mkdir()
    (folder / "main.c").write_text("int main(void) { return 0; }\n")
    head = "cmake_minimum_required(VERSION 3.22)\nproject(p C)\n"
    (folder / "CMakeLists.txt").write_text(head + text)
    cmake, ninja = (str(Path(sys.executable).with_name(name)) for name in ("cmake", "ninja"))
    words = [cmake, "-S", str(folder), "-B", str(folder / "build"), "-G", "Ninja"]
    subprocess.run([*words, f"-DCMAKE_MAKE_PROGRAM={ninja}"], check=True, capture_output=True)
    rules = (folder / "build" / "build.ninja").read_text()
    (line,) = (one for one in rules.splitlines() if one.startswith("  LINK_FLAGS = "))
    return line.split()[2:]


@pytest.mark.parametrize("call", SAFE)
def test_cmake_gives_the_linker_the_same(call: str, tmp_path: Path) -> None:
    """But for `-s NAME` in one word instead of two, which emcc reads alike."""
    before = _link_line(tmp_path / "before", MADE + call + "\n")
    after = _link_line(tmp_path / "after", rewritten(MADE + call + "\n"))
    assert " ".join(before).replace("-s ", "-s") == " ".join(after)
