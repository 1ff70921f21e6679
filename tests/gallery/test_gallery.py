"""Every mistake of the gallery, over every Emscripten on this machine: is its cause found?"""

from __future__ import annotations

import pytest

from emsockets_build.buildtree.explain import explain
from tests.gallery.building import PROGRAMS
from tests.gallery.conftest import Gallery
from tests.gallery.entries import ENTRIES
from tests.gallery.entry import Entry
from tests.gallery.running import SCALE


def line_of(entry: Entry) -> str:
    """The place that is marked in a program's source, as a cause must name it."""
    lines = (PROGRAMS / entry.source).read_text("utf-8").splitlines()
    marked = [n for n, line in enumerate(lines, 1) if line.endswith(f"// {entry.mark}")]
    assert len(marked) == 1, f"{entry.source} has {len(marked)} lines marked {entry.mark}"
    return f"{entry.source}:{marked[0]}"


@pytest.mark.node
@pytest.mark.slow
@pytest.mark.timeout(1800)  # the first cell of a release builds all its programs
def test_the_cause_is_found(gallery: Gallery, entry: Entry) -> None:
    """With sentence, evidence and remedy; for a hang with function, file and line."""
    if not entry.builds:
        failure = gallery.programs.failure(entry)
        assert failure is not None, "it was built"
        known = explain(failure.why)
        assert known is not None, failure.why
        assert (known.id, known.remedy) == (entry.cause, failure.remedy)
        return
    outcome = gallery.outcomes[entry.name]
    cause = outcome.cause
    assert cause is not None, outcome
    assert cause.id == entry.cause, (cause, outcome.result, outcome.connections)
    assert cause.summary
    assert cause.evidence or cause.stack, cause
    assert cause.remedy
    assert outcome.result.seconds < 30 * SCALE
    hang = outcome.result.hang
    if entry.hang is not None:
        assert hang is not None
        assert hang.kind is entry.hang, hang
    if entry.function:
        assert hang is not None
        assert hang.function == entry.function, hang
    if entry.mark:
        assert cause.location.endswith(line_of(entry)), cause


def test_what_is_left_out_is_left_out_for_a_reason() -> None:
    """An entry that some release does not show says why."""
    bounded = [entry for entry in ENTRIES if entry.since > (3,) or entry.until < (99,)]
    assert [entry.name for entry in bounded if not entry.why] == []
