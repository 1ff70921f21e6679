"""The stacks of a hung page in Firefox, from the profiler that every Firefox carries.

BiDi has no debugger; but with ``--remote-allow-system-access`` scripts run in the browser's own
window, too, and from there the profiler reaches the processes of all pages (`profile.js`). Sending
SIGUSR1 and SIGUSR2 does the same without the flag, but nothing tells when it has begun to sample.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from itertools import takewhile
from pathlib import Path

from emsockets_build.errors import CheckFailedError
from emsockets_build.run.stacks import Frame, ThreadView

__all__ = ["parse_location", "profiler_script", "read_stacks"]

_MAX_STACKS = 40
# `busy.wasm.wait(int) (http://127.0.0.1:1/busy.wasm:803)`, `wasm-function[2] (...)` without names
_WASM = re.compile(r"^(.*) \((\S+\.wasm)(?:\?\S*)?:(\d+)\)$")
_SCRIPT = re.compile(r"^(.*?) ?\(?(\w+://\S+?):(\d+):(\d+)\)?(?:\[\d+\])?$")
_OURS = re.compile(r"^watched(?:Sleep)?/")  # the watcher of calls, between library and program
_NAMELESS = re.compile(r"^wasm-function\[(\d+)\]$")


@cache
def profiler_script() -> str:
    """Return the script that samples: a function of an origin and of seconds."""
    text = Path(__file__).with_name("profile.js").read_text("utf-8")
    return text[text.index("async (") :].rstrip()


def read_stacks(text: str) -> tuple[ThreadView, ...]:
    """Read what the script returns.

    Args:
        text: JSON: threads, each with its name and its stacks, innermost frame first.

    Returns:
        The main thread first; its view is empty if it was not seen in the program.

    Raises:
        CheckFailedError: It is nothing of the kind.
    """
    main: list[tuple[Frame, ...]] = []
    views: list[ThreadView] = []
    try:
        for thread in json.loads(text):
            stacks = [_stack(stack) for stack in thread["stacks"]]
            if thread["name"] == "DOM Worker":
                views.append(_view(f"worker {len(views) + 1}", stacks))
            else:
                main += stacks
    except (ValueError, KeyError, TypeError) as error:
        raise CheckFailedError("Firefox's profile cannot be read", why=str(error)) from error
    return (_view("main", main), *views)


def _stack(texts: Sequence[str]) -> tuple[Frame, ...]:
    """Read a stack; the browser's own frames are left out, and ours."""
    frames = map(parse_location, texts)
    return tuple(f for f in frames if f is not None and not _OURS.match(f.function))


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
