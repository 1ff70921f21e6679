"""Checks one C or C++ file against all rules on sources."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath

from emsockets_build.lint.context import Context
from emsockets_build.lint.finding import Edit, Finding, Fix, Unchecked
from emsockets_build.lint.source import calls, connecting, stack, waiting, websocket_api
from emsockets_build.lint.source.conditions import Macros
from emsockets_build.lint.source.hit import Analysis, Hit
from emsockets_build.lint.source.names import worth_parsing
from emsockets_build.lint.source.tree import parse
from emsockets_build.lint.source.unit import Unit
from emsockets_build.lint.source.web import Web, webs
from emsockets_build.lint.source.webview import web_view
from emsockets_build.lint.text import SourceText

__all__ = ["MOST_BYTES", "check_source"]

MOST_BYTES = 1 << 20
"""The largest file that is parsed: what is larger was mostly generated."""

_ANALYSES: tuple[Analysis, ...] = (
    waiting.wait_loops,
    waiting.busy_flags,
    waiting.sleeping_callbacks,
    waiting.sleeps_without_support,
    connecting.one_answer,
    connecting.unread_error,
    connecting.reconnects,
    connecting.blocking_calls,
    calls.fatal_options,
    calls.not_carried,
    calls.single_calls,
    stack.large_arrays,
    websocket_api.unchecked_new,
    websocket_api.early_sends,
    websocket_api.replaced_settings,
    websocket_api.callbacks_on_pthread,
    websocket_api.old_macro,
)
_WAIT_MACROS = {
    wait: f"EMSOCKETS_WAIT_{wait.upper()}" for wait in ("events", "asyncify", "jspi", "pthread")
}
_CPLUSPLUS = re.compile(rb"^\s*(?:class|namespace|template|using)\b|std::|::", re.MULTILINE)
_ELSEWHERE = re.compile(
    r"(?:^|[/_.-])(?:win(?:32|64|ce|dows|nt|rt)?|msw|darwin|mac(?:os|osx)?|osx|ios|android|linux|kqueue"
    r"|solaris|sunos|aix|os390|haiku|vms|amiga|freertos|esp32|arduino|iocp|devpoll|evport|wepoll"
    r"|epoll\w*|io_?uring|optee|ms-?dos)(?=[/_.-]|$)",
    re.IGNORECASE,
)


def check_source(source: SourceText, context: Context) -> Iterator[Finding | Unchecked]:
    """Yield what the rules on sources find in a file, or why they cannot look at it.

    Args:
        source: The file.
        context: The release and the targets.
    """
    own = source.data
    data = b"\n".join([own, *(text.encode("utf-8", "surrogateescape") for text in context.headers)])
    if context.native or not worth_parsing(data) or _is_for_elsewhere(source.path):
        return
    if len(own) > MOST_BYTES:
        yield Unchecked(f"it is larger than {MOST_BYTES >> 20} MiB, and so was mostly generated")
        return
    suffix = PurePath(source.path).suffix.lower()
    cplusplus = suffix != ".c" and (suffix != ".h" or _CPLUSPLUS.search(own) is not None)
    hits: dict[tuple[str, int], Hit] = {}
    units: dict[str | None, Unit | None] = {}
    for web in webs(context):
        if web.wait not in units:  # the view depends on nothing else of it
            units[web.wait] = _read(data, web, cplusplus=cplusplus)
        unit = units[web.wait]
        if unit is None:
            yield Unchecked("the parser gave it up, as it takes too long")
            break
        for hit in _hits(unit, web):
            if hit.start < len(own):  # the headers are judged by themselves
                hits.setdefault((hit.rule, hit.start), hit)
    for hit in hits.values():
        yield source.at_bytes(hit.rule, hit.start, hit.end, hit.message, _fix(source, hit))


def _is_for_elsewhere(path: str) -> bool:
    """Tell whether a file's name says that it is compiled on another platform only."""
    return _ELSEWHERE.search(path) is not None


def _read(data: bytes, web: Web, *, cplusplus: bool) -> Unit | None:
    defined = frozenset({_WAIT_MACROS[web.wait]}) if web.wait in _WAIT_MACROS else frozenset()
    undefined = frozenset(_WAIT_MACROS.values()) - defined if defined else frozenset()
    view = web_view(data, Macros(cplusplus=cplusplus, defined=defined, undefined=undefined))
    parsed = parse(view.code, cplusplus=cplusplus)
    return Unit(view, parsed) if parsed is not None else None


def _hits(unit: Unit, web: Web) -> Iterator[Hit]:
    for analysis in _ANALYSES:
        yield from analysis(unit, web)


def _fix(source: SourceText, hit: Hit) -> Fix | None:
    if hit.replacement is None:
        return None
    start, end = source.character_offset(hit.start), source.character_offset(hit.end)
    return Fix((Edit(start, end, hit.replacement),), f"write {hit.replacement}")
