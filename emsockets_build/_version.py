"""The version of a checkout, read from the one place that states it; a wheel holds a literal."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["__version__"]

_VERSION_FILE = Path(__file__).parent.parent / "cmake" / "EmSocketsConfigVersion.cmake"


def _read_version() -> str:
    match = re.search(r'set\(PACKAGE_VERSION "([^"]+)"\)', _VERSION_FILE.read_text("utf-8"))
    if match is None:
        raise ImportError(f"{_VERSION_FILE} does not state PACKAGE_VERSION")
    return match[1]


__version__ = _read_version()
