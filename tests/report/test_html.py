"""The HTML report: whatever was said is text in it, and it needs nothing but itself."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emsockets_build.cli import main
from emsockets_build.quoting import terminal_escape
from emsockets_build.report.document import batch_document
from emsockets_build.report.html import SourceLinks, html_report
from emsockets_build.report.html.plots import bytes_text, seconds_text
from emsockets_build.server.events import Accepted, FrameSeen
from emsockets_build.transcript.event import Event, Kind, Source
from emsockets_build.verify import Batch, Outcome, Scenario
from tests.report.test_reports import HOSTILE, a_batch
from tests.verify.observed import a_connection, a_run

NOWHERE = SourceLinks(Path("/report"), Path("/project"))
MARKUP = "</style></title><script>alert(1)</script><img src=x onerror=alert(1)>\"'&lt;&#60;"
VOID = {"meta"}


class _Structure(HTMLParser):
    """Reads elements and their attributes, and that each is closed."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.standing: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]
        if tag not in VOID:
            self.standing.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.standing.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.standing and self.standing[-1] != "style":
            self.words.append(data)


def a_page(batch: Batch, **changes: Any) -> str:
    """Write a report about a batch."""
    document = batch_document("check", batch, {})
    values = {"title": "game", "facts": {"Emscripten": "6.0.5"}, "files": {}} | changes
    return html_report(batch, document["runs"], NOWHERE, **values)


HARMLESS = _Structure(a_page(a_batch("words"), title="words", facts={"words": "words"}))


# A place such as `a.c:1` is the one thing in words that is shown in a way of its own.
@settings(max_examples=40, deadline=None)  # each is two whole pages
@given(st.text().filter(lambda text: re.search(r":\d", text) is None))
def test_no_text_becomes_markup(text: str) -> None:
    """The elements are those of a report in which nobody said anything of note."""
    said = f"x{MARKUP}{text}{HOSTILE}"
    hostile = _Structure(a_page(a_batch(said), title=said, facts={said: said}))
    assert hostile.elements == HARMLESS.elements
    assert not hostile.standing
    assert set(hostile.links) == {"#run-1", "#run-2"}
    shown = "".join(hostile.words)
    assert shown.count("<script>alert(1)</script>") >= 10
    assert terminal_escape(f"x{MARKUP}") in shown
    assert not set(shown) & set("\x00\x1b\u202e\ud800")


def test_it_needs_nothing_but_itself() -> None:
    """No script, no second file, nothing from a network, and a policy that would forbid it."""
    page = a_page(a_batch())
    assert not re.search(r"<script|<link|<iframe|@import|url\(|src=|https?://", page)
    assert "default-src 'none'" in page


def test_what_failed_comes_first_and_unfolded() -> None:
    """With cause, remedy, expectation and evidence; what passed is folded away."""
    page = a_page(a_batch("words"))
    assert page.index('id="run-2"') < page.index('id="run-1"')
    assert len(re.findall(r'class="scenario"><details open', page)) == 1
    words = _Structure(page).words
    assert "1 failed and 1 could not be run of 4, interrupted" in words
    for said in ("some-cause", "Remedy: ", "exit code", "could not be run", "Not reached", "four"):
        assert said in words


@pytest.mark.parametrize(
    ("batch", "verdict"),
    [
        (Batch(()), "Nothing was run"),
        (Batch((Outcome(Scenario("a", Path("a.js")), a_run(), (), ()),)), "Passed"),
        (Batch((Outcome(Scenario("a", Path("a.js")), a_run(), (), ()),) * 2), "All 2 passed"),
        (Batch((), not_run=(Scenario("a", Path("a")),)), "0 of 1 passed"),
    ],
)
def test_the_verdict_in_words(batch: Batch, verdict: str) -> None:
    """As the page's heading."""
    assert f"<h1>{verdict}</h1>" in a_page(batch)


def _talk(messages: int) -> Iterator[Event]:
    for number in range(messages):
        yield Event(Kind.SEND, Source.PROGRAM, time=10 + number / 100, socket="1", size=number)


def test_a_long_talk_is_drawn_within_bounds() -> None:
    """The first and the last moments; the plots keep their last point."""
    run = a_run(events=tuple(_talk(20_000)), stdout=b"x" * 1_000_000)
    outcome = Outcome(Scenario("a", Path("a.js")), run, (), ())
    page = a_page(Batch((outcome,)))
    assert "19,700 moments are not drawn" in page
    assert len(re.findall('class="arrow to-server alone"', page)) == 300
    assert "Payload so far" in page
    assert len(page) < 200_000


def test_what_one_side_sent_and_the_other_never_saw_is_dashed() -> None:
    """Only where both sides are watched: a native program tells nothing."""
    events = (Event(Kind.SEND, Source.PROGRAM, time=10.1, socket="1", size=5),)
    watched = Outcome(Scenario("a", Path("a.js")), a_run(events=events), (), ())
    alone = Outcome(Scenario("a", Path("a.js"), server=""), a_run(events=events), (), ())
    assert 'class="arrow to-server alone"' in a_page(Batch((watched,)))
    assert 'class="arrow to-server"' in a_page(Batch((alone,)))


def test_both_sides_of_a_message_are_one_row() -> None:
    """With the time that it was on its way."""
    now = time.monotonic()
    local = MappingProxyType({"local": "127.0.0.1:40000"})
    program = (
        Event(Kind.CONNECT, Source.PROGRAM, time=now - 0.5, socket="1", detail=local),
        Event(Kind.SEND, Source.PROGRAM, time=now, socket="1", size=5),
    )
    server = (
        Accepted(1, 4.0, "127.0.0.1:40000", secure=False, clock=time.time() - 0.25),
        FrameSeen(1, 4.5, "client", 2, fin=True, size=5, payload=b"hello", sha256=""),
    )
    connection = a_connection(events=server)
    outcome = Outcome(Scenario("a", Path("a.js")), a_run(events=program), (connection,), ())
    page = a_page(Batch((outcome,)))
    travels = re.findall(r'class="travel">([0-9.]+) ms<', page)
    assert len(travels) == 2
    assert "alone" not in page.partition("<body>")[2]
    assert all(200 < float(travel) < 300 for travel in travels)


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_499, "999 kB"), (999_999, "1.0 MB")],
)
def test_sizes(count: int, said: str) -> None:
    """Three digits at most before the unit."""
    assert bytes_text(count) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0.0 ms"), (0.0042, "4.2 ms"), (0.25, "250 ms"), (0.9999, "1.00 s"), (75, "75.00 s")],
)
def test_times(seconds: float, said: str) -> None:
    """In the unit that people would use."""
    assert seconds_text(seconds) == said


GITHUB = {
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "a/b",
    "GITHUB_SHA": "c0ffee",
}


def test_links_to_sources(tmp_path: Path) -> None:
    """Relative beside the sources, to the commit in CI, none where there is no file."""
    project = tmp_path / "my game"
    (project / "src").mkdir(parents=True)
    source = project / "src" / "a #1.cpp"
    source.write_text("")
    here = SourceLinks.here(project / "out" / "r.html", project, {})
    assert here.link(f"{source}:9") is None  # a place has no blanks: it could be anything
    assert here.link(str(source)) == "./../src/a%20%231.cpp"
    plain = project / "src" / "b.cpp"
    plain.write_text("")
    assert here.link("src/b.cpp:9") == "./../src/b.cpp"
    assert here.short(f"{plain}:9") == "src/b.cpp:9"
    for text in ("src/c.cpp:9", "javascript:alert(1)", "\0", "x" * 5000, ""):
        assert here.link(text) is None
    github = GITHUB | {"GITHUB_WORKSPACE": str(tmp_path)}
    there = SourceLinks.here(project / "r.html", project, github)
    assert there.link("src/b.cpp:9") == "https://github.com/a/b/blob/c0ffee/my%20game/src/b.cpp#L9"
    gitlab = {
        "CI_PROJECT_URL": "https://gitlab.com/a/b",
        "CI_COMMIT_SHA": "c0ffee",
        "CI_PROJECT_DIR": str(project),
    }
    there = SourceLinks.here(project / "r.html", project, gitlab)
    assert there.link("src/b.cpp:9") == "https://gitlab.com/a/b/-/blob/c0ffee/src/b.cpp#L9"
    evil = github | {"GITHUB_SERVER_URL": "javascript:alert(1)//"}
    assert SourceLinks.here(project / "r.html", project, evil).link("src/b.cpp") == "./src/b.cpp"


def test_run_writes_thea_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For a native program, too; one that cannot be written is bad input."""
    page = tmp_path / "out" / "report.html"
    assert main(["run", "/bin/echo", "--html", str(page), "--", "<b>hello"]) == 0
    assert "&lt;b&gt;hello" in page.read_text("utf-8")
    assert main(["run", "/bin/echo", "--html", "/dev/null/report.html"]) == 2
    assert "remedy:" in capsys.readouterr().err


@given(st.text())
def test_native_and_web_builds_side_by_side(text: str) -> None:
    """A difference is in the heading; whatever the builds said is text."""
    said = f"x{MARKUP}{text}"
    compared = {
        "name": said,
        "equal": False,
        "differences": [
            {"aspect": said, "native": said, "web": said, "matters": True, "because": []}
        ],
        "explanations": [{"id": said, "summary": said, "remedy": said, "evidence": []}],
    }
    broken = {"name": said, "what": said, "where": "", "why": said, "remedy": ""}
    parity = {
        "verdict": "fail",
        "compared": [compared],
        "not_compared": [{"name": said, "why": said}],
        "broken": [broken],
    }
    outcome = Outcome(Scenario("a", Path("a.js")), a_run(), (), ())
    page = a_page(Batch((outcome,)), parity=parity)
    assert "<h1>Passed; native and web builds differ</h1>" in page
    structure = _Structure(page)
    assert not structure.standing
    assert not {tag for tag, _ in structure.elements} & {"script", "img"}
    assert "".join(structure.words).count("<script>alert(1)</script>") == 12
