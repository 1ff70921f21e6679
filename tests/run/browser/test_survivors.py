"""No browser survives us, however we end; what a dead run left is cleared by the next."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from emsockets_build.run.browser.home import browser_home, clear_dead
from emsockets_build.storage import CACHE_VARIABLE
from tests.processes import SCALE, marked, new_mark, until_none

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts processes by /proc"),
]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("runner", ["chromium", "firefox"])
def test_no_browser_survives_the_command(runner: str, number: int, tmp_path: Path) -> None:
    """Not even kill -9, while a page hangs."""
    program = tmp_path / "hung.js"
    program.write_text("Module.print('up'); for (;;);")
    with new_mark() as mark:
        environment = {**os.environ, "MARK": mark, CACHE_VARIABLE: str(tmp_path / "cache")}
        command = [sys.executable, "-m", "emsockets_build", "run", str(program)]
        with subprocess.Popen(
            [*command, "--runner", runner, "--server", "none"],
            stdout=subprocess.PIPE,
            env=environment,
        ) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"up\n"
            assert len(marked(mark)) > 2
            child.send_signal(number)
            child.wait(30 * SCALE)
        assert until_none(mark, 20) == set()
    browsers = tmp_path / "cache" / "browsers"
    if number == signal.SIGINT:
        assert list(browsers.iterdir()) == []
        return
    for lock in browsers.glob("*.lock"):
        os.utime(lock, (0, 0))  # as if it had been a while ago
    assert clear_dead(browsers) == 1
    assert list(browsers.iterdir()) == []


def test_a_living_run_keeps_its_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However old it is."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    with browser_home("mine") as home:
        os.utime(tmp_path / "browsers" / "mine.lock", (0, 0))
        assert clear_dead(tmp_path / "browsers") == 0
        assert home.is_dir()
    assert list((tmp_path / "browsers").iterdir()) == []
