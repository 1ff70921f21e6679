"""The report as a file, for the commands that have ``--html``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emsockets_build.report.html.page import html_report
from emsockets_build.report.html.sources import SourceLinks
from emsockets_build.storage import write_whole
from emsockets_build.verify import Batch

__all__ = ["write_html"]


def write_html(
    path: Path,
    batch: Batch,
    document: Mapping[str, Any],
    *,
    project: Path,
    facts: Mapping[str, str],
    files: Mapping[str, str] | None = None,
) -> None:
    """Write a batch as one HTML file.

    Args:
        path: The file.
        batch: The results.
        document: The same as `document.batch_document` or `document.report_document` describes it.
        project: What was run: the project's folder, or the program.
        facts: What else is to be known, such as the Emscripten release, in words.
        files: The file that declares each scenario, by its name; may lack any.

    Raises:
        UsageError: The file cannot be written.
    """
    whole = project.absolute()
    links = SourceLinks.here(path, whole if whole.is_dir() else whole.parent, os.environ)
    title = f"emsockets {document['command']} · {whole.name}"
    page = html_report(
        batch,
        document["runs"],
        links,
        title=title,
        facts=facts,
        files=files or {},
        parity=document.get("parity"),
    )
    write_whole(path, page)
