"""The gallery in browsers: built once for Node, run again in pages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from filelock import FileLock

from emsockets_build.run.browser import Browsers
from emsockets_build.verify import Outcome
from tests.gallery.browsers import DIFFERENT, LINE_BEFORE, NOT_IN_PAGES, cells, shown_in, table
from tests.gallery.building import Programs
from tests.gallery.document import BEGIN, BROWSERS_DOCUMENT, END
from tests.gallery.entries import ENTRIES
from tests.gallery.entry import Entry
from tests.gallery.running import run_entries
from tests.gallery.test_gallery import line_of
from tests.generations import Tools

_RUNNERS = ("chromium", "firefox")
_CASES = [
    pytest.param(runner, entry, id=f"{runner}-{entry.name}")
    for runner in _RUNNERS
    for entry in ENTRIES
    if shown_in(runner, entry)
]


@pytest.fixture(scope="module")
def outcomes(
    request: pytest.FixtureRequest, newest_tools: Tools, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[tuple[str, str], Outcome]:
    """What becomes of every program that is asked for, in one browser process of each kind."""
    emscripten = newest_tools.emscripten
    assert request.config.cache is not None
    kept = Path(request.config.cache.mkdir(f"emsockets-gallery-{emscripten.version_text}"))
    shown = [entry for entry in ENTRIES if entry.shown(emscripten.version)]
    with FileLock(kept / "lock"):
        programs = Programs(newest_tools.whole, kept, shown)
    asked = set()
    for item in request.session.items:
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        if isinstance(page := parameters.get("page"), Entry):
            asked.add((parameters["runner"], page.name))
    found: dict[tuple[str, str], Outcome] = {}
    with Browsers() as browsers:
        for runner in _RUNNERS:
            entries = [e for e in shown if (runner, e.name) in asked]
            paths = {entry.name: programs.path(entry) for entry in entries}
            folder = tmp_path_factory.mktemp(runner)
            ran = run_entries(emscripten, paths, entries, folder, runner=runner, browsers=browsers)
            found |= {(runner, name): outcome for name, outcome in ran.items()}
    return found


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.timeout(1800)  # the first one builds all programs and runs them
@pytest.mark.parametrize(("runner", "page"), _CASES)
def test_the_cause_is_found_in_a_page(
    outcomes: Mapping[tuple[str, str], Outcome], runner: str, page: Entry, newest_tools: Tools
) -> None:
    """The same as under Node, or what the table says."""
    if not page.shown(newest_tools.emscripten.version):
        assert (runner, page.name) not in outcomes
        return
    outcome = outcomes[runner, page.name]
    expected = cells(page)[1 + _RUNNERS.index(runner)]
    found = outcome.cause.id if outcome.cause is not None else ""
    assert found == expected, (outcome.cause, outcome.result, outcome.connections)
    if runner == "chromium" and page.mark and page.name not in {*DIFFERENT, *LINE_BEFORE}:
        assert outcome.cause is not None
        assert outcome.cause.location.endswith(line_of(page)), outcome.cause


def test_the_documentation_shows_the_differences_as_they_are() -> None:
    """`python -m tests.gallery.document` writes the table anew."""
    assert BEGIN + table() + END in BROWSERS_DOCUMENT.read_text("utf-8")


def test_every_difference_is_of_an_entry() -> None:
    """A name that is gone differs from nothing."""
    assert {*DIFFERENT, *NOT_IN_PAGES} <= {entry.name for entry in ENTRIES}
