"""Versions that are known to be bad: rows of ``known.json``, each with its upstream reference."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from emsockets_build.settings.version import Version
from emsockets_build.toolchain.finding import Finding, Severity
from emsockets_build.toolchain.model import Toolchain
from emsockets_build.toolchain.version import in_range

__all__ = ["known_findings"]

_TABLE = Path(__file__).resolve().with_name("known.json")


def known_findings(toolchain: Toolchain) -> tuple[Finding, ...]:
    """Return the rows whose version ranges a toolchain falls into, all of a row's at once."""
    versions: dict[str, Version | None] = {
        "emscripten": toolchain.emscripten.version if toolchain.emscripten else None,
        "node": toolchain.node.version if toolchain.node else None,
        "cmake": toolchain.cmake.version if toolchain.cmake else None,
        "ninja": toolchain.ninja.version if toolchain.ninja else None,
        "ws": toolchain.ws.version if toolchain.ws else None,
    }
    return tuple(_finding(row, versions) for row in _rows() if _applies(row["when"], versions))


@cache
def _rows() -> tuple[dict[str, Any], ...]:
    return tuple(json.loads(_TABLE.read_bytes())["findings"])


def _applies(when: dict[str, str], versions: dict[str, Version | None]) -> bool:
    found = {tool: versions[tool] for tool in when}
    return all(
        version is not None and in_range(version, when[tool]) for tool, version in found.items()
    )


def _finding(row: dict[str, Any], versions: dict[str, Version | None]) -> Finding:
    named = [f"{tool} {'.'.join(map(str, versions[tool] or ()))}" for tool in row["when"]]
    return Finding(
        id=row["id"],
        severity=Severity(row["severity"]),
        summary=row["summary"],
        cause=f"{row['cause']} ({', '.join(named)})",
        remedy=row["remedy"],
        reference=row["reference"],
    )
