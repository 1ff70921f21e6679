from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from emsockets_build.errors import ToolMissingError
from emsockets_build.process import child_process, run_bounded

SCALE = float(os.environ.get("EMSOCKETS_TEST_TIME_SCALE", "1"))

# A child that starts a grandchild which ignores SIGTERM, tells both numbers, and waits.
FAMILY = """
import os, signal, subprocess, sys, time
grandchild = subprocess.Popen([sys.executable, "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True);"
    "time.sleep(600)"], stdout=subprocess.PIPE)
grandchild.stdout.readline()
print(os.getpid(), grandchild.pid, flush=True)
time.sleep(600)
"""


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def _gone(pids: list[int]) -> bool:
    deadline = time.monotonic() + 5 * SCALE
    while any(map(_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.01)  # the kernel takes its time to take a killed process away
    return not any(map(_alive, pids))


def test_output_and_code_are_kept() -> None:
    """Both streams come back undecoded, and the exit code with them."""
    script = "import sys; sys.stdout.buffer.write(b'\\xff'); sys.stderr.write('e'); sys.exit(7)"
    done = run_bounded([sys.executable, "-c", script], timeout=30 * SCALE)
    assert (done.returncode, done.stdout, done.stderr, done.timed_out) == (7, b"\xff", b"e", False)


def test_missing_program_is_a_missing_tool() -> None:
    """The error names the program and what to do."""
    with pytest.raises(ToolMissingError, match="no-such-program cannot be started") as caught:
        run_bounded(["no-such-program", "--version"], timeout=1)
    assert caught.value.remedy


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_time_out_ends_the_whole_family() -> None:
    """A grandchild that ignores SIGTERM is gone too when the time runs out."""
    done = run_bounded([sys.executable, "-c", FAMILY], timeout=2 * SCALE)
    assert done.timed_out
    assert _gone([int(word) for word in done.stdout.split()])


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_exception_ends_the_whole_family() -> None:
    """Ctrl-C while waiting leaves nothing behind."""
    pids: list[int] = []
    with (  # noqa: PT012 - the child must be there before it is interrupted
        pytest.raises(KeyboardInterrupt),
        child_process([sys.executable, "-c", FAMILY]) as child,
    ):
        assert child.stdout is not None
        pids = [int(word) for word in child.stdout.readline().split()]
        raise KeyboardInterrupt
    assert len(pids) == 2
    assert _gone(pids)


@pytest.mark.skipif(sys.platform == "win32", reason="sessions are POSIX")
def test_time_out_holds_for_what_left_the_group() -> None:
    """A daemon that keeps the pipes open cannot keep us waiting; what was written is kept."""
    script = (
        "import subprocess, sys, time;"
        "daemon = [sys.executable, '-c', 'import time; time.sleep(60)'];"
        "print(subprocess.Popen(daemon, start_new_session=True).pid, flush=True);"
        "time.sleep(60)"
    )
    done = run_bounded([sys.executable, "-c", script], timeout=2 * SCALE)
    daemon = int(done.stdout)
    assert _alive(daemon)
    os.kill(daemon, signal.SIGKILL)
    assert done.timed_out
