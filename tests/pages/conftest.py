"""One browser for all tests of pages, and a page of its own for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from websockets.sync.client import ClientConnection

from tests.pages.chromium import Page, chromium


@pytest.fixture(scope="package")
def browser() -> Iterator[ClientConnection]:
    """A headless Chromium."""
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: ClientConnection) -> Iterator[Page]:
    """A fresh page, on whose console nothing may go wrong."""
    opened = Page(browser).open()
    yield opened
    opened.close()
    assert opened.errors == []
