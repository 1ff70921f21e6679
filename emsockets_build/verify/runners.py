"""Which runner a scenario is run with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from emsockets_build.errors import ToolMissingError, UsageError
from emsockets_build.run.model import Limits, Program, RunResult, Version, Watch
from emsockets_build.run.native import run_native
from emsockets_build.run.node import run_node
from emsockets_build.verify.model import Scenario

if TYPE_CHECKING:
    from emsockets_build.run.browser import Browsers

__all__ = ["BROWSERS", "RUNNERS", "Runtime", "run_program"]

BROWSERS = ("chromium", "firefox")
"""The runners that are browsers."""
RUNNERS = ("node", *BROWSERS, "native")
"""All runners."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """What programs are run with.

    Attributes:
        node: The Node executable; None if there is none, which native programs do not mind.
        node_flags: Flags that it needs for these programs.
        ws_modules: The folder that holds the right ``ws``.
        emscripten_version: The release that built the programs, where it is known.
        symbolizer: Finds ``llvm-symbolizer``, for file and line of a hang or crash.
        browsers: The browsers, for scenarios whose runner is one.
        every_call: Have each socket call reported instead of each new result of one.
        watcher: The library that reports the socket calls of native programs.
    """

    node: Path | None = None
    node_flags: tuple[str, ...] = ()
    ws_modules: Path | None = None
    emscripten_version: Version | None = None
    symbolizer: Callable[[], Path | None] | None = None
    browsers: Browsers | None = None
    every_call: bool = False
    watcher: Path | None = None


def run_program(
    scenario: Scenario, program: Program, runtime: Runtime, limits: Limits, watch: Watch
) -> RunResult:
    """Run a scenario's program with the scenario's runner.

    Args:
        scenario: Says which runner.
        program: What to run.
        runtime: What to run it with.
        limits: Bounds.
        watch: Who watches; what helps to read the run is added from ``runtime``.

    Returns:
        Everything that was seen of the run.

    Raises:
        UsageError: The program cannot be read, or cannot be run so.
        ToolMissingError: There is no Node or no browser, or it cannot be started.
    """
    watch = replace(
        watch,
        every_call=runtime.every_call,
        emscripten_version=runtime.emscripten_version,
        symbolizer=runtime.symbolizer,
    )
    if scenario.runner == "native":
        return run_native(program, limits=limits, watch=watch, watcher=runtime.watcher)
    if scenario.runner in BROWSERS:
        return _run_page(scenario, program, runtime, limits, watch)
    if runtime.node is None:
        raise ToolMissingError(
            "there is no Node to run the program with",
            remedy="install Node.js 18 or newer, or get one with `emsockets setup --node`",
        )
    return run_node(
        program,
        node=runtime.node,
        node_flags=runtime.node_flags,
        ws_modules=runtime.ws_modules,
        limits=limits,
        watch=watch,
    )


def _run_page(
    scenario: Scenario, program: Program, runtime: Runtime, limits: Limits, watch: Watch
) -> RunResult:
    if scenario.client:
        raise UsageError(
            f"{scenario.name} cannot run in {scenario.runner}",
            why="its program is a server, and pages cannot listen",
            remedy="run it under Node",
        )
    assert runtime.browsers is not None  # noqa: S101 - whoever chose the runner gave browsers
    browser = runtime.browsers.get(scenario.runner)
    if scenario.url:
        return browser.watch(scenario.url, limits=limits, watch=watch)
    return browser.run(program, limits=limits, watch=watch)
