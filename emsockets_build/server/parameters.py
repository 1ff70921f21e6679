"""Parameters of behaviours: typed, with units and limits, and read from text such as ``after=3``.

A behaviour is a frozen dataclass whose fields are made by the functions here; command-line help,
error messages and the documentation table all come from those fields.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from emsockets_build.errors import UsageError

__all__ = [
    "Parameter",
    "choice",
    "closest",
    "count",
    "flag",
    "parameters_of",
    "parse_parameters",
    "seconds",
    "size",
    "text",
]

_SIZES = {"": 1, "b": 1, "kb": 1000, "mb": 1000**2, "kib": 1024, "mib": 1024**2}
_DURATIONS = {"": 1.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "min": 60.0}
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)")
_LONGEST_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Parameter:
    """What is known of one parameter beside its name.

    Attributes:
        summary: What it does, in a few words.
        unit: What its number counts, or which words it takes.
        parse: Turns text into the value; raises ValueError with the reason in words.
        default: The value if it is not given.
    """

    summary: str
    unit: str
    parse: Callable[[str], Any]
    default: Any


def _field(parameter: Parameter) -> Any:  # noqa: ANN401 - a dataclass field stands for its value
    return dataclasses.field(default=parameter.default, metadata={"parameter": parameter})


def _within(value: Any, low: Any, high: Any) -> Any:  # noqa: ANN401 - int or float, as given
    if not low <= value <= high:
        raise ValueError(f"must be from {low} to {high}")
    return value


def _scaled(text: str, units: dict[str, Any]) -> Any:  # noqa: ANN401 - int or float, as the units
    match = _QUANTITY.fullmatch(text.strip())
    if match is None or match[2].lower() not in units:
        known = ", ".join(unit for unit in units if unit)
        raise ValueError(f"is not a number with one of the units {known}")
    value = float(match[1]) * units[match[2].lower()]
    if math.isinf(value):
        raise ValueError("is too large a number")
    return value


def count(default: int, summary: str, *, unit: str = "", low: int = 0, high: int = 10**9) -> int:
    """Declare a whole number."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,12}", text):
            raise ValueError("is not a whole number")
        return int(_within(int(text), low, high))

    field: int = _field(Parameter(summary, unit or "number", parse, default))
    return field


def size(default: int, summary: str, *, low: int = 0, high: int = 64 * 1024 * 1024) -> int:
    """Declare a number of bytes, written as ``1500``, ``64KiB`` or ``1MiB``."""

    def parse(text: str) -> int:
        value = _scaled(text, _SIZES)
        if value != int(value):
            raise ValueError("is not a whole number of bytes")
        return int(_within(int(value), low, high))

    field: int = _field(Parameter(summary, "bytes", parse, default))
    return field


def seconds(default: float, summary: str) -> float:
    """Declare a duration, written as ``0.5``, ``500ms`` or ``2s``."""

    def parse(text: str) -> float:
        return float(_within(_scaled(text, _DURATIONS), 0.0, _LONGEST_SECONDS))

    field: float = _field(Parameter(summary, "seconds", parse, default))
    return field


def text(default: str, summary: str, *, pattern: str = r".*", hint: str = "") -> str:
    """Declare a piece of text."""

    def parse(given: str) -> str:
        if not re.fullmatch(pattern, given, re.DOTALL):
            raise ValueError(hint or f"does not match {pattern}")
        return given

    field: str = _field(Parameter(summary, "text", parse, default))
    return field


def choice(default: str, summary: str, words: Iterable[str]) -> str:
    """Declare one of several words."""
    allowed = tuple(words)

    def parse(given: str) -> str:
        if given not in allowed:
            raise ValueError(f"is none of {', '.join(allowed)}{closest(given, allowed)}")
        return given

    field: str = _field(Parameter(summary, " or ".join(allowed), parse, default))
    return field


def flag(summary: str, *, default: bool = False) -> bool:
    """Declare a yes or no."""
    words = {"1": True, "yes": True, "true": True, "on": True, "": True}
    words |= {"0": False, "no": False, "false": False, "off": False}

    def parse(given: str) -> bool:
        if given.lower() not in words:
            raise ValueError("is neither yes nor no")
        return words[given.lower()]

    field: bool = _field(Parameter(summary, "yes or no", parse, default))
    return field


def parameters_of(behaviour: type[Any]) -> dict[str, Parameter]:
    """Return the parameters of a behaviour by name, in the order they are declared."""
    return {
        field.name.replace("_", "-"): field.metadata["parameter"]
        for field in dataclasses.fields(behaviour)
        if "parameter" in field.metadata
    }


def parse_parameters(kind: type[Any], query: str, *, where: str) -> dict[str, Any]:
    """Read ``after=3&code=1011`` by the declarations of a behaviour.

    Args:
        kind: The behaviour's class.
        query: Text in the form of a URL's query; may be empty.
        where: What the text was part of, for the error.

    Returns:
        Keyword arguments for the class.

    Raises:
        UsageError: An unknown or repeated name, or a value that does not fit.
    """
    declared = parameters_of(kind)
    values: dict[str, Any] = {}
    for name, given in parse_qsl(query, keep_blank_values=True, max_num_fields=64):
        parameter = declared.get(name)
        if parameter is None:
            known = ", ".join(declared) or "none"
            raise UsageError(
                f"`{where}` has no parameter `{name}`",
                where=where,
                why=f"its parameters are: {known}",
                remedy=closest(name, declared).strip(" ;") or "leave it out",
            )
        try:
            value = parameter.parse(given)
        except ValueError as error:
            raise UsageError(
                f"`{name}={given}` {error}",
                where=where,
                why=f"{name} is {parameter.summary} ({parameter.unit})",
                remedy=f"give another value; the default is {parameter.default}",
            ) from error
        if name.replace("-", "_") in values:
            raise UsageError(f"`{name}` is given twice", where=where, remedy="give it once")
        values[name.replace("-", "_")] = value
    return values


def closest(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean `x`?`` for the nearest known word, or nothing."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean `{near[0]}`?" if near else ""
