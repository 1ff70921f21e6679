"""Projects from templates: checked names, rendered files, written whole or not at all."""

from __future__ import annotations

from emsockets_build.scaffold.names import (
    check_file_name,
    check_identifier,
    check_project_name,
    suggest_project_name,
)
from emsockets_build.scaffold.project import (
    CI_SYSTEMS,
    project_files,
    refuse_inside_project,
    refuse_unbuildable,
)
from emsockets_build.scaffold.render import RenderedFile, render
from emsockets_build.scaffold.template import Template, find_template, list_templates
from emsockets_build.scaffold.write import write_project

__all__ = [
    "CI_SYSTEMS",
    "RenderedFile",
    "Template",
    "check_file_name",
    "check_identifier",
    "check_project_name",
    "find_template",
    "list_templates",
    "project_files",
    "refuse_inside_project",
    "refuse_unbuildable",
    "render",
    "suggest_project_name",
    "write_project",
]
