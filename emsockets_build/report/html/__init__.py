"""A report as one HTML file that needs nothing else: no script, no network, no second file."""

from __future__ import annotations

from emsockets_build.report.html.file import write_html
from emsockets_build.report.html.page import html_report
from emsockets_build.report.html.sources import SourceLinks

__all__ = ["SourceLinks", "html_report", "write_html"]
