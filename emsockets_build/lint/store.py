"""What was found in files before, by their content, in the user's cache."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

from emsockets_build.errors import UsageError
from emsockets_build.lint.context import Context
from emsockets_build.lint.finding import Checked, Edit, Finding, Fix
from emsockets_build.lint.text import SourceText
from emsockets_build.settings.names import ReleaseSettings
from emsockets_build.storage import write_whole

__all__ = ["Store"]


class Store:
    """Findings by a key of all that they depend on.

    Args:
        path: The file that keeps them between runs; None keeps them in memory only. One that is
            damaged or from another release counts as empty.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._entries: dict[str, dict[str, Any]] = {}
        if path is not None:
            self._entries = _load(path)
        self._found: dict[str, Checked] = {}
        self._contexts: dict[int, tuple[Context, str]] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._entries or key in self._found

    def key(self, source: SourceText, context: Context) -> str:
        """Return the key of a file: its content, kind and context, the rules, and our own code."""
        digest = hashlib.blake2b(digest_size=16)
        name = source.path.rpartition("/")[2]
        for part in (_digest_of_lint(), source.kind, name, self._digest_of(context)):
            digest.update(part.encode("utf-8", "surrogateescape") + b"\0")
        digest.update(source.data)
        return digest.hexdigest()

    def _digest_of(self, context: Context) -> str:
        """Return what tells contexts apart; most files of a run share a few of them."""
        known = self._contexts.get(id(context))
        if known is None:
            # The order of a set differs from process to process.
            words = (
                repr(context.version),
                repr(context.targets),
                repr(context.native),
                _sorted_repr(context.installed),
                *(
                    repr(None if uses is None else sorted(uses))
                    for uses in (context.uses, context.uses_anywhere)
                ),
                repr(sorted(context.elsewhere)),
                repr(context.headers),
            )
            text = "\0".join(words).encode("utf-8", "surrogateescape")
            digest = hashlib.blake2b(text, digest_size=16).hexdigest()
            known = self._contexts[id(context)] = (context, digest)
        return known[1]

    def put(self, key: str, checked: Checked) -> None:
        """Keep what was found."""
        self._found[key] = checked

    def get(self, key: str, path: str) -> Checked:
        """Return what is kept.

        Args:
            key: One that is kept.
            path: How the file is named today.
        """
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = _checked(self._entries[key])
        if all(one.path == path for one in found.findings):
            return found
        return replace(found, findings=tuple(replace(one, path=path) for one in found.findings))

    def save(self, keys: Iterable[str]) -> None:
        """Write the file, if it has one: what this run asked for, and nothing older.

        A cache that cannot be written is no failure.
        """
        if self._path is None:
            return
        wanted = dict.fromkeys(keys)
        if wanted.keys() == self._entries.keys():
            return
        entries = {
            key: asdict(self._found[key]) if key in self._found else self._entries[key]
            for key in wanted
        }
        try:
            write_whole(self._path, json.dumps(entries))
        except UsageError:
            return


def _sorted_repr(installed: ReleaseSettings | None) -> str:
    if installed is None:
        return ""
    return repr(replace(installed, compile_time=frozenset())) + repr(sorted(installed.compile_time))


def _load(path: Path) -> dict[str, dict[str, Any]]:
    try:
        entries = json.loads(path.read_bytes())
        for entry in entries.values():
            _checked(entry)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}
    return dict(entries)


def _checked(entry: dict[str, Any]) -> Checked:
    return Checked(tuple(map(_finding, entry["findings"])), str(entry["unchecked"]))


def _finding(entry: dict[str, Any]) -> Finding:
    fix = entry["fix"]
    if fix is not None:
        fix = Fix(tuple(Edit(**edit) for edit in fix["edits"]), fix["summary"])
    return Finding(**{**entry, "fix": fix})


@cache
def _digest_of_lint() -> str:
    """Return a digest of the rules and of the code that applies them."""
    digest = hashlib.blake2b(digest_size=16)
    room = Path(__file__).resolve().parent
    for path in sorted([*room.rglob("*.py"), *room.rglob("*.toml"), *room.rglob("*.json")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()
