"""Fixtures for socket programs, and scenarios as test items.

pytest loads this module in every run of an environment that has the package, so everything heavy is
imported where it is used.

Give pytest the file that CMake wrote, ``pytest build/emsockets/scenarios.json``, or name it once in
the configuration (globs work)::

    [tool.pytest.ini_options]
    emsockets_scenarios = ["build/*/emsockets/scenarios.json"]
"""

from __future__ import annotations

import contextlib
import fnmatch
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from emsockets_build.run.browser import Browsers
    from emsockets_build.server import TestServer
    from emsockets_build.verify import Declared, Expectations, Outcome, Runtime, Scenario

__all__ = ["Project", "emsockets_project", "emsockets_run", "emsockets_server"]


_MATCHED = pytest.StashKey[list[Path]]()
_BROWSERS: pytest.StashKey[Browsers] = pytest.StashKey()
_UNMATCHED = pytest.StashKey[list[Path]]()


@dataclass(frozen=True)
class Project:
    """A project that has been built.

    Attributes:
        build: The build folder.
        programs: The file of each executable, by its target.
    """

    build: Path
    programs: Mapping[str, Path]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names the files of scenarios."""
    parser.addini("emsockets_scenarios", "files of scenarios to collect, with globs", type="paths")


def pytest_configure(config: pytest.Config) -> None:
    """Find the files of scenarios, unless pytest was asked for something narrower."""
    if config.args_source is pytest.Config.ArgsSource.ARGS:
        return
    for pattern in config.getini("emsockets_scenarios"):
        anchor = Path(pattern.anchor)
        found = sorted(anchor.glob(str(pattern.relative_to(anchor))))
        name = _MATCHED if found else _UNMATCHED
        config.stash.setdefault(name, []).extend(found or [pattern])
        # For files outside of what is collected anyway; pytest drops those inside.
        config.args.extend(map(str, found))


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the browsers that scenarios were run in."""
    browsers = config.stash.get(_BROWSERS, None)
    if browsers is not None:
        browsers.close()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Open the way to files of scenarios through folders that pytest passes by, such as build."""
    files = config.stash.get(_MATCHED, [])
    on_the_way = {folder for file in files for folder in file.parents if _is_below(folder, config)}
    if collection_path in on_the_way or collection_path in files:
        return False
    passed_by = config.getini("norecursedirs")
    opened = [
        folder
        for folder in on_the_way.intersection(collection_path.parents)
        if any(fnmatch.fnmatch(folder.name, pattern) for pattern in passed_by)
    ]
    return True if opened else None


def _is_below(folder: Path, config: pytest.Config) -> bool:
    return config.rootpath in folder.parents


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say which scenarios are missing, so that a run without them is not taken for one with."""
    return [
        f"emsockets: no scenarios at {pattern}; `emsockets build` configures the project"
        for pattern in config.stash.get(_UNMATCHED, [])
    ]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Take files of scenarios for what they are."""
    if file_path.match("emsockets/scenarios*.json"):
        collector: pytest.Collector = _ScenarioFile.from_parent(parent, path=file_path)
        return collector
    return None


class _ScenarioFile(pytest.File):
    """A ``scenarios.json`` of a build tree."""

    def collect(self) -> Iterable[_ScenarioItem]:
        from emsockets_build.errors import EmSocketsError
        from emsockets_build.verify import load_scenarios

        try:
            declared = load_scenarios(self.path)
        except EmSocketsError as error:
            raise self.CollectError(str(error)) from error
        for scenario in declared.scenarios:
            yield _ScenarioItem.from_parent(
                self, name=scenario.name, scenario=scenario, declared=declared
            )


class _ScenarioFailedError(Exception):
    """Carries the outcome to where pytest asks how to show it."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.scenario.name)
        self.outcome = outcome


class _ScenarioItem(pytest.Item):
    """One scenario."""

    def __init__(self, *, scenario: Scenario, declared: Declared, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]  # pytest's own construction
        self.scenario = scenario
        self.declared = declared
        # For -k, which looks at keywords; markers would have to be declared by the project.
        self.extra_keyword_matches.update(declared.labels.get(scenario.name, ()))

    def runtest(self) -> None:
        from emsockets_build.settings import parse_version
        from emsockets_build.verify import execute

        text = self.declared.emscripten
        version = parse_version(text) if text else None
        runtime = _runtime(self.scenario, version, self.config)
        outcome = execute(self.scenario, runtime)
        for name, output in (("stdout", outcome.result.stdout), ("stderr", outcome.result.stderr)):
            self.add_report_section("call", name, output.decode("utf-8", "backslashreplace"))
        if not outcome.passed:
            raise _ScenarioFailedError(outcome)

    def repr_failure(
        self,
        excinfo: pytest.ExceptionInfo[BaseException],
        style: object = None,  # noqa: ARG002 - pytest's signature
    ) -> str:
        from emsockets_build.errors import EmSocketsError
        from emsockets_build.quoting import terminal_escape
        from emsockets_build.report.words import failure_text

        if isinstance(excinfo.value, _ScenarioFailedError):
            return terminal_escape("\n".join(failure_text(excinfo.value.outcome)))
        if isinstance(excinfo.value, EmSocketsError):
            return terminal_escape(str(excinfo.value))
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, f"scenario: {self.name}"


def _runtime(
    scenario: Scenario, version: tuple[int, int, int] | None, config: pytest.Config
) -> Runtime:
    from emsockets_build.toolchain import find_node
    from emsockets_build.verify import BROWSERS, Runtime, page_runtime, runtime_for

    if scenario.runner in BROWSERS:
        from emsockets_build.run.browser import Browsers

        # One browser of each kind for the whole session, started when it is first wanted.
        return page_runtime(config.stash.setdefault(_BROWSERS, Browsers()), version)

    if scenario.runner == "native":
        return Runtime()
    return runtime_for(scenario.program, find_node(), version, substitute=True)


@pytest.fixture
def emsockets_server() -> Iterator[Callable[..., TestServer]]:
    """Start test servers that are gone when the test ends.

    Call it with a behaviour and the options of `emsockets_build.server.TestServer`; it returns the
    running server.
    """
    from emsockets_build.server import TestServer

    with contextlib.ExitStack() as stack:

        def start(behaviour: str = "echo", **options: object) -> TestServer:
            server = TestServer(behaviour, **options)  # type: ignore[arg-type]  # checked there
            return stack.enter_context(server)

        yield start


@pytest.fixture
def emsockets_run(pytestconfig: pytest.Config) -> Callable[..., Outcome]:
    """Run a program against a test server.

    Call it with the program's file and its arguments (``{host}``, ``{port}`` and ``{url}`` are
    filled in), and by name ``server``, ``timeout`` in seconds, ``runner`` (``node``, ``chromium``,
    ``firefox``; else what the file's name says), and ``expect``, an
    `emsockets_build.verify.Expectations`. It returns the `emsockets_build.verify.Outcome`, whose
    ``passed`` is for the test to assert.
    """
    from emsockets_build.verify import Scenario, execute

    def run(
        program: Path | str,
        *arguments: str,
        server: str = "echo",
        timeout: float = 60.0,
        expect: Expectations | None = None,
        runner: str | None = None,
    ) -> Outcome:
        from emsockets_build.verify import Expectations as Nothing

        path = Path(program)
        scenario = Scenario(
            name=path.name,
            program=path.absolute(),
            runner=runner or ("node" if path.suffix in {".js", ".mjs", ".cjs"} else "native"),
            server=server,
            arguments=arguments,
            timeout=timeout,
            expectations=expect or Nothing(),
        )
        return execute(scenario, _runtime(scenario, None, pytestconfig))

    return run


@pytest.fixture(scope="session")
def emsockets_project(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Project]:
    """Build CMake projects with Emscripten, each once a session.

    Call it with the project's folder and by name ``config``, ``definitions`` and ``emscripten`` (a
    path or a version). The build goes to a temporary folder.
    """
    from emsockets_build.buildtree import (
        BuildTree,
        Configuration,
        build,
        configure,
        read_targets,
    )
    from emsockets_build.toolchain import find_emscripten, find_toolchain

    built: dict[object, Project] = {}

    def project(
        source: Path | str,
        *,
        config: str = "Release",
        definitions: Mapping[str, str] | None = None,
        emscripten: str | None = None,
    ) -> Project:
        key = (Path(source).absolute(), config, emscripten, *sorted((definitions or {}).items()))
        if key in built:
            return built[key]
        toolchain = find_toolchain(emscripten=emscripten, start=Path(source))
        if toolchain.emscripten is None:
            find_emscripten(emscripten)  # says where it was looked for
        folder = tmp_path_factory.mktemp("emsockets-build")
        tree = BuildTree(Path(source).absolute(), folder, toolchain)
        configure(tree, Configuration(config, definitions or {}), progress=lambda _: None)
        build(tree, progress=lambda _: None)
        programs = {
            target.name: target.artifacts[0]
            for target in read_targets(folder)
            if target.kind == "EXECUTABLE"
        }
        built[key] = Project(folder, programs)
        return built[key]

    return project
