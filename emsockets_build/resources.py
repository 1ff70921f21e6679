"""Where the files that are data lie: the CMake package, the templates, the look of pages."""

from __future__ import annotations

from pathlib import Path

__all__ = ["cmake_dir", "templates_dir", "theme_css"]

_PACKAGE = Path(__file__).resolve().parent


def _data_dir(name: str) -> Path:
    """Find ``name`` inside the package (a wheel) or beside it (a checkout, an editable install)."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def cmake_dir() -> Path:
    """Return the folder that ``find_package(EmSockets)`` wants as ``EmSockets_DIR``."""
    return _data_dir("cmake")


def templates_dir() -> Path:
    """Return the folder that holds one folder per project template."""
    return _data_dir("templates")


def theme_css() -> str:
    """Return the colours and type that every page of this project shares, as a style sheet."""
    return (_PACKAGE / "theme.css").read_text("utf-8")
