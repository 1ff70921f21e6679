"""The inspector as people see and use it, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.inspector.serving import Serving, serving
from tests.pages.chromium import LOOK, Page
from tests.server.rawclient import Frame, RawClient, frame

pytestmark = pytest.mark.browser

HOSTILE = b"<img src=x onerror=window.pwned=1><script>window.pwned=1</script>&lt;\x1b\xe2\x80\xae"


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    """An echo and a server that closes, inspected."""
    with serving("--inspect", "echo") as running:
        yield running


@pytest.fixture
def client(server: Serving) -> Iterator[RawClient]:
    """A program that has connected, asked for a hostile path and sent three messages."""
    with RawClient(server.port) as connected:
        connected.open("/?<img/src=x/onerror=window.pwned=1>")
        for payload in (b"first", bytes(range(256)) * 4, b"third"):
            connected.send(frame(2, payload))
            assert connected.read_frame() == Frame(2, payload)
        yield connected


@pytest.fixture
def inspector(server: Serving, page: Page, client: RawClient) -> Page:
    """The inspector's page, which shows that program's connection."""
    assert client is not None
    page.show(width=1280)
    page.go(server.inspect)
    page.until("document.querySelectorAll('#frames tbody tr').length === 9")
    return page


def test_a_connection_is_shown_live(inspector: Page, client: RawClient) -> None:
    """As a sequence and as a table; what follows appears by itself."""
    assert inspector.text("#status") == "live"
    assert inspector.text("#state") == "open"
    assert "3 msg" in inspector.text("#facts")
    assert "binary 1.0 kB" in inspector.text("#frames")
    assert inspector.run("document.querySelectorAll('.arrow.to-server').length") == 3
    inspector.click("[name=view][value=table]")
    assert "00 01 02 03" in inspector.text("#frames")
    client.send(frame(1, b"fourth"))
    inspector.until(
        "document.querySelector('#frames tbody tr:last-child .data')?.textContent === 'fourth'"
    )
    inspector.until("!!document.querySelector('#throughput .line')")
    inspector.until("!!document.querySelector('#latency .dots')")


def test_hostile_words_are_text(inspector: Page, client: RawClient) -> None:
    """In frames, the path, the payload's panel, the filter and the reason of a close."""
    client.send(frame(1, HOSTILE[:-4]))
    client.send(frame(2, HOSTILE))
    inspector.until("document.querySelectorAll('#frames tbody tr').length === 13")
    inspector.click("#frames tbody tr:last-child")
    inspector.click("[name=as-view][value=text]")
    shown = inspector.text("#payload")
    assert "<img src=x onerror=window.pwned=1><script>" in shown
    assert "\\x1b\\u{202e}" in shown
    inspector.fill("#filter", "<img src=x onerror=window.pwned=1>")
    assert inspector.run("document.querySelectorAll('#frames tbody tr').length") == 4
    inspector.fill("#filter", "")
    client.send(frame(8, b"\x03\xe8<img src=x onerror=window.pwned=1>"))
    inspector.until("document.querySelector('#ending').textContent.includes('<img src=x')")
    assert "<img/src=x/onerror=window.pwned=1>" in inspector.text("#title")
    assert inspector.run("document.querySelectorAll('img, main script').length") == 0
    assert inspector.run("window.pwned") is None


def test_a_payload_is_fetched_whole(inspector: Page) -> None:
    """As a hex dump, or as text."""
    inspector.click("#frames tbody tr:nth-child(6)")
    inspector.until("document.querySelector('#payload').textContent.includes('0003f0')")
    assert "f0 f1 f2 f3" in inspector.text("#payload")
    assert "binary to the server, 1.0 kB" in inspector.text("#detail-title")
    inspector.click("#close-detail")
    assert inspector.run("document.querySelector('#detail').hidden")


def test_buttons_make_the_server_misbehave(inspector: Page, client: RawClient) -> None:
    """At once, on this connection; what cannot be is said beside the buttons."""
    inspector.run("document.querySelector('#controls').open = true")
    inspector.fill("[data-do=send] [name=text]", "hello")
    inspector.click("[data-do=send] button")
    assert client.read_frame() == Frame(1, b"hello")
    inspector.click("[data-do=freeze]")
    inspector.until("document.querySelector('[data-do=freeze]').textContent === 'Thaw'")
    client.send(frame(2, b"kept"))
    inspector.click("[data-do=freeze]")
    assert client.read_frame() == Frame(2, b"kept")
    inspector.fill("[data-do=delay] [name=ms]", "soon")
    inspector.click("[data-do=delay] button")
    inspector.until("document.querySelector('#said').textContent.includes('no number')")
    inspector.fill("[data-do=delay] [name=ms]", "20")
    inspector.click("[data-do=delay] button")
    inspector.until("document.querySelector('#controls summary').textContent.includes('20 ms')")
    inspector.fill("[data-do=close] [name=code]", "1006")
    inspector.click("[data-do=close] button")
    inspector.until("document.querySelector('#said').textContent.includes('1006')")
    inspector.fill("[data-do=close] [name=code]", "4321")
    inspector.click("[data-do=close] button")
    assert client.read_close() == 4321
    client.close()
    inspector.until("document.querySelector('#state').textContent === 'closed'")
    assert inspector.run("document.querySelector('#acts').disabled")
    assert "by hand: the server closes with 4321" in inspector.text("#frames")


def test_pause_filter_and_direction(inspector: Page, client: RawClient) -> None:
    """Nothing moves while it is paused, and nothing is lost."""
    rows = "document.querySelectorAll('#frames tbody tr').length"
    inspector.click("#pause")
    client.send(frame(2, b"unseen"))
    inspector.until("document.querySelector('#notice').textContent.includes('2 new events')")
    assert inspector.run(rows) == 9
    inspector.click("#pause")
    inspector.until(f"{rows} === 11")
    inspector.fill("#filter", "UNSEEN")
    assert inspector.run(rows) == 2
    inspector.fill("#filter", "fc fd fe ff")
    assert inspector.run(rows) == 2
    inspector.run(
        "const way = document.querySelector('#direction'); way.value = 'client';"
        "way.dispatchEvent(new Event('change'))"
    )
    assert inspector.run(rows) == 1
    inspector.fill("#filter", "nothing of this kind")
    assert "nothing matches" in inspector.text("#notice")


@pytest.mark.parametrize("format_", ["json", "har"])
def test_export(inspector: Page, format_: str) -> None:
    """The record as a file."""
    inspector.run("URL.createObjectURL = (blob) => { window.saved = blob.text(); return '#'; }")
    inspector.click(f"[data-export={format_}]")
    inspector.until("'saved' in window")
    document = json.loads(inspector.run("window.saved"))
    if format_ == "json":
        assert len(document["connections"][0]["events"]) == 9
    else:
        messages = document["log"]["entries"][0]["_webSocketMessages"]
        assert [one["type"] for one in messages] == ["send", "receive"] * 3


def test_everything_is_reached_by_keys(inspector: Page) -> None:
    """Tab goes through all of it, arrows through the frames, Enter opens one."""
    inspector.run("document.querySelector('#controls').open = true")
    inspector.run("document.body.tabIndex = -1; document.body.focus()")
    name = (
        "(() => { const one = document.activeElement; return one.id || one.dataset.do"
        " || one.dataset.export || one.name || one.textContent.trim() || one.tagName; })()"
    )
    reached = []
    for _ in range(40):
        inspector.press("Tab")
        reached.append(inspector.run(name))
        if inspector.run("document.activeElement.matches('tbody tr')"):
            break
    wanted = {
        "theme", "files", "code", "reason", "Close", "ms", "size", "freeze", "ping", "abort",
        "text", "as", "Send", "view", "filter", "direction", "pause", "json", "har", "scroll",
    }  # fmt: skip
    assert wanted <= set(reached)
    assert any("message" in one for one in reached)  # the connection in the list
    assert any(one.startswith("Misbehave") for one in reached)
    assert inspector.run("getComputedStyle(document.activeElement).outlineStyle") != "none"
    inspector.press("ArrowUp")
    inspector.press("Enter")
    inspector.until("!document.querySelector('#detail').hidden")
    assert "third" in inspector.text("#payload")


@pytest.mark.parametrize("dark", [False, True])
def test_it_can_be_read_light_and_dark_wide_and_narrow(inspector: Page, *, dark: bool) -> None:
    """Contrast as WCAG asks for, no overflow, a name for everything; in both views."""
    inspector.run("document.querySelector('#controls').open = true")
    inspector.click("#frames tbody tr:last-child")
    for view in ("sequence", "table"):
        inspector.click(f"[name=view][value={view}]")
        for width in (1280, 400):
            inspector.show(width=width, dark=dark)
            assert inspector.run(f"{LOOK}.faint()") == []
            assert inspector.run(f"{LOOK}.wide()") == []
            assert inspector.run(f"{LOOK}.nameless()") == []


def test_the_theme_can_be_chosen_and_is_remembered(inspector: Page, server: Serving) -> None:
    """Whatever the system prefers."""
    background = "getComputedStyle(document.body).backgroundColor"
    inspector.show(width=1280, dark=True)
    dark = inspector.run(background)
    inspector.click("#theme")
    light = inspector.run(background)
    assert light != dark
    inspector.go(server.inspect)
    assert inspector.run(background) == light
    inspector.click("#theme")
    inspector.show(width=1280, dark=False)
    assert inspector.run(background) == dark


def test_empty_and_gone(page: Page) -> None:
    """What to do when nothing is there yet, and what is the matter when the server has gone."""
    page.show(width=400)
    with serving("--inspect") as server:
        page.go(server.inspect)
        page.until("document.querySelector('#status').textContent === 'live'")
        assert "No connection yet" in page.text("#empty")
        assert server.ready in page.text("#empty")
        assert f"-- 127.0.0.1 {server.port}" in page.text("#example")
        for dark in (False, True):
            page.show(width=400, dark=dark)
            assert page.run(f"{LOOK}.faint()") == []
            assert page.run(f"{LOOK}.wide()") == []
    page.until("!document.querySelector('#gone').hidden")
    assert page.run(f"{LOOK}.faint()") == []
    # That the server is gone is what the console has to say, and nothing else.
    assert all("ERR_CONNECTION" in error for error in page.errors)
    page.errors.clear()


def test_a_flood_does_not_stop_the_page(inspector: Page, client: RawClient) -> None:
    """It keeps what it can, says what it left out, and the totals are right."""
    for _ in range(24):
        client.send(frame(2, b"x") * 250)
        assert sum(client.read_frame() is not None for _ in range(250)) == 250
    inspector.until("document.querySelector('#facts').textContent.includes('6,003 msg')")
    assert inspector.run("document.querySelectorAll('#frames tbody tr').length") == 400
    assert "not kept" in inspector.text("#notice")
