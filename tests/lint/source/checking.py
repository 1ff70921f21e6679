"""Checks a piece of C or C++ as `emsockets lint` does."""

from __future__ import annotations

from emsockets_build.lint.checkers import check_text
from emsockets_build.lint.context import Context, TargetFacts
from emsockets_build.lint.finding import Finding
from emsockets_build.lint.text import Kind, SourceText
from emsockets_build.settings.version import parse_version

__all__ = ["check", "rules"]


def check(
    text: str,
    *,
    name: str = "main.cpp",
    wait: str | None = None,
    backend: str | None = None,
    link: tuple[str, ...] = (),
    emcc: str | None = None,
) -> tuple[Finding, ...]:
    """Check a text as part of a target."""
    target = TargetFacts("example", wait, backend, (), link)
    version = parse_version(emcc) if emcc else None
    return check_text(SourceText(name, text, Kind.SOURCE), Context(version, (target,)))


def rules(
    text: str,
    *,
    name: str = "main.cpp",
    wait: str | None = None,
    backend: str | None = None,
    link: tuple[str, ...] = (),
    emcc: str | None = None,
) -> list[str]:
    """Return the rules that are found, in the order of the text."""
    found = check(text, name=name, wait=wait, backend=backend, link=link, emcc=emcc)
    return [finding.rule for finding in found]
