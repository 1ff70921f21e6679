"""The files of a program in somebody else's page, fetched from where the page has them.

Names of functions, lines of the source and what a program needs show in its files alone; a page
that is served elsewhere has them at the addresses that it loaded.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from emsockets_build.errors import UsageError
from emsockets_build.run.browser.record import PageRecord
from emsockets_build.run.features import ProgramFeatures, read_features
from emsockets_build.run.model import Version
from emsockets_build.transcript.event import Kind

__all__ = ["Deployed"]

_SECONDS = 5.0  # for each file
_MAX_SIZE = 256 << 20
_MOST_FILES = 6


class Deployed:
    """A page that is served elsewhere, with copies of its program's files.

    Args:
        url: The page's address.
        folder: Where the copies go.
        record: What the page reports, its parts among it.
        insecure: Whether the page's certificate is taken as it is.
    """

    def __init__(self, url: str, folder: Path, record: PageRecord, *, insecure: bool) -> None:
        self.url = url
        self.program = folder / "page.js"
        self._record = record
        self._insecure = insecure
        self._lock = threading.Lock()
        self._fetched: set[str] = set()

    def fetch(self) -> None:
        """Copy the program's files, as far as they can be had; never raises."""
        with self._lock:
            parts = [
                event.text
                for event in self._record.reports.events
                if event.kind is Kind.NOTE and event.detail.get("report") == "part"
            ]
            wasm = next((part for part in reversed(parts) if _suffix(part) == ".wasm"), "")
            scripts = [part for part in parts if _suffix(part) != ".wasm"]
            self._copy(self.program.with_suffix(".wasm"), [wasm] if wasm else [])
            self._copy(self.program, sorted(scripts, key=lambda part: _stem(part) != _stem(wasm)))

    def features(self, version: Version | None = None) -> ProgramFeatures | None:
        """Return what the program's text says; None if there is no program to be had."""
        try:
            found = read_features(self.program, version)
        except UsageError:
            return None
        return found if self.program.with_suffix(".wasm").is_file() else None

    def _copy(self, target: Path, urls: Sequence[str]) -> None:
        """Copy the first of some files that is there."""
        for url in urls[:_MOST_FILES]:
            if target.exists() or url in self._fetched:
                return
            self._fetched.add(url)
            with contextlib.suppress(OSError, HTTPException, ValueError):
                target.write_bytes(self._get(url))

    def _get(self, url: str) -> bytes:
        parts, page = urlsplit(url), urlsplit(self.url)
        if (parts.hostname, parts.port) != (page.hostname, page.port) or not parts.hostname:
            raise ValueError(url)  # only what lies beside the page is its own program
        connection = self._connection(parts.scheme, parts.hostname, parts.port)
        with contextlib.closing(connection):
            connection.request("GET", f"{parts.path}?{parts.query}" if parts.query else parts.path)
            answer = connection.getresponse()
            if answer.status != 200:  # noqa: PLR2004 - HTTP
                raise ValueError(url)
            data = answer.read(_MAX_SIZE + 1)
        if len(data) > _MAX_SIZE:
            raise ValueError(url)
        return data

    def _connection(self, scheme: str, host: str, port: int | None) -> HTTPConnection:
        if scheme == "http":
            return HTTPConnection(host, port, timeout=_SECONDS)
        import ssl
        from http.client import HTTPSConnection

        context = ssl.create_default_context()
        if self._insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return HTTPSConnection(host, port, timeout=_SECONDS, context=context)


def _suffix(url: str) -> str:
    return PurePosixPath(urlsplit(url).path).suffix


def _stem(url: str) -> str:
    return PurePosixPath(urlsplit(url).path).stem
