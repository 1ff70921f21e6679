"""``emsockets lint``: what will fail, found in sources, build files and built files."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emsockets_build.lint.engine import Report
    from emsockets_build.lint.finding import Finding
    from emsockets_build.lint.text import SourceText
    from emsockets_build.settings import Version
    from emsockets_build.settings.names import ReleaseSettings

__all__ = ["populate_parser", "run"]


def populate_parser(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.description = (
        "Read CMake files, Makefiles, shell scripts, C and C++ sources and what emcc wrote, build "
        "nothing, and say what will fail and what to write instead. `emsockets explain RULE` tells "
        "more of a rule; `# emsockets: ignore RULE` or `// emsockets: ignore RULE` silences it in "
        "one line. Exits with 1 when there are errors or warnings."
    )
    parser.add_argument("paths", nargs="*", type=Path, metavar="DIR|FILE", help="default: .")
    parser.add_argument("--fix", action="store_true", help="rewrite what is safe; shows the diff")
    parser.add_argument("--diff", action="store_true", help="show what --fix would rewrite")
    parser.add_argument(
        "--select", action="append", metavar="RULES", help="only these rules, such as ES012,ES02"
    )
    parser.add_argument("--ignore", action="append", metavar="RULES", help="not these rules")
    parser.add_argument(
        "--emscripten",
        metavar="PATH|VERSION",
        help="judge for this release; default: the one that is found, or all",
    )
    parser.add_argument("-j", "--jobs", type=int, metavar="N", help="processes; default: all cores")
    parser.add_argument("--no-cache", action="store_true", help="check unchanged files again")
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print one JSON object")
    output.add_argument("--github", action="store_true", help="print annotations for GitHub")
    parser.add_argument("--sarif", type=Path, metavar="FILE", help="write SARIF 2.1.0, too")


def run(arguments: argparse.Namespace) -> int:
    """Lint, perhaps fix, report."""
    from emsockets_build.lint.rule import Level, load_rules
    from emsockets_build.report.findings import totals

    rules = load_rules()
    chosen = _chosen(arguments.select, arguments.ignore, rules)
    paths = arguments.paths or [Path()]
    version, installed = _release(arguments.emscripten)
    report = _lint(arguments, paths, version, installed)
    changed: list[tuple[SourceText, SourceText]] = []
    if arguments.fix or arguments.diff:
        changed = _fixed(report, chosen)
        if arguments.fix and changed:
            _write(changed)
            report = _lint(arguments, paths, version, installed)
    findings = [finding for finding in report.findings if finding.rule in chosen]
    arguments.judged_for = version
    _report(arguments, report, findings, changed)
    counts = totals(findings, rules)
    return 1 if counts[Level.ERROR] or counts[Level.WARNING] else 0


def _chosen(
    select: Sequence[str] | None, ignore: Sequence[str] | None, rules: Collection[str]
) -> frozenset[str]:
    """Return the rules that were asked for."""
    wanted = _named(select, rules) if select else frozenset(rules)
    return wanted - (_named(ignore, rules) if ignore else frozenset())


def _named(lists: Sequence[str], rules: Collection[str]) -> frozenset[str]:
    """Resolve identifiers, beginnings of identifiers, and names."""
    from emsockets_build.lint.rule import find_rules

    words = [word for words in lists for word in words.replace(",", " ").split()]
    return frozenset(rule.id for word in words for rule in find_rules(word)) & frozenset(rules)


def _release(request: str | None) -> tuple[Version | None, ReleaseSettings | None]:
    """Return the release to judge for, and what it says of its settings if it is installed."""
    from emsockets_build.errors import ToolMissingError, UsageError
    from emsockets_build.settings import parse_version
    from emsockets_build.toolchain.emscripten import find_emscripten
    from emsockets_build.toolchain.settings_source import read_settings

    try:
        found = find_emscripten(request)
    except ToolMissingError:
        if request is None:
            return None, None
        try:
            return parse_version(request), None
        except UsageError:
            pass
        raise
    return found.version, read_settings(found.root, found.version)


def _lint(
    arguments: argparse.Namespace,
    paths: Sequence[Path],
    version: Version | None,
    installed: ReleaseSettings | None,
) -> Report:
    import hashlib

    from emsockets_build.lint.engine import lint
    from emsockets_build.lint.store import Store
    from emsockets_build.report.console import progress_line
    from emsockets_build.storage import cache_dir

    store = None
    if not arguments.no_cache:
        named = "\0".join(str(path.absolute()) for path in paths).encode("utf-8", "surrogateescape")
        name = hashlib.blake2b(named, digest_size=12).hexdigest()
        store = Store(cache_dir() / "lint" / f"{name}.json")
    if not sys.stderr.isatty():
        return lint(paths, version=version, installed=installed, jobs=arguments.jobs, store=store)
    with progress_line() as show:
        return lint(
            paths,
            version=version,
            installed=installed,
            jobs=arguments.jobs,
            store=store,
            progress=lambda done, every: show(f"checking: {done} of {every} files"),
        )


def _fixed(report: Report, rules: Collection[str]) -> list[tuple[SourceText, SourceText]]:
    """Return the files that change, before and after."""
    from emsockets_build.lint.fixing import fixed

    pairs = [(source, fixed(source, context, rules)) for source, context in report.checked.values()]
    return [(before, after) for before, after in pairs if before.text != after.text]


def _write(changed: Sequence[tuple[SourceText, SourceText]]) -> None:
    """Write what was fixed, unless somebody else changed the file meanwhile."""
    from emsockets_build.errors import UsageError
    from emsockets_build.storage import write_whole

    for before, after in changed:
        path = Path(before.path).resolve()  # through a link, to the file itself
        if path.read_bytes() != before.encoded(before.text):
            raise UsageError(
                f"{before.path} was changed while it was checked",
                where=before.path,
                remedy="run the command again",
            )
        write_whole(path, after.encoded(after.text))


def _diff(changed: Sequence[tuple[SourceText, SourceText]]) -> str:
    from emsockets_build.scaffold.adopt import Adoption, unified_diff

    return unified_diff(
        Adoption(
            {before.path: before.text for before, _ in changed},
            {after.path: after.text for _, after in changed},
        )
    )


def _report(
    arguments: argparse.Namespace,
    report: Report,
    findings: Sequence[Finding],
    changed: Sequence[tuple[SourceText, SourceText]],
) -> None:
    from emsockets_build.lint.rule import load_rules

    if arguments.sarif:
        from emsockets_build._version import __version__
        from emsockets_build.report.sarif import sarif_log
        from emsockets_build.storage import write_whole

        log = sarif_log(report, findings, load_rules(), __version__)
        write_whole(arguments.sarif, json.dumps(log, indent=2) + "\n")
    if arguments.json:
        _print_json(arguments, report, findings, changed)
    elif arguments.github:
        from emsockets_build.report.findings import findings_for_github, skipped_for_github

        lines = [*findings_for_github(findings, load_rules()), *skipped_for_github(report.skipped)]
        sys.stdout.writelines(f"{line}\n" for line in lines)
    else:
        _print_words(arguments, report, findings, changed)


def _print_json(
    arguments: argparse.Namespace,
    report: Report,
    findings: Sequence[Finding],
    changed: Sequence[tuple[SourceText, SourceText]],
) -> None:
    from emsockets_build.lint.rule import load_rules
    from emsockets_build.quoting import terminal_escape
    from emsockets_build.report.findings import findings_as_json, totals
    from emsockets_build.settings import format_version

    rules = load_rules()
    document = {
        "schema": 1,
        "command": "lint",
        "findings": findings_as_json(findings, rules),
        "counts": {str(level): count for level, count in totals(findings, rules).items()},
        "emscripten": format_version(arguments.judged_for) if arguments.judged_for else None,
        "files": report.files,
        "cached": report.cached,
        "skipped": [{"path": one.path, "reason": one.reason} for one in report.skipped],
        "fixed": [after.path for _, after in changed] if arguments.fix else [],
        "diff": terminal_escape(_diff(changed)),
    }
    sys.stdout.write(json.dumps(document, indent=2) + "\n")


def _print_words(
    arguments: argparse.Namespace,
    report: Report,
    findings: Sequence[Finding],
    changed: Sequence[tuple[SourceText, SourceText]],
) -> None:
    from emsockets_build.lint.rule import load_rules
    from emsockets_build.quoting import terminal_escape
    from emsockets_build.report.console import console
    from emsockets_build.report.findings import draw_findings

    out = console(sys.stdout)
    sys.stdout.write(terminal_escape(_diff(changed)))
    if changed and findings:
        sys.stdout.write("\n")
    sources = {path: source for path, (source, _) in report.checked.items()}
    for line in draw_findings(findings, load_rules(), sources):
        out.print(line, soft_wrap=True)
    sys.stdout.flush()
    for one in report.skipped:
        sys.stderr.write(f"{terminal_escape(one.path)}: not checked: {one.reason}\n")
    sys.stderr.write(_summary(arguments, report, findings, len(changed)))


def _summary(
    arguments: argparse.Namespace, report: Report, findings: Sequence[Finding], changed: int
) -> str:
    from emsockets_build.lint.rule import load_rules
    from emsockets_build.report.findings import totals
    from emsockets_build.settings import format_version

    counts = [
        f"{count} {level}{'' if count == 1 else 's'}"
        for level, count in totals(findings, load_rules()).items()
        if count
    ]
    files = f"{report.files} file{'' if report.files == 1 else 's'}"
    if report.cached:
        files += f", {report.cached} of them unchanged since the last time"
    if report.skipped:
        files += f", {len(report.skipped)} not checked"
    release = arguments.judged_for
    judged = f"Emscripten {format_version(release)}" if release else "all releases of Emscripten"
    text = f"{', '.join(counts) or 'nothing found'} in {files}, judged for {judged}\n"
    fixable = sum(finding.fix is not None for finding in findings)
    if arguments.fix:
        text += f"{changed} file{'' if changed == 1 else 's'} rewritten\n"
    elif fixable:
        text += f"{fixable} of them can be rewritten: --diff shows it, --fix does it\n"
    if findings:
        text += f"more of a rule: emsockets explain {findings[0].rule}\n"
    return text
