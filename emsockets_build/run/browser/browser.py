"""A browser that runs programs: started at the first one, shared by all, gone at the end."""

from __future__ import annotations

import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from emsockets_build.run.model import Limits, Program, RunResult, Watch
from emsockets_build.toolchain.browsers import Engine, find_browser

if TYPE_CHECKING:  # most commands that could use a browser do not: it is imported by its first run
    from emsockets_build.run.browser.session import Session

__all__ = ["Browser", "Browsers"]


class Browser:
    """One browser process; every method may be called from any thread.

    Args:
        engine: Of which kind.
        path: The executable; the first that is found if None.
        insecure: Take a certificate that the browser does not trust for one that it does.
    """

    def __init__(self, engine: Engine, path: Path | None = None, *, insecure: bool = False) -> None:
        self.engine = engine
        self._path = path
        self._insecure = insecure
        self._lock = threading.Lock()
        self._session: Session | None = None

    def run(
        self,
        program: Program,
        *,
        limits: Limits | None = None,
        watch: Watch | None = None,
    ) -> RunResult:
        """Run a program in a fresh page, and leave nothing of it.

        Args:
            program: A ``.js`` or ``.mjs`` file, or the ``.html`` page of a program.
            limits: Bounds; the defaults of `Limits` if None.
            watch: Who watches; nobody if None.

        Returns:
            Everything that was seen of the run.

        Raises:
            UsageError: The program cannot be read.
            ToolMissingError: There is no browser, it is too old, or it does not start.
        """
        from emsockets_build.run.browser.record import PageRecord
        from emsockets_build.run.browser.session import Job
        from emsockets_build.run.browser.site import prepared, script_of
        from emsockets_build.run.crash import crash_stack

        limits, watch = limits or Limits(), watch or Watch()
        features, site = prepared(program.path, watch.emscripten_version)
        session = self._running()
        record = PageRecord(limits, watch.on_output, watch.on_event)
        job = Job(program, features, site, limits, watch, record)
        result = session.run(job)
        return replace(
            result, crash=crash_stack(script_of(program.path), result.events, watch.symbolizer)
        )

    def watch(
        self,
        url: str,
        *,
        limits: Limits | None = None,
        watch: Watch | None = None,
    ) -> RunResult:
        """Watch a page that somebody else serves, as it is, until its time is up.

        Args:
            url: The page's address.
            limits: Bounds; its time is how long the page is watched, loading included.
            watch: Who watches; output is what the page writes to its console.

        Returns:
            Everything that was seen. Time that is up is no failure here: ``timed_out`` says that
            the page's event loop stood still then. The exit code is None unless the page told one
            and nothing in it can happen any more.

        Raises:
            ToolMissingError: As for `run`.
        """
        from emsockets_build.run.browser.deployed import Deployed
        from emsockets_build.run.browser.record import PageRecord
        from emsockets_build.run.browser.session import Job
        from emsockets_build.run.browser.site import ProgramSite
        from emsockets_build.run.crash import crash_stack

        limits, watch = limits or Limits(), watch or Watch()
        session = self._running()
        record = PageRecord(limits, watch.on_output, watch.on_event)
        with tempfile.TemporaryDirectory(prefix="emsockets-page-") as folder:
            page = Deployed(url, Path(folder), record, insecure=self._insecure)
            site = ProgramSite(Path(folder))
            job = Job(Program(page.program), None, site, limits, watch, record, deployed=page)
            result = session.run(job)
            page.fetch()
            return replace(
                result,
                features=page.features(watch.emscripten_version),
                crash=crash_stack(page.program, result.events, watch.symbolizer),
            )

    def _running(self) -> Session:
        """Return the session with the browser, started anew if it has died."""
        from emsockets_build.run.browser.session import Session

        with self._lock:
            if self._session is not None and not self._session.alive:
                self._session.close()
                self._session = None
            if self._session is None:
                session = Session(
                    self.engine, find_browser(self.engine, self._path), insecure=self._insecure
                )
                session.start()
                self._session = session
            return self._session

    def close(self) -> None:
        """End the browser; a no-op if it was never started."""
        with self._lock:
            if self._session is not None:
                self._session.close()
                self._session = None


class Browsers:
    """The browsers of one command, each started when it is first wanted.

    Args:
        path: A browser that was asked for; it stands for its own kind only.
        insecure: Take certificates that the browsers do not trust for ones that they do.
    """

    def __init__(self, path: Path | None = None, *, insecure: bool = False) -> None:
        self._browsers = {engine: Browser(engine, path, insecure=insecure) for engine in Engine}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def get(self, runner: str) -> Browser:
        """Return the browser of a runner: ``chromium`` or ``firefox``."""
        return self._browsers[Engine(runner)]

    def close(self) -> None:
        """End all that were started."""
        for browser in self._browsers.values():
            browser.close()
