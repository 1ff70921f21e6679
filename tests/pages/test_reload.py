"""A served page in a real browser: isolated, and new after a build."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.inspector.serving import serving
from tests.pages.chromium import Page

pytestmark = pytest.mark.browser


def test_a_page_begins_anew_after_a_build(tmp_path: Path, page: Page) -> None:
    """Once a file that it loaded is another; threads could start in it."""
    (tmp_path / "app.html").write_text(
        "<title>app</title><link rel=icon href=data:,><p id=said></p><script src=app.js></script>"
    )
    script = tmp_path / "app.js"
    script.write_text("document.querySelector('#said').textContent = 'old'")
    with serving("--page", str(tmp_path / "app.html")) as server:
        page.go(server.page)
        assert page.text("#said") == "old"
        assert page.run("crossOriginIsolated") is True
        script.write_text("document.querySelector('#said').textContent = 'built anew'")
        page.until("document.querySelector('#said')?.textContent === 'built anew'")


def test_the_programs_page_cannot_read_the_inspector(tmp_path: Path, page: Page) -> None:
    """It is of another origin: neither the token nor the channel is for it."""
    (tmp_path / "app.html").write_text("<title>app</title><link rel=icon href=data:,>")
    with serving("--page", str(tmp_path)) as server:
        page.go(server.page)
        url, token = server.inspect, server.token
        read = f"fetch('{url}').then((one) => one.text(), () => 'not readable')"
        assert page.run(read) == "not readable"
        join = (
            "new Promise((resolve) => {"
            f" const socket = new WebSocket('{url.replace('http', 'ws')}channel?token={token}');"
            " socket.onopen = () => resolve('joined');"
            " socket.onerror = () => resolve('refused'); })"
        )
        assert page.run(join) == "refused"
    page.errors.clear()  # that it was refused
