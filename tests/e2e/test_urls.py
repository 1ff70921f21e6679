"""URLs with every character that CMake, Ninja, Make, a shell or emcc has a meaning for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from emsockets_build.process import Completed, run_bounded
from emsockets_build.quoting import cmake_quote
from emsockets_build.resources import cmake_dir
from emsockets_build.server import TestServer
from emsockets_build.verify import Scenario, execute, runtime_for
from tests.e2e.matrix import SECONDS
from tests.generations import Tools

pytestmark = [pytest.mark.node, pytest.mark.slow]

GENERATORS = ("Ninja", "Unix Makefiles")
URLS = (
    "ws://h.example:9000/plain/path_1~x.y",
    "wss://h.example/?a=1&b=2&&c",
    "ws://h.example/;a;b=1;;c",
    "ws://h.example/$HOME/$x$$y$(pwd)$",
    "ws://h.example/%20%25%22%5C%41%PATH%",
    "ws://user:word@[::1]:9/@file,(a),[b],*!+=&;$@",
)
REFUSED = (
    "ws://h/#fragment",
    "ws://h/it's",
    'ws://h/say"x"',
    "ws://h/back\\slash",
    "ws://h/a blank",
    "http://h/",
    "ws://h/new\nline",
)
# What the server must see of the one that is really opened; its port is known only then.
PATH = "/a;b=1?x=1&y=%20&z=$HOME$$@(),*!"


def _project(folder: Path, urls: tuple[str, ...]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    source = Path(__file__).parent / "programs" / "opens.c"
    lines = [
        "cmake_minimum_required(VERSION 3.22)",
        "project(urls LANGUAGES C)",
        "find_package(EmSockets CONFIG REQUIRED)",
        f"add_library(opens OBJECT {cmake_quote(str(source))})",
    ]
    for number, url in enumerate(urls):
        lines += [
            f"add_executable(url{number} $<TARGET_OBJECTS:opens>)",
            f"set_target_properties(url{number} PROPERTIES LINKER_LANGUAGE C)",
            f"emsockets_target(url{number} URL {cmake_quote(url)} EXIT_RUNTIME ON)",
        ]
    (folder / "CMakeLists.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def _configure(tools: Tools, folder: Path, urls: tuple[str, ...], generator: str) -> Completed:
    cmake, ninja = tools.whole.cmake, tools.whole.ninja
    assert cmake is not None
    assert ninja is not None
    words: list[str | Path] = [cmake.path, "-S", _project(folder, urls), "-B", folder / "build"]
    words += ["-G", generator, f"-DCMAKE_TOOLCHAIN_FILE={tools.emscripten.toolchain_file}"]
    words += [f"-DEmSockets_DIR={cmake_dir()}"]
    if generator == "Ninja":
        words.append(f"-DCMAKE_MAKE_PROGRAM={ninja.path}")
    return _run(tools, words)


def _build(tools: Tools, folder: Path, urls: tuple[str, ...], generator: str) -> list[Path]:
    done = _configure(tools, folder, urls, generator)
    assert done.returncode == 0, done.text
    assert tools.whole.cmake is not None
    done = _run(tools, [tools.whole.cmake.path, "--build", folder / "build", "--parallel", "2"])
    assert done.returncode == 0, done.text
    return [folder / "build" / f"url{number}.js" for number in range(len(urls))]


def _run(tools: Tools, command: list[str | Path]) -> Completed:
    environment = {**os.environ, **tools.emscripten.environment}
    return run_bounded(command, timeout=4 * SECONDS, env=environment, merge=True)


@pytest.mark.parametrize("generator", GENERATORS)
def test_every_url_is_in_the_built_program_unchanged(
    tools: Tools, tmp_path: Path, generator: str
) -> None:
    """As one JavaScript literal, read back from what emcc wrote."""
    programs = _build(tools, tmp_path, URLS, generator)
    for url, program in zip(URLS, programs, strict=True):
        text = program.read_text("utf-8")
        assert f"'{url}'" in text or f'"{url}"' in text, url


@pytest.mark.parametrize("generator", GENERATORS)
def test_the_server_is_asked_for_just_that_path(
    tools: Tools, tmp_path: Path, generator: str
) -> None:
    """The URL wins over the address that the program connects to, which does not exist."""
    with TestServer("echo") as server:
        url = f"ws://127.0.0.1:{server.port}{PATH}"
        (program,) = _build(tools, tmp_path, (url,), generator)
        runtime = runtime_for(program, tools.node, tools.emscripten.version)
        scenario = Scenario(
            "url", program, server="", arguments=("192.0.2.1", "9"), timeout=SECONDS
        )
        outcome = execute(scenario, runtime)
        assert outcome.passed, outcome.result.stderr
        assert server.wait_idle(SECONDS)
        assert [record.path for record in server.connections] == [PATH]


def test_what_would_not_survive_is_refused_with_a_reason(tools: Tools, tmp_path: Path) -> None:
    """One configure run each: the first bad URL ends it."""
    for url in REFUSED:
        done = _configure(tools, tmp_path, (url,), "Ninja")
        words = " ".join(done.text.split())
        assert done.returncode != 0, url
        assert "emsockets_target(url0): URL does not take" in words, url
        assert "remedy: percent-encode other characters" in words, url
