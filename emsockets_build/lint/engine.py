"""Lints files: reads, checks in as many processes as pay, and keeps what it found."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from emsockets_build.lint.checkers import check_whole
from emsockets_build.lint.collect import File, collect
from emsockets_build.lint.context import Context
from emsockets_build.lint.finding import Checked, Finding
from emsockets_build.lint.project import Project
from emsockets_build.lint.store import Store
from emsockets_build.lint.text import Kind, SourceText, decode
from emsockets_build.settings.names import ReleaseSettings
from emsockets_build.settings.version import Version

__all__ = ["MOST_BYTES", "Report", "Skipped", "lint", "read_file"]

MOST_BYTES: Mapping[Kind, int] = {
    Kind.CMAKE: 4 << 20,
    Kind.MAKE: 4 << 20,
    Kind.SHELL: 4 << 20,
    Kind.SOURCE: 8 << 20,
    Kind.BUILT: 64 << 20,
}
"""The largest file of each kind that is read, in bytes: no hand-written one comes near."""

_WORTH_PROCESSES = 1 << 20  # bytes to check that take longer than a process takes to start
_CHUNK = 32


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was not checked, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a run found.

    Attributes:
        findings: By file and place.
        skipped: The files that were not checked.
        files: How many files were checked.
        cached: How many of them had been checked before.
        checked: The files that have findings, with what their checkers were told, by path.
    """

    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]
    files: int
    cached: int
    checked: Mapping[str, tuple[SourceText, Context]]


@dataclass(frozen=True, slots=True)
class _Task:
    source: SourceText
    context: Context
    key: str


def lint(
    paths: Sequence[Path],
    *,
    version: Version | None = None,
    installed: ReleaseSettings | None = None,
    jobs: int | None = None,
    store: Store | None = None,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Report:
    """Check files and folders.

    Args:
        paths: Files and folders.
        version: The Emscripten release to judge for; all if None.
        installed: What that release says of its settings, where it is installed.
        jobs: How many processes may work; as many as there are processors if None.
        store: Where findings of unchanged files are kept; nowhere if None.
        progress: Told from time to time how many of how many files are checked.

    Returns:
        What was found.

    Raises:
        UsageError: A path is not there or cannot be read.
    """
    skipped: list[Skipped] = []
    sources = list(_read_all(collect(paths), skipped))
    kept = store or Store(None)
    project = Project(sources, version, installed)
    tasks = [_task(source, project.context(source), kept) for source in sources]
    fresh = [task for task in tasks if task.key not in kept]
    for done, (task, found) in enumerate(
        zip(fresh, _check_all(fresh, jobs), strict=True), len(tasks) - len(fresh) + 1
    ):
        kept.put(task.key, found)
        progress(done, len(tasks))
    kept.save(task.key for task in tasks)
    found_in = {task.source.path: kept.get(task.key, task.source.path) for task in tasks}
    skipped += [Skipped(path, one.unchecked) for path, one in found_in.items() if one.unchecked]
    return Report(
        findings=tuple(finding for one in found_in.values() for finding in one.findings),
        skipped=tuple(skipped),
        files=sum(not one.unchecked for one in found_in.values()),
        cached=len(tasks) - len(fresh),
        checked={
            task.source.path: (task.source, task.context)
            for task in tasks
            if found_in[task.source.path].findings
        },
    )


def _task(source: SourceText, context: Context, store: Store) -> _Task:
    return _Task(source, context, store.key(source, context))


def read_file(file: File) -> SourceText | Skipped:
    """Read one file, bounded.

    Args:
        file: Which.

    Returns:
        Its text, or why it is not checked.
    """
    bound = MOST_BYTES[file.kind]
    try:
        with file.path.open("rb") as opened:
            data = opened.read(bound + 1)
    except OSError as error:
        return Skipped(file.shown, f"it cannot be read: {error.strerror}")
    if len(data) > bound:
        return Skipped(file.shown, f"it is larger than {bound >> 20} MiB")
    source = decode(file.shown, data, file.kind)
    return source or Skipped(file.shown, "it is binary")


def _read_all(files: Iterable[File], skipped: list[Skipped]) -> Iterator[SourceText]:
    for file in files:
        source = read_file(file)
        if isinstance(source, Skipped):
            skipped.append(source)
        else:
            yield source


def _check_all(tasks: Sequence[_Task], jobs: int | None) -> Iterator[Checked]:
    workers = min(jobs or os.cpu_count() or 1, 8)
    if workers == 1 or sum(len(task.source.text) for task in tasks) < _WORTH_PROCESSES:
        yield from map(_check, tasks)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    # Not fork: the caller may have threads.
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(_check, tasks, chunksize=_CHUNK)


def _check(task: _Task) -> Checked:
    return check_whole(task.source, task.context)
