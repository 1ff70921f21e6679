"""Native programs under the same bounds."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from emsockets_build.errors import ToolMissingError
from emsockets_build.run.model import Limits, Program, Watch
from emsockets_build.run.native import run_native

SCALE = float(os.environ.get("EMSOCKETS_TEST_TIME_SCALE", "1"))
PYTHON = Path(sys.executable)


def test_arguments_environment_input_and_exit_code() -> None:
    """As for programs under Node."""
    text = (
        "import os, sys; d = sys.stdin.buffer.read(); sys.stdout.buffer.write(d[::-1]);"
        "sys.exit(int(sys.argv[1]) + int(os.environ['ADDED']))"
    )
    result = run_native(Program(PYTHON, ("-c", text, "3"), {"ADDED": "4"}, b"\xffab"))
    assert (result.exit_code, result.stdout) == (7, b"ba\xff")
    assert result.events == ()
    assert result.features is None


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_signal_and_a_time_limit() -> None:
    """Ended by itself, and ended by us though it ignores SIGTERM."""
    own = "import os, signal; os.kill(os.getpid(), signal.SIGABRT)"
    assert run_native(Program(PYTHON, ("-c", own))).signal == signal.SIGABRT
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    result = run_native(Program(PYTHON, ("-c", deaf)), limits=Limits(seconds=1 * SCALE))
    assert result.timed_out
    assert result.seconds < 30 * SCALE


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    """Said before anything is started."""
    with pytest.raises(ToolMissingError):
        run_native(Program(tmp_path / "absent"))


def test_a_listener_that_is_gone_does_not_block_the_program() -> None:
    """`emsockets run ... | head`: the program's flood is read on, and kept."""
    heard: list[int] = []

    def gone(_: str, data: bytes) -> None:
        heard.append(len(data))
        raise BrokenPipeError(32, "Broken pipe")

    program = Program(Path(sys.executable), ("-c", "print('x' * 1_000_000)"))
    result = run_native(program, limits=Limits(seconds=30), watch=Watch(on_output=gone))
    assert (result.exit_code, len(result.stdout), len(heard)) == (0, 1_000_001, 1)
