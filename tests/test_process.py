from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from emsockets_build.errors import ToolMissingError
from emsockets_build.process import Completed, child_process, run_bounded, stream_lines

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


# A child whose daemon leaves the group, and holds the output open.
DAEMON = """
import os, subprocess, sys, time
daemon = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"],
    start_new_session=True)
print("daemon", daemon.pid, flush=True)
"""


def _stream(script: str, timeout: float) -> tuple[Completed, list[str]]:
    lines: list[str] = []
    done = stream_lines([sys.executable, "-c", script], timeout=timeout, on_line=lines.append)
    return done, lines


def test_lines_come_whole_and_in_order() -> None:
    """However they were written, and the last without its end."""
    script = "import sys\nfor part in ('a', 'b\\nc\\r\\n', '\\n', 'd'):\n"
    script += "    sys.stdout.write(part); sys.stdout.flush()\nsys.stderr.write('e'); sys.exit(3)"
    done, lines = _stream(script, 60 * SCALE)
    assert lines == ["ab", "c", "", "de"]
    assert (done.returncode, done.stdout, done.timed_out) == (3, b"ab\nc\r\n\nde", False)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX sessions")
@pytest.mark.parametrize("waits", [False, True])
def test_a_daemon_that_holds_the_output_gets_no_say_in_the_end(*, waits: bool) -> None:
    """Neither when the child has ended, which is no time-out, nor when its time is up."""
    script = DAEMON + ("time.sleep(600)\n" if waits else "")
    done, lines = _stream(script, 5 * SCALE if waits else 600)
    os.kill(int(lines[0].split()[1]), signal.SIGKILL)
    assert done.timed_out is waits
    assert done.seconds < 50 * SCALE
    assert done.returncode != 0 if waits else done.returncode == 0


def test_a_child_that_closes_its_output_is_waited_for() -> None:
    """And ended when its time is up."""
    done, _ = _stream("import os, sys; os.close(1); os.close(2); os._exit(4)", 60 * SCALE)
    assert (done.returncode, done.timed_out) == (4, False)
    slow = "import os, time; os.close(1); os.close(2); time.sleep(600)"
    done, _ = _stream(slow, 3 * SCALE)
    assert done.timed_out
