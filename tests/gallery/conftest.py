"""Each generation's gallery: built once, run at once, and shared by the tests of its cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest
from filelock import FileLock

from emsockets_build.run.model import Version
from emsockets_build.verify import Outcome
from tests.gallery.building import Programs
from tests.gallery.entries import ENTRIES
from tests.gallery.entry import Entry
from tests.gallery.running import run_entries
from tests.generations import Tools

# Every later difference between releases lies within a generation that stands still.
_VERSIONS: Mapping[str, Version] = {"3.1.6": (3, 1, 6), "3.1.69": (3, 1, 69), "6": (6, 99)}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each entry; the generations come from above."""
    if "entry" in metafunc.fixturenames:
        metafunc.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what a generation does not show; the table says why."""
    config.hook.pytest_deselected(items=[item for item in items if not _shown(item)])
    items[:] = [item for item in items if _shown(item)]


def _shown(item: pytest.Item) -> bool:
    parameters = _parameters(item)
    entry = parameters.get("entry")
    return not isinstance(entry, Entry) or entry.shown(_VERSIONS[str(parameters["generation"])])


def _parameters(item: pytest.Item) -> Mapping[str, object]:
    callspec = getattr(item, "callspec", None)
    return {} if callspec is None else callspec.params


@dataclass
class Gallery:
    """The gallery of one generation.

    Attributes:
        tools: Its toolchain.
        entries: What the session's tests ask for.
        kept: Where programs are built, and found again by the next session.
        folder: Where copies of them may be put.
    """

    tools: Tools
    entries: tuple[Entry, ...]
    kept: Path
    folder: Path

    @cached_property
    def programs(self) -> Programs:
        """All programs, built."""
        shown = [entry for entry in ENTRIES if entry.shown(self.tools.emscripten.version)]
        with FileLock(self.kept / "lock"):
            return Programs(self.tools.whole, self.kept, shown)

    @cached_property
    def outcomes(self) -> Mapping[str, Outcome]:
        """What became of every entry that is asked for and can be run."""
        entries = [entry for entry in self.entries if entry.builds]
        paths = {entry.name: self.programs.path(entry) for entry in entries}
        return run_entries(self.tools.emscripten, paths, entries, self.folder)


@pytest.fixture(scope="session")
def gallery(
    request: pytest.FixtureRequest, tools: Tools, tmp_path_factory: pytest.TempPathFactory
) -> Gallery:
    """The gallery of a generation, with what this session's tests ask for."""
    asked = [
        parameters["entry"]
        for parameters in map(_parameters, request.session.items)
        if parameters.get("generation") == tools.generation
        and isinstance(parameters.get("entry"), Entry)
    ]
    assert request.config.cache is not None
    release = tools.emscripten.version_text
    return Gallery(
        tools,
        tuple(entry for entry in ENTRIES if entry in asked),
        Path(request.config.cache.mkdir(f"emsockets-gallery-{release}")),
        tmp_path_factory.mktemp(release),
    )
