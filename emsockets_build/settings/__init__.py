"""Profiles turned into flags, by one table that CMake reads too (``cmake/settings.json``)."""

from __future__ import annotations

from emsockets_build.settings.catalogue import Catalogue, Row, load_catalogue
from emsockets_build.settings.profile import Profile
from emsockets_build.settings.resolve import LinkOption, Resolution, resolve
from emsockets_build.settings.version import Version, format_version, parse_version

__all__ = [
    "Catalogue",
    "LinkOption",
    "Profile",
    "Resolution",
    "Row",
    "Version",
    "format_version",
    "load_catalogue",
    "parse_version",
    "resolve",
]
