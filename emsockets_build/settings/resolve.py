"""What one profile needs of one Emscripten release."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from emsockets_build.errors import UsageError
from emsockets_build.settings.catalogue import Catalogue, Row
from emsockets_build.settings.profile import Profile
from emsockets_build.settings.version import Version, format_version

__all__ = ["POSIX_DIR", "URL_FILE", "Caveat", "LinkOption", "Resolution", "resolve"]

URL_FILE = "@{url-file}"
"""What stands for the URL in a link option when it must be handed over in a file."""

POSIX_DIR = "@{posix-dir}"
"""What stands for the path of the folder ``posix/`` in a link option."""


@dataclass(frozen=True, slots=True)
class LinkOption:
    """One token for the linker, and the only CMake configuration that gets it (all if empty)."""

    token: str
    configuration: str = ""


@dataclass(frozen=True, slots=True)
class Caveat:
    """Something that the profile will suffer with this release."""

    row: str
    text: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Resolution:
    """Everything that a profile needs.

    Attributes:
        facts: The profile's facts with defaults filled in; see `catalogue.FACTS`.
        compile: Compile options.
        link: Link options. One that ends with `URL_FILE` wants the path of a file with the URL;
            in one with `POSIX_DIR` that stands for the folder's path.
        define: Compile definitions.
        suffix: The suffix that the program's file must have, or empty.
        needs: What must be there when the program runs.
        source: Files of the folder ``posix/`` that the target compiles.
        caveats: What it will suffer.
    """

    facts: Mapping[str, str]
    compile: tuple[str, ...]
    link: tuple[LinkOption, ...]
    define: tuple[str, ...]
    suffix: str
    needs: tuple[str, ...]
    source: tuple[str, ...]
    caveats: tuple[Caveat, ...]


def resolve(profile: Profile, version: Version, catalogue: Catalogue) -> Resolution:
    """Turn a profile into flags for one release.

    Args:
        profile: The options.
        version: The Emscripten release.
        catalogue: The table.

    Returns:
        The flags and what else belongs to them.

    Raises:
        UsageError: An option is wrong by itself, two exclude each other, or the release cannot do
            what is asked; the remedy names the release that can.
    """
    profile.check(catalogue)
    facts = _facts(profile, catalogue)
    rows = [row for row in catalogue.rows if row.when.holds(facts)]
    for row in rows:
        _refuse(row, version, facts)
    rows = [row for row in rows if row.covers(version)]
    values = _placeholders(profile, catalogue)
    return Resolution(
        facts=facts,
        compile=tuple(token for row in rows for token in row.compile),
        link=tuple(option for row in rows for option in _link_options(row, values)),
        define=tuple(token for row in rows for token in row.define),
        suffix=next((row.suffix for row in rows if row.suffix), ""),
        needs=tuple(need for row in rows for need in row.needs),
        source=tuple(name for row in rows for name in row.source),
        caveats=tuple(Caveat(row.id, row.warn, row.remedy) for row in rows if row.warn),
    )


def _facts(profile: Profile, catalogue: Catalogue) -> dict[str, str]:
    switch = {True: "on", False: "off"}
    given = {
        "backend": profile.backend,
        "wait": profile.wait,
        "debug": None if profile.debug is None else switch[profile.debug],
        "module": profile.module,
        "exit_runtime": None if profile.exit_runtime is None else switch[profile.exit_runtime],
        "posix": None if profile.posix is None else switch[profile.posix],
    }
    facts = {fact: value for fact, value in given.items() if value is not None}
    for default in catalogue.defaults:
        if default.option not in facts and default.when.holds(facts):
            facts[default.option] = default.value
    environment = profile.environment
    facts["url"] = _url_fact(profile.url)
    facts["subprotocols"] = (
        "default" if profile.subprotocols is None else "named" if profile.subprotocols else "none"
    )
    facts["environment"] = "given" if environment else "any"
    facts["node"] = "yes" if not environment or "node" in environment else "no"
    facts["worker"] = "yes" if not environment or "worker" in environment else "no"
    return facts


def _url_fact(url: str | None) -> str:
    if url is None:
        return "unset"
    return "prefix" if url.endswith("://") else "full"


def _refuse(row: Row, version: Version, facts: Mapping[str, str]) -> None:
    if row.refuse:
        raise UsageError(row.refuse.format(**facts), remedy=row.remedy.format(**facts))
    if row.what and not row.covers(version):
        bound = (
            f"{format_version(row.since)} or newer"
            if row.since and version < row.since
            else f"older than {format_version(row.removed or version)}"
        )
        raise UsageError(
            f"{row.what} needs Emscripten {bound}; this is {format_version(version)}",
            remedy=f"install a release that can, or {row.remedy}",
        )


def _placeholders(profile: Profile, catalogue: Catalogue) -> dict[str, str]:
    url = profile.url or ""
    inline = catalogue.patterns["url"].inline
    return {
        "{url}": url if inline and inline.fullmatch(url) else URL_FILE,
        "{subprotocols}": ",".join(profile.subprotocols or ()),
        "{environment}": ",".join(profile.environment),
    }


def _link_options(row: Row, values: Mapping[str, str]) -> Iterator[LinkOption]:
    for token in row.link:
        filled = token
        for placeholder, value in values.items():
            filled = filled.replace(placeholder, value)
        yield LinkOption(filled, row.configuration)
