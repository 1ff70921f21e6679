"""Child processes that are bounded in time and gone at the end, with all their children.

Every child runs in its own process group (a new session on POSIX), so that a time-out or Ctrl-C
reaches whatever it started.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from emsockets_build import guard
from emsockets_build.errors import ToolMissingError

__all__ = ["Completed", "child_process", "end_group", "run_bounded", "stream_lines"]

_GRACE_SECONDS = 2.0
_LOOK_SECONDS = 0.1  # between two looks whether a silent child is still there
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Completed:
    """What a finished child left behind.

    Attributes:
        command: The command line as a list.
        returncode: The exit code; negative for a signal (POSIX).
        stdout: Everything it wrote to standard output, undecoded.
        stderr: Everything it wrote to standard error, undecoded; empty when merged into stdout.
        seconds: Wall time.
        timed_out: Whether its time ran out and it was killed.
    """

    command: tuple[str, ...]
    returncode: int
    stdout: bytes
    stderr: bytes
    seconds: float
    timed_out: bool

    @property
    def text(self) -> str:
        """Standard output and error as text, undecodable bytes replaced."""
        return (self.stdout + self.stderr).decode("utf-8", "replace")


@contextlib.contextmanager
def child_process(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: int | None = subprocess.DEVNULL,
    stdout: int | None = subprocess.PIPE,
    stderr: int | None = subprocess.PIPE,
    pass_fds: Sequence[int] = (),
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a child in its own process group and end the whole group on the way out.

    Should this process be killed, the watchman of `emsockets_build.guard` ends the group.

    Args:
        command: Program and arguments; never passed through a shell.
        cwd: Working directory; the current one if None.
        env: The whole environment; inherited if None.
        stdin: As for `subprocess.Popen`; nothing by default.
        stdout: As for `subprocess.Popen`; a pipe by default.
        stderr: As for `subprocess.Popen`; a pipe by default.
        pass_fds: File descriptors that the child inherits under the same numbers (POSIX).

    Yields:
        The running child.

    Raises:
        ToolMissingError: The program does not exist or cannot be executed.
    """
    words = [os.fspath(word) for word in command]
    try:
        child = subprocess.Popen(
            words,
            cwd=cwd,
            env=None if env is None else dict(env),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=sys.platform != "win32",
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            pass_fds=pass_fds,
        )
    except OSError as error:
        raise ToolMissingError(
            f"{words[0]} cannot be started",
            where=" ".join(words),
            why=str(error),
            remedy="check that the program exists and may be executed",
        ) from error
    try:
        # Inside, because the first call starts the watchman: Ctrl-C may come meanwhile.
        guard.protect("group", child.pid)
        yield child
    finally:
        end_group(child)
        guard.release("group", child.pid)
        for stream in (child.stdin, child.stdout, child.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


def run_bounded(
    command: Sequence[str | Path],
    *,
    timeout: float,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    merge: bool = False,
) -> Completed:
    """Run a command to its end, or kill its whole group when the time runs out.

    Args:
        command: Program and arguments; never passed through a shell.
        timeout: Seconds of wall time that it may take.
        cwd: Working directory; the current one if None.
        env: The whole environment; inherited if None.
        merge: Send standard error into standard output, in the order it was written.

    Returns:
        Its output and exit code; `Completed.timed_out` if it was killed.

    Raises:
        ToolMissingError: The program does not exist or cannot be executed.
    """
    start = time.monotonic()
    timed_out = False
    with child_process(
        command, cwd=cwd, env=env, stderr=subprocess.STDOUT if merge else subprocess.PIPE
    ) as child:
        try:
            stdout, stderr = child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            timed_out = True
            end_group(child)
            try:
                stdout, stderr = child.communicate(timeout=_GRACE_SECONDS)
            except subprocess.TimeoutExpired as held:
                # Something that left the group still holds the pipes; it gets no say in when we
                # are done.
                stdout, stderr = held.stdout or b"", held.stderr or b""
    return Completed(
        tuple(os.fspath(word) for word in command),
        child.returncode,
        stdout or b"",
        stderr or b"",
        time.monotonic() - start,
        timed_out,
    )


def stream_lines(
    command: Sequence[str | Path],
    *,
    timeout: float,
    on_line: Callable[[str], None],
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Completed:
    """Run a command and hand over each line while it runs, both streams as one.

    Args:
        command: Program and arguments; never passed through a shell.
        timeout: Seconds of wall time that it may take, after which its group is killed.
        on_line: Called with each line, decoded with replacement, without its line ending.
        cwd: Working directory; the current one if None.
        env: The whole environment; inherited if None.

    Returns:
        As `run_bounded` with ``merge=True``; what a process that outlived the command writes later
        than a moment after its end is not waited for.

    Raises:
        ToolMissingError: The program does not exist or cannot be executed.
    """
    start = time.monotonic()
    kept = bytearray()
    with (
        child_process(command, cwd=cwd, env=env, stderr=subprocess.STDOUT) as child,
        _Pieces(child) as pieces,
    ):
        rest = b""
        for piece in pieces.until(start + timeout):
            kept += piece
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                on_line(line.decode("utf-8", "replace").rstrip("\r\n"))
        if rest:
            on_line(rest.decode("utf-8", "replace").rstrip("\r"))
    return Completed(
        tuple(os.fspath(word) for word in command),
        child.returncode,
        bytes(kept),
        b"",
        time.monotonic() - start,
        pieces.timed_out,
    )


class _Pieces:
    """What a child writes, read by a thread: a daemon that left its group may never end it.

    Compiler caches start such daemons, and these hold the pipe that they were born with.

    Args:
        child: Its standard output is a pipe.
    """

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self.timed_out = False
        self._child = child
        self._pieces: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._over = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def _read(self) -> None:
        assert self._child.stdout is not None  # noqa: S101 - child_process() made a pipe
        descriptor = self._child.stdout.fileno()
        with contextlib.suppress(OSError):  # closed under us: nobody listens any more
            while not self._over.is_set() and (data := os.read(descriptor, _CHUNK)):
                self._pieces.put(data)
        self._pieces.put(b"")

    def until(self, deadline: float) -> Iterator[bytes]:
        """Yield pieces until the end of the output, or a moment after the end of the child.

        Args:
            deadline: `time.monotonic` at which the child's group is ended.
        """
        while True:
            now = time.monotonic()
            if now >= deadline and not self.timed_out and self._child.poll() is None:
                self.timed_out = True
                end_group(self._child)
            if self._child.poll() is not None:
                yield from self._left()
                return
            try:
                piece = self._pieces.get(timeout=min(max(deadline - now, 0.0), _LOOK_SECONDS))
            except queue.Empty:
                continue
            if not piece:
                self._child_ends(deadline)
                return
            yield piece

    def _left(self) -> Iterator[bytes]:
        """Yield what the child left in the pipe."""
        limit = time.monotonic() + _GRACE_SECONDS
        with contextlib.suppress(queue.Empty):
            while piece := self._pieces.get(timeout=max(0.0, limit - time.monotonic())):
                yield piece

    def _child_ends(self, deadline: float) -> None:
        """Wait for a child that has closed its output."""
        try:
            self._child.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.timed_out = True
            end_group(self._child)


def end_group(child: subprocess.Popen[bytes], *, grace: float = _GRACE_SECONDS) -> None:
    """End a child and everything in its process group; a no-op for what is gone already.

    Args:
        child: A process from `child_process`.
        grace: Seconds that the child itself has after SIGTERM before SIGKILL; members of its
            group that outlive it are killed without more ado.
    """
    if sys.platform == "win32":
        _end_tree_on_windows(child)
        return
    if child.poll() is None:
        _signal_group(child.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(grace)
    # Until it is reaped the leader's number cannot be reused, but poll() above may have reaped
    # it; the group then still exists only if it has other members, which are ours.
    _signal_group(child.pid, signal.SIGKILL)
    child.wait()


def _signal_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _end_tree_on_windows(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        subprocess.run(
            ["taskkill", "/F", "/T", "/PID", str(child.pid)], capture_output=True, check=False
        )
        child.wait()
