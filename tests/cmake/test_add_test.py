from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emsockets_build.quoting import cmake_quote
from emsockets_build.verify import load_scenarios
from tests.cmake.configuring import Configured, configure

TARGET = "enable_testing()\nadd_executable(game main.cpp)\nemsockets_target(game WAIT asyncify)\n"
CALL = "emsockets_add_test(NAME one TARGET game {})"


def _configured(folder: Path, text: str, **options: Any) -> Configured:
    result = configure(folder, TARGET + text, define={"EMSOCKETS_COMMAND": "emsockets"}, **options)
    assert result.returncode == 0, result.stderr
    return result


def _file(result: Configured) -> Path:
    return result.build / "emsockets" / "scenarios.json"


def test_a_scenario_says_what_cmake_knows(tmp_path: Path) -> None:
    """Program, profile and release come from CMake; what was left out has its default."""
    declared = load_scenarios(_file(_configured(tmp_path, CALL.format("ARGS {host} {port}"))))
    assert (declared.emscripten, declared.configuration) == ("6.0.5", "Release")
    (scenario,) = declared.scenarios
    assert scenario.program == tmp_path / "build" / "game.js"
    assert (scenario.backend, scenario.wait, scenario.runner) == ("websocket", "asyncify", "node")
    assert scenario.arguments == ("{host}", "{port}")
    assert (scenario.server, scenario.timeout) == ("echo", 60.0)
    assert scenario.expectations.exit_code == 0
    assert declared.files["one"].endswith("CMakeLists.txt")


def test_every_keyword_arrives(tmp_path: Path) -> None:
    """Each option of the command is one of the scenario."""
    result = _configured(
        tmp_path,
        CALL.format(
            "SERVER close SERVER_ARGS after=3 code=1011 ENVIRONMENT A=1 B=x=y "
            "EXPECT_EXIT 3 EXPECT_STDOUT a b REJECT_STDOUT c EXPECT_SUBPROTOCOL NONE "
            "EXPECT_CLOSE 1011 EXPECT_SENT 5 EXPECT_RECEIVED 0 TIMEOUT 2.5 LABELS x y"
        ),
    )
    declared = load_scenarios(_file(result))
    (scenario,) = declared.scenarios
    expectations = scenario.expectations
    assert scenario.server == "close?after=3&code=1011"
    assert scenario.environment == {"A": "1", "B": "x=y"}
    assert scenario.timeout == 2.5
    assert declared.labels["one"] == ("x", "y")
    assert (expectations.exit_code, expectations.close_code) == (3, 1011)
    assert (expectations.stdout, expectations.reject_stdout) == (("a", "b"), ("c",))
    assert (expectations.sent, expectations.received) == (5, 0)
    assert expectations.subprotocol == ""


_TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from('\t\n\\"$;[](){}<>@#%'),
    max_size=25,
)


@settings(max_examples=20, deadline=None)
@given(st.lists(_TEXT, max_size=5), st.lists(_TEXT, max_size=3))
def test_any_text_arrives_unchanged(
    tmp_path_factory: pytest.TempPathFactory, arguments: list[str], patterns: list[str]
) -> None:
    """Arguments and patterns may hold anything, brackets and semicolons included."""
    keywords = {"ARGS", "EXPECT_STDOUT"}
    words = [word for word in arguments if "$<" not in word and word not in keywords]
    call = " ".join(
        [
            *(["ARGS", *map(cmake_quote, words)] if words else []),
            *(["EXPECT_STDOUT", *map(cmake_quote, patterns)] if patterns else []),
        ]
    )
    result = _configured(tmp_path_factory.mktemp("text"), CALL.format(call))
    (entry,) = json.loads(_file(result).read_text("utf-8"))["scenarios"]
    assert entry["args"] == words
    assert entry["expect_stdout"] == patterns


def test_arguments_may_hold_generator_expressions(tmp_path: Path) -> None:
    """A program can be told where another target's file lies, as in add_test()."""
    result = _configured(tmp_path, CALL.format('ARGS "$<TARGET_FILE_NAME:game>"'))
    assert load_scenarios(_file(result)).scenarios[0].arguments == ("game.js",)


def test_scenarios_of_all_directories_are_in_one_file(tmp_path: Path) -> None:
    """A subdirectory's scenarios stand beside those of the top."""
    sub = tmp_path / "source" / "sub"
    sub.mkdir(parents=True)
    (sub / "CMakeLists.txt").write_text("emsockets_add_test(NAME two TARGET game)\n")
    result = _configured(tmp_path, CALL.format("") + "\nadd_subdirectory(sub)\n")
    declared = load_scenarios(_file(result))
    assert [scenario.name for scenario in declared.scenarios] == ["one", "two"]
    assert declared.files["two"].endswith("sub/CMakeLists.txt")


def test_targets_without_our_profile_can_be_tested(tmp_path: Path) -> None:
    """A program that sets its own flags is run all the same."""
    text = "add_executable(own main.cpp)\nemsockets_add_test(NAME own TARGET own)\n"
    (scenario,) = load_scenarios(_file(_configured(tmp_path, text))).scenarios
    assert (scenario.backend, scenario.wait) == ("", "")


def test_ctest_runs_the_same_scenario_by_the_command(tmp_path: Path) -> None:
    """CTest's entry calls the command with the file and the name, and outlasts the time limit."""
    result = _configured(tmp_path, CALL.format("TIMEOUT 7 LABELS net"))
    text = (result.build / "CTestTestfile.cmake").read_text()
    assert '"check" "--scenarios"' in text
    assert '"--exact" "one"' in text
    assert 'TIMEOUT "67"' in text
    assert 'LABELS "net"' in text


def test_native_builds_keep_what_plain_tcp_can_prove(tmp_path: Path) -> None:
    """Natively `echo` is a TCP server; behaviours that need WebSocket are left out."""
    result = _configured(
        tmp_path,
        "emsockets_add_test(NAME a TARGET game)\n"
        "emsockets_add_test(NAME b TARGET game SERVER close)\n"
        "emsockets_add_test(NAME c TARGET game SERVER NONE)\n",
        emscripten=None,
    )
    scenarios = load_scenarios(_file(result)).scenarios
    assert [(one.name, one.runner, one.server) for one in scenarios] == [
        ("a", "native", "raw-tcp"),
        ("c", "native", ""),
    ]


def test_scenarios_that_were_taken_out_are_gone(tmp_path: Path) -> None:
    """The last scenario does not live on in the file of an earlier configure run."""
    _configured(tmp_path, CALL.format(""))
    assert load_scenarios(_file(_configured(tmp_path, ""))).scenarios == ()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("emsockets_add_test(TARGET game)", "NAME is missing"),
        ("emsockets_add_test(NAME one)", "TARGET is missing"),
        ("emsockets_add_test(NAME one TARGET gane)", "there is no target gane"),
        ('emsockets_add_test(NAME "a b" TARGET game)', "no name for a scenario"),
        (CALL.format("") + "\n" + CALL.format(""), "of this name already"),
        (CALL.format("EXPECT_EXIT soon"), "EXPECT_EXIT does not take 'soon'"),
        (CALL.format("EXPECT_EXIT 007"), "EXPECT_EXIT does not take '007'"),
        (CALL.format("EXPECT_CLOSE 99"), "EXPECT_CLOSE does not take '99'"),
        (CALL.format("TIMEOUT -1"), "TIMEOUT does not take '-1'"),
        (CALL.format("RUNNER netscape"), "RUNNER does not take 'netscape'"),
        (CALL.format("SERVER echo chat"), "unexpected arguments: chat"),
        (CALL.format("LABELS"), "no value for LABELS"),
        ("add_library(l main.cpp)\nemsockets_add_test(NAME one TARGET l)", "is no executable"),
    ],
)
def test_mistakes_are_errors_with_a_remedy(tmp_path: Path, call: str, message: str) -> None:
    """Each mistake stops the configure run."""
    result = configure(tmp_path, TARGET + call)
    assert result.returncode != 0
    text = " ".join(result.stderr.split())
    assert message in text
    assert "remedy:" in text


def test_each_runner_has_a_scenario_of_its_own(tmp_path: Path) -> None:
    """Their names differ, in CTest too; a single runner leaves the name alone."""
    result = _configured(
        tmp_path,
        CALL.format("RUNNER node chromium firefox node")
        + "\nemsockets_add_test(NAME two TARGET game RUNNER firefox)",
    )
    declared = load_scenarios(_file(result))
    assert {s.name: s.runner for s in declared.scenarios} == {
        "one[node]": "node",
        "one[chromium]": "chromium",
        "one[firefox]": "firefox",
        "two": "firefox",
    }
    assert declared.tests["one[firefox]"] == "one"
    listed = (tmp_path / "build" / "CTestTestfile.cmake").read_text()
    for name in declared.tests:
        assert f'"--exact" "{name}"' in listed


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("RUNNER chrome", "RUNNER does not take 'chrome'"),
        ("RUNNER node firefox CLIENT 3", "a program that is a server cannot run in firefox"),
    ],
)
def test_a_runner_that_cannot_be_is_an_error(tmp_path: Path, options: str, said: str) -> None:
    """With what there is instead."""
    result = configure(tmp_path, TARGET + CALL.format(options))
    assert result.returncode != 0
    assert said in " ".join(result.stderr.split())


def test_native_builds_visit_a_program_that_is_a_server(tmp_path: Path) -> None:
    """Over plain TCP; nobody serves it."""
    result = _configured(tmp_path, CALL.format("CLIENT 3"), emscripten=None)
    (scenario,) = load_scenarios(_file(result)).scenarios
    assert (scenario.runner, scenario.client, scenario.server) == ("native", 3, "")


def test_native_builds_run_the_program_once(tmp_path: Path) -> None:
    """Whatever the runners of the web build are."""
    result = _configured(tmp_path, CALL.format("RUNNER node chromium"), emscripten=None)
    (scenario,) = load_scenarios(_file(result)).scenarios
    assert (scenario.name, scenario.runner) == ("one", "native")
