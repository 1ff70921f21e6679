"""Every setting of emcc by name: which releases have, rename, remove or deprecate it.

The table ``emscripten.json`` beside this file was read from the releases that it names
(`emsockets_build.toolchain.settings_source` reads one, and writes the table anew), and has a few
turning points that lie between them. What is about sockets and is in `catalogue` is taken from
there. Between two releases that were read, nothing is claimed that they do not agree on.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from emsockets_build.settings.catalogue import load_catalogue
from emsockets_build.settings.version import Version, parse_version

__all__ = ["TABLE", "NameTable", "ReleaseSettings", "State", "Status", "load_names"]

_ALMOST = 0.7  # of the letters are the same
TABLE = Path(__file__).resolve().with_name("emscripten.json")


@dataclass(frozen=True, slots=True)
class ReleaseSettings:
    """What one release says of its settings.

    Attributes:
        version: The release.
        types: ``bool``, ``int``, ``str`` or ``list`` of each setting.
        compile_time: Those that mean something when a source is compiled; the others are for the
            link only.
        renamed: Old names that still work, and the new ones.
        removed: Names that are gone, and the values that are still taken without a word.
        deprecated: Settings that emcc warns of, and what it says.
        incompatible: Pairs that emcc refuses, with its reason. A name with ``NO_`` stands for the
            setting being off.
    """

    version: Version
    types: Mapping[str, str]
    compile_time: frozenset[str] = frozenset()
    renamed: Mapping[str, str] = field(default_factory=dict)
    removed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    deprecated: Mapping[str, str] = field(default_factory=dict)
    incompatible: tuple[tuple[str, str, str], ...] = ()


class Status(StrEnum):
    """What can be said of a name."""

    KNOWN = "known"
    DEPRECATED = "deprecated"
    RENAMED = "renamed"
    REMOVED = "removed"
    TOO_NEW = "too-new"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class State:
    """What can be said of a name for one release, or for all.

    Attributes:
        status: The gist.
        instead: What to write instead, or empty.
        version: The release that brought, deprecated or removed it, where it is known.
        accepted: The values of a removed setting that are still taken.
        type: Of the setting: ``bool``, ``int``, ``str`` or ``list``; empty if not known.
        linked: Whether it means something to the linker only.
    """

    status: Status
    instead: str = ""
    version: Version | None = None
    accepted: tuple[str, ...] = ()
    type: str = ""
    linked: bool = False


class NameTable:
    """What is known of settings, for one release or for all.

    Args:
        version: The release in use; None judges for all.
        installed: What that release itself says, where it is installed; it has the last word.
    """

    def __init__(
        self, version: Version | None = None, installed: ReleaseSettings | None = None
    ) -> None:
        self.version = version
        self._data = load_names()
        self._near: dict[str, list[str]] = {}
        seen = self._data.releases
        self._exact = installed or next((r for r in seen if r.version == version), None)
        if self._exact is not None:
            self._consulted = [self._exact]
        elif version is None:
            self._consulted = list(seen)
        else:
            older = [release for release in seen if release.version <= version]
            newer = [release for release in seen if release.version > version]
            self._consulted = older[-1:] + newer[:1]

    def __repr__(self) -> str:
        """Tell tables apart by what they say."""
        exact = self._exact
        own = (
            "" if exact is None else f"{sorted(exact.types)}{sorted(exact.removed)}{exact.renamed}"
        )
        return f"NameTable({self.version}, {own})"

    @property
    def names(self) -> frozenset[str]:
        """Every name that can be written for the release, old ones included."""
        return frozenset().union(*(r.types.keys() | r.renamed.keys() for r in self._consulted))

    @property
    def incompatible(self) -> tuple[tuple[str, str, str], ...]:
        """The pairs that emcc itself refuses."""
        newest = max(self._consulted, key=lambda release: release.version)
        return newest.incompatible

    def near(self, name: str) -> list[str]:
        """Return the names that a wrong one was probably meant for, the nearest first."""
        if name not in self._near:
            every = sorted(self.names)
            self._near[name] = difflib.get_close_matches(name, every, n=2, cutoff=_ALMOST)
        return self._near[name]

    def state(self, name: str) -> State:
        """Say what is known of a setting.

        Args:
            name: As it is written behind ``-s``, without ``NO_``.
        """
        history = self._data.history.get(name, {})
        since = history.get("since")
        if since and self.version is not None and self.version < since:
            return State(Status.TOO_NEW, version=since)
        return (
            self._deprecated(name, history.get("deprecated"))
            or self._removed(name, history)
            or self._renamed(name)
            or self._known(name)
        )

    def _releases_with(self, name: str) -> list[ReleaseSettings]:
        return [release for release in self._consulted if name in release.types]

    def _deprecated(self, name: str, since: Version | None) -> State | None:
        known = self._releases_with(name)
        late = since is not None and (self.version is None or self.version >= since)
        if late or (known and all(name in r.deprecated for r in self._consulted[-1:])):
            instead = self._data.instead.get(name, "")
            return State(Status.DEPRECATED, instead, since, type=self._type(name))
        return None

    def _renamed(self, name: str) -> State | None:
        for release in reversed(self._consulted):
            if name in release.renamed:
                new = release.renamed[name]
                return State(Status.RENAMED, new, type=self._type(new))
        return None

    def _known(self, name: str) -> State:
        known = self._releases_with(name)
        if known:
            linked = all(name not in release.compile_time for release in known)
            return State(Status.KNOWN, type=self._type(name), linked=linked)
        if name in self._data.everything:
            return self._elsewhere(name)
        return State(Status.UNKNOWN, self._data.instead.get(name, ""))

    def _removed(self, name: str, history: Mapping[str, Version]) -> State | None:
        gone = history.get("removed")
        instead = self._data.instead.get(name, "")
        accepted = next((r.removed[name] for r in self._consulted if name in r.removed), ("0",))
        if gone is not None:
            late = self.version is None or self.version >= gone
            return State(Status.REMOVED, instead, gone, accepted) if late else None
        if self._consulted and all(name in release.removed for release in self._consulted[-1:]):
            exact = self._exact is not None or all(name in r.removed for r in self._consulted)
            if exact or self.version is None:
                return State(Status.REMOVED, instead, None, accepted)
        return None

    def _elsewhere(self, name: str) -> State:
        """Say of a name that other releases have: that it is too new, or nothing."""
        if self._exact is None:
            return State(Status.KNOWN)  # it may have come or gone in between
        newer = [r.version for r in self._data.releases if name in r.types]
        if newer and self.version is not None and min(newer) > self.version:
            return State(Status.TOO_NEW, version=None)
        return State(Status.UNKNOWN)

    def _type(self, name: str) -> str:
        return next((r.types[name] for r in self._consulted if name in r.types), "")


@dataclass(frozen=True, slots=True)
class _Names:
    releases: tuple[ReleaseSettings, ...]
    history: Mapping[str, Mapping[str, Version]]
    instead: Mapping[str, str]
    everything: frozenset[str]


@cache
def load_names() -> _Names:
    """Read the table, once."""
    data = json.loads(TABLE.read_text("utf-8"))
    releases = tuple(_release(data, version) for version in data["releases"])
    history: dict[str, dict[str, Version]] = {
        name: {what: parse_version(version) for what, version in points.items()}
        for name, points in data["history"].items()
    }
    for row in load_catalogue().rows:
        for token in row.link:
            name = token.removeprefix("-s").partition("=")[0]
            if row.since and token.startswith("-s") and row.what:
                history.setdefault(name, {}).setdefault("since", row.since)
    return _Names(
        releases=releases,
        history=history,
        instead=data["instead"],
        everything=frozenset().union(*(release.types for release in releases), history),
    )


def _release(data: Mapping[str, Any], text: str) -> ReleaseSettings:
    settings = {
        name: entry for name, entry in data["settings"].items() if text in entry["in"].split()
    }
    return ReleaseSettings(
        version=parse_version(text),
        types={name: entry["type"] for name, entry in settings.items()},
        compile_time=frozenset(n for n, entry in settings.items() if entry["stage"] != "link"),
        renamed=data["renamed"][text],
        removed={name: tuple(values) for name, values in data["removed"][text].items()},
        deprecated=dict.fromkeys(data["deprecated"][text].split(), ""),
        incompatible=tuple((a, b, "") for a, b in data["incompatible"][text]),
    )
