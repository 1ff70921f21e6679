"""The browsers of this machine: found, never downloaded."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from emsockets_build.errors import EmSocketsError, ToolMissingError, UsageError
from emsockets_build.process import run_bounded
from emsockets_build.settings.version import Version
from emsockets_build.toolchain.model import Tool
from emsockets_build.toolchain.probe import probes
from emsockets_build.toolchain.version import version_in

__all__ = ["OLDEST", "Engine", "engine_of", "find_browser", "with_version"]

_TIMEOUT = 20.0


class Engine(StrEnum):
    """What a browser is made of; also the word for the runner."""

    CHROMIUM = "chromium"
    FIREFOX = "firefox"


OLDEST: dict[Engine, Version] = {
    Engine.CHROMIUM: (110, 0, 0),  # a headless mode that is the browser itself came with 109
    Engine.FIREFOX: (131, 0, 0),  # WebDriver BiDi with preload scripts for one context
}
"""The oldest versions that are tried; those of 2026 are what the tests run."""

_NAMES = {
    Engine.CHROMIUM: (
        # The smallest and quickest first: it draws nothing.
        "chromium-headless-shell",
        "chrome-headless-shell",
        "chromium",
        "chromium-browser",
        "google-chrome-stable",
        "google-chrome",
        "chrome",
        "microsoft-edge-stable",
        "microsoft-edge",
        "msedge",
    ),
    Engine.FIREFOX: ("firefox-esr", "firefox"),
}
_PLACES = {
    Engine.CHROMIUM: (
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
        "C:/Program Files/Google/Chrome/Application/chrome.exe",
        "C:/Program Files (x86)/Google/Chrome/Application/chrome.exe",
        "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
    ),
    Engine.FIREFOX: (
        "/Applications/Firefox.app/Contents/MacOS/firefox",
        "C:/Program Files/Mozilla Firefox/firefox.exe",
    ),
}
_PACKAGES = {
    Engine.CHROMIUM: "`apt-get install chromium-headless-shell` (Debian; `chromium` elsewhere), "
    "`dnf install chromium-headless` (Fedora), or Chrome or Edge from their makers",
    Engine.FIREFOX: "`apt-get install firefox-esr` (Debian), `dnf install firefox` (Fedora), or "
    "Firefox from mozilla.org",
}


def engine_of(path: Path) -> Engine:
    """Tell the engine of a browser from its file's name."""
    return Engine.FIREFOX if "firefox" in path.name.lower() else Engine.CHROMIUM


def find_browser(engine: Engine, path: Path | None = None) -> Tool:
    """Find a browser without starting it.

    Args:
        engine: Of which kind.
        path: A browser that was asked for; one of another kind is no answer.

    Returns:
        The browser; its version is not known yet.

    Raises:
        ToolMissingError: There is none.
        UsageError: What was asked for is no file.
    """
    if path is not None and engine_of(path) is engine:
        found = shutil.which(path)
        if found is None:
            raise UsageError(
                f"--browser {path} is no program",
                where=str(path),
                remedy="give the path of a browser, such as /usr/bin/chromium",
            )
        return Tool(Path(found), None, "request", "asked for")
    for candidate, origin in _candidates(engine):
        return Tool(candidate, None, origin, "the first that was found")
    raise ToolMissingError(
        f"there is no {'Firefox' if engine is Engine.FIREFOX else 'Chromium, Chrome or Edge'} "
        "to run the page in",
        where=f"PATH: {', '.join(_NAMES[engine])}",
        remedy=f"install one: {_PACKAGES[engine]}; or give its path with --browser",
    )


def _candidates(engine: Engine) -> Iterator[tuple[Path, str]]:
    for name in _NAMES[engine]:
        found = shutil.which(name)
        if found:
            yield Path(found), "PATH"
    for place in _PLACES[engine]:
        if Path(place).is_file():
            yield Path(place), "system"


def with_version(browser: Tool) -> Tool:
    """Ask a browser for its version; what was asked before is remembered."""
    text = probes().get("browser-version", [browser.path.resolve()], lambda: _ask(browser.path))
    return Tool(browser.path, version_in(text or ""), browser.origin, browser.reason)


def _ask(path: Path) -> str | None:
    if sys.platform == "win32":
        return None  # chrome.exe opens a window instead of answering
    try:
        done = run_bounded([path, "--version"], timeout=_TIMEOUT)
    except EmSocketsError:
        return None
    return done.text.strip() if done.returncode == 0 else None
