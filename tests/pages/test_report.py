"""The HTML report as people see it, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pages.chromium import LOOK, Page
from tests.report.test_html import MARKUP, a_page
from tests.report.test_reports import HOSTILE, a_batch

pytestmark = pytest.mark.browser


@pytest.fixture
def report(tmp_path: Path, page: Page) -> Page:
    """A report in which everything that can be said is hostile and long."""
    said = f"{MARKUP}{HOSTILE} " + "x" * 300
    path = tmp_path / "report.html"
    text = a_page(a_batch(said), title=said, facts={said: said})
    path.write_text(text, "utf-8")
    page.show(width=1280)
    page.go(path.as_uri())
    return page


def test_hostile_words_are_text(report: Page) -> None:
    """Nothing of them became an element, and nothing ran."""
    assert report.run("document.querySelectorAll('script, img').length") == 0
    assert "<script>alert(1)</script>" in report.text("h1 + svg + ul ~ dl")
    assert report.text("title").startswith("1 failed")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 400])
def test_it_can_be_read(report: Page, width: int, *, dark: bool) -> None:
    """Light and dark, wide and on a phone, folded and unfolded."""
    report.show(width=width, dark=dark)
    report.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert report.run(f"{LOOK}.faint()") == []
    assert report.run(f"{LOOK}.wide()") == []
    assert report.run(f"{LOOK}.nameless()") == []


def test_on_paper_nothing_is_folded_away(report: Page) -> None:
    """Whoever prints it cannot unfold; and paper is white."""
    height = "document.querySelector('#run-1 .body').getBoundingClientRect().height"
    visible = "document.querySelector('#run-1 .body').checkVisibility()"
    assert not report.run(visible)
    report.show(width=800, dark=True, media="print")
    assert report.run(visible)
    assert report.run(height) > 20
    assert report.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert report.run("document.querySelector('#run-1 h2').getBoundingClientRect().height") < 30
    assert report.run(f"{LOOK}.faint()") == []
