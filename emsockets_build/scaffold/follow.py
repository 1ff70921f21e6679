"""``emsockets init --update`` on disk: reads a project, and writes what the plan says."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from emsockets_build.errors import UsageError
from emsockets_build.scaffold.project import project_files
from emsockets_build.scaffold.record import RECORD, Record, read_record
from emsockets_build.scaffold.render import RenderedFile
from emsockets_build.scaffold.template import Template
from emsockets_build.scaffold.update import Change, Kind, MergeFunction, plan_update
from emsockets_build.scaffold.write import write_project

__all__ = ["apply_update", "prepare_update"]


def prepare_update(
    project: Path, template: Template, merge: MergeFunction
) -> tuple[tuple[Change, ...], RenderedFile]:
    """Work out what an update would do, and write nothing.

    Args:
        project: The project's folder.
        template: Its template, as it is today.
        merge: Joins two changes of one text.

    Returns:
        The changes, and the new record.

    Raises:
        UsageError: A newer release made the project, or it has conflicts from before.
    """
    record = read_record(project)
    _refuse_newer(record, template, project)
    # A choice that the template leaves no more is no obstacle on the way to it.
    answers = {
        placeholder: word
        for placeholder, word in record.answers.items()
        if placeholder == "NAME" or placeholder in template.choices
    }
    *files, new_record = project_files(template, answers, ci=record.ci)
    new = {str(file.path): file.content for file in files}
    mine = _read_all(project, {*record.base, *new})
    _refuse_conflicts(project, mine)
    return plan_update(record.base, mine, new, merge), new_record


def apply_update(project: Path, changes: Sequence[Change], record: RenderedFile) -> None:
    """Write what `prepare_update` worked out: all of it, or nothing.

    Args:
        project: The project's folder.
        changes: What to do.
        record: The new record. It is written last, so that what did not happen happens again.
    """
    files = [
        RenderedFile(PurePosixPath(change.path), change.content)
        for change in changes
        if change.content is not None
    ]
    write_project([*files, record], project, force=True)
    for change in changes:
        if change.kind is Kind.REMOVED:
            (project / change.path).unlink(missing_ok=True)


def _refuse_newer(record: Record, template: Template, project: Path) -> None:
    if record.version > template.version:
        raise UsageError(
            "the project was made from a newer template",
            where=str(project / RECORD),
            why=f"it has version {record.version} of {template.name}; this release of "
            f"emsockets-build has {template.version}",
            remedy="pip install --upgrade emsockets-build",
        )


def _read_all(project: Path, paths: Iterable[str]) -> dict[str, bytes]:
    return {path: _read(project / path) for path in paths if os.path.lexists(project / path)}


def _read(path: Path) -> bytes:
    """Read a file of the project; what stands in its place now is not ours to replace."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            "a file of the template cannot be read in the project",
            where=str(path),
            why=error.strerror or str(error),
            remedy="move away what is in its place, or delete it: then the update leaves it out",
        ) from error


def _refuse_conflicts(project: Path, mine: Mapping[str, bytes]) -> None:
    marked = sorted(path for path, text in mine.items() if _has_conflict(text))
    if marked:
        raise UsageError(
            "conflicts of an earlier merge are still there",
            where=str(project),
            why="\n".join(marked),
            remedy="resolve them, then update again",
        )


def _has_conflict(text: bytes) -> bool:
    lines = text.splitlines()
    starts = {line[:8] for line in lines}
    return b"<<<<<<< " in starts and b">>>>>>> " in starts
