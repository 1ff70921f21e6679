"""The table of behaviours as text: for ``--list``, for ``--json`` and for the documentation."""

from __future__ import annotations

from typing import Any

from emsockets_build.server.behaviours import BEHAVIOURS
from emsockets_build.server.parameters import Parameter, parameters_of

__all__ = ["as_json", "as_markdown", "as_text"]


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
    parts = []
    for name, kind in BEHAVIOURS.items():
        parts += [f"### `{name}`", "", (kind.__doc__ or "").strip(), ""]
        declared = parameters_of(kind)
        if declared:
            parts += ["| parameter | default | meaning | unit |", "|---|---|---|---|"]
            parts += [
                f"| `{key}` | `{_default(parameter)}` | {parameter.summary} | {parameter.unit} |"
                for key, parameter in declared.items()
            ]
            parts.append("")
        parts += [f"An Emscripten program sees: {kind.seen}.", ""]
    return "\n".join(parts).rstrip() + "\n"


def _default(parameter: Parameter) -> str:
    value = parameter.default
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
