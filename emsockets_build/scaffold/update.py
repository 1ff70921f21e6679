"""A project follows its template: what the template changed, on top of what its people changed.

For each file there are three texts: *base*, as the template made it; *mine*, as it is now; and
*new*, as the template makes it today.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from emsockets_build.errors import BuildFailedError
from emsockets_build.process import run_bounded

__all__ = ["Change", "Kind", "Merge", "git_merge", "plan_update"]

_MERGE_SECONDS = 60.0
_MOST_CONFLICTS = 127  # git merge-file exits with their number, cut off here; above is an error
BESIDE = ".template"  # what is put behind a name, where a file cannot be merged


class Kind(StrEnum):
    """What an update does to a file."""

    ADDED = "added"
    REPLACED = "replaced"
    MERGED = "merged"
    CONFLICT = "conflict"
    BESIDE = "beside"
    REMOVED = "removed"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Merge:
    """Two changes of one text, joined.

    Attributes:
        content: The text, with conflict markers where both changed the same lines.
        conflicts: How many there are.
    """

    content: bytes
    conflicts: int


@dataclass(frozen=True, slots=True)
class Change:
    """What an update does to one path.

    Attributes:
        path: The file that is written or removed, relative to the project.
        kind: What is done.
        content: What is written; None if nothing is.
        why: A reason, where somebody has to look.
    """

    path: str
    kind: Kind
    content: bytes | None = None
    why: str = ""


MergeFunction = Callable[[bytes, bytes, bytes], Merge | None]


def plan_update(
    base: Mapping[str, bytes],
    mine: Mapping[str, bytes],
    new: Mapping[str, bytes],
    merge: MergeFunction,
) -> tuple[Change, ...]:
    """Decide what becomes of each file. Nothing that people wrote is lost.

    Args:
        base: The files as the template made them, by path.
        mine: Those of the project now.
        new: Those that the template makes today.
        merge: Joins ``mine``, ``base`` and ``new`` of one text; None if it cannot.

    Returns:
        The files that something is to be done or said about, by path.
    """
    paths = sorted({*base, *new})
    changes = (
        _plan(path, base.get(path), mine.get(path), new.get(path), merge)
        for path in paths
        if base.get(path) != new.get(path)
    )
    return tuple(change for change in changes if change is not None)


def _plan(
    path: str, base: bytes | None, mine: bytes | None, new: bytes | None, merge: MergeFunction
) -> Change | None:
    """Decide for a file that the template has changed."""
    if mine == new:
        return None
    if mine == base:
        kind = Kind.REMOVED if new is None else Kind.ADDED if base is None else Kind.REPLACED
        return Change(path, kind, new)
    if mine is None:
        return Change(path, Kind.KEPT, why="you deleted it; the template has changed it")
    if new is None:
        return Change(path, Kind.KEPT, why="you changed it; the template has it no more")
    return _join(path, base, mine, new, merge)


def _join(path: str, base: bytes | None, mine: bytes, new: bytes, merge: MergeFunction) -> Change:
    """Join what both sides changed."""
    merged = None if _is_binary(base, mine, new) else merge(mine, base or b"", new)
    if merged is None:
        return Change(
            path + BESIDE, Kind.BESIDE, new, why=f"it could not be merged into {path}: compare them"
        )
    kind = Kind.CONFLICT if merged.conflicts else Kind.MERGED
    why = f"{merged.conflicts} marked with <<<<<<<" if merged.conflicts else ""
    return Change(path, kind, merged.content, why)


def _is_binary(*texts: bytes | None) -> bool:
    return any(b"\0" in text for text in texts if text is not None)


def git_merge(mine: bytes, base: bytes, new: bytes) -> Merge | None:
    """Join two changes of one text with ``git merge-file``, which needs no repository.

    Args:
        mine: The text of the project.
        base: What both changed.
        new: The text of the template.

    Returns:
        The joined text; None on a machine without git.

    Raises:
        BuildFailedError: git failed.
    """
    git = shutil.which("git")
    if git is None:
        return None
    with tempfile.TemporaryDirectory(prefix="emsockets-merge-") as name:
        folder = Path(name)
        for label, text in (("mine", mine), ("base", base), ("new", new)):
            (folder / label).write_bytes(text)
        labels = ("-L", "yours", "-L", "the template before", "-L", "the template now")
        done = run_bounded(
            [git, "merge-file", "-p", "--diff3", *labels, "mine", "base", "new"],
            cwd=folder,
            timeout=_MERGE_SECONDS,
        )
    if done.timed_out or not 0 <= done.returncode <= _MOST_CONFLICTS:
        raise BuildFailedError(
            "git could not merge a file",
            where=" ".join(done.command),
            why=done.stderr.decode("utf-8", "replace"),
            remedy="nothing was written; mend git, or take it off PATH to get the template's "
            f"files beside yours as *{BESIDE}",
        )
    return Merge(done.stdout, done.returncode)
