"""Each release's gallery: built once, run at once, and shared by the tests of its cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import pytest
from filelock import FileLock

from emsockets_build.toolchain import Emscripten, find_emscriptens
from emsockets_build.verify import Outcome
from tests.gallery.building import Programs
from tests.gallery.entries import ENTRIES
from tests.gallery.entry import Entry
from tests.gallery.running import run_entries


@cache
def generations() -> Mapping[str, Emscripten]:
    """Every release that is installed; of several of one version the preferred one."""
    found: dict[str, Emscripten] = {}
    for emscripten in find_emscriptens():
        found.setdefault(emscripten.version_text, emscripten)
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each entry and each release that it is shown with."""
    if "entry" not in metafunc.fixturenames:
        return
    pairs = [
        pytest.param(
            version,
            entry,
            id=f"{version}-{entry.name}",
            marks=pytest.mark.xdist_group(f"gallery-{version}"),
        )
        for version, emscripten in generations().items()
        for entry in ENTRIES
        if entry.since <= emscripten.version < entry.until
    ]
    # Without an Emscripten the one test left fails and says so; nothing is passed over in silence.
    none = pytest.param("none", ENTRIES[0], id="no-emscripten")
    metafunc.parametrize(("version", "entry"), pairs or [none])


@dataclass
class Gallery:
    """The gallery of one release.

    Attributes:
        emscripten: The release.
        entries: What the session's tests ask for.
        kept: Where programs are built, and found again by the next session.
        folder: Where copies of them may be put.
    """

    emscripten: Emscripten
    entries: tuple[Entry, ...]
    kept: Path
    folder: Path

    @cached_property
    def programs(self) -> Programs:
        """All programs, built."""
        shown = [e for e in ENTRIES if e.since <= self.emscripten.version < e.until]
        with FileLock(self.kept / "lock"):
            return Programs(self.emscripten, self.kept, shown)

    @cached_property
    def outcomes(self) -> Mapping[str, Outcome]:
        """What became of every entry that is asked for and can be run."""
        entries = [entry for entry in self.entries if entry.builds]
        paths = {entry.name: self.programs.path(entry) for entry in entries}
        return run_entries(self.emscripten, paths, entries, self.folder)


@pytest.fixture(scope="session")
def galleries(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Gallery]:
    """The galleries by release, with what this session's tests ask for."""
    asked: dict[str, dict[str, Entry]] = {}
    for item in request.session.items:
        callspec = getattr(item, "callspec", None)
        if callspec is not None and isinstance(callspec.params.get("entry"), Entry):
            entry = callspec.params["entry"]
            asked.setdefault(callspec.params["version"], {})[entry.name] = entry
    return {
        version: Gallery(
            generations()[version],
            tuple(entries.values()),
            Path(request.config.cache.mkdir(f"emsockets-gallery-{version}")),
            tmp_path_factory.mktemp(version),
        )
        for version, entries in asked.items()
        if version in generations() and request.config.cache is not None
    }
