"""``emsockets check``: build a project and prove every scenario that it declares."""

from __future__ import annotations

import argparse
import functools
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from emsockets_build.run.browser import Browsers
    from emsockets_build.toolchain import Toolchain
    from emsockets_build.verify import Batch, Broken, Declared, Outcome, Runtime, Scenario
    from emsockets_build.verify.parity_run import Parities

__all__ = ["build_project", "choose", "populate_parser", "run", "runtime_chooser"]


def populate_parser(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.description = (
        "Configure and build a CMake project with Emscripten, run every scenario that it declares "
        "with emsockets_add_test() against a live server, and say why those that fail do."
    )
    parser.add_argument("source", nargs="?", default=Path(), type=Path, metavar="DIR")
    _add_selection(parser)
    _add_build(parser)
    _add_reports(parser)


def _add_selection(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("which scenarios")
    group.add_argument(
        "-k",
        dest="expression",
        metavar="EXPR",
        help="words of names and labels: 'echo and not slow'",
    )
    group.add_argument("--exact", metavar="NAME", help="the scenario of this name, all its runners")
    group.add_argument(
        "--runner",
        dest="runners",
        action="append",
        choices=("node", "chromium", "firefox"),
        help="run each with this runner, whatever it declares; repeatable",
    )
    group.add_argument("--browser", type=Path, metavar="PATH", help="which browser to use")
    group.add_argument("--shard", metavar="I/N", help="the I-th of N parts, for several machines")
    group.add_argument("--repeat", type=int, default=1, metavar="N", help="run each N times")
    group.add_argument(
        "-j",
        "--jobs",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help="how many at a time",
    )


def _add_build(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how it is built")
    group.add_argument("--build-dir", type=Path, metavar="DIR")
    group.add_argument(
        "--config", default="Release", metavar="NAME", help="Debug, Release (default)"
    )
    group.add_argument("-D", dest="definitions", action="append", default=[], metavar="NAME=VALUE")
    group.add_argument("--native", action="store_true", help="build and check for this machine")
    group.add_argument(
        "--parity",
        action="store_true",
        help="compare with native builds, too, as `emsockets parity` does",
    )
    group.add_argument("--emscripten", metavar="PATH|VERSION", help="which Emscripten to use")
    group.add_argument("--node", metavar="PATH|VERSION", help="which Node to use")
    group.add_argument(
        "--scenarios",
        type=Path,
        metavar="FILE",
        help="a scenarios.json whose programs are built already (what CTest uses)",
    )


def _add_reports(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("reports")
    group.add_argument("--json", action="store_true", help="print one JSON object")
    group.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML, too")
    group.add_argument("--html", type=Path, metavar="FILE", help="write a page to read, too")
    group.add_argument("--github", action="store_true", help="print annotations for GitHub, too")


def run(arguments: argparse.Namespace) -> int:
    """Build, run, report."""
    from emsockets_build.errors import ExitCode
    from emsockets_build.run.browser import Browsers
    from emsockets_build.toolchain import find_toolchain

    _check_numbers(arguments)
    _check_parity(arguments)
    _import_ahead("emsockets_build.verify")  # while CMake and the compiler work
    toolchain = find_toolchain(
        emscripten=arguments.emscripten, node=arguments.node, start=arguments.source
    )
    file = arguments.scenarios or build_project(arguments, toolchain, native=arguments.native)
    from emsockets_build.verify import load_scenarios

    declared = load_scenarios(file)
    chosen = choose(arguments, declared)
    parities = None
    with Browsers(arguments.browser) as browsers:
        runtime = runtime_chooser(toolchain, declared, browsers, substitute=arguments.node is None)
        batch = _run_batch(arguments, chosen, runtime)
        if arguments.parity and not batch.interrupted:
            from emsockets_build.commands.parity import compare_builds

            once = list({scenario.name: scenario for scenario in chosen}.values())
            parities = compare_builds(arguments, toolchain, runtime, once)
    _report(arguments, batch, declared, parities)
    if batch.interrupted or (parities and parities.interrupted):
        return int(ExitCode.INTERRUPTED)
    if batch.broken and all(outcome.passed for outcome in batch.outcomes):
        return int(batch.broken[0].error.exit_code)
    alike = parities is None or parities.equal
    return int(ExitCode.OK if batch.passed and alike else ExitCode.CHECK_FAILED)


def _import_ahead(*modules: str) -> None:
    """Import what is needed next in a thread, while this one waits for another process."""
    import importlib
    import threading

    threading.Thread(target=lambda: [*map(importlib.import_module, modules)], daemon=True).start()


def _check_numbers(arguments: argparse.Namespace) -> None:
    from emsockets_build.errors import UsageError

    for option, number in (("--repeat", arguments.repeat), ("-j", arguments.jobs)):
        if not 1 <= number <= 1000:  # noqa: PLR2004 - nobody means more
            raise UsageError(f"{option} {number} is out of range", remedy="give 1 to 1000")


def _check_parity(arguments: argparse.Namespace) -> None:
    from emsockets_build.errors import UsageError

    for option in ("native", "scenarios"):
        if arguments.parity and getattr(arguments, option):
            raise UsageError(
                f"--parity and --{option} do not go together",
                why="--parity builds the project twice itself, natively and for the web",
                remedy=f"leave --{option} out",
            )


def build_project(arguments: argparse.Namespace, toolchain: Toolchain, *, native: bool) -> Path:
    """Bring a build up to date and return the file of scenarios that CMake wrote.

    Args:
        arguments: With the options of this command that say how it is built.
        toolchain: The tools.
        native: Build for this machine.
    """
    from emsockets_build.buildtree import BuildTree, Configuration, build, configure
    from emsockets_build.commands.build import build_folder, definitions_from
    from emsockets_build.report.console import progress_line
    from emsockets_build.toolchain import find_emscripten

    if not native and toolchain.emscripten is None:
        find_emscripten(arguments.emscripten)  # says where it was looked for
    folder = build_folder(arguments, toolchain, native=native)
    tree = BuildTree(arguments.source.absolute(), folder.absolute(), toolchain)
    configuration = Configuration(
        arguments.config,
        {
            "EMSOCKETS_COMMAND": f"{sys.executable};-m;emsockets_build",
            **definitions_from(arguments.definitions),
        },
        native=native,
    )
    with progress_line() as progress:
        configure(tree, configuration, progress=progress)
        build(tree, progress=progress)
    return folder / "emsockets" / "scenarios.json"


def choose(arguments: argparse.Namespace, declared: Declared) -> list[Scenario]:
    """Return the scenarios that the options select, as often as they say.

    Raises:
        UsageError: There is none, or the selection cannot be understood.
    """
    from emsockets_build.errors import UsageError
    from emsockets_build.verify.select import (
        compile_expression,
        parse_shard,
        take_shard,
        with_runners,
    )

    scenarios = list(declared.scenarios)
    if arguments.exact is not None:
        scenarios = [
            scenario
            for scenario in scenarios
            if arguments.exact in {scenario.name, declared.tests[scenario.name]}
        ]
    if arguments.runners:
        scenarios = with_runners(scenarios, declared.tests, arguments.runners)
    if arguments.expression is not None:
        holds = compile_expression(arguments.expression)
        scenarios = [
            scenario
            for scenario in scenarios
            if holds((scenario.name, scenario.runner, *declared.labels[scenario.name]))
        ]
    if not scenarios:
        names = ", ".join(scenario.name for scenario in declared.scenarios[:20])
        raise UsageError(
            "there is no scenario to run",
            where=str(declared.path),
            why=f"declared: {names}" if names else "the project declares none",
            remedy="mend -k or --exact"
            if names
            else "declare one with emsockets_add_test() in CMakeLists.txt",
        )
    if arguments.shard is not None:
        scenarios = list(take_shard(scenarios, parse_shard(arguments.shard)))
    return scenarios * int(arguments.repeat)


def runtime_chooser(
    toolchain: Toolchain, declared: Declared, browsers: Browsers, *, substitute: bool
) -> Callable[[Scenario], Runtime]:
    """Return what chooses the tools that a scenario is run with.

    Args:
        toolchain: The tools.
        declared: The file of scenarios, which names the release.
        browsers: For scenarios that run in one.
        substitute: Whether another Node may be taken where this one cannot run a program.
    """
    from emsockets_build.settings import parse_version
    from emsockets_build.verify import BROWSERS, Runtime, page_runtime, runtime_for

    version = parse_version(declared.emscripten) if declared.emscripten else None

    def choose(scenario: Scenario) -> Runtime:
        if scenario.runner == "native":
            return Runtime()
        if scenario.runner in BROWSERS:
            return page_runtime(browsers, version)
        return runtime_for(scenario.program, toolchain.node, version, substitute=substitute)

    return choose


def _run_batch(
    arguments: argparse.Namespace,
    scenarios: list[Scenario],
    runtime: Callable[[Scenario], Runtime],
) -> Batch:
    from emsockets_build.report.console import progress_line
    from emsockets_build.verify import run_batch

    done = 0
    with progress_line() as progress:

        def on_end(_: Outcome | Broken) -> None:
            nonlocal done
            done += 1
            progress(f"running {done} of {len(scenarios)}")

        progress(f"running 0 of {len(scenarios)}")
        jobs = min(arguments.jobs, len(scenarios) or 1)
        ahead = ("emsockets_build.report.document", "emsockets_build.report.terminal")
        begin = functools.cache(lambda: _import_ahead(*ahead))  # once, when a program has begun
        return run_batch(scenarios, runtime, jobs=jobs, on_start=lambda _: begin(), on_end=on_end)


def _report(
    arguments: argparse.Namespace,
    batch: Batch,
    declared: Declared,
    parities: Parities | None,
) -> None:
    from emsockets_build.report.document import batch_document

    document = batch_document("check", batch, {"emscripten": declared.emscripten})
    if parities is not None:
        from emsockets_build.report.parity import parity_document

        document["parity"] = parity_document(parities, declared.emscripten)
        if not parities.equal:
            document["verdict"] = "fail"
    if arguments.github:
        from emsockets_build.report.github import github_annotations

        # GitHub reads both streams; standard output may hold the JSON object.
        stream = sys.stderr if arguments.json else sys.stdout
        stream.writelines(f"{line}\n" for line in github_annotations(batch, declared.files))
    if arguments.json:
        import json

        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        from emsockets_build.report.console import console
        from emsockets_build.report.terminal import print_batch

        out = console()
        print_batch(out, batch, document)
        if parities is not None:
            from emsockets_build.report.parity import print_parities

            print_parities(out, parities)
    _write_reports(arguments, batch, declared, document)


def _write_reports(
    arguments: argparse.Namespace, batch: Batch, declared: Declared, document: dict[str, Any]
) -> None:
    """Write the files that were asked for; last, so that one that cannot be hides no result."""
    if arguments.junit is not None:
        from emsockets_build.report.junit import junit_xml
        from emsockets_build.storage import write_whole

        suite = arguments.source.absolute().name
        write_whole(arguments.junit, junit_xml(batch, suite=suite, files=declared.files))
    if arguments.html is not None:
        from emsockets_build.report.html import write_html

        facts = {"Emscripten": declared.emscripten, "configuration": declared.configuration}
        write_html(
            arguments.html,
            batch,
            document,
            project=arguments.source,
            facts=facts,
            files=declared.files,
        )
