"""The script that is put into every page before its own."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from emsockets_build.run.model import Program

__all__ = ["SOURCE_URL", "page_script", "page_settings", "worker_script"]

SOURCE_URL = "emsockets:///emsockets_build/run/browser/page.js"
_HERE = Path(__file__).parent


def page_settings(
    program: Program,
    *,
    own_page: bool,
    stays_alive: bool,
    threads: bool = False,
    worker: str = "",
    watches: bool = False,
    every_call: bool = False,
) -> dict[str, object]:
    """Say what the script must know.

    Args:
        program: What is run.
        own_page: Whether the page is ours, which leaves ``Module`` to the script.
        stays_alive: Whether the program goes on although nothing seems to keep it going.
        threads: Whether the program has threads.
        worker: The path of the worker that the program runs in; empty if it runs in the page.
        watches: Whether the page is somebody else's, which is watched and nothing more.
        every_call: Report each socket call instead of each new result of one.

    Returns:
        Values that JSON can hold.
    """
    return {
        "arguments": list(program.arguments),
        "environment": dict(program.environment),
        "input": (program.stdin or b"").decode("latin-1"),
        "ownPage": own_page,
        "staysAlive": stays_alive,
        "threads": threads,
        "worker": worker,
        "watches": watches,
        "everyCall": every_call,
    }


def page_script(settings: dict[str, object], emit: str) -> str:
    """Write the script.

    Args:
        settings: From `page_settings`.
        emit: A JavaScript expression: the function that takes each report's text.

    Returns:
        A statement in JavaScript.
    """
    # In JSON only U+2028 and U+2029 were once no JavaScript, and dumps() escapes both.
    return _wrapped(f"run({json.dumps(settings)}, {emit});")


def worker_script(start: str) -> str:
    """Write the script of a worker that a page's script makes: it reports by way of that page.

    Args:
        start: JavaScript that starts the program.

    Returns:
        A statement in JavaScript. The settings come as the worker's first message.
    """
    return _wrapped(
        "globalThis.onmessage = ({ data }) => {\n"
        "globalThis.onmessage = null;\n"
        "const post = globalThis.postMessage.bind(globalThis);\n"
        "run(data, (text) => post({ emsockets: text }));\n"
        f"{start}\n}};"
    )


def _wrapped(body: str) -> str:
    calls, output, sockets, page = _sources()
    return (
        "(() => { const module = { exports: {} };\n"
        f"{calls}\n"
        f"const page = {page};\n"
        f"const parts = {{ ...module.exports, output: {output}, sockets: {sockets} }};\n"
        "const run = (settings, emit) => page(settings, emit, parts);\n"
        f"{body}\n"
        f"}})();\n//# sourceURL={SOURCE_URL}\n"
    )


@cache
def _sources() -> tuple[str, ...]:
    """Read the watcher of calls, which Node's hook uses too, and the parts of the page's script."""
    calls = _HERE.with_name("calls.cjs").read_text("utf-8")
    return (calls, *(_expression(name) for name in ("output.js", "sockets.js", "page.js")))


def _expression(name: str) -> str:
    """Read a file that holds one function, without the words before it."""
    text = (_HERE / name).read_text("utf-8")
    return text[text.index("\n(") + 1 :].rstrip()
