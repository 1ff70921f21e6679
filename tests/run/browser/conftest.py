"""One browser of each kind for all tests of a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from emsockets_build.run.browser import Browsers
from emsockets_build.run.model import Limits, Program, RunResult
from emsockets_build.transcript.event import Event, Kind

ENGINES = ("chromium", "firefox")

RunPage = Callable[..., RunResult]


@pytest.fixture(scope="session")
def browsers() -> Iterator[Browsers]:
    """The browsers of this machine, gone at the end."""
    with Browsers() as found:
        yield found


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Each kind of browser."""
    return str(request.param)


@pytest.fixture
def run_page(browsers: Browsers, engine: str) -> RunPage:
    """Run a program in a page of each kind of browser."""

    def run(path: Path, *arguments: str, seconds: float = 30, **options: Any) -> RunResult:
        program = Program(
            path,
            arguments,
            **{name: options.pop(name) for name in ("environment", "stdin") if name in options},
        )
        limits = options.pop("limits", None) or Limits(seconds=seconds)
        return browsers.get(engine).run(program, limits=limits, **options)

    return run


def reports(result: RunResult, name: str) -> list[Event]:
    """Return the events of one name."""
    return [event for event in result.events if event.detail.get("report") == name]


def of(result: RunResult, kind: Kind) -> list[Event]:
    """Return the events of one kind."""
    return [event for event in result.events if event.kind is kind]
