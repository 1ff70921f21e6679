"""Real toolchains for every test that asks for one, in the generations that were chosen.

A test that takes the fixture ``tools`` runs once for each generation; one that takes
``newest_tools`` runs once. Both carry the marker ``emcc`` for it, so that
``pytest -m "not slow and not emcc"`` stays a matter of seconds.
"""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from tests.generations import GENERATIONS, Tools, newest, table_lines, tools_of

# A loaded machine makes any example slow: that is no failure.
settings.register_profile("any-speed", deadline=None)
settings.load_profile("any-speed")

# Whatever runs the tests in the background may have them ignore Ctrl-C, as a shell does behind `&`,
# and every program that they start would inherit that. A handler is not inherited.
with contextlib.suppress(ValueError):  # not in the main thread
    signal.signal(signal.SIGINT, signal.default_int_handler)

_TOOL_FIXTURES = frozenset({"tools", "newest_tools"})
# Setting up a toolchain takes minutes, once, and has time limits of its own; those of the tests are
# for the tests.
_TEST_SECONDS = 300


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the choice of generations."""
    parser.addoption(
        "--generation",
        action="append",
        choices=GENERATIONS,
        help="generation of Emscripten to test with, repeatable (default: all)",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Repeat a test for each generation."""
    if "generation" in metafunc.fixturenames:
        metafunc.parametrize("generation", _chosen(metafunc.config), scope="session")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that build with a real Emscripten."""
    for item in items:
        if _TOOL_FIXTURES.isdisjoint(getattr(item, "fixturenames", ())):
            continue
        item.add_marker(pytest.mark.emcc)
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(_TEST_SECONDS, func_only=True))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Have the newest generation there before the first test, for all who just look for one."""
    config = session.config
    items = getattr(session, "items", ())  # the controller of pytest-xdist has none
    wanted = any(item.get_closest_marker("emcc") for item in items)
    if wanted and not config.option.collectonly:
        capture = config.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled():  # it may take minutes, and says so
            tools_of(newest(_chosen(config)))


@pytest.fixture(scope="session")
def tools(generation: str) -> Tools:
    """The toolchain of a generation; set up if this machine lacks it."""
    return tools_of(generation)


@pytest.fixture(scope="session")
def newest_tools(request: pytest.FixtureRequest) -> Tools:
    """The toolchain of the newest generation that was chosen; set up if this machine lacks it."""
    return tools_of(newest(_chosen(request.config)))


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder of this session that all workers of pytest-xdist have in common.

    What is in it must be written under a lock.
    """
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


def _chosen(config: pytest.Config) -> list[str]:
    chosen = config.getoption("--generation") or GENERATIONS
    return [generation for generation in GENERATIONS if generation in chosen]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table of generation x backend x wait, as far as it was tested."""
    lines = table_lines(
        [
            report
            for reports in terminalreporter.stats.values()
            for report in reports
            if isinstance(report, pytest.TestReport)
        ]
    )
    if lines:
        terminalreporter.section("generation x backend x wait")
        for line in lines:
            terminalreporter.write_line(line)
