"""The stacks of a hung page in Firefox, from the profiler that every Firefox carries.

SIGUSR1 starts it and SIGUSR2 writes what it saw to ``MOZ_UPLOAD_DIR`` (tools/profiler,
``profiler_lookup_async_signal_dump_directory``); no flag and no privilege is needed, and it reaches
the processes of all pages, also those whose main thread spins.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

from emsockets_build.errors import CheckFailedError
from emsockets_build.run.stacks import Frame, ThreadView

__all__ = ["parse_location", "read_profile", "take_profile"]

_SAMPLE_SECONDS = 2.0  # below 1.5 the profiler is not yet up in the processes of pages
_WRITE_SECONDS = 20.0
_REST_SECONDS = 1.0
_MAX_STACKS = 40
# `busy.wasm.wait(int) (http://127.0.0.1:1/busy.wasm:803)`, `wasm-function[2] (...)` without names
_WASM = re.compile(r"^(.*) \((\S+\.wasm)(?:\?\S*)?:(\d+)\)$")
_SCRIPT = re.compile(r"^(.*?) ?\(?(\w+://\S+?):(\d+):(\d+)\)?$")
_NAMELESS = re.compile(r"^wasm-function\[(\d+)\]$")


def take_profile(pid: int, folder: Path) -> Path:
    """Have Firefox write a profile; takes some seconds.

    Args:
        pid: Its main process.
        folder: Its ``MOZ_UPLOAD_DIR``.

    Returns:
        The file, complete.

    Raises:
        CheckFailedError: None came, or this system has no such signals.
        OSError: The process is gone.
    """
    if sys.platform == "win32" or not pid:
        raise CheckFailedError(
            "Firefox cannot be looked into here", why="its profiler is started by a Unix signal"
        )
    for old in folder.glob(f"profile_*_{pid}.json"):
        old.unlink(missing_ok=True)
    os.kill(pid, signal.SIGUSR1)
    time.sleep(_SAMPLE_SECONDS)
    os.kill(pid, signal.SIGUSR2)
    deadline = time.monotonic() + _WRITE_SECONDS
    size, since = -1, time.monotonic()
    while time.monotonic() < deadline:
        # It is written twice: first the main process alone, then all of them.
        for file in folder.glob(f"profile_*_{pid}.json"):
            now = file.stat().st_size
            if now != size:
                size, since = now, time.monotonic()
            elif time.monotonic() - since > _REST_SECONDS:
                return file
        time.sleep(0.05)
    raise CheckFailedError(
        "Firefox wrote no profile", where=str(folder), why=f"within {_WRITE_SECONDS:g} s"
    )


def read_profile(file: Path, origin: str) -> tuple[ThreadView, ...]:
    """Read the stacks of one origin's threads.

    Args:
        file: The profile.
        origin: What the URLs of its scripts begin with.

    Returns:
        The main thread first; its view is empty if it was not seen in the program.

    Raises:
        CheckFailedError: The file is no profile.
    """
    try:
        profile = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise CheckFailedError("Firefox's profile cannot be read", why=str(error)) from error
    main: list[tuple[Frame, ...]] = []
    workers: list[tuple[Frame, ...]] = []
    views: list[ThreadView] = []
    for thread in _threads(profile):
        stacks = [stack for stack in _stacks(thread) if _belongs(stack, origin)]
        if not stacks:
            continue
        if thread.get("name") == "DOM Worker":
            workers += stacks
            views.append(_view(f"worker {len(views) + 1}", stacks))
        else:
            main += stacks
    return (_view("main", main), *views)


def _threads(profile: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from profile.get("threads", ())
    for process in profile.get("processes", ()):
        yield from _threads(process)


def _belongs(stack: Sequence[Frame], origin: str) -> bool:
    return any(frame.url.startswith(origin) for frame in stack)


def _view(name: str, stacks: Sequence[tuple[Frame, ...]]) -> ThreadView:
    """Choose some stacks; what all have in common from the outside in holds the loop."""
    wasm = [stack for stack in stacks if any(frame.wasm for frame in stack)]
    chosen = list(dict.fromkeys(wasm))[:_MAX_STACKS]
    if not chosen:
        return ThreadView(name, ())
    outside_in = zip(
        *([frame.function for frame in reversed(stack)] for stack in chosen), strict=False
    )
    common = list(takewhile(lambda names: len(set(names)) == 1, outside_in))
    return ThreadView(name, tuple(chosen), loop_depth=len(common))


def _stacks(thread: Mapping[str, Any]) -> Iterator[tuple[Frame, ...]]:
    """Yield each sample's stack, innermost frame first, without the browser's own frames."""
    names = [parse_location(text) for text in thread.get("stringTable", ())]
    frames, stacks = _column(thread, "frameTable", "location"), thread.get("stackTable", {})
    schema, rows = stacks.get("schema", {}), stacks.get("data", ())
    prefix, own = schema.get("prefix", 0), schema.get("frame", 1)
    for start in _column(thread, "samples", "stack"):
        found: list[Frame] = []
        row = start
        while isinstance(row, int):
            frame = names[frames[rows[row][own]]]
            if frame is not None and not frame.watching:
                found.append(frame)
            row = rows[row][prefix]
        if found:
            yield tuple(found)


def _column(thread: Mapping[str, Any], table: str, name: str) -> list[Any]:
    content = thread.get(table, {})
    place = content.get("schema", {}).get(name, 0)
    return [row[place] if len(row) > place else None for row in content.get("data", ())]


def parse_location(text: str) -> Frame | None:
    """Read a frame as the profiler names it.

    Args:
        text: Such as ``client.wasm.wait(int) (http://127.0.0.1:80/client.wasm:803)``.

    Returns:
        The frame; for WebAssembly its offset is where the function starts. None for frames of the
        browser itself.
    """
    found = _WASM.match(text)
    if found is not None:
        name = re.sub(r"^[^\s(<]*\.wasm\.", "", found[1])
        name = _NAMELESS.sub(r"func\1", name)
        return Frame(name, wasm=True, offset=int(found[3]), url=found[2])
    found = _SCRIPT.match(text)
    if found is None:
        return None
    return Frame(found[1], wasm=False, offset=int(found[4]), line=int(found[3]), url=found[2])
