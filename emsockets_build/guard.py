"""A watchman process that ends our children when we cannot do it ourselves (``kill -9``).

The first child that we start brings one small Python process with it, in its own session, which
reads from a pipe whose other end only we hold. However we end, the kernel closes that end, and
whatever is still registered then is killed. PR_SET_PDEATHSIG would not do: it fires when the
*thread* that started the child ends, and it does not reach grandchildren (prctl(2)).

What can be registered:

- ``group N``: a process group (on Windows the process N with its descendants);
- ``cookie C``: every process whose environment holds ``EMSOCKETS_RUN=C`` (Linux). Known before the
  child exists, so there is no moment without protection, and it finds what left its group.

This file is also the watchman's program; run by path, it imports the standard library only.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

__all__ = ["COOKIE_VARIABLE", "cookie", "kill_cookie", "protect", "release"]

COOKIE_VARIABLE = "EMSOCKETS_RUN"
_SWEEPS = 200  # a fork between two looks at /proc is found by the next one
_BETWEEN_SWEEPS = 0.005  # seconds; SIGKILL takes effect a little later


class _Watchman:
    """Our end of the pipe to the watchman; started on first use, once per process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pipe: int | None = None
        self._owner = 0
        self._process: subprocess.Popen[bytes] | None = None

    def tell(self, line: str) -> None:
        """Send one line, starting the watchman if this process has none yet."""
        with self._lock:
            if self._owner != os.getpid():  # first use, or we are a fork of the owner
                self._start()
            if self._pipe is not None:
                with contextlib.suppress(OSError):
                    os.write(self._pipe, f"{line}\n".encode())

    def _start(self) -> None:
        self._owner, self._pipe = os.getpid(), None
        if not sys.executable:  # an embedded interpreter: there is nothing to start
            return
        reading, writing = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", __file__],
                stdin=reading,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=sys.platform != "win32",
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        except OSError:
            os.close(writing)
        else:
            self._pipe = writing
            atexit.register(self._stop)
        finally:
            os.close(reading)

    def _stop(self) -> None:
        with self._lock:
            if self._owner != os.getpid() or self._pipe is None or self._process is None:
                return
            os.close(self._pipe)
            self._pipe = None
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=5)


_watchman = _Watchman()


def protect(kind: str, value: str | int) -> None:
    """Have something ended if this process dies.

    Args:
        kind: ``group`` or ``cookie``.
        value: The number of the process group, or the cookie; no blanks.
    """
    _watchman.tell(f"+ {kind} {value}")


def release(kind: str, value: str | int) -> None:
    """Take back `protect`: the thing is gone.

    Args:
        kind: As it was given to `protect`.
        value: As it was given to `protect`.
    """
    _watchman.tell(f"- {kind} {value}")


@contextlib.contextmanager
def cookie() -> Iterator[str]:
    """Make a cookie whose bearers are ended if we are.

    Yields:
        The value of ``EMSOCKETS_RUN`` for them.
    """
    value = uuid.uuid4().hex
    protect("cookie", value)
    try:
        yield value
    finally:
        release("cookie", value)


def kill_cookie(cookie: str) -> int:
    """Kill every process that carries a cookie in its environment (Linux; elsewhere a no-op).

    Args:
        cookie: The value of ``EMSOCKETS_RUN``.

    Returns:
        How many were killed.
    """
    wanted = f"{COOKIE_VARIABLE}={cookie}".encode()
    killed: set[int] = set()
    for _ in range(_SWEEPS):
        found = set(_processes_with(wanted))
        if not found:
            break
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        killed |= found
        time.sleep(_BETWEEN_SWEEPS)
    return len(killed)


def _processes_with(wanted: bytes) -> Iterator[int]:
    """Yield the processes whose environment holds ``wanted``, except this one."""
    if not sys.platform.startswith("linux"):
        return
    for entry in os.listdir("/proc"):  # noqa: PTH208 - thousands of entries, names suffice
        if entry.isdigit() and int(entry) != os.getpid():
            with contextlib.suppress(OSError):
                if wanted in Path("/proc", entry, "environ").read_bytes().split(b"\0"):
                    yield int(entry)


def _end(kind: str, value: str) -> None:
    if kind == "cookie":
        kill_cookie(value)
    elif sys.platform == "win32":
        subprocess.run(["taskkill", "/F", "/T", "/PID", value], capture_output=True, check=False)
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(int(value), signal.SIGKILL)


def _watch() -> None:
    """Be the watchman: note what is registered until the pipe closes, then end it all."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    registered: dict[tuple[str, str], None] = {}
    for line in sys.stdin:
        sign, kind, value = line.split()
        if sign == "+":
            registered[kind, value] = None
        else:
            registered.pop((kind, value), None)
    for kind, value in registered:
        _end(kind, value)


if __name__ == "__main__":
    _watch()
