"""The browser's process: started with a fresh profile, gone at the end with all its children."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from emsockets_build import guard
from emsockets_build.errors import ToolMissingError
from emsockets_build.process import child_process
from emsockets_build.run.browser.home import browser_home
from emsockets_build.run.capture import BoundedCapture, Pump
from emsockets_build.settings.version import format_version
from emsockets_build.toolchain import Tool
from emsockets_build.toolchain.browsers import OLDEST, Engine, with_version

__all__ = ["BrowserProcess", "running_browser"]

_START_SECONDS = 60.0
_KEPT_OUTPUT = 64 * 1024
_LISTENING = re.compile(rb"(?:DevTools|WebDriver BiDi) listening on (ws://\S+)")

# Nothing here changes what a page can do. Without the others Chromium calls home.
_CHROMIUM = (
    "--headless",
    "--remote-debugging-port=0",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pings",
    "--disable-background-networking",
    "--disable-client-side-phishing-detection",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-sync",
    "--metrics-recording-only",
    "--mute-audio",
    # Pages that nobody looks at are slowed down otherwise.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    # The last one because the headless shell, which has no crash reporter, lets a memory access
    # out of bounds end the page's process instead of the program (seen in 156).
    "--disable-features=Translate,OptimizationHints,MediaRouter,WebAssemblyTrapHandler",
)
_FIREFOX_PREFERENCES = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "app.update.enabled": False,
    "browser.safebrowsing.blockedURIs.enabled": False,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.search.update": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.startup.page": 0,
    "browser.newtabpage.enabled": False,
    "browser.topsites.contile.enabled": False,
    "datareporting.healthreport.uploadEnabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.max_script_run_time": 0,  # our time limit is the one that counts
    "extensions.getAddons.cache.enabled": False,
    "extensions.systemAddon.update.enabled": False,
    "extensions.update.enabled": False,
    "geo.provider.testing": True,
    "media.gmp-manager.updateEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.disablePrefetch": True,
    "network.http.speculative-parallel-limit": 0,
    "network.prefetch-next": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
    "toolkit.telemetry.server": "data:,",
    "toolkit.telemetry.unified": False,
}


@dataclass(frozen=True, slots=True)
class BrowserProcess:
    """A browser that has been started.

    Attributes:
        pid: Its main process.
        url: The WebSocket on which it takes orders.
        home: The folder of its profile and of what it writes.
    """

    pid: int
    url: str
    home: Path


@contextlib.contextmanager
def running_browser(
    engine: Engine, tool: Tool, *, insecure: bool = False
) -> Iterator[BrowserProcess]:
    """Start a browser, and end it on the way out.

    Args:
        engine: Of which kind it is.
        tool: Which one.
        insecure: Have it take certificates that it does not trust; Firefox is told later.

    Yields:
        The running browser.

    Raises:
        ToolMissingError: It does not start, or is too old.
    """
    with contextlib.ExitStack() as stack:
        cookie = stack.enter_context(guard.cookie())
        home = stack.enter_context(browser_home(cookie))
        environment = {**os.environ, guard.COOKIE_VARIABLE: cookie}
        if engine is Engine.FIREFOX:
            environment["MOZ_CRASHREPORTER_DISABLE"] = "1"
        # Its processes may leave its group: the cookie finds them.
        stack.callback(guard.kill_cookie, cookie)
        command = _command(engine, tool, home, insecure=insecure)
        child = stack.enter_context(child_process(command, env=environment, cwd=home))
        output = BoundedCapture(_KEPT_OUTPUT)
        found = threading.Event()

        def take(data: bytes) -> None:
            output.add(data)
            if _LISTENING.search(output.data):
                found.set()

        for stream in (child.stdout, child.stderr):
            if stream is not None:
                Pump(stream, take)
        deadline = time.monotonic() + _START_SECONDS
        while not found.wait(0.05):
            if child.poll() is not None or time.monotonic() > deadline:
                time.sleep(0.1)  # its last words may still be in the pipe
                raise _not_started(engine, tool, output.tail(2000))
        match = _LISTENING.search(output.data)
        assert match is not None  # noqa: S101 - it set the event
        yield BrowserProcess(child.pid, match[1].decode("ascii", "replace"), home)


def _command(engine: Engine, tool: Tool, home: Path, *, insecure: bool) -> Sequence[str | Path]:
    if engine is Engine.CHROMIUM:
        # The sandbox refuses to work for root.
        root = ("--no-sandbox",) if sys.platform == "linux" and os.geteuid() == 0 else ()
        trusting = ("--ignore-certificate-errors",) if insecure else ()
        return (tool.path, *_CHROMIUM, *root, *trusting, f"--user-data-dir={home}", "about:blank")
    lines = [
        f'user_pref("{name}", {_literal(value)});\n' for name, value in _FIREFOX_PREFERENCES.items()
    ]
    (home / "user.js").write_text("".join(lines), "utf-8")
    return (
        tool.path,
        "--headless",
        "--no-remote",
        "--remote-debugging-port=0",
        "--remote-allow-system-access",  # for the profiler, which sees what a hung page does
        "--profile",
        home,
        "about:blank",
    )


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else f'"{value}"'


def _not_started(engine: Engine, tool: Tool, output: bytes) -> ToolMissingError:
    version = with_version(tool).version
    said = output.decode("utf-8", "replace").strip()
    if version is not None and version < OLDEST[engine]:
        return too_old(engine, tool, format_version(version))
    return ToolMissingError(
        f"{tool.path.name} does not start as a headless browser",
        where=str(tool.path),
        why=said or "it ended, or did not say in time where it takes orders",
        remedy="start it by hand to see why; in a container it may need more shared memory",
    )


def too_old(engine: Engine, tool: Tool, version: str) -> ToolMissingError:
    """Say that a browser is too old to run programs in."""
    oldest = OLDEST[engine][0]
    return ToolMissingError(
        f"{tool.path.name} {version} is too old",
        where=str(tool.path),
        why=f"{engine.title()} {oldest} or newer can be looked into as this needs",
        remedy="install a newer one, or give another with --browser",
    )
