from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

import emsockets_build.report
from emsockets_build.process import run_bounded
from emsockets_build.run.ports import free_port
from emsockets_build.scaffold import find_template, project_files, write_project
from tests.cmake.configuring import CMAKE
from tests.generations import Tools

pytestmark = [pytest.mark.node, pytest.mark.slow]

SCHEMA = Path(emsockets_build.report.__file__).with_name("report.schema.json")

# One scenario that passes and three that fail, each for another reason.
SCENARIOS = r"""
emsockets_add_test(NAME good TARGET echo ARGS {host} {port} EXPECT_STDOUT "^echo ok" LABELS fine)
emsockets_add_test(NAME wrong-output TARGET echo ARGS {host} {port} EXPECT_STDOUT "^no echo")
emsockets_add_test(NAME no-subprotocol TARGET echo SERVER no-subprotocol ARGS {host} {port})
emsockets_add_test(NAME closed TARGET echo SERVER close SERVER_ARGS after=2 code=1011
  ARGS {host} {port} EXPECT_EXIT 0)
"""
VERDICTS = {"good": "pass", "wrong-output": "fail", "no-subprotocol": "fail", "closed": "fail"}


def _command(name: str, *arguments: str | Path, env: dict[str, str] | None = None) -> Any:
    return run_bounded(
        [sys.executable, "-m", "emsockets_build", name, *arguments], timeout=250, env=env
    )


@pytest.fixture(scope="module")
def project(newest_tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample with scenarios of which some fail, built by `emsockets check`."""
    source = tmp_path_factory.mktemp("same") / "echo"
    files = project_files(find_template("socket-echo"), {"NAME": "echo", "WAIT": "asyncify"})
    write_project(files, source)
    lists = source / "CMakeLists.txt"
    lists.write_text(lists.read_text().replace("emsockets_add_test(", "set(unused ") + SCENARIOS)
    done = _command("check", source, *_tools(newest_tools), "--build-dir", source / "out", "--json")
    assert done.returncode == 1, done.text
    (source / "check.json").write_bytes(done.stdout)
    return source


def _tools(tools: Tools) -> tuple[str, ...]:
    return ("--emscripten", str(tools.emscripten.root), "--node", str(tools.node.path))


def _environment(tools: Tools) -> dict[str, str]:
    """Put the same Node first, for runs that are not told which to use."""
    path = os.pathsep.join([str(tools.node.path.parent), os.environ["PATH"]])
    return {**os.environ, "PATH": path}


def test_check_says_why_each_fails(project: Path) -> None:
    """The verdicts are right, and every failure has a cause of its own."""
    document = json.loads((project / "check.json").read_bytes())
    jsonschema.validate(document, json.loads(SCHEMA.read_text()))
    runs = {run["name"]: run for run in document["runs"]}
    assert {name: run["verdict"] for name, run in runs.items()} == VERDICTS
    causes = {name: run["cause"] and run["cause"]["id"] for name, run in runs.items()}
    assert causes == {
        "good": None,
        "wrong-output": "output-mismatch",
        "no-subprotocol": "subprotocol-not-selected",
        "closed": "closed-by-server",
    }


def test_ctest_runs_the_same_scenarios_with_the_same_verdicts(
    project: Path, newest_tools: Tools
) -> None:
    """CTest's tests are the scenarios, and each ends as in `emsockets check`."""
    report = project / "ctest.xml"
    run_bounded(
        [CMAKE.with_name("ctest"), "--test-dir", project / "out", "-j2", "--output-junit", report],
        timeout=250,
        env=_environment(newest_tools),
    )
    cases = ET.parse(report).getroot().iter("testcase")  # noqa: S314 - written by CTest just now
    verdicts = {
        case.get("name"): "pass" if case.get("status") == "run" else "fail" for case in cases
    }
    assert verdicts == VERDICTS


def test_pytest_runs_the_same_scenarios_with_the_same_verdicts(
    project: Path, newest_tools: Tools
) -> None:
    """Pytest's items are the scenarios; their failures read like those of `emsockets check`."""
    (project / "pytest.ini").write_text(
        "[pytest]\nemsockets_scenarios = out/emsockets/scenarios.json\n"
    )
    (project / "test_fixtures.py").write_text(
        "def test_server_and_run(emsockets_server, emsockets_run):\n"
        "    server = emsockets_server('echo')\n"
        "    outcome = emsockets_run('out/echo.js', server.host, str(server.port), server='')\n"
        "    assert outcome.passed\n"
        "    assert server.connections[0].messages_in == 5\n"
    )
    report = project / "pytest.xml"
    done = run_bounded(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--junit-xml={report}"],
        timeout=250,
        cwd=project,
        env=_environment(newest_tools),
    )
    assert "subprotocol-not-selected" in done.text, done.text
    cases = ET.parse(report).getroot().iter("testcase")  # noqa: S314 - written by pytest just now
    verdicts = {
        case.get("name"): "pass" if case.find("failure") is None else "fail" for case in cases
    }
    assert verdicts == VERDICTS | {"test_server_and_run": "pass"}


def test_second_check_builds_nothing(project: Path, newest_tools: Tools) -> None:
    """With nothing changed, neither CMake nor the compiler runs again."""
    program = project / "out" / "echo.js"
    before = program.stat().st_mtime_ns
    done = _command(
        "check",
        project,
        *_tools(newest_tools),
        *("--build-dir", str(project / "out"), "-k", "fine"),
    )
    assert done.returncode == 0, done.text
    assert "configuring" not in done.text
    assert program.stat().st_mtime_ns == before


@dataclass(frozen=True, slots=True)
class Launcher:
    """A compiler cache of its own.

    Attributes:
        program: What CMake is told to start compilers with.
        environment: What it is reached by.
        counts: Asks it for its misses and hits.
    """

    program: Path
    environment: dict[str, str]
    counts: Callable[[], tuple[int, int]]


@pytest.fixture(params=["ccache", "sccache"])
def launcher(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Launcher]:
    """A compiler cache with nothing in it, and gone at the end."""
    if request.param == "ccache":
        yield _ccache(tmp_path / "cache")
        return
    program = Path(sys.executable).with_name("sccache")
    environment = {
        **os.environ,
        "SCCACHE_DIR": str(tmp_path / "cache"),
        "SCCACHE_SERVER_PORT": str(free_port()),
        "SCCACHE_IDLE_TIMEOUT": "600",
    }
    started = run_bounded([program, "--start-server"], timeout=60, env=environment)
    assert started.returncode == 0, started.text

    def counts() -> tuple[int, int]:
        shown = run_bounded(
            [program, "--show-stats", "--stats-format=json"], timeout=60, env=environment
        )
        found = json.loads(shown.stdout)["stats"]
        misses, hits = (found[f"cache_{what}"]["counts"] for what in ("misses", "hits"))
        return sum(misses.values()), sum(hits.values())

    yield Launcher(program, environment, counts)
    run_bounded([program, "--stop-server"], timeout=60, env=environment)


def _ccache(cache: Path) -> Launcher:
    program = shutil.which("ccache")
    assert program, "the tests need ccache (a package of Debian, listed in noxfile.py)"
    ccache = Path(program)
    environment = {**os.environ, "CCACHE_DIR": str(cache), "CCACHE_CONFIGPATH": os.devnull}

    def counts() -> tuple[int, int]:
        text = run_bounded([ccache, "--print-stats"], timeout=60, env=environment).text
        numbers = dict(line.split("\t") for line in text.splitlines())
        hits = int(numbers["direct_cache_hit"]) + int(numbers["preprocessed_cache_hit"])
        return int(numbers["cache_miss"]), hits

    return Launcher(ccache, environment, counts)


def test_a_compiler_cache_has_everything_for_a_second_build(
    newest_tools: Tools, tmp_path: Path, launcher: Launcher
) -> None:
    """Compilers run through the launcher that CMake was given, with nothing in between."""
    source = tmp_path / "echo"
    files = project_files(find_template("socket-echo"), {"NAME": "echo", "WAIT": "asyncify"})
    write_project(files, source)
    for build in ("first", "second"):
        done = _command(
            "build",
            source,
            *_tools(newest_tools)[:2],
            *("--build-dir", str(source / build)),
            *("-D", f"CMAKE_CXX_COMPILER_LAUNCHER={launcher.program}"),
            env=launcher.environment,
        )
        assert done.returncode == 0, done.text
    assert launcher.counts() == (4, 4)
