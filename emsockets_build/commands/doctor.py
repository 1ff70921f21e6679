"""``emsockets doctor``: what this machine has, what is wrong, and how to mend it."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emsockets_build.toolchain import Toolchain
    from emsockets_build.toolchain.finding import Finding

__all__ = ["populate_parser", "run"]

_OPTIONAL = frozenset({"chromium", "firefox"})


def populate_parser(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = (
        "Show the tools that emsockets finds, where, and why these; and what is wrong with them. "
        "Exits with 0 when a build and a run would work, with 3 when not."
    )
    parser.add_argument("--emscripten", metavar="PATH|VERSION", help="look at this Emscripten")
    parser.add_argument("--node", metavar="PATH|VERSION", help="look at this Node.js")
    parser.add_argument("--fix", action="store_true", help="set up what is missing, without root")
    parser.add_argument("--yes", action="store_true", help="do not ask before --fix does it")
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")


def run(arguments: argparse.Namespace) -> int:
    """Look, mend if asked to, and report."""
    from emsockets_build.errors import ExitCode
    from emsockets_build.toolchain.diagnose import diagnose, is_usable

    if arguments.fix:
        _fix(arguments)
    toolchain = _look(arguments)
    findings = diagnose(toolchain)
    usable = is_usable(findings)
    if arguments.json:
        _print_json(toolchain, findings, usable=usable)
    else:
        _print_tables(toolchain, findings, usable=usable)
    return int(ExitCode.OK if usable else ExitCode.TOOL_MISSING)


def _look(arguments: argparse.Namespace) -> Toolchain:
    from emsockets_build.toolchain import find_toolchain

    return find_toolchain(emscripten=arguments.emscripten, node=arguments.node)


def _fix(arguments: argparse.Namespace) -> None:
    """Set up what findings say would mend them."""
    from emsockets_build.errors import ToolMissingError
    from emsockets_build.storage import cache_dir
    from emsockets_build.toolchain.diagnose import diagnose
    from emsockets_build.toolchain.finding import Fix
    from emsockets_build.toolchain.install import (
        Want,
        ask,
        ensure_toolchain,
        install_emscripten,
        install_node,
        install_ws,
        progress_for,
    )

    with progress_for() as progress:
        try:
            toolchain = _look(arguments)
        except ToolMissingError:  # what was asked for by version is not there yet
            want = Want(emscripten=arguments.emscripten, node=arguments.node)
            toolchain = ensure_toolchain(want, progress=progress, assume_yes=arguments.yes)
        fixes = {finding.fix for finding in diagnose(toolchain) if finding.fix}
        if not fixes:
            return
        names = ", ".join(sorted(fixes))
        if not arguments.yes and not ask(f"{names} will be set up in {cache_dir()}. Go on?"):
            return
        release = toolchain.emscripten
        if Fix.NODE in fixes:
            install_node(None, progress)
        if Fix.EMSCRIPTEN in fixes:
            install_emscripten(release.version_text if release else None, progress)
        if Fix.WS in fixes:
            found = _look(arguments).emscripten
            install_ws(found.version if found else None, progress)


def _print_json(toolchain: Toolchain, findings: tuple[Finding, ...], *, usable: bool) -> None:
    from emsockets_build.storage import cache_dir

    result = {
        "schema": 1,
        "command": "doctor",
        "usable": usable,
        "cache": str(cache_dir()),
        "tools": {
            **{name: _tool_json(getattr(toolchain, name)) for name in toolchain.__slots__},
            **_browsers(),
        },
        "findings": [
            {
                "id": finding.id,
                "severity": str(finding.severity),
                "summary": finding.summary,
                "cause": finding.cause,
                "remedy": finding.remedy,
                "reference": finding.reference or None,
                "fix": str(finding.fix) if finding.fix else None,
            }
            for finding in findings
        ],
    }
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


def _browsers() -> dict[str, dict[str, object] | None]:
    """Describe the browsers; a machine without any builds and runs all the same."""
    from emsockets_build.errors import ToolMissingError
    from emsockets_build.toolchain.browsers import Engine, find_browser, with_version

    found: dict[str, dict[str, object] | None] = {}
    for engine in Engine:
        try:
            found[str(engine)] = _tool_json(with_version(find_browser(engine)))
        except ToolMissingError:
            found[str(engine)] = None
    return found


def _tool_json(tool: object) -> dict[str, object] | None:
    from emsockets_build.toolchain import Emscripten, Node

    if tool is None:
        return None
    result: dict[str, object] = {
        "path": str(getattr(tool, "root", None) or getattr(tool, "path", "")),
        "version": getattr(tool, "version_text", ""),
        "origin": getattr(tool, "origin", ""),
        "reason": getattr(tool, "reason", ""),
    }
    if isinstance(tool, Emscripten):
        result["emcc"] = str(tool.emcc)
        result["environment"] = dict(tool.environment)
        result["cache"] = str(tool.config.cache)
    if isinstance(tool, Node):
        flags = tool.features
        result["features"] = {name: getattr(flags, name) for name in flags.__slots__}
    return result


def _print_tables(toolchain: Toolchain, findings: tuple[Finding, ...], *, usable: bool) -> None:
    from rich.text import Text

    from emsockets_build.quoting import terminal_escape
    from emsockets_build.report.console import console, plain_table

    out = console(sys.stdout)
    table = plain_table("tool", "version", "from")
    table.add_column("where", overflow="fold")
    tools = {name: _tool_json(getattr(toolchain, name)) for name in toolchain.__slots__}
    for name, tool in (tools | _browsers()).items():
        if tool is None and name in _OPTIONAL:
            table.add_row(name, Text("missing", style="dim"), "only for RUNNER " + name, "")
        elif tool is None:
            table.add_row(name, Text("missing", style="bold red"), "", "")
        if tool is None:
            continue
        origin = Text(terminal_escape(f"{tool['origin']}: {tool['reason']}"))
        where = Text(terminal_escape(str(tool["path"])))
        table.add_row(name, str(tool["version"]), origin, where)
    out.print(table)
    if findings:
        out.print()
    styles = {"error": "bold red", "warning": "bold yellow", "note": "bold cyan"}
    for finding in findings:
        head = Text.assemble((f"{finding.severity}", styles[finding.severity]), f" {finding.id}: ")
        out.print(head.append(terminal_escape(finding.summary)), soft_wrap=True)
        for label, text in (("cause", finding.cause), ("remedy", finding.remedy),
                            ("see", finding.reference)):  # fmt: skip
            if text:
                out.print(Text(f"  {label + ':':<8}{terminal_escape(text)}"), soft_wrap=True)
    out.print()
    out.print("A build and a run would work." if usable else "A build or a run would fail.")
