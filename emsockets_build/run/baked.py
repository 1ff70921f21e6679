"""The settings that emcc has written into a program: where its sockets lead, and where it runs.

Read from the text of the JavaScript, as releases from 3.1.6 to 6.0.5 write it at every level of
optimisation (src/library_sockfs.js, src/shell.js). ``--closure 1`` renames what is looked for;
nothing is known then.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["BakedIn", "Literal", "scan_baked"]

_TEXT = r"""(?P<quote>["'`])(?P<text>(?:\\.|(?!(?P=quote)).)*)(?P=quote)"""
# The '#' keeps '//' from being taken for a comment.
_URL = re.compile(rf"""\burl\s*=\s*{_TEXT}\s*\.replace\(\s*["'`]#["'`]""")
_SUBPROTOCOLS = re.compile(rf"\bsubProtocols\s*=\s*{_TEXT}")
_ENVIRONMENT = re.compile(r"\bENVIRONMENT_IS_(WEB|WORKER|NODE|SHELL)\s*=\s*(true|false)?")
# Builds with assertions still look where they are, and refuse to go on there.
_REFUSED = re.compile(r"(web|worker|node|shell) environment detected but not enabled at build time")
_REQUIRE_WS = re.compile(r"""\brequire\(\s*["']ws["']\s*\)""")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_EVERY = ("web", "worker", "node")


@dataclass(frozen=True, slots=True)
class Literal:
    """A text in the program, and where it stands.

    Attributes:
        text: What it says, without quotes and escapes.
        start: The offset of its first character.
        end: The offset behind its last one.
    """

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class BakedIn:
    """What was decided when the program was linked.

    Attributes:
        url: ``-sWEBSOCKET_URL``: ``ws://`` and ``wss://`` are completed by what connect() is given,
            anything else is used as it is. None if the program has no sockets that are WebSockets.
        subprotocols: ``-sWEBSOCKET_SUBPROTOCOL``; ``null`` offers none.
        environments: Where it runs, of ``web``, ``worker``, ``node``, ``shell``; None if unknown.
        requires_ws: Where it asks for the npm package ``ws``; None if it never does.
    """

    url: Literal | None = None
    subprotocols: Literal | None = None
    environments: tuple[str, ...] | None = None
    requires_ws: Literal | None = None


def scan_baked(text: str) -> BakedIn:
    """Read what was decided when a program was linked.

    Args:
        text: The content of the ``.js`` or ``.mjs`` file.

    Returns:
        What it says.
    """
    require = _REQUIRE_WS.search(text)
    return BakedIn(
        url=_literal(_URL, text),
        subprotocols=_literal(_SUBPROTOCOLS, text),
        environments=_environments(text),
        requires_ws=Literal(require[0], *require.span()) if require else None,
    )


def _literal(pattern: re.Pattern[str], text: str) -> Literal | None:
    found = pattern.search(text)
    if found is None:
        return None
    said = _ESCAPE.sub(r"\1", found["text"])
    if pattern is _URL:
        said = said.replace("#", "//", 1)
    return Literal(said, *found.span("text"))


def _environments(text: str) -> tuple[str, ...] | None:
    fixed: dict[str, bool | None] = {}
    for match in _ENVIRONMENT.finditer(text):
        fixed.setdefault(match[1].lower(), {"true": True, "false": False, None: None}[match[2]])
    if not fixed:
        return None
    known = [name for name, runs in fixed.items() if runs]
    if known:
        # What a release does not look for at all it does not run in, either.
        return tuple(name for name in (*_EVERY, "shell") if fixed.get(name))
    refused = set(_REFUSED.findall(text))
    return tuple(name for name in _EVERY if fixed.get(name) is not False and name not in refused)
