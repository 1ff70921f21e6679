"""The table of behaviours as text: for ``--list``, for ``--json`` and for the documentation.

``python -m emsockets_build.server.catalogue > docs/behaviours.md`` writes the documentation anew.
"""

from __future__ import annotations

import sys
from typing import Any

from emsockets_build.server.behaviours import BEHAVIOURS
from emsockets_build.server.parameters import Parameter, parameters_of

__all__ = ["as_json", "as_markdown", "as_text"]


_INTRODUCTION = """\
# How the test server treats clients

`emsockets serve BEHAVIOUR`, `emsockets run ... --server BEHAVIOUR`, `SERVER BEHAVIOUR` in
`emsockets_add_test()` and `TestServer("BEHAVIOUR")` take a name from this page, with parameters
like a URL's: `close?after=3&code=1011`. `emsockets serve` alone chooses by the path of the URL.

Sizes may be written `64KiB` or `1MiB`, durations `250ms` or `2s`, flags `yes` or `no`.

What an Emscripten program sees was observed with the default socket emulation (a main loop with
poll(), send() and recv()) under Node, with Emscripten 3.1.6 (ws 2), 3.1.69 and 6.0.5 (ws 8); where
they differ it says so. Most failures look alike from inside a program: the server's record tells
them apart.

This page is written by `python -m emsockets_build.server.catalogue`; a test keeps it current.

"""


def as_json() -> list[dict[str, Any]]:
    """Return the table for programs."""
    return [
        {
            "name": name,
            "summary": kind.summary,
            "seen": kind.seen,
            "parameters": [
                {
                    "name": key,
                    "summary": parameter.summary,
                    "unit": parameter.unit,
                    "default": parameter.default,
                }
                for key, parameter in parameters_of(kind).items()
            ],
        }
        for name, kind in BEHAVIOURS.items()
    ]


def as_text() -> str:
    """Return the table for a terminal."""
    lines = []
    for name, kind in BEHAVIOURS.items():
        lines.append(f"  {name:<18} {kind.summary}")
        lines += [
            f"  {'':<18}   {key}={_default(parameter)}  {parameter.summary} ({parameter.unit})"
            for key, parameter in parameters_of(kind).items()
        ]
    return "\n".join(lines) + "\n"


def as_markdown() -> str:
    """Return the table for the documentation, with what Emscripten programs see."""
    parts: list[str] = []
    for name, kind in BEHAVIOURS.items():
        parts += [f"## `{name}`", "", (kind.__doc__ or "").strip(), ""]
        declared = parameters_of(kind)
        if declared:
            parts += ["| parameter | default | meaning | unit |", "|---|---|---|---|"]
            parts += [
                f"| `{key}` | `{_default(parameter)}` | {parameter.summary} | {parameter.unit} |"
                for key, parameter in declared.items()
            ]
            parts.append("")
        parts += [f"An Emscripten program sees: {kind.seen}.", ""]
    return _INTRODUCTION + "\n".join(parts).rstrip() + "\n"


def _default(parameter: Parameter) -> str:
    value = parameter.default
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
