"""``emsockets init``: a new project that passes its own check, and its way to newer templates."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emsockets_build.scaffold import RenderedFile, Template
    from emsockets_build.scaffold.update import Change

__all__ = ["populate_parser", "run"]

_PLACEHOLDERS = ("wait", "backend", "server")


def populate_parser(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.description = (
        "Write a new project from a template: native and web builds, scenarios, presets, CI. What "
        "no option says is asked for on a terminal, and is the template's default elsewhere."
    )
    parser.add_argument(
        "folder", nargs="?", type=Path, default=Path(), metavar="DIR", help="where it goes"
    )
    parser.add_argument("--template", metavar="NAME", help="see --list")
    parser.add_argument("--name", help="of the project and its program; default: like the folder's")
    parser.add_argument("--wait", metavar="WORD", help="how the web build waits")
    parser.add_argument("--backend", metavar="WORD", help="how sockets reach the network")
    parser.add_argument("--server", metavar="WORD", help="what its first scenario runs against")
    parser.add_argument("--ci", metavar="WORD", help="github, gitlab or none (default)")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--list", action="store_true", help="describe the templates")
    mode.add_argument(
        "--update",
        action="store_true",
        help="bring the project in DIR to the template of today; your edits stay",
    )
    parser.add_argument("--dry-run", action="store_true", help="show what would be written")
    parser.add_argument("--force", action="store_true", help="replace files that are there")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """List, write or update."""
    if arguments.list:
        return _list(arguments)
    if arguments.update:
        return _update(arguments)
    return _write(arguments)


def _list(arguments: argparse.Namespace) -> int:
    from emsockets_build.scaffold import list_templates

    templates = list_templates()
    if arguments.json:
        _print_json({"templates": [_describe(template) for template in templates]})
        return 0
    from emsockets_build.report.console import console, plain_table

    table = plain_table("template", "what it is", "wait", "needs, for the native build")
    for template in templates:
        waits = ", ".join(template.choices.get("WAIT", ()))
        table.add_row(template.name, template.description, waits, ", ".join(template.requires))
    console(sys.stdout).print(table)
    return 0


def _describe(template: Template) -> dict[str, Any]:
    return {
        "name": template.name,
        "version": template.version,
        "description": template.description,
        "native": template.native,
        "requires": list(template.requires),
        "choices": {key.lower(): list(words) for key, words in template.choices.items()},
    }


def _write(arguments: argparse.Namespace) -> int:
    from emsockets_build.scaffold import (
        project_files,
        refuse_inside_project,
        refuse_unbuildable,
        write_project,
    )

    if not arguments.force:
        refuse_unbuildable(arguments.folder)
        refuse_inside_project(arguments.folder)
    template, given, ci = _answers(arguments)
    files = project_files(template, given, ci=ci)
    if not arguments.dry_run:
        write_project(files, arguments.folder, force=arguments.force)
    paths = [str(file.path) for file in files]
    if arguments.json:
        _print_json(
            {
                "template": template.name,
                "version": template.version,
                "folder": str(arguments.folder.absolute()),
                "written": not arguments.dry_run,
                "files": paths,
            }
        )
    elif arguments.dry_run:
        _print_tree(arguments.folder, files)
    else:
        sys.stderr.write(
            f"{len(files)} files of {template.name} are in {arguments.folder}\n"
            f"next: emsockets check {arguments.folder}\n"
        )
    return 0


def _answers(arguments: argparse.Namespace) -> tuple[Template, dict[str, str], str]:
    """Take what the options say; ask for the rest where somebody is there to answer."""
    from emsockets_build.errors import UsageError
    from emsockets_build.scaffold import (
        CI_SYSTEMS,
        find_template,
        list_templates,
        suggest_project_name,
    )

    asks = sys.stdin.isatty() and not arguments.json
    names = [template.name for template in list_templates()]
    if arguments.template is None and not asks:
        raise UsageError(
            "no template was chosen",
            remedy=f"give --template, one of: {', '.join(names)}; --list describes them",
        )
    template = find_template(arguments.template or _ask("template", names[0], names))
    default = suggest_project_name(arguments.folder.resolve().name)
    given = {"NAME": arguments.name or (_ask("name", default) if asks else default)}
    for option in _PLACEHOLDERS:
        words = template.choices.get(option.upper(), ())
        chosen = getattr(arguments, option)
        if chosen is None and asks and len(words) > 1:
            chosen = _ask(option, words[0], words)
        if chosen is not None:
            given[option.upper()] = chosen
    ci = arguments.ci or (_ask("ci", "none", CI_SYSTEMS) if asks else "none")
    return template, given, ci


def _ask(what: str, default: str, choices: Sequence[str] = ()) -> str:
    from rich.prompt import Prompt

    from emsockets_build.report.console import console

    answer = Prompt.ask(
        what, console=console(), default=default, choices=list(choices) if choices else None
    )
    return str(answer)


def _print_tree(folder: Path, files: Sequence[RenderedFile]) -> None:
    from rich.text import Text
    from rich.tree import Tree

    from emsockets_build.quoting import terminal_escape
    from emsockets_build.report.console import console

    root = Tree(Text(terminal_escape(str(folder))))
    branches: dict[tuple[str, ...], Tree] = {(): root}
    for file in sorted(files, key=lambda file: file.path):
        for depth in range(1, len(file.path.parts) + 1):
            parts = file.path.parts[:depth]
            if parts not in branches:
                branches[parts] = branches[parts[:-1]].add(Text(parts[-1]))
    console(sys.stdout).print(root)


def _update(arguments: argparse.Namespace) -> int:
    from emsockets_build.errors import ExitCode, UsageError
    from emsockets_build.scaffold import find_template
    from emsockets_build.scaffold.follow import apply_update, prepare_update
    from emsockets_build.scaffold.record import read_record
    from emsockets_build.scaffold.update import Kind, git_merge

    fixed = [
        f"--{name}"
        for name in ("template", "name", *_PLACEHOLDERS, "ci")
        if getattr(arguments, name) is not None
    ]
    if fixed:
        raise UsageError(
            f"--update goes with the project's own answers, not with {', '.join(fixed)}",
            remedy="leave the options out, or start a new project",
        )
    template = find_template(read_record(arguments.folder).template)
    changes, record = prepare_update(arguments.folder, template, git_merge)
    if not arguments.dry_run:
        apply_update(arguments.folder, changes, record)
    if arguments.json:
        _print_json(
            {
                "template": template.name,
                "version": template.version,
                "folder": str(arguments.folder.absolute()),
                "written": not arguments.dry_run,
                "changes": [
                    {"path": change.path, "kind": str(change.kind), "why": change.why}
                    for change in changes
                ],
            }
        )
    else:
        _print_changes(changes, written=not arguments.dry_run)
    unsettled = any(change.kind in {Kind.CONFLICT, Kind.BESIDE} for change in changes)
    return int(ExitCode.CHECK_FAILED if unsettled else ExitCode.OK)


def _print_changes(changes: Sequence[Change], *, written: bool) -> None:
    from emsockets_build.quoting import terminal_escape

    for change in changes:
        why = f": {change.why}" if change.why else ""
        sys.stdout.write(terminal_escape(f"{change.kind:<9} {change.path}{why}") + "\n")
    if not changes:
        sys.stderr.write("the project is as its template makes it today\n")
    elif not written:
        sys.stderr.write("nothing was written, because of --dry-run\n")


def _print_json(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps({"schema": 1, "command": "init", **document}, indent=2) + "\n")
