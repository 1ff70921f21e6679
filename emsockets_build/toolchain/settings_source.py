"""What an installed Emscripten says of its settings, in its own files.

``python -m emsockets_build.toolchain.settings_source ROOT...`` writes the table
``emsockets_build/settings/emscripten.json`` anew from the releases in these folders.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from emsockets_build.settings.names import TABLE, ReleaseSettings
from emsockets_build.settings.version import Version, format_version
from emsockets_build.storage import write_whole
from emsockets_build.toolchain.version import version_in

__all__ = ["read_settings"]

_VARIABLE = re.compile(r"^var (\w+)\s*=\s*([^\n]*)", re.MULTILINE)
_LEGACY_IN_JS = re.compile(r"^var LEGACY_SETTINGS = (\[.*?^\]);", re.MULTILINE | re.DOTALL)


def read_settings(root: Path, version: Version) -> ReleaseSettings | None:
    """Read the settings of a release: ``src/settings.js`` and ``tools/settings.py``.

    Args:
        root: The folder of ``emscripten-version.txt``.
        version: The release.

    Returns:
        What they say; None if they are not there or have a form that no known release has.
    """
    try:
        javascript = (root / "src" / "settings.js").read_text("utf-8", "replace")
        python = (root / "tools" / "settings.py").read_text("utf-8", "replace")
        lists = _python_lists(python)
        legacy = lists.get("LEGACY_SETTINGS") or _legacy_of_js(javascript)
    except (OSError, SyntaxError, ValueError):
        return None
    types = {
        name: _type(value)
        for name, value in _VARIABLE.findall(javascript)
        if name != "LEGACY_SETTINGS"
    }
    if not types:
        return None
    compile_time = {*lists.get("COMPILE_TIME_SETTINGS", ()), *lists.get("PORTS_SETTINGS", ())}
    return ReleaseSettings(
        version=version,
        types=types,
        compile_time=frozenset(compile_time),
        renamed={str(entry[0]): str(entry[1]) for entry in legacy if len(entry) == 2},  # noqa: PLR2004 - old and new
        removed={
            str(entry[0]): tuple(map(_written, entry[1]))
            for entry in legacy
            if len(entry) > 2  # noqa: PLR2004 - with values
        },
        deprecated=dict(lists.get("DEPRECATED_SETTINGS", {})),
        incompatible=tuple(
            (str(a), str(b), str(why or "")) for a, b, why in lists.get("INCOMPATIBLE_SETTINGS", ())
        ),
    )


def _python_lists(text: str) -> dict[str, Any]:
    """Return the literals that are assigned at the top of a Python file, nothing executed."""
    lists: dict[str, Any] = {}
    for statement in ast.parse(text).body:
        if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
            continue
        value = statement.value
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
            value = value.func.value  # {...}.union(PORTS_SETTINGS)
        if isinstance(value, ast.Set | ast.Dict | ast.List):
            lists[statement.targets[0].id] = ast.literal_eval(value)
    return lists


def _legacy_of_js(text: str) -> list[Any]:
    """Read the list as older releases have it; their own tools turn it into Python the same way."""
    found = _LEGACY_IN_JS.search(text)
    legacy: list[Any] = ast.literal_eval(found[1].replace("//", "#")) if found else []
    return legacy


def _type(value: str) -> str:
    word = value.rstrip().rstrip(";")
    if word in {"true", "false"}:
        return "bool"
    if word.startswith("["):
        return "list"
    return "str" if word[:1] in {"'", '"'} else "int"


def _written(value: object) -> str:
    return "" if value == [] else str(value)


def _table(releases: Sequence[ReleaseSettings], before: dict[str, Any]) -> dict[str, Any]:
    newest = releases[-1]
    return {
        "schema": 1,
        "releases": [format_version(release.version) for release in releases],
        "history": before["history"],
        "instead": before["instead"],
        "settings": {
            name: {
                "type": next(r.types[name] for r in reversed(releases) if name in r.types),
                "stage": "compile+link" if name in _compile_time(releases) else "link",
                "in": " ".join(format_version(r.version) for r in releases if name in r.types),
            }
            for name in sorted(set().union(*(release.types for release in releases)))
        },
        "renamed": {format_version(r.version): dict(sorted(r.renamed.items())) for r in releases},
        "removed": {format_version(r.version): dict(sorted(r.removed.items())) for r in releases},
        "deprecated": {format_version(r.version): " ".join(sorted(r.deprecated)) for r in releases},
        "incompatible": {
            format_version(r.version): [pair[:2] for pair in r.incompatible] for r in releases
        },
        "newest": format_version(newest.version),
    }


def _compile_time(releases: Iterable[ReleaseSettings]) -> frozenset[str]:
    return frozenset().union(*(release.compile_time for release in releases))


def _main(roots: Sequence[str]) -> None:
    found = []
    for root in map(Path, roots):
        version = version_in((root / "emscripten-version.txt").read_text("utf-8"))
        release = read_settings(root, version) if version else None
        if release is None:
            sys.exit(f"{root} is no Emscripten that can be read")
        found.append(release)
    found.sort(key=lambda release: release.version)
    before = json.loads(TABLE.read_text("utf-8"))
    text = json.dumps(_table(found, before), indent=1)
    # One setting, one line.
    text = re.sub(
        r"\{\n\s+\"type\": ([^\n]+)\n\s+\"stage\": ([^\n]+)\n\s+\"in\": ([^\n]+)\n\s+\}",
        r'{"type": \1 "stage": \2 "in": \3}',
        text,
    )
    text = re.sub(
        r"\[\s+(\"[^\]]*?\")\s+\]", lambda m: "[" + re.sub(r",\s+", ", ", m[1]) + "]", text
    )
    write_whole(TABLE, text + "\n")


if __name__ == "__main__":
    _main(sys.argv[1:])
