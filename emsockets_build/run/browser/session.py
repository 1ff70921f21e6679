"""One browser process with the thread that talks to it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from websockets.exceptions import WebSocketException

from emsockets_build.errors import CheckFailedError, ToolMissingError
from emsockets_build.run.browser.chromium import connected_chromium
from emsockets_build.run.browser.deployed import Deployed
from emsockets_build.run.browser.firefox import connected_firefox
from emsockets_build.run.browser.process import BrowserProcess, running_browser, too_old
from emsockets_build.run.browser.record import PageRecord
from emsockets_build.run.browser.script import page_settings
from emsockets_build.run.browser.site import ProgramSite, page_path, script_of
from emsockets_build.run.devtools import ProtocolError
from emsockets_build.run.examine import explain, pulse_of
from emsockets_build.run.features import ModuleKind, ProgramFeatures
from emsockets_build.run.hang import Hang, HangKind
from emsockets_build.run.model import Limits, Program, RunResult, Watch
from emsockets_build.run.stacks import Observation
from emsockets_build.run.wasm import FunctionTable
from emsockets_build.server.behaviours import from_spec
from emsockets_build.server.gates import Gate
from emsockets_build.server.host import Host, Settings
from emsockets_build.server.library import new_event_loop
from emsockets_build.server.recorder import RecordLimits
from emsockets_build.toolchain import Tool
from emsockets_build.toolchain.browsers import OLDEST, Engine
from emsockets_build.toolchain.version import version_in

__all__ = ["Job", "Session"]

_START_SECONDS = 90.0
_PAGE_SECONDS = 30.0  # for a page of our own server to begin
_STOP_SECONDS = 20.0
_LOOK_SECONDS = 0.1  # between two looks at the stop event and at the pulse
_PULSE_SECONDS = 1.2  # a page that turns tells so five times a second
_CONNECTIONS = 200  # of a page to its own site that are remembered


class Page(Protocol):
    """What both kinds of browser can do with a page."""

    async def load(self, url: str, settings: dict[str, object], seconds: float) -> None:
        """Prepare the page and send it to an address, whose server may take its time."""

    async def observe(self, functions: FunctionTable, *, turning: bool) -> Observation:
        """Look at every thread."""

    async def count(self) -> None:
        """Have the page's script tell what it has counted so far."""

    async def close(self) -> None:
        """Close the page, hung or not."""


class Driver(Protocol):
    """What both kinds of browser can do."""

    version: str

    async def open(self, record: PageRecord) -> Page:
        """Open a page in a context of its own."""

    async def close(self) -> None:
        """Let the browser end."""


def _connected(
    engine: Engine, process: BrowserProcess, *, insecure: bool
) -> AbstractAsyncContextManager[Driver]:
    if engine is Engine.FIREFOX:
        return connected_firefox(process.url, insecure=insecure)
    return connected_chromium(process.url)


@dataclass(frozen=True, slots=True)
class Job:
    """One program, or one page that is served elsewhere, with all that its run wants."""

    program: Program
    features: ProgramFeatures | None
    site: ProgramSite
    limits: Limits
    watch: Watch
    record: PageRecord
    deployed: Deployed | None = None
    started: float = field(default_factory=time.monotonic)


def _check_age(engine: Engine, tool: Tool, said: str) -> None:
    version = version_in(said)
    if version is not None and version < OLDEST[engine]:
        raise too_old(engine, tool, said)


class _Ending(Enum):
    EXIT = "exit"
    TIMEOUT = "timeout"
    HOPELESS = "hopeless"
    STOP = "stop"
    WATCHED = "watched"  # long enough, and the page is well
    LOST = "lost"  # the browser died


class Session:
    """A browser that runs, and the event loop of its own thread.

    Args:
        engine: Of which kind it is.
        tool: Which one.
        insecure: Whether it takes certificates that it does not trust.
    """

    def __init__(self, engine: Engine, tool: Tool, *, insecure: bool = False) -> None:
        self.engine = engine
        self.tool = tool
        self._insecure = insecure
        self._loop = new_event_loop()
        self._ready: Future[Driver] = Future()
        self._stopping = asyncio.Event()
        self._stack = contextlib.ExitStack()
        self._thread = threading.Thread(target=self._serve, name=f"browser-{engine}", daemon=True)
        self._lost = threading.Event()

    def start(self) -> None:
        """Start the browser and connect to it.

        Raises:
            ToolMissingError: It does not start, or is too old.
        """
        try:
            self._process = self._stack.enter_context(
                running_browser(self.engine, self.tool, insecure=self._insecure)
            )
            self._thread.start()
            driver = self._ready.result(_START_SECONDS)
            _check_age(self.engine, self.tool, driver.version)
        except BaseException as error:
            self.close()
            if isinstance(error, OSError | TimeoutError | WebSocketException | ProtocolError):
                raise ToolMissingError(
                    f"{self.tool.path.name} does not take orders",
                    where=str(self.tool.path),
                    why=f"{type(error).__name__}: {error}",
                    remedy="start it by hand to see why, or give another with --browser",
                ) from error
            raise

    @property
    def alive(self) -> bool:
        """Whether the browser still answers."""
        return self._thread.is_alive() and not self._lost.is_set()

    def close(self) -> None:
        """End the browser and the thread."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(_STOP_SECONDS)
        self._stack.close()

    def _serve(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._main())

    async def _main(self) -> None:
        try:
            async with _connected(self.engine, self._process, insecure=self._insecure) as driver:
                self._driver = driver
                self._ready.set_result(driver)
                await self._stopping.wait()
                await driver.close()
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is awaited
            if not self._ready.done():
                self._ready.set_exception(error)
        finally:
            self._lost.set()

    def run(self, job: Job) -> RunResult:
        """Run a program; called in any thread but the browser's.

        Args:
            job: What to run.

        Returns:
            What was seen.
        """
        future = asyncio.run_coroutine_threadsafe(self._run(job), self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()  # Ctrl-C
            raise

    async def _run(self, job: Job) -> RunResult:
        hang: Hang | None = None
        ending = _Ending.LOST
        try:
            async with _serving(job.site) as host:
                url = f"http://127.0.0.1:{host.port}{page_path(job.program.path)}"
                page = await self._driver.open(job.record)
                try:
                    await _load(job, page, url)
                    ending, hang = await self._wait(job, page)
                finally:
                    await page.close()
        except (ProtocolError, WebSocketException) as error:
            self._lost.set()
            job.record.end("browser-lost", str(error))
        return self._result(job, ending, hang)

    async def _wait(self, job: Job, page: Page) -> tuple[_Ending, Hang | None]:
        record, limits = job.record, job.limits
        # A browser with many pages to open takes its time, which is not the program's.
        deadline = limits.seconds + (job.started if job.deployed else time.monotonic())
        looks_early = limits.examine and limits.stall is not None
        while True:
            left = deadline - time.monotonic()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(record.ended.wait(), max(0.0, min(left, _LOOK_SECONDS)))
            if record.ended.is_set():
                return _Ending.EXIT, None
            if job.watch.stop is not None and job.watch.stop.is_set():
                return _Ending.STOP, None
            if time.monotonic() >= deadline:
                if job.deployed is not None:
                    return await _watched(job, page)
                return _Ending.TIMEOUT, await _look(job, page) if limits.examine else None
            if looks_early and _stalled(record, limits):
                looks_early = False  # one look is enough
                hang = await _look(job, page)
                if hang.hopeless:
                    return _Ending.HOPELESS, hang

    def _result(self, job: Job, ending: _Ending, hang: Hang | None) -> RunResult:
        record = job.record
        stdout, stderr = record.captures["stdout"], record.captures["stderr"]
        return RunResult(
            command=(os.fspath(self.tool.path), _shown(job)),
            exit_code=record.exit_code if ending is _Ending.EXIT else None,
            signal=None,
            timed_out=ending in {_Ending.TIMEOUT, _Ending.HOPELESS},
            cancelled=ending is _Ending.STOP,
            stdout=stdout.data,
            stderr=stderr.data,
            stdout_dropped=stdout.dropped,
            stderr_dropped=stderr.dropped,
            started=job.started,
            ended=time.monotonic(),
            events=record.events(),
            events_dropped=record.reports.dropped,
            last_alive=record.reports.last_alive,
            features=job.features,
            hang=hang,
        )


def _shown(job: Job) -> str:
    return job.deployed.url if job.deployed is not None else os.fspath(job.program.path)


async def _load(job: Job, page: Page, url: str) -> None:
    """Send a page to its address, and wait until it begins, or never will."""
    seconds = _PAGE_SECONDS
    if job.deployed is not None:
        url, seconds = job.deployed.url, job.limits.seconds
    loading = asyncio.ensure_future(page.load(url, _page_settings(job), seconds))
    ended = asyncio.ensure_future(job.record.ended.wait())  # a page that dies answers no more
    try:
        await asyncio.wait({loading, ended}, return_when="FIRST_COMPLETED")
        if loading.done():
            loading.result()
    finally:
        loading.cancel()
        ended.cancel()
        await asyncio.gather(loading, ended, return_exceptions=True)


def _page_settings(job: Job) -> dict[str, object]:
    watches, features = job.deployed is not None, job.features
    return page_settings(
        job.program,
        own_page=not watches and job.program.path.suffix != ".html",
        stays_alive=features is not None and features.proxy_to_pthread,
        threads=watches or (features is not None and features.pthreads),
        worker=job.site.worker,
        watches=watches,
        every_call=job.watch.every_call,
    )


@contextlib.asynccontextmanager
async def _serving(site: ProgramSite) -> AsyncIterator[Host]:
    """Serve a program's folder, with the headers that threads need, to pages of this machine."""
    host = Host(
        Settings(
            behaviour=from_spec("refuse"),
            site=site,
            gate=Gate(hosts=frozenset()),
            limits=RecordLimits.counts_only(_CONNECTIONS),
        )
    )
    await host.start()
    try:
        yield host
    finally:
        await host.stop()


def _stalled(record: PageRecord, limits: Limits) -> bool:
    last = record.reports.last_alive
    return limits.stall is not None and last is not None and time.monotonic() - last > limits.stall


async def _pulse(job: Job) -> tuple[bool, tuple[str, ...]]:
    """Tell whether a page's event loop turns, and what it waits for."""
    with contextlib.suppress(TimeoutError):  # a loop may have begun since the last pulse
        await asyncio.wait_for(job.record.pulse(), _PULSE_SECONDS)
    return pulse_of(job.record.reports)


async def _watched(job: Job, page: Page) -> tuple[_Ending, Hang | None]:
    """Tell how a page is that was watched long enough."""
    if not job.record.started:
        job.record.end("navigation-failed", f"no page came in {job.limits.seconds:g} s")
        return _Ending.WATCHED, None
    turning, handles = await _pulse(job)
    if turning:
        await page.count()
        return _Ending.WATCHED, Hang(HangKind.IDLE, handles=handles)
    return _Ending.TIMEOUT, await _look(job, page) if job.limits.examine else None


async def _look(job: Job, page: Page) -> Hang:
    """Look at a page whose program does not end; never raises for what cannot be seen."""
    turning, handles = await _pulse(job)
    features = job.features
    if job.deployed is not None:
        await asyncio.to_thread(job.deployed.fetch)
        features = job.deployed.features()
    program = script_of(job.program.path)
    try:
        functions = FunctionTable.of_file(program.with_suffix(".wasm"))
        seen = await page.observe(functions, turning=turning)
    except CheckFailedError as error:
        kind = HangKind.IDLE if turning else HangKind.UNKNOWN
        return Hang(kind, handles=handles, trouble=f"{error.what}: {error.why}")
    # The symbolizer is a process of its own, and other pages want to be heard meanwhile.
    return await asyncio.to_thread(
        explain,
        program,
        features or ProgramFeatures(ModuleKind.SCRIPT),
        seen,
        turning=turning,
        handles=handles,
        symbolizer=job.watch.symbolizer,
    )
