"""A C or C++ file as Emscripten's compiler sees it: the branches of other platforms are blank.

The view has the length and the line ends of the file, so that places in it are places in the file.
Without the directives and with one side of each known condition the parser meets whole statements
where a file with ``#ifdef`` in the middle of an ``if`` would only give it fragments.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field

from emsockets_build.lint.source.conditions import Macros

__all__ = ["Directive", "WebView", "web_view"]

_TOKEN = re.compile(
    rb"(?P<comment>//(?:[^\\\n]|\\\r?\n|\\)*|/\*(?:.*?\*/|.*\Z))"
    rb'|R"(?P<delimiter>[^()\\\s"]{0,16})\((?:.*?\)(?P=delimiter)"|.*\Z)'
    rb'|"(?:[^"\\\n]|\\\r?\n|\\[^\n])*"?'
    rb"|(?<![0-9A-Za-z_])[LuU]?'(?:\\[^\n]|[^'\\\n]){1,200}'"
    rb"|(?m:^)[ \t]*\#[ \t]*(?P<word>[A-Za-z_]\w*)?"
    rb"(?P<rest>(?:/\*[^*]{0,400}\*/|//[^\n]*|\\\r?\n|[^\n])*)",
    re.DOTALL,
)
_TABLE = bytes(byte if byte in b"\r\n" else 0x20 for byte in range(256))
_COMMENT = re.compile(rb"//.*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_SPLICE = re.compile(rb"\\\r?\n")
_NAME = re.compile(r"[A-Za-z_]\w*")
_PAIRS = (b"{", b"}", b"(", b")")


@dataclass(frozen=True, slots=True)
class Directive:
    """One line of the preprocessor that is compiled for the web, or may be.

    Attributes:
        word: Such as ``define``.
        rest: What follows it, on one line, without comments.
        start: The offset of its first byte.
        end: The offset behind its last one.
    """

    word: str
    rest: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class WebView:
    """The view of one file.

    Attributes:
        original: The file.
        code: The bytes that are compiled; comments, directives and other branches are blank.
        directives: The directives in it, conditions left out.
        conditions: All conditions, whether their branch is compiled or not.
        macros: What is defined at its end.
    """

    original: bytes
    code: bytes
    directives: tuple[Directive, ...]
    conditions: tuple[Directive, ...]
    macros: Macros
    _maybe: tuple[tuple[int, int], ...] = field(repr=False)

    def uncertain(self, offset: int) -> bool:
        """Tell whether a byte is compiled only under a condition that is not known."""
        place = bisect_right(self._maybe, (offset, len(self.code)))
        return place > 0 and self._maybe[place - 1][1] > offset


@dataclass(slots=True, eq=False)
class _Branch:
    start: int
    holds: bool | None
    end: int = 0
    balance: list[int] = field(default_factory=lambda: [0, 0])  # of braces and of parentheses


@dataclass(slots=True)
class _Group:
    branches: list[_Branch]
    compiled: bool | None  # whether the text around it is
    outer: list[int]  # the balance of the text around it
    settled: bool = False  # whether an earlier branch holds for certain
    unknown: bool = False  # whether it is not known of an earlier branch if it holds


def web_view(data: bytes, macros: Macros) -> WebView:
    """Make the view of a file.

    Args:
        data: The file.
        macros: What is defined before its first line; it is changed on the way.
    """
    return _Viewer(data, macros).view()


class _Viewer:
    def __init__(self, data: bytes, macros: Macros) -> None:
        self._data = data
        self._macros = macros
        self._blank: list[tuple[int, int]] = []
        self._maybe: list[tuple[int, int]] = []
        self._groups: list[_Group] = []
        self._directives: list[Directive] = []
        self._conditions: list[Directive] = []
        self._balance = [0, 0]  # of the innermost branch

    def view(self) -> WebView:
        data = self._data
        done = 0
        matches = _TOKEN.finditer(data)
        for match in matches:
            self._count(done, match.start())
            done = match.end()
            if match["comment"] is not None:
                self._blank.append(match.span())
            elif match["rest"] is not None:
                self._blank.append(match.span())
                self._directive(match)
        self._count(done, len(data))
        while self._groups:
            self._close(len(data))
        code = bytearray(data)
        for start, end in _union(self._blank):
            code[start:end] = data[start:end].translate(_TABLE)
        return WebView(
            data,
            bytes(code),
            tuple(self._directives),
            tuple(self._conditions),
            self._macros,
            _union(self._maybe),
        )

    def _count(self, start: int, end: int) -> None:
        gap = self._data[start:end]
        opened, closed, left, right = map(gap.count, _PAIRS)
        self._balance[0] += opened - closed
        self._balance[1] += left - right

    def _compiled(self) -> bool | None:
        """Whether the text here is compiled, as far as that is known before the ``#endif``."""
        if not self._groups:
            return True
        group = self._groups[-1]
        holds = group.branches[-1].holds
        if group.compiled is False or holds is False:
            return False
        return True if group.compiled and holds else None

    def _directive(self, match: re.Match[bytes]) -> None:
        word = (match["word"] or b"").decode("ascii", "replace")
        rest = (
            _SPLICE.sub(b" ", _COMMENT.sub(b" ", match["rest"])).decode("utf-8", "replace").strip()
        )
        directive = Directive(word, rest, match.start(), match.end())
        if word in ("if", "ifdef", "ifndef", "elif", "elifdef", "elifndef"):
            self._conditions.append(directive)
        if word in ("if", "ifdef", "ifndef"):
            compiled = self._compiled()
            holds = self._holds(directive) if compiled is not False else False
            branch = _Branch(match.end(), holds)
            self._groups.append(
                _Group([branch], compiled, self._balance, holds is True, holds is None)
            )
            self._balance = branch.balance
        elif word in ("elif", "elifdef", "elifndef", "else"):
            self._next_branch(directive)
        elif word == "endif":
            if self._groups:
                self._close(match.start())
        elif (compiled := self._compiled()) is not False:
            self._directives.append(directive)
            self._note(directive, surely=compiled is True)

    def _holds(self, directive: Directive) -> bool | None:
        if directive.word.endswith("def"):
            name = _NAME.match(directive.rest)
            holds = self._macros.defined(name[0]) if name else None
            if not directive.word.endswith("ndef"):
                return holds
            if holds is None and name and self._is_guard(directive, name[0]):
                return True
            return None if holds is None else not holds
        return self._macros.holds(directive.rest)

    def _is_guard(self, directive: Directive, name: str) -> bool:
        """Tell whether the next line defines what this one asks for: an include guard."""
        following = self._data[directive.end : directive.end + 200 + len(name)]
        pattern = rb"\s*\#[ \t]*define[ \t]+" + re.escape(name).encode() + rb"\b"
        return re.match(pattern, _COMMENT.sub(b" ", following)) is not None

    def _next_branch(self, directive: Directive) -> None:
        if not self._groups:
            return
        group = self._groups[-1]
        group.branches[-1].end = directive.start
        holds: bool | None
        if group.compiled is False or group.settled:
            holds = False
        elif directive.word == "else":
            holds = None if group.unknown else True
        else:
            holds = self._holds(directive)
            if holds and group.unknown:
                holds, group.settled = None, True
        group.settled = group.settled or holds is True
        group.unknown = group.unknown or holds is None
        group.branches.append(_Branch(directive.end, holds))
        self._balance = group.branches[-1].balance

    def _close(self, end: int) -> None:
        group = self._groups.pop()
        branches = group.branches
        branches[-1].end = end
        kept = [branch for branch in branches if branch.holds is not False]
        if any(branch.balance != [0, 0] for branch in kept):
            kept = kept[:1]
        chosen = set(map(id, kept))
        for branch in branches:
            if id(branch) not in chosen:
                self._blank.append((branch.start, branch.end))
            elif branch.holds is None:
                self._maybe.append((branch.start, branch.end))
        self._balance = group.outer
        for branch in kept:
            self._balance[0] += branch.balance[0]
            self._balance[1] += branch.balance[1]

    def _note(self, directive: Directive, *, surely: bool) -> None:
        name = _NAME.match(directive.rest)
        if name is None:
            return
        if directive.word == "define":
            value = directive.rest[name.end() :]
            function_like = value.startswith("(")
            self._macros.define(name[0], "" if function_like else value, surely=surely)
        elif directive.word == "undef":
            self._macros.undefine(name[0], surely=surely)


def _union(ranges: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
