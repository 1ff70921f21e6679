"""What `emsockets setup` put into the user's cache: one folder and one manifest each.

A folder without a manifest is the remnant of an interrupted set-up and is never used: the
manifest is the last file that a set-up writes and the first that a removal takes away.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emsockets_build.storage import cache_dir
from emsockets_build.toolchain.version import version_in

__all__ = ["KINDS", "MANIFEST", "Installed", "installed", "kind_dir", "unfinished"]

KINDS = ("emscripten", "node", "ws")
MANIFEST = "manifest.json"
_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Installed:
    """One thing in the cache.

    Attributes:
        kind: One of `KINDS`.
        version: As its folder is named: a release, or the major of ``ws``.
        folder: Where it lies.
        provider: Who made it: ``debian``, ``emsdk``, ``pip``, ``npm``.
        size: Bytes on disk when it was installed.
        facts: The whole manifest; paths in it are relative to the folder.
    """

    kind: str
    version: str
    folder: Path
    provider: str
    size: int
    facts: Mapping[str, Any] = field(default_factory=dict)

    def path(self, name: str) -> Path:
        """Return the path that the manifest gives under a name."""
        return self.folder / str(self.facts[name])

    def paths(self, name: str) -> tuple[Path, ...]:
        """Return the paths that the manifest gives under a name; none if it has no such entry."""
        return tuple(self.folder / str(part) for part in self.facts.get(name, ()))


def kind_dir(kind: str) -> Path:
    """Return the folder of the cache that holds all of one kind."""
    return cache_dir() / kind


def installed(kind: str) -> tuple[Installed, ...]:
    """Return what is installed whole, newest version first."""
    found = [entry for folder in _folders(kind) if (entry := _read(kind, folder))]
    return tuple(sorted(found, key=_by_version, reverse=True))


def unfinished(kind: str) -> tuple[Path, ...]:
    """Return the remnants of interrupted set-ups of one kind."""
    return tuple(folder for folder in _folders(kind) if _read(kind, folder) is None)


def _by_version(entry: Installed) -> tuple[int, int, int]:
    return version_in(entry.version) or (0, 0, 0)


def _folders(kind: str) -> list[Path]:
    try:
        return sorted(path for path in kind_dir(kind).iterdir() if path.is_dir())
    except OSError:
        return []


def _read(kind: str, folder: Path) -> Installed | None:
    try:
        facts = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(facts, dict) or facts.get("schema") != _SCHEMA:
        return None
    size = facts.get("size")
    return Installed(
        kind=kind,
        version=folder.name,
        folder=folder,
        provider=str(facts.get("provider", "unknown")),
        size=size if isinstance(size, int) else 0,
        facts=facts,
    )
