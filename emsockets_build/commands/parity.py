"""``emsockets parity``: does the web build do what the native build does?"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from emsockets_build.toolchain import Toolchain
    from emsockets_build.verify import Runtime, Scenario
    from emsockets_build.verify.parity_run import Parities

__all__ = ["compare_builds", "populate_parser", "run"]


def populate_parser(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.description = (
        "Build a project natively and with Emscripten, run both builds of each scenario's program "
        "against the same server (TCP for the one, WebSocket for the other), compare what they "
        "did, and explain what differs."
    )
    parser.add_argument("source", nargs="?", default=Path(), type=Path, metavar="DIR")
    parser.add_argument(
        "-k",
        dest="expression",
        metavar="EXPR",
        help="words of names and labels: 'echo and not slow'",
    )
    parser.add_argument("--exact", metavar="NAME", help="the one scenario of this name")
    parser.add_argument(
        "-j",
        "--jobs",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help="how many at a time",
    )
    parser.add_argument(
        "--build-dir",
        type=Path,
        metavar="DIR",
        help="of the web build; the native one is DIR-native",
    )
    parser.add_argument(
        "--config", default="Release", metavar="NAME", help="Debug, Release (default)"
    )
    parser.add_argument("-D", dest="definitions", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--emscripten", metavar="PATH|VERSION", help="which Emscripten to use")
    parser.add_argument("--node", metavar="PATH|VERSION", help="which Node to use")
    parser.add_argument("--all", action="store_true", help="show equal builds side by side, too")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(shard=None, repeat=1, runners=None, browser=None)


def run(arguments: argparse.Namespace) -> int:
    """Build twice, run, compare, report."""
    from emsockets_build.commands.check import build_project, choose, runtime_chooser
    from emsockets_build.errors import ExitCode, UsageError
    from emsockets_build.report.console import console
    from emsockets_build.report.parity import parity_document, print_parities
    from emsockets_build.run.browser import Browsers
    from emsockets_build.toolchain import find_toolchain
    from emsockets_build.verify import load_scenarios

    if not 1 <= arguments.jobs <= 1000:  # noqa: PLR2004 - nobody means more
        raise UsageError(f"-j {arguments.jobs} is out of range", remedy="give 1 to 1000")
    toolchain = find_toolchain(
        emscripten=arguments.emscripten, node=arguments.node, start=arguments.source
    )
    declared = load_scenarios(build_project(arguments, toolchain, native=False))
    chosen = choose(arguments, declared)
    with Browsers(arguments.browser) as browsers:
        runtime = runtime_chooser(toolchain, declared, browsers, substitute=arguments.node is None)
        parities = compare_builds(arguments, toolchain, runtime, chosen)
    if arguments.json:
        import json

        document = {
            "schema": 1,
            "command": "parity",
            **parity_document(parities, declared.emscripten),
        }
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        print_parities(console(), parities, everything=arguments.all)
    if parities.interrupted:
        return int(ExitCode.INTERRUPTED)
    if parities.broken and all(comparison.equal for _, comparison in parities.compared):
        return int(parities.broken[0][1].exit_code)
    return int(ExitCode.OK if parities.equal else ExitCode.CHECK_FAILED)


def compare_builds(
    arguments: argparse.Namespace,
    toolchain: Toolchain,
    runtime: Callable[[Scenario], Runtime],
    scenarios: list[Scenario],
) -> Parities:
    """Build natively, run both builds of each scenario's program, and compare them.

    Args:
        arguments: With the options that say how to build.
        toolchain: The tools.
        runtime: Chooses what a web build is run with.
        scenarios: Those of the web build, which is there already.

    Returns:
        What became of each.
    """
    from dataclasses import replace

    from emsockets_build.buildtree import read_targets
    from emsockets_build.commands.check import build_project
    from emsockets_build.report.console import progress_line
    from emsockets_build.run.watch import call_watcher
    from emsockets_build.verify import load_scenarios
    from emsockets_build.verify.parity_run import pair_up, run_pairs

    if arguments.build_dir is not None:
        arguments = argparse.Namespace(**vars(arguments))
        arguments.build_dir = arguments.build_dir.with_name(f"{arguments.build_dir.name}-native")
    native = load_scenarios(build_project(arguments, toolchain, native=True))
    folder = native.path.parent.parent
    programs = {
        target.name: target.artifacts[0]
        for target in read_targets(folder)
        if target.kind == "EXECUTABLE" and target.artifacts
    }
    pairs, not_compared = pair_up(scenarios, native.scenarios, programs)
    compiler = _compiler(folder)
    watcher = "CMake names no compiler" if compiler is None else call_watcher(compiler)
    done = 0
    with progress_line() as progress:

        def on_end() -> None:
            nonlocal done
            done += 1
            progress(f"comparing {done} of {len(pairs)}")

        progress(f"comparing 0 of {len(pairs)}")
        parities = run_pairs(
            pairs,
            runtime,
            watcher,
            jobs=min(arguments.jobs, len(pairs) or 1),
            on_end=on_end,
        )
    return replace(parities, not_compared=(*not_compared, *parities.not_compared))


def _compiler(build: Path) -> Path | None:
    """Return the compiler of a native build, from CMake's cache."""
    try:
        lines = (build / "CMakeCache.txt").read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    for language in ("C", "CXX"):
        for line in lines:
            name, _, value = line.partition("=")
            if name.partition(":")[0] == f"CMAKE_{language}_COMPILER" and value:
                return Path(value)
    return None
