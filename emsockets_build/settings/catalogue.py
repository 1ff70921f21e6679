"""The table of Emscripten settings: what a profile needs, since when, and what it excludes.

The table is ``cmake/settings.json``. A *row* applies to a profile when its condition holds for the
profile's facts and the Emscripten version lies in ``[since, removed)``. A condition is a
blank-separated list of terms ``fact=value,value``, all of which must hold; `FACTS` names the facts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from emsockets_build.settings.version import Version, parse_version

__all__ = ["FACTS", "Catalogue", "Condition", "Default", "Pattern", "Row", "load_catalogue"]

FACTS = (
    "backend",
    "wait",
    "url",  # unset | prefix (just a scheme) | full
    "subprotocols",  # default | none | named
    "debug",  # off | on | config (in the Debug configuration only)
    "environment",  # any | given
    "node",  # yes | no: whether the program may run under Node
    "worker",  # yes | no
    "module",
    "exit_runtime",  # default | off | on
    "posix",  # off | on
)


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold of a profile's facts; an empty condition always holds."""

    terms: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Read terms such as ``"backend=proxy wait=events,jspi"``."""
        terms = {}
        for term in text.split():
            fact, _, values = term.partition("=")
            if fact not in FACTS or not values:
                raise ValueError(f"{term!r} names no fact of a profile")
            terms[fact] = frozenset(values.split(","))
        return cls(terms)

    def holds(self, facts: Mapping[str, str]) -> bool:
        """Tell whether every term holds; a fact that is not known yet holds for none."""
        return all(facts.get(fact) in values for fact, values in self.terms.items())


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table; see the module's text for when it applies.

    Attributes:
        id: Its name in messages and tests.
        when: The condition on the profile.
        since: The first release that has the setting, if not all have it.
        removed: The first release that no longer has it.
        compile: Compile options.
        link: Link options, those of ``wrap`` among them; ``{url}``, ``{subprotocols}`` and
            ``{environment}`` are filled in.
        define: Compile definitions.
        source: Files of ``cmake/posix/`` that the target compiles.
        configuration: The only CMake configuration that gets the link options; all if empty.
        suffix: The suffix that the program's file must have.
        needs: What must be there when the program runs.
        what: The option in words. A row that has it must apply: outside its releases the profile
            is refused.
        refuse: Why a profile that meets the condition cannot work.
        warn: What such a profile will suffer.
        remedy: What to do about ``refuse``, ``warn``, or a release without ``what``.
        reference: Emscripten's file, issue or pull request.
    """

    id: str
    when: Condition
    since: Version | None = None
    removed: Version | None = None
    compile: tuple[str, ...] = ()
    link: tuple[str, ...] = ()
    define: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    configuration: str = ""
    suffix: str = ""
    needs: tuple[str, ...] = ()
    what: str = ""
    refuse: str = ""
    warn: str = ""
    remedy: str = ""
    reference: str = ""

    def covers(self, version: Version) -> bool:
        """Tell whether ``version`` lies in ``[since, removed)``."""
        return (self.since is None or version >= self.since) and (
            self.removed is None or version < self.removed
        )


@dataclass(frozen=True, slots=True)
class Default:
    """The value of an option that was left out, if ``when`` holds; the first that does counts."""

    option: str
    value: str
    when: Condition


@dataclass(frozen=True, slots=True)
class Pattern:
    """Which texts an option accepts, and how to say no to the others.

    Attributes:
        accept: What the whole text must look like.
        refuse: What it must not look like, although ``accept`` matches.
        inline: What may stand on a command line; anything else is handed over in a file.
        why: Why other texts are refused.
        remedy: What to write instead.
    """

    accept: re.Pattern[str]
    refuse: re.Pattern[str] | None
    inline: re.Pattern[str] | None
    why: str
    remedy: str

    def accepts(self, text: str) -> bool:
        """Tell whether the option takes this text."""
        return self.accept.fullmatch(text) is not None and not (
            self.refuse and self.refuse.fullmatch(text)
        )


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The whole table.

    Attributes:
        oldest: The oldest release that the table was held against.
        newest: The newest one.
        options: The words that each option with a fixed choice takes.
        patterns: What the options with free text take.
        defaults: In the order they are tried.
        rows: In the order their flags are given.
    """

    oldest: Version
    newest: Version
    options: Mapping[str, tuple[str, ...]]
    patterns: Mapping[str, Pattern]
    defaults: tuple[Default, ...]
    rows: tuple[Row, ...]

    @property
    def turning_points(self) -> tuple[Version, ...]:
        """Return every release at which some row begins or ends to apply, in order."""
        points = {row.since for row in self.rows} | {row.removed for row in self.rows}
        return tuple(sorted(point for point in points if point is not None))


@cache
def load_catalogue(path: Path | None = None) -> Catalogue:
    """Read the table, once per path.

    Args:
        path: A ``settings.json``; the project's own if None.

    Returns:
        The table.
    """
    if path is None:
        from emsockets_build.resources import cmake_dir

        path = cmake_dir() / "settings.json"
    data = json.loads(path.read_text("utf-8"))
    return Catalogue(
        oldest=parse_version(data["oldest"]),
        newest=parse_version(data["newest"]),
        options={name: tuple(words) for name, words in data["options"].items()},
        patterns={name: _pattern(entry) for name, entry in data["patterns"].items()},
        defaults=tuple(
            Default(entry["option"], entry["value"], Condition.parse(entry.get("when", "")))
            for entry in data["defaults"]
        ),
        rows=tuple(_row(entry) for entry in data["rows"]),
    )


def _pattern(entry: Mapping[str, str]) -> Pattern:
    def compiled(key: str) -> re.Pattern[str] | None:
        return re.compile(entry[key]) if key in entry else None

    return Pattern(
        accept=re.compile(entry["accept"]),
        refuse=compiled("refuse"),
        inline=compiled("inline"),
        why=entry["why"],
        remedy=entry["remedy"],
    )


def _row(entry: Mapping[str, str | list[str]]) -> Row:
    values: dict[str, object] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()
    }
    wrap = (f"-Wl,--wrap={name}" for name in entry.get("wrap", ()))
    values["link"] = (*entry.get("link", ()), *wrap)
    values.pop("wrap", None)
    values["when"] = Condition.parse(str(entry["when"]))
    for bound in ("since", "removed"):
        if bound in entry:
            values[bound] = parse_version(str(entry[bound]))
    return Row(**values)  # type: ignore[arg-type]  # the table's keys are the fields; tests hold it so
