"""Nothing survives us, however we end: counted in processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from emsockets_build import guard
from tests.processes import SCALE, marked, new_mark, until_none

pytestmark = pytest.mark.node
RUNS = 3

OURSELVES = """
import sys, threading
from pathlib import Path
from emsockets_build.run.node import run_node
from emsockets_build.run.model import Program, Watch

stop = threading.Event()
def run():
    watch = Watch(stop, lambda name, data: (sys.stdout.buffer.write(data), sys.stdout.flush()))
    run_node(Program(Path(sys.argv[2])), node=Path(sys.argv[1]), watch=watch)

threads = [threading.Thread(target=run) for _ in range(int(sys.argv[3]))]
[thread.start() for thread in threads]
try:
    [thread.join() for thread in threads]
except KeyboardInterrupt:
    stop.set()
"""
STUBBORN = """
const { spawn } = require("child_process");
process.on("SIGTERM", () => {});
process.on("SIGINT", () => {});
process.on("SIGHUP", () => {});
const sleep = ["-e", "setInterval(() => {}, 1000)"];
spawn(process.execPath, sleep, { stdio: "ignore" });
spawn(process.execPath, sleep, { stdio: "ignore", detached: true }).unref();
process.stdout.write("up\\n");
setTimeout(() => { for (;;); }, 1);
"""


@pytest.fixture
def mark() -> Iterator[str]:
    """A mark for the processes of one test."""
    with new_mark() as chosen:
        yield chosen


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts processes by /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_process_survives_our_own_death(
    node: Path, script: Callable[..., Path], mark: str, number: signal.Signals
) -> None:
    """Programs that ignore signals, fork inside their group and outside it, and spin."""
    command = [sys.executable, "-c", OURSELVES, str(node), str(script(STUBBORN)), str(RUNS)]
    environment = {**os.environ, "MARK": mark}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as ourselves:
        assert ourselves.stdout is not None
        for _ in range(RUNS):
            assert ourselves.stdout.readline() == b"up\n"
        assert len(marked(mark)) >= 1 + 3 * RUNS
        ourselves.send_signal(number)
        ourselves.stdout.read()  # the pipe closes when we are gone
    assert until_none(mark, 10) == set()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts processes by /proc")
def test_the_watchman_goes_with_us(node: Path, script: Callable[..., Path], mark: str) -> None:
    """An ordinary end leaves nothing, not even for a moment."""
    command = [sys.executable, "-c", OURSELVES, str(node), str(script("")), "1"]
    subprocess.run(command, env={**os.environ, "MARK": mark}, check=True, timeout=60 * SCALE)
    assert marked(mark) == set()


def test_a_cookie_that_nobody_carries_kills_nobody() -> None:
    """The sweep looks for the exact value."""
    assert guard.kill_cookie(uuid.uuid4().hex) == 0
