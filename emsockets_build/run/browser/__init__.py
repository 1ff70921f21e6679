"""Runners that are browsers: one process for many programs, each in a fresh context."""

from __future__ import annotations

from emsockets_build.run.browser.browser import Browser, Browsers

__all__ = ["Browser", "Browsers"]
