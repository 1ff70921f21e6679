"""``emsockets demo``: from nothing to a proven round trip."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from emsockets_build.report.console import Progress
    from emsockets_build.toolchain import Toolchain
    from emsockets_build.verify import Outcome, Scenario

__all__ = ["populate_parser", "run"]

_NAME = "echo"


def populate_parser(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.description = (
        "Build the C++ Socket sample with Emscripten and run it under Node against a live echo "
        "server, once for every way of waiting that this toolchain can do."
    )
    parser.add_argument("--yes", action="store_true", help="install what is missing, without root")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="leave the project in this new folder"
    )
    parser.add_argument("--emscripten", metavar="PATH|VERSION", help="which Emscripten to use")
    parser.add_argument("--node", metavar="PATH|VERSION", help="which Node to use")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page to read, too")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Build, run and report."""
    import json

    from emsockets_build.errors import ExitCode
    from emsockets_build.report.console import console, progress_line
    from emsockets_build.settings import load_catalogue

    out = console()
    toolchain = _toolchain(arguments)
    with _project_folder(arguments.keep) as folder, progress_line() as progress:
        possible, impossible = _waits(toolchain, load_catalogue().options["wait"])
        programs = _build(folder, toolchain, possible, progress)
        outcomes = _run_all(_scenarios(programs), toolchain, progress)
        # While the programs are still there to be measured.
        document = _document(toolchain, outcomes, impossible)
        if arguments.html is not None:
            _write_html(arguments.html, folder, outcomes, document)
    if arguments.json:
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        _print_table(out, toolchain, outcomes, document, arguments.keep)
    passed = bool(outcomes) and all(outcome.passed for outcome in outcomes)
    return int(ExitCode.OK if passed else ExitCode.CHECK_FAILED)


@contextlib.contextmanager
def _project_folder(keep: Path | None) -> Iterator[Path]:
    """Give the folder that the project goes into: the one that stays, or one for now."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="emsockets-demo-") as name:
            yield Path(name)
        return
    from emsockets_build.errors import UsageError

    if keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
        raise UsageError(
            f"{keep} exists already",
            why="the demo writes a whole project and overwrites nothing",
            remedy="give a new or an empty folder to --keep",
        )
    yield keep.absolute()


def _toolchain(arguments: argparse.Namespace) -> Toolchain:
    """Find every tool; set up what is missing if that is allowed, else say what it is."""
    from dataclasses import replace

    from emsockets_build.toolchain import node_with_jspi
    from emsockets_build.toolchain.install import Want, ask, ensure_toolchain, progress_for

    toolchain = ensure_toolchain(
        Want(arguments.emscripten, arguments.node),
        progress=progress_for(),
        assume_yes=arguments.yes,
        confirm=ask if sys.stdin.isatty() else lambda _: False,
    )
    if arguments.node is None and toolchain.node is not None:
        # The one that can show the most.
        toolchain = replace(toolchain, node=node_with_jspi(toolchain.node) or toolchain.node)
    return toolchain


def _waits(toolchain: Toolchain, waits: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Tell the waits that this Emscripten and this Node can do from those that they cannot."""
    from emsockets_build.errors import UsageError
    from emsockets_build.settings import Profile, load_catalogue, resolve

    assert toolchain.emscripten is not None  # noqa: S101 - _toolchain saw to it
    assert toolchain.node is not None  # noqa: S101 - likewise
    possible, impossible = [], {}
    for wait in waits:
        try:
            needs = resolve(
                Profile(wait=wait), toolchain.emscripten.version, load_catalogue()
            ).needs
        except UsageError as error:
            impossible[wait] = error.what
            continue
        if "jspi" in needs and toolchain.node.features.jspi is None:
            impossible[wait] = f"Node {toolchain.node.version_text} has no WebAssembly.Suspending"
        else:
            possible.append(wait)
    return possible, impossible


def _build(
    folder: Path, toolchain: Toolchain, waits: Sequence[str], progress: Progress
) -> dict[str, Path]:
    """Scaffold the sample and build one program for each wait."""
    from emsockets_build.buildtree import (
        BuildTree,
        Configuration,
        build,
        configure,
        read_targets,
    )
    from emsockets_build.scaffold import find_template, project_files, write_project

    first, *others = waits
    files = project_files(find_template("socket-echo"), {"NAME": _NAME, "WAIT": first})
    write_project(files, folder)
    tree = BuildTree(folder, folder / "build" / "demo", toolchain)
    configuration = Configuration("Release", {"ECHO_COMPARE": ";".join(others)})
    configure(tree, configuration, progress=progress)
    build(tree, progress=progress)
    programs = {target.name: target.artifacts[0] for target in read_targets(tree.build)}
    return {first: programs[_NAME]} | {wait: programs[f"{_NAME}-{wait}"] for wait in others}


def _scenarios(programs: dict[str, Path]) -> list[Scenario]:
    from emsockets_build.verify import Expectations, Scenario

    expectations = Expectations(
        stdout=(r"^echo ok: ",),
        subprotocol="binary",
        connected=True,
        echoed=True,
        counted_alike=True,
    )
    return [
        Scenario(
            name=wait,
            program=program,
            target=program.stem,
            backend="websocket",
            wait=wait,
            arguments=("{host}", "{port}"),
            expectations=expectations,
        )
        for wait, program in programs.items()
    ]


def _run_all(
    scenarios: Sequence[Scenario], toolchain: Toolchain, progress: Progress
) -> list[Outcome]:
    from emsockets_build.verify import execute, runtime_for

    assert toolchain.emscripten is not None  # noqa: S101 - _toolchain saw to it
    outcomes = []
    for scenario in scenarios:
        progress(f"running: {scenario.name}")
        runtime = runtime_for(scenario.program, toolchain.node, toolchain.emscripten.version)
        outcomes.append(execute(scenario, runtime))
    return outcomes


def _document(
    toolchain: Toolchain, outcomes: Sequence[Outcome], impossible: dict[str, str]
) -> dict[str, Any]:
    from emsockets_build.report.document import report_document

    assert toolchain.emscripten is not None  # noqa: S101 - _toolchain saw to it
    assert toolchain.node is not None  # noqa: S101 - likewise
    extra = {
        "emscripten": toolchain.emscripten.version_text,
        "node": toolchain.node.version_text,
        "not_possible": impossible,
    }
    return report_document("demo", outcomes, extra)


def _write_html(
    file: Path, folder: Path, outcomes: Sequence[Outcome], document: dict[str, Any]
) -> None:
    from emsockets_build.report.html import write_html
    from emsockets_build.verify import Batch

    facts = {"Emscripten": document["emscripten"], "Node": document["node"]}
    write_html(file, Batch(tuple(outcomes)), document, project=folder, facts=facts)


def _print_table(
    out: Console,
    toolchain: Toolchain,
    outcomes: Sequence[Outcome],
    document: dict[str, Any],
    keep: Path | None,
) -> None:
    from rich.text import Text

    from emsockets_build.quoting import terminal_escape
    from emsockets_build.report.terminal import outcome_table, print_failures

    assert toolchain.emscripten is not None  # noqa: S101 - _toolchain saw to it
    assert toolchain.node is not None  # noqa: S101 - likewise
    out.print()
    out.print(outcome_table(document))
    for wait, reason in document["not_possible"].items():
        out.print(Text(f"{wait}: not possible here: {reason}", style="dim"))
    print_failures(out, outcomes)
    out.print()
    passed = sum(outcome.passed for outcome in outcomes)
    verdict = (
        f"{passed} of {len(outcomes)} proven: Emscripten {toolchain.emscripten.version_text} "
        f"programs under Node {toolchain.node.version_text} talked to a live server, which counted "
        "every message and byte."
    )
    out.print(verdict, style="green" if passed == len(outcomes) else "bold red")
    if keep is not None:
        where = terminal_escape(str(keep))
        out.print(Text(f"The project is in {where}; `emsockets build {where}` builds it again."))
