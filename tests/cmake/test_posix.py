from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from emsockets_build.resources import cmake_dir
from emsockets_build.settings import Profile, load_catalogue, parse_version, resolve
from tests.cmake.configuring import Configured, configure

EXECUTABLE = "add_executable(game main.cpp)\n"
SOURCES = cmake_dir() / "posix"


def _sources(result: Configured, target: str = "game") -> set[str]:
    """Name the files of cmake/posix/ that a target compiles."""
    reply = result.build / ".cmake" / "api" / "v1" / "reply"
    for path in reply.glob("target-*.json"):
        data = json.loads(path.read_text())
        if data["name"] == target:
            paths = [Path(source["path"]) for source in data["sources"]]
            return {path.name for path in paths if path.parent == SOURCES}
    raise AssertionError(target)


@pytest.mark.parametrize("release", ["3.1.6", "3.1.69", "6.0.5"])
@pytest.mark.parametrize("wait", ["asyncify", "pthread"])
def test_posix_wraps_what_the_catalogue_lists(tmp_path: Path, release: str, wait: str) -> None:
    """Each covered call is wrapped, our half in JavaScript is linked, our sources are compiled."""
    result = configure(
        tmp_path, EXECUTABLE + f"emsockets_target(game WAIT {wait} POSIX ON)", emscripten=release
    )
    assert result.stderr == ""
    wanted = resolve(Profile(wait=wait, posix=True), parse_version(release), load_catalogue())
    wrapped = [option.token for option in wanted.link if "--wrap" in option.token]
    link = result.targets["game"].link
    assert [token for token in link if "--wrap" in token] == wrapped
    assert "-Wl,--wrap=recv" in wrapped
    assert ("-Wl,--wrap=usleep" in wrapped) == (wait == "asyncify")
    assert f"--js-library={SOURCES / 'library.js'}" in link
    assert _sources(result) == {"posix.cpp"}, "the project has C++ alone"


def test_a_project_with_c_compiles_the_sources_as_c(tmp_path: Path) -> None:
    """The sources are C where there is a compiler for it."""
    result = configure(
        tmp_path,
        EXECUTABLE + "emsockets_target(game WAIT asyncify POSIX ON)",
        preamble="enable_language(C)\nfind_package(EmSockets REQUIRED)",
    )
    assert _sources(result) == {"posix.c"}


@pytest.mark.parametrize("wait", ["asyncify", "jspi", "pthread"])
def test_the_library_is_the_same_as_the_keyword(tmp_path: Path, wait: str) -> None:
    """Linking EmSockets::posix adds what POSIX ON adds."""
    keyword = configure(
        tmp_path / "keyword", EXECUTABLE + f"emsockets_target(game WAIT {wait} POSIX ON)"
    ).targets["game"]
    result = configure(
        tmp_path / "library",
        EXECUTABLE
        + f"emsockets_target(game WAIT {wait})\n"
        + "target_link_libraries(game EmSockets::posix)",
    )
    assert sorted(result.targets["game"].link) == sorted(keyword.link)
    assert _sources(result) == {"posix.cpp"}


def test_a_library_passes_it_on(tmp_path: Path) -> None:
    """What links a library with POSIX ON compiles the sources, and the library does not."""
    result = configure(
        tmp_path,
        "add_library(net STATIC main.cpp)\nemsockets_target(net WAIT pthread POSIX ON)\n"
        + EXECUTABLE
        + "target_link_libraries(game net)",
    )
    assert _sources(result, "net") == set()
    assert _sources(result) == {"posix.cpp"}
    assert "-Wl,--wrap=connect" in result.targets["game"].link


def test_a_native_build_is_left_alone(tmp_path: Path) -> None:
    """Both forms do nothing there."""
    result = configure(
        tmp_path,
        EXECUTABLE
        + "emsockets_target(game WAIT asyncify POSIX ON)\n"
        + "target_link_libraries(game EmSockets::posix)",
        emscripten=None,
    )
    assert result.targets["game"].link == ()
    assert _sources(result) == set()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ("POSIX ON", "a call that waits would stop the event loop"),
        ("WAIT events POSIX ON", "a call that waits would stop the event loop"),
        ("BACKEND proxy POSIX ON", "POSIX has no effect with BACKEND proxy"),
        ("BACKEND websocket-api WAIT pthread POSIX ON", "no effect with BACKEND websocket-api"),
        ("WAIT asyncify POSIX perhaps", "POSIX does not take 'perhaps'"),
    ],
)
@pytest.mark.parametrize("release", ["6.0.5", None])
def test_what_cannot_wait_is_refused(
    tmp_path: Path, arguments: str, why: str, release: str | None
) -> None:
    """The error says why and what to do, in native builds too."""
    result = configure(
        tmp_path, EXECUTABLE + f"emsockets_target(game {arguments})", emscripten=release
    )
    assert result.returncode != 0
    words = " ".join(result.stderr.split())
    assert why in words
    assert "remedy: use" in words


def test_every_wrapped_call_has_its_wrapper_and_no_other() -> None:
    """The catalogue and the sources name the same calls."""
    wrappers = {
        name
        for path in SOURCES.glob("*.c")
        for name in re.findall(
            r"^(?:__attribute__\(\(\w+\)\) )?[a-z_0-9]+ __wrap_(\w+)\(.*\{",
            _joined(path),
            re.MULTILINE,
        )
    }
    profile = Profile(wait="asyncify", posix=True)
    resolved = resolve(profile, load_catalogue().newest, load_catalogue())
    wrapped = [option.token.rpartition("=")[2] for option in resolved.link]
    assert wrappers == {name for name in wrapped if f"-Wl,--wrap={name}" in _tokens(resolved.link)}


def _tokens(options: tuple[object, ...]) -> set[str]:
    return {str(getattr(option, "token", "")) for option in options}


def _joined(path: Path) -> str:
    """Put the parameters of a function on the line of its name."""
    return re.sub(r",\n\s+", ", ", path.read_text("utf-8"))
