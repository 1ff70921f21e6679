"""Checks the JavaScript that emcc wrote: what was baked in when the program was linked."""

from __future__ import annotations

from collections.abc import Iterator

from emsockets_build.lint.context import Context
from emsockets_build.lint.finding import Finding
from emsockets_build.lint.socket_values import subprotocols_fault, url_fault
from emsockets_build.lint.text import SourceText
from emsockets_build.run.baked import scan_baked

__all__ = ["check_built"]

# In every release's output, before and after minification, and in nobody else's.
_MARK = "ENVIRONMENT_IS_"
_DEBUG_LINES = ("handle message (", "adding peer: ")
# emcc takes line breaks out from -O2 on; what has more of them was built to be debugged.
_OPTIMISED_CHARACTERS = 200


def check_built(source: SourceText, _: Context) -> Iterator[Finding]:
    """ES001, ES003, ES020, ES022 and ES032 in a program.

    Args:
        source: The ``.js`` or ``.mjs`` file.

    Yields:
        What was found. A script that emcc did not write is nobody's program.
    """
    text = source.text
    if _MARK not in text:
        return
    baked = scan_baked(text)
    if baked.url is not None and (fault := url_fault(baked.url.text)):
        yield source.finding("ES001", baked.url.start, baked.url.end, fault)
    if baked.subprotocols is not None and (found := subprotocols_fault(baked.subprotocols.text)):
        rule, why = found
        yield source.finding(rule, baked.subprotocols.start, baked.subprotocols.end, why)
    yield from _debug(source)
    pages = {"web", "worker"} & set(baked.environments or ())
    if baked.requires_ws is not None and pages:
        yield source.finding(
            "ES022",
            baked.requires_ws.start,
            baked.requires_ws.end,
            "a bundler for pages does not find `ws` and stops; if the program is for pages alone, "
            "link it with ENVIRONMENT web worker (-sENVIRONMENT=web,worker)",
        )


def _debug(source: SourceText) -> Iterator[Finding]:
    text = source.text
    place = next((text.find(line) for line in _DEBUG_LINES if line in text), -1)
    if place >= 0 and len(text) > text.count("\n") * _OPTIMISED_CHARACTERS:
        yield source.finding(
            "ES020",
            place,
            place + 1,
            "an optimised program with SOCKET_DEBUG in it logs every byte; link it without, or "
            "this is no release build",
        )
