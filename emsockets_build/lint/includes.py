"""Headers of the project whose functions a source calls, where these have to do with sockets.

Many programs have ``is_writable()`` and its like in a header of their own; a loop around it cannot
be judged without. Only what ``#include "..."`` names is looked for, and only what matters is given
to the checkers of the source: the text of the header.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator

from emsockets_build.lint.text import Kind, SourceText

__all__ = ["Headers"]

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"\n]{1,200})"', re.MULTILINE)
_SUFFIXES = (".h", ".hh", ".hpp", ".hxx", ".h++", ".inl", ".ipp")
_BODY = re.compile(rb"\)[\s\w]*\{")
_LARGEST = 64 * 1024  # characters of a header; helpers are short
_MOST = 4
_DEEPEST = 3  # headers in headers


class Headers:
    """The headers of one run.

    Args:
        sources: All files; only headers among them count.
    """

    def __init__(self, sources: Iterable[SourceText]) -> None:
        self._headers = {
            source.path: source
            for source in sources
            if source.kind is Kind.SOURCE
            and source.path.endswith(_SUFFIXES)
            and len(source.text) <= _LARGEST
        }
        self._by_name: dict[str, list[str]] = {}
        for path in self._headers:
            self._by_name.setdefault(path.rpartition("/")[2], []).append(path)
        found = ((path, frozenset(_speaking(one))) for path, one in self._headers.items())
        self._names = {path: names for path, names in found if names}
        every = sorted(frozenset().union(*self._names.values()))
        self._called = re.compile(rf"\b(?:{'|'.join(every)})\s*\(") if every else None

    def of(self, source: SourceText) -> tuple[str, ...]:
        """Return the texts of the headers whose functions a source calls.

        Args:
            source: The file.
        """
        if source.kind is not Kind.SOURCE or self._called is None:
            return ()
        if not self._called.search(source.text):
            return ()
        words = frozenset(re.findall(r"\w+", source.text))
        found = [one.text for one in self._included(source) if words & self._speaking(one)]
        return tuple(found[:_MOST])

    def _speaking(self, header: SourceText) -> frozenset[str]:
        return self._names.get(header.path, frozenset())

    def _included(self, source: SourceText) -> Iterator[SourceText]:
        """Yield what a file includes, what that includes behind it."""
        seen = {source.path}
        level = [source]
        for _ in range(_DEEPEST):
            following: list[SourceText] = []
            for one in level:
                for name in _INCLUDE.findall(one.text):
                    header = self._find(one.path, name)
                    if header is not None and header.path not in seen:
                        seen.add(header.path)
                        following.append(header)
            yield from following
            level = following

    def _find(self, path: str, name: str) -> SourceText | None:
        """Return the file of a name: beside the one that names it, else the only one that fits."""
        beside = self._headers.get(
            posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
        )
        if beside is not None:
            return beside
        last = name.rpartition("/")[2]
        fitting = [one for one in self._by_name.get(last, ()) if f"/{one}".endswith(f"/{name}")]
        return self._headers[fitting[0]] if len(fitting) == 1 else None


def _speaking(header: SourceText) -> Iterator[str]:
    """Yield the names of a header's functions that have to do with sockets."""
    from emsockets_build.lint.source.names import INTERESTING, worth_parsing

    data = header.data
    if not worth_parsing(data) or not INTERESTING.search(data) or not _BODY.search(data):
        return
    from emsockets_build.lint.source.conditions import Macros
    from emsockets_build.lint.source.tree import parse
    from emsockets_build.lint.source.webview import web_view

    macros = Macros(cplusplus=True, defined=frozenset(), undefined=frozenset())
    parsed = parse(web_view(data, macros).code, cplusplus=True)
    for name, body in parsed.bodies().items() if parsed is not None else ():
        if name.isidentifier() and INTERESTING.search(body):
            yield name
