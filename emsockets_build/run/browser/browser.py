"""A browser that runs programs: started at the first one, shared by all, gone at the end."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from emsockets_build.run.model import Limits, Program, RunResult, Version
from emsockets_build.toolchain.browsers import Engine, find_browser
from emsockets_build.transcript.event import Event

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
        emscripten_version: Version | None = None,
        symbolizer: Callable[[], Path | None] | None = None,
        limits: Limits | None = None,
        stop: threading.Event | None = None,
        on_output: Callable[[str, bytes], None] | None = None,
        on_event: Callable[[Event], None] | None = None,
        every_call: bool = False,
    ) -> RunResult:
        """Run a program in a fresh page, and leave nothing of it.

        Args:
            program: A ``.js`` or ``.mjs`` file, or the ``.html`` page of a program.
            emscripten_version: The Emscripten that built it, where it is known.
            symbolizer: Finds ``llvm-symbolizer``; called only for a hang or a crash.
            limits: Bounds; the defaults of `Limits` if None.
            stop: Ends the run early when set, from any thread.
            on_output: Called with ``stdout`` or ``stderr`` and each piece, in another thread.
            on_event: Called with each event of the page, in another thread.
            every_call: Report each socket call instead of each new result of one.

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

        limits = limits or Limits()
        features, site = prepared(program.path, emscripten_version)
        session = self._running()
        record = PageRecord(limits, on_output, on_event)
        job = Job(program, features, site, limits, symbolizer, stop, record, every_call=every_call)
        result = session.run(job)
        return replace(
            result, crash=crash_stack(script_of(program.path), result.events, symbolizer)
        )

    def watch(
        self,
        url: str,
        *,
        emscripten_version: Version | None = None,
        symbolizer: Callable[[], Path | None] | None = None,
        limits: Limits | None = None,
        stop: threading.Event | None = None,
        on_output: Callable[[str, bytes], None] | None = None,
        on_event: Callable[[Event], None] | None = None,
        every_call: bool = False,
    ) -> RunResult:
        """Watch a page that somebody else serves, as it is, until its time is up.

        Args:
            url: The page's address.
            emscripten_version: The Emscripten that built its program, where it is known.
            symbolizer: As for `run`.
            limits: Bounds; its time is how long the page is watched, loading included.
            stop: As for `run`.
            on_output: As for `run`; what the page writes to its console.
            on_event: As for `run`.
            every_call: As for `run`.

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

        limits = limits or Limits()
        session = self._running()
        record = PageRecord(limits, on_output, on_event)
        with tempfile.TemporaryDirectory(prefix="emsockets-page-") as folder:
            page = Deployed(url, Path(folder), record, insecure=self._insecure)
            job = Job(
                Program(page.program), None, ProgramSite(Path(folder)), limits, symbolizer, stop,
                record, deployed=page, every_call=every_call,
            )  # fmt: skip
            result = session.run(job)
            page.fetch()
            return replace(
                result,
                features=page.features(emscripten_version),
                crash=crash_stack(page.program, result.events, symbolizer),
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
