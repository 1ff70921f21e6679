"""Projects from templates: checked names, rendered files, written whole or not at all."""

from __future__ import annotations

from emsockets_build.scaffold.names import check_file_name, check_identifier, check_project_name
from emsockets_build.scaffold.render import RenderedFile, render
from emsockets_build.scaffold.write import write_project

__all__ = [
    "RenderedFile",
    "check_file_name",
    "check_identifier",
    "check_project_name",
    "render",
    "write_project",
]
