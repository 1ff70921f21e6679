"""What a program that does not end is doing: values, and the pure part of finding out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Frame", "Hang", "HangKind", "ThreadStack"]


class HangKind(StrEnum):
    """The ways in which a program fails to come to an end."""

    BUSY_MAIN = "busy-main"  # a loop on the main thread: the event loop cannot turn
    BUSY_WORKER = "busy-worker"  # a loop on a pthread
    BLOCKED_WORKER = "blocked-worker"  # a pthread waits in a lock or a system call
    SUSPENDED = "suspended"  # ASYNCIFY or JSPI: the program sleeps, the event loop turns
    IDLE = "idle"  # nothing runs, but something keeps Node alive
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a stack.

    Attributes:
        function: The function, demangled where it was mangled.
        wasm: Whether it is WebAssembly; else JavaScript.
        offset: For WebAssembly the byte offset in the file, for JavaScript the column.
        line: For JavaScript the line, from 1; 0 for WebAssembly.
        url: The script or module.
        location: ``file:line`` in the source, where debug information tells.
    """

    function: str
    wasm: bool
    offset: int
    line: int = 0
    url: str = ""
    location: str | None = None


@dataclass(frozen=True, slots=True)
class ThreadStack:
    """The stack of one thread, innermost frame first.

    Attributes:
        thread: ``main`` or ``worker N``.
        frames: The frames; none for a thread that waits for events.
    """

    thread: str
    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class Hang:
    """What was found.

    Attributes:
        kind: The way in which it hangs.
        thread: The thread that it hangs on.
        waiting_in: The library function that it spins or waits in, such as ``select``; may be
            empty.
        function: The program's own function that called it; may be empty.
        location: ``file:line`` of that call, where debug information tells.
        stacks: The stacks of all threads that were looked at.
        handles: What keeps Node alive, in words.
        trouble: Why the inspector could not tell more; empty if it could.
    """

    kind: HangKind
    thread: str = "main"
    waiting_in: str = ""
    function: str = ""
    location: str | None = None
    stacks: tuple[ThreadStack, ...] = ()
    handles: tuple[str, ...] = ()
    trouble: str = ""
