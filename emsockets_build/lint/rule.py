"""The rules: data with examples, which are the tests.

Numbers are given once and never again: ES001 to ES049 and from ES100 on build files, ES050 to
ES079 sources (beside those of ES001 to ES025 that speak of sources), ES080 to ES099 built files.

One rule in ``rules/*.toml``::

    [[rule]]
    id = "ES001"
    name = "websocket-url"              # kebab case, unique
    level = "error"                     # error, warning or note
    since = "3.1.69"                    # optional: the first release that it speaks of
    until = "4.0.2"                     # optional: the first one that it does not speak of any more
    summary = "one sentence without a full stop"
    explanation = '''Why it fails, what one sees, what to do; paragraphs.'''
    references = ["src/lib/libsockfs.js", "https://github.com/emscripten-core/emscripten/issues/1"]

    [[rule.example]]                    # at least one; each is a test
    file = "CMakeLists.txt"             # decides the kind of file
    wait = "events"                     # optional: facts of the target that the file is part of
    backend = "websocket"               # (one of these makes a target `example`)
    environment = ["web"]
    posix = true
    link = ["-sEXIT_RUNTIME"]
    emcc = "3.1.69"                     # optional: the release; None without it
    uses = ["sys/socket.h"]             # optional: see `Context`
    elsewhere = ["-pthread"]            # optional: see `Context`
    also = ["ES018"]                    # optional: other rules that the bad text breaks, too
    bad = '''...'''                     # the rule is found in it, and no other but `also`
    good = '''...'''                    # nothing is found in it, by any rule

The engine itself drops findings of a rule outside of ``[since, until)``; a checker need not look.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from emsockets_build.errors import UsageError
from emsockets_build.lint.context import Context, TargetFacts
from emsockets_build.quoting import terminal_escape
from emsockets_build.settings.version import Version, format_version, parse_version

__all__ = [
    "RULES_DIR",
    "Example",
    "Level",
    "Rule",
    "find_rules",
    "load_rules",
    "releases_of",
]

RULES_DIR = Path(__file__).resolve().with_name("rules")
_ANY = Context()


class Level(StrEnum):
    """How bad it is."""

    ERROR = "error"
    """It does not build, or cannot work."""
    WARNING = "warning"
    """It works on some release, place or server only, or does not do what it seems to."""
    NOTE = "note"
    """It is good to know; lint succeeds."""


@dataclass(frozen=True, slots=True)
class Example:
    """A minimal text that a rule speaks of, and its twin that is right.

    Attributes:
        file: The name of the file.
        bad: What is wrong.
        good: What is right.
        also: Other rules that the bad text breaks.
        context: What the checkers are told.
    """

    file: str
    bad: str
    good: str
    also: tuple[str, ...] = ()
    context: Context = _ANY


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; see the module's text for the fields."""

    id: str
    name: str
    level: Level
    summary: str
    explanation: str
    references: tuple[str, ...]
    examples: tuple[Example, ...]
    since: Version | None = None
    until: Version | None = None


@cache
def load_rules() -> Mapping[str, Rule]:
    """Read all rules, once; by identifier, in order."""
    entries = [
        entry
        for path in sorted(RULES_DIR.glob("*.toml"))
        for entry in tomllib.loads(path.read_text("utf-8"))["rule"]
    ]
    rules = {entry["id"]: _rule(entry) for entry in entries}
    if len(rules) != len(entries):
        raise ValueError("two rules have the same identifier")
    return dict(sorted(rules.items()))


def find_rules(word: str) -> tuple[Rule, ...]:
    """Find rules by an identifier, the beginning of one, or a name.

    Args:
        word: Such as ``ES012``, ``es01`` or ``unknown-setting``.

    Returns:
        At least one.

    Raises:
        UsageError: There is none.
    """
    rules = load_rules()
    found = tuple(
        rule
        for rule in rules.values()
        if word.lower() == rule.name or rule.id.startswith(word.upper())
    )
    if not found:
        names = [*rules, *(rule.name for rule in rules.values())]
        close = [n for key in (word.upper(), word.lower()) for n in get_close_matches(key, names)]
        raise UsageError(
            f"lint has no rule {terminal_escape(word)}",
            remedy=f"did you mean {close[0]}?" if close else "`emsockets explain` lists them all",
        )
    return found


def releases_of(rule: Rule) -> str:
    """Say in words which releases a rule speaks of."""
    if rule.since and rule.until:
        return f"{format_version(rule.since)} up to the last before {format_version(rule.until)}"
    if rule.since:
        return f"{format_version(rule.since)} and newer"
    return f"older than {format_version(rule.until)}" if rule.until else "all"


def _rule(entry: dict[str, Any]) -> Rule:
    fields = {**entry}
    fields["level"] = Level(entry["level"])
    fields["references"] = tuple(entry["references"])
    fields["examples"] = tuple(map(_example, fields.pop("example")))
    for bound in ("since", "until"):
        if bound in entry:
            fields[bound] = parse_version(entry[bound])
    return Rule(**fields)


def _example(entry: dict[str, Any]) -> Example:
    keys = ("wait", "backend", "environment", "link", "posix")
    facts = {key: entry[key] for key in keys if key in entry}
    target = TargetFacts(
        "example",
        wait=facts.get("wait"),
        backend=facts.get("backend"),
        environment=tuple(facts.get("environment", ())),
        link=tuple(facts.get("link", ())),
        posix=facts.get("posix", False),
    )
    version = parse_version(entry["emcc"]) if "emcc" in entry else None
    return Example(
        file=entry["file"],
        bad=entry["bad"],
        good=entry["good"],
        also=tuple(entry.get("also", ())),
        context=Context(
            version,
            (target,) if facts else (),
            uses=frozenset(entry["uses"]) if "uses" in entry else None,
            uses_anywhere=frozenset(entry["uses"]) if "uses" in entry else None,
            elsewhere=frozenset(entry.get("elsewhere", ())),
        ),
    )
