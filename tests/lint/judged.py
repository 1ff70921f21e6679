"""What lint finds in libraries and programs, judged one by one.

The judgements are data, `judged.toml`. `python -m tests.lint.judged` asks lint again: it keeps the
judgements of what is still found, drops the others, adds what is new as "unjudged", and writes the
document.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import chdir
from dataclasses import asdict, dataclass
from pathlib import Path

from emsockets_build.lint.engine import lint
from emsockets_build.lint.rule import load_rules
from tests.thirdparty.sources import Release, unpacked

__all__ = ["DATA", "DOCUMENT", "VERDICTS", "Judged", "Library", "document", "found_in", "load"]

DATA = Path(__file__).with_name("judged.toml")
DOCUMENT = Path(__file__).parents[2] / "docs" / "lint-judged.md"
VERDICTS = ("true", "doubtful", "false")

_HEAD = """\
# How often lint is wrong

What `emsockets lint` finds in libraries and programs, in the sources that their authors released
(as Debian 12 has them), judged for all releases of Emscripten. Of them OpenTTD alone was made for
the web, too. Every finding was looked at and judged by hand:

- **true**: what the message says happens to this code when emcc compiles it as it stands, and it
  matters;
- **doubtful**: it happens, but little comes of it, or only where the code is used in a certain way;
- **false**: it does not happen.

A test fetches these sources and compares what is found today.

"""


@dataclass(frozen=True, slots=True, order=True)
class Judged:
    """One finding.

    Attributes:
        path: The file, from the top of the sources.
        line: From 1.
        rule: Its identifier.
        verdict: One of `VERDICTS`.
        why: In a few words.
    """

    path: str
    line: int
    rule: str
    verdict: str = "unjudged"
    why: str = ""

    @property
    def place(self) -> tuple[str, int, str]:
        """What tells findings apart."""
        return self.path, self.line, self.rule


@dataclass(frozen=True, slots=True)
class Library:
    """The sources of one library.

    Attributes:
        name: Its source package.
        version: The folder that the sources come in, which names the release.
        files: How many files were checked.
        findings: By place.
    """

    name: str
    version: str
    files: int
    findings: tuple[Judged, ...]


def load() -> tuple[Library, ...]:
    """Read the judgements."""
    rows = tomllib.loads(DATA.read_text("utf-8"))["library"]
    return tuple(
        Library(
            row["name"],
            row["version"],
            row["files"],
            tuple(Judged(**finding) for finding in row.get("finding", ())),
        )
        for row in rows
    )


def found_in(library: Library) -> Library:
    """Ask lint, and judge what was judged before."""
    folder = unpacked(Release(library.name))
    with chdir(folder):
        report = lint([Path()])
    known = {judged.place: judged for judged in library.findings}
    found = sorted({Judged(one.path, one.line, one.rule) for one in report.findings})
    return Library(
        library.name,
        folder.name,
        report.files,
        tuple(known.get(judged.place, judged) for judged in found),
    )


def document(libraries: Iterable[Library]) -> str:
    """Write the document."""
    return _HEAD + "".join(f"{line}\n" for line in _lines(tuple(libraries)))


def _lines(libraries: tuple[Library, ...]) -> Iterator[str]:
    yield "| sources | files | findings | true | doubtful | false |"
    yield "|---|---|---|---|---|---|"
    every = [judged for library in libraries for judged in library.findings]
    for library in libraries:
        yield f"| {library.version} | {library.files} | {_counts(library.findings)} |"
    files = sum(library.files for library in libraries)
    yield f"| all | {files} | {_counts(every)} |"
    for library in libraries:
        if library.findings:
            yield f"\n## {library.version}\n"
            yield "| where | rule | judged | why |"
            yield "|---|---|---|---|"
            yield from map(_row, library.findings)


def _counts(findings: Iterable[Judged]) -> str:
    counts = Counter(judged.verdict for judged in findings)
    return " | ".join(map(str, (counts.total(), *(counts[one] for one in VERDICTS))))


def _row(judged: Judged) -> str:
    rule = f"{judged.rule} `{load_rules()[judged.rule].name}`"
    return f"| {judged.path}:{judged.line} | {rule} | {judged.verdict} | {judged.why} |"


def _toml(libraries: Iterable[Library]) -> Iterator[str]:
    for library in libraries:
        yield "[[library]]"
        for name in ("name", "version", "files"):
            yield f"{name} = {json.dumps(getattr(library, name))}"
        yield "finding = ["
        for judged in library.findings:
            values = (f"{name} = {json.dumps(value)}" for name, value in asdict(judged).items())
            yield f"  {{ {', '.join(values)} }},"
        yield "]\n"


def _main() -> None:
    found = []
    for library in load():
        found.append(found_in(library))
        new = [one for one in found[-1].findings if one.verdict not in VERDICTS]
        sys.stdout.write(f"{library.name}: {len(found[-1].findings)}, {len(new)} unjudged\n")
    DATA.write_text("".join(f"{line}\n" for line in _toml(found)), "utf-8")
    DOCUMENT.write_text(document(found), "utf-8")


if __name__ == "__main__":
    _main()
