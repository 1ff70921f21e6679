"""emsockets_add_test() with a server of the project's own, as CMake writes it down."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from emsockets_build.errors import UsageError
from emsockets_build.process import run_bounded
from emsockets_build.verify import Scenario, load_scenarios
from tests.cmake.configuring import CMAKE, Configured, configure

GAME = "add_executable(game main.cpp)\n"
CALL = "emsockets_add_test(NAME one TARGET game {})\n"


def configured(folder: Path, text: str, **options: Any) -> Configured:
    result = configure(folder, text, define={"EMSOCKETS_COMMAND": "emsockets"}, **options)
    assert result.returncode == 0, result.stderr
    return result


def only(result: Configured) -> Scenario:
    (scenario,) = load_scenarios(result.build / "emsockets" / "scenarios.json").scenarios
    return scenario


def test_a_command_arrives_with_all_that_belongs_to_it(tmp_path: Path) -> None:
    """Odd words and expressions as they were written, generator expressions as what they mean."""
    text = GAME + CALL.format(
        'SERVER_COMMAND server "a;b" [[c"$x]] $<CONFIG> --port {port} '
        'SERVER_READY "^up [(]" SERVER_PORT_FROM "port ([0-9]+)" RELAY ARGS {port}'
    )
    scenario = only(configured(tmp_path, text))
    own = scenario.server_command
    assert own is not None
    assert own.words == ("server", "a;b", 'c"$x', "Release", "--port", "{port}")
    assert (own.ready, own.port_from, own.relay) == ("^up [(]", "port ([0-9]+)", "tcp")
    assert own.directory == tmp_path / "build"
    assert (scenario.server, scenario.served_by) == ("", "relay to server")
    assert scenario.arguments == ("{port}",)


def test_natively_a_target_is_its_file(tmp_path: Path) -> None:
    text = (
        GAME
        + "add_executable(own main.cpp)\n"
        + CALL.format("SERVER_TARGET own SERVER_ARGS {port} RELAY")
    )
    own = only(configured(tmp_path, text, emscripten=None)).server_command
    assert own is not None
    assert own.words == (str(tmp_path / "build" / "own"), "{port}")
    assert own.program_file is None


def test_natively_a_websocket_server_needs_a_program_that_speaks_it(tmp_path: Path) -> None:
    """Which CMake is told; else the scenario is left out."""
    command = "SERVER_COMMAND server {port} "
    text = (
        GAME
        + CALL.format(command)
        + CALL.format(command + "NATIVE_WEBSOCKET").replace("one", "two")
    )
    scenario = only(configured(tmp_path, text, emscripten=None))
    assert scenario.name == "two"
    assert not scenario.plain_tcp


def test_a_server_that_speaks_udp_is_for_web_builds(tmp_path: Path) -> None:
    """The relay carries datagrams; a native program has no record of them that could be checked."""
    text = GAME + CALL.format('SERVER_COMMAND server {port} SERVER_READY "^up" RELAY_UDP')
    scenario = only(configured(tmp_path / "web", text))
    assert scenario.server_command is not None
    assert scenario.server_command.relay == "udp"
    native = configured(tmp_path / "native", text, emscripten=None)
    assert not load_scenarios(native.build / "emsockets" / "scenarios.json").scenarios


@pytest.mark.parametrize("project", ["", "SERVER_PROJECT ../server"])
def test_in_a_web_build_a_target_is_built_for_this_machine(tmp_path: Path, project: str) -> None:
    """By a native build tree of this project or of another, which no toolchain file reaches."""
    elsewhere = tmp_path / "server"
    elsewhere.mkdir()
    (elsewhere / "server.cpp").write_text("int main() {}\n")
    native = (
        "cmake_minimum_required(VERSION 3.22)\nproject(server LANGUAGES CXX)\n"
        "if(CMAKE_CROSSCOMPILING)\n  message(FATAL_ERROR cross)\nendif()\n"
        "add_executable(own server.cpp)\n"
    )
    (elsewhere / "CMakeLists.txt").write_text(native)
    call = CALL.format(f"SERVER_TARGET own {project} SERVER_ARGS {{port}}")
    text = (
        "if(NOT EMSCRIPTEN)\n  add_executable(own main.cpp)\nendif()\n"
        "add_executable(game EXCLUDE_FROM_ALL main.cpp)\n"
        f"{call}{call.replace('one', 'two')}"
    )
    result = configured(tmp_path, text)
    first, second = load_scenarios(result.build / "emsockets" / "scenarios.json").scenarios
    assert first.server_command is not None
    assert second.server_command is not None
    assert first.server_command.words == ("{port}",)
    file = first.server_command.program_file
    assert file is not None
    assert file == second.server_command.program_file
    for _ in range(2):
        done = run_bounded([CMAKE, "--build", result.build], timeout=120)
        assert done.returncode == 0, done.text
    assert "Configuring" not in done.text  # once is enough
    assert subprocess.run([file.read_text()], check=True).returncode == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("SERVER_COMMAND a {port} SERVER_TARGET game", "are two servers"),
        ("SERVER_COMMAND a {port} SERVER echo", "SERVER and a server of your own"),
        ("SERVER_COMMAND a {port} CLIENT 3", "CLIENT and a server of your own"),
        ("SERVER_COMMAND a 8080", "nothing tells the server its port"),
        ("SERVER_COMMAND game {port}", "write SERVER_TARGET game SERVER_ARGS"),
        ("SERVER_COMMAND a {port} SERVER_ARGS b", "write arguments into SERVER_COMMAND"),
        ("SERVER_TARGET a SERVER_PROJECT nowhere SERVER_ARGS {port}", "no CMakeLists.txt in"),
        ("SERVER_COMMAND a {port} RELAY NATIVE_WEBSOCKET", "RELAY and NATIVE_WEBSOCKET exclude"),
        ("SERVER_COMMAND a {port} RELAY RELAY_UDP", "RELAY and RELAY_UDP exclude each other"),
        ("SERVER_COMMAND a {port} RELAY_UDP", "a UDP port accepts no connection"),
        ("SERVER_READY up", "SERVER_READY belongs to a server of your own"),
        ("RELAY", "RELAY belongs to a server of your own"),
        ("SERVER_COMMAND", "no value for SERVER_COMMAND"),
    ],
)
def test_what_does_not_fit_together_is_an_error(tmp_path: Path, options: str, words: str) -> None:
    """With the call's name and a remedy."""
    result = configure(tmp_path, GAME + CALL.format(options))
    assert result.returncode != 0
    text = " ".join(result.stderr.split())
    assert words in text
    assert "emsockets_add_test(one)" in text
    assert "remedy:" in text


def test_natively_the_servers_target_must_exist(tmp_path: Path) -> None:
    text = GAME + CALL.format("SERVER_TARGET nobody SERVER_ARGS {port}")
    result = configure(tmp_path, text, emscripten=None)
    assert result.returncode != 0
    assert "there is no target nobody" in result.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ('SERVER_READY "("', "is not a regular expression"),
        ('SERVER_PORT_FROM "port [0-9]+"', "has no group"),
    ],
)
def test_broken_expressions_are_found_before_anything_runs(
    tmp_path: Path, options: str, words: str
) -> None:
    result = configured(tmp_path, GAME + CALL.format(f"SERVER_COMMAND a {{port}} {options}"))
    with pytest.raises(UsageError, match=words):
        only(result)
