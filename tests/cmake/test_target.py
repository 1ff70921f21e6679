from __future__ import annotations

from pathlib import Path

import pytest

from tests.cmake.configuring import configure

EXECUTABLE = "add_executable(game main.cpp)\n"


def test_default_profile_adds_no_flag_but_says_what_it_is(tmp_path: Path) -> None:
    """The emulation is Emscripten's default, so a release build needs no option at all."""
    result = configure(tmp_path, EXECUTABLE + "emsockets_target(game)")
    assert result.stderr == ""
    game = result.targets["game"]
    assert game.link == ()
    assert game.compile == ()
    assert game.define == ("EMSOCKETS_BACKEND_WEBSOCKET=1", "EMSOCKETS_WAIT_EVENTS=1")
    assert game.file_name == "game.js"


def test_debug_configuration_logs_socket_calls(tmp_path: Path) -> None:
    """SOCKET_DEBUG is on in the Debug configuration without anybody asking for it."""
    result = configure(tmp_path, EXECUTABLE + "emsockets_target(game)", build_type="Debug")
    assert result.targets["game"].link == ("-sSOCKET_DEBUG=1",)


@pytest.mark.parametrize(("debug", "link"), [("ON", ("-sSOCKET_DEBUG=1",)), ("OFF", ())])
@pytest.mark.parametrize("build_type", ["Debug", "Release"])
def test_debug_option_beats_the_configuration(
    tmp_path: Path, debug: str, link: tuple[str, ...], build_type: str
) -> None:
    """DEBUG ON and OFF mean it in every configuration."""
    result = configure(
        tmp_path, EXECUTABLE + f"emsockets_target(game DEBUG {debug})", build_type=build_type
    )
    assert result.targets["game"].link == link


@pytest.mark.parametrize(
    ("wait", "compile_options", "link"),
    [
        ("asyncify", (), ("-sASYNCIFY=1", "-sEXIT_RUNTIME=1")),
        ("jspi", (), ("-sJSPI=1", "-Wno-experimental", "-sEXIT_RUNTIME=1")),
        ("pthread", ("-pthread",), ("-pthread", "-sPROXY_TO_PTHREAD=1", "-sEXIT_RUNTIME=1")),
    ],
)
def test_waits(
    tmp_path: Path, wait: str, compile_options: tuple[str, ...], link: tuple[str, ...]
) -> None:
    """Each wait brings its link options, and threads are asked for when compiling too."""
    result = configure(tmp_path, EXECUTABLE + f"emsockets_target(game WAIT {wait})")
    assert result.stderr == ""
    assert result.targets["game"].link == link
    assert result.targets["game"].compile == compile_options


@pytest.mark.parametrize(
    ("arguments", "link"),
    [
        (
            "BACKEND proxy",
            (
                "-lwebsocket.js",
                "-sPROXY_POSIX_SOCKETS=1",
                "-sFORCE_FILESYSTEM=1",
                "-pthread",
                "-sPROXY_TO_PTHREAD=1",
                "-sEXIT_RUNTIME=1",
            ),
        ),
        ("BACKEND node", ("-sNODERAWSOCKETS=1",)),
        ("BACKEND websocket-api", ("-lwebsocket.js",)),
        ("URL wss://", ("-sWEBSOCKET_URL=wss://",)),
        ("SUBPROTOCOLS binary chat.v2", ("-sWEBSOCKET_SUBPROTOCOL=binary,chat.v2",)),
        ("SUBPROTOCOLS NONE", ("-sWEBSOCKET_SUBPROTOCOL=null",)),
        ("ENVIRONMENT web node", ("-sENVIRONMENT=web,node",)),
        ("EXIT_RUNTIME OFF", ("-sEXIT_RUNTIME=0",)),
        ("MODULE es6", ("-sMODULARIZE=1", "-sEXPORT_ES6=1")),
    ],
)
def test_options(tmp_path: Path, arguments: str, link: tuple[str, ...]) -> None:
    """Every other option is one token each."""
    result = configure(tmp_path, EXECUTABLE + f"emsockets_target(game {arguments})")
    assert result.stderr == ""
    assert result.targets["game"].link == link


def test_threads_bring_the_worker_into_a_given_environment(tmp_path: Path) -> None:
    """Old releases refuse threads without `worker` in ENVIRONMENT."""
    result = configure(
        tmp_path, EXECUTABLE + "emsockets_target(game WAIT pthread ENVIRONMENT node)"
    )
    assert "-sENVIRONMENT=node,worker" in result.targets["game"].link


def test_es6_module_has_the_suffix_that_node_wants(tmp_path: Path) -> None:
    """An ES module is only taken for one by its suffix; a suffix that somebody chose stays."""
    result = configure(
        tmp_path,
        EXECUTABLE
        + "emsockets_target(game MODULE es6)\n"
        + "add_executable(page main.cpp)\n"
        + "set_target_properties(page PROPERTIES SUFFIX .html)\n"
        + "emsockets_target(page MODULE es6)\n",
    )
    assert result.targets["game"].file_name == "game.mjs"
    assert result.targets["page"].file_name == "page.html"


@pytest.mark.parametrize(
    "url",
    [
        "ws://127.0.0.1:9000/",
        "wss://example.org/game?room=1&seat=2",
        "ws://example.org/a;b;c",
        "ws://[::1]:9000/",
        "ws://example.org/%20%27%22",
        "ws://user@example.org/$HOME/$$/$(pwd)/*!,@x@",
    ],
)
def test_url_arrives_unchanged(tmp_path: Path, url: str) -> None:
    """What the URL holds reaches emcc as it was written, whatever CMake and shells make of it."""
    quoted = url.replace("\\", "\\\\").replace("$", "\\$")
    result = configure(tmp_path, EXECUTABLE + f'emsockets_target(game URL "{quoted}")')
    assert result.stderr == ""
    assert result.targets["game"].url == url


def test_library_passes_its_options_to_what_links_it(tmp_path: Path) -> None:
    """A library is compiled with the compile options and leaves the link options to the program."""
    result = configure(
        tmp_path,
        "add_library(net STATIC main.cpp)\n"
        "emsockets_target(net WAIT pthread)\n"
        + EXECUTABLE
        + "target_link_libraries(game PRIVATE net)\n",
    )
    assert result.stderr == ""
    assert result.targets["net"].compile == ("-pthread",)
    assert result.targets["game"].compile == ("-pthread",)
    assert "-sPROXY_TO_PTHREAD=1" in result.targets["game"].link
    assert "EMSOCKETS_WAIT_PTHREAD=1" in result.targets["game"].define


def test_interface_library_carries_a_profile(tmp_path: Path) -> None:
    """One interface library can hold the profile of a whole project."""
    result = configure(
        tmp_path,
        "add_library(sockets INTERFACE)\n"
        "emsockets_target(sockets WAIT asyncify)\n"
        + EXECUTABLE
        + "target_link_libraries(game PRIVATE sockets)\n",
    )
    assert "-sASYNCIFY=1" in result.targets["game"].link


def test_contradicting_libraries_are_refused_by_cmake(tmp_path: Path) -> None:
    """Two waits in one program cannot work, and CMake says so while generating."""
    result = configure(
        tmp_path,
        "add_library(one INTERFACE)\nemsockets_target(one WAIT asyncify)\n"
        "add_library(two INTERFACE)\nemsockets_target(two WAIT pthread)\n"
        + EXECUTABLE
        + "target_link_libraries(game PRIVATE one two)\n",
    )
    assert result.returncode != 0
    assert "EMSOCKETS_WAIT" in result.stderr


def test_native_build_is_untouched(tmp_path: Path) -> None:
    """The same file configures natively, without a flag, a definition or another suffix."""
    result = configure(
        tmp_path,
        EXECUTABLE + "emsockets_target(game WAIT pthread URL ws://h/ MODULE es6 DEBUG ON)",
        emscripten=None,
    )
    assert result.returncode == 0, result.stderr
    game = result.targets["game"]
    assert (game.compile, game.define, game.link) == ((), (), ())
    assert game.file_name in {"game", "game.exe"}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("emsockets_target(gane)", "there is no such target"),
        ("emsockets_target(game BACKND node)", "unexpected arguments: BACKND node"),
        ("emsockets_target(game BACKEND tcp)", "BACKEND does not take 'tcp'"),
        ("emsockets_target(game WAIT)", "no value for WAIT"),
        ('emsockets_target(game WAIT "asyncify;jspi")', "WAIT does not take 'asyncify;jspi'"),
        ('emsockets_target(game URL "")', "URL"),
        ("emsockets_target(game URL 127.0.0.1:9000)", "must begin with ws:// or wss://"),
        ('emsockets_target(game URL "ws://h/#top")', "URL does not take"),
        ('emsockets_target(game URL "ws://h/it\'s")', "URL does not take"),
        ("emsockets_target(game SUBPROTOCOLS 1)", "SUBPROTOCOLS does not take '1'"),
        ("emsockets_target(game SUBPROTOCOLS null)", "SUBPROTOCOLS does not take 'null'"),
        ("emsockets_target(game SUBPROTOCOLS NONE binary)", "NONE stands for none"),
        ("emsockets_target(game DEBUG maybe)", "DEBUG does not take 'maybe'"),
        ("emsockets_target(game BACKEND proxy WAIT events)", "use WAIT pthread"),
        ("emsockets_target(game BACKEND node URL ws://h/)", "URL has no effect"),
        ("emsockets_target(game BACKEND node ENVIRONMENT web)", "add node to ENVIRONMENT"),
        ("emsockets_target(game)\nemsockets_target(game)", "called twice"),
        ("add_custom_target(docs)\nemsockets_target(docs)", "neither an executable nor"),
        ("add_executable(a::b ALIAS game)\nemsockets_target(a::b)", "call it for game"),
        ("add_library(x STATIC IMPORTED)\nemsockets_target(x)", "imported"),
    ],
)
@pytest.mark.parametrize("emscripten", ["6.0.5", None])
def test_mistakes_are_errors_with_a_remedy(
    tmp_path: Path, call: str, message: str, emscripten: str | None
) -> None:
    """Each mistake stops the configure run, under Emscripten and natively alike."""
    result = configure(tmp_path, EXECUTABLE + call, emscripten=emscripten)
    assert result.returncode != 0
    text = " ".join(result.stderr.split())
    assert message in text
    assert "remedy:" in text


@pytest.mark.parametrize(
    ("call", "version", "release"),
    [
        ("emsockets_target(game BACKEND node)", "3.1.69", "6.0.2"),
        ("emsockets_target(game WAIT jspi)", "3.1.6", "3.1.61"),
    ],
)
def test_error_names_the_release_that_can(
    tmp_path: Path, call: str, version: str, release: str
) -> None:
    """What this Emscripten cannot do fails at once and says from which release on it works."""
    result = configure(tmp_path, EXECUTABLE + call, emscripten=version)
    assert result.returncode != 0
    assert f"needs Emscripten {release} or newer; this is {version}" in " ".join(
        result.stderr.split()
    )


def test_known_trouble_of_a_release_is_a_warning(tmp_path: Path) -> None:
    """A combination that builds but suffers from a known bug says so, with the way out."""
    result = configure(
        tmp_path, EXECUTABLE + "emsockets_target(game WAIT pthread)", emscripten="5.0.0"
    )
    assert result.returncode == 0
    assert "poll() and select() on a thread" in " ".join(result.stderr.split())


def test_package_is_found_by_include_too(tmp_path: Path) -> None:
    """include(EmSockets) serves projects that have the folder in CMAKE_MODULE_PATH."""
    from emsockets_build.resources import cmake_dir

    result = configure(
        tmp_path,
        EXECUTABLE + "emsockets_target(game WAIT asyncify)",
        preamble=f'list(APPEND CMAKE_MODULE_PATH "{cmake_dir()}")\ninclude(EmSockets)',
    )
    assert result.stderr == ""
    assert "-sASYNCIFY=1" in result.targets["game"].link


def test_variants_that_differ_in_linking_share_their_objects(tmp_path: Path) -> None:
    """One compile serves every variant; only the link lines differ."""
    result = configure(
        tmp_path,
        "add_library(core OBJECT main.cpp)\n"
        "foreach(wait IN ITEMS events asyncify jspi)\n"
        "  add_executable(game-${wait} $<TARGET_OBJECTS:core>)\n"
        "  emsockets_target(game-${wait} WAIT ${wait})\n"
        "endforeach()\n",
    )
    assert result.returncode == 0, result.stderr
    rules = (result.build / "build.ninja").read_text()
    assert rules.count(": CXX_COMPILER__") == 1
    assert rules.count(": CXX_EXECUTABLE_LINKER__") == 3
    assert "-sASYNCIFY=1" in result.targets["game-asyncify"].link
    assert "-sJSPI=1" in result.targets["game-jspi"].link
