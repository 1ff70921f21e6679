"""Answers of programs, remembered for as long as the programs' files stay the same.

Starting Node three times to learn what it can do costs a tenth of a second; asking the file
system whether it is still the same Node costs microseconds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from emsockets_build.errors import UsageError
from emsockets_build.storage import cache_dir, write_whole

__all__ = ["ProbeCache", "probes"]

_SCHEMA = 1
_MOST_ENTRIES = 200


class ProbeCache:
    """A file of answers, each bound to the identity of the files that it was read from.

    Args:
        path: The JSON file; it need not exist, and nothing breaks if it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._entries: dict[str, Any] | None = None

    def get(self, question: str, files: Sequence[Path], ask: Callable[[], object]) -> Any:  # noqa: ANN401 - JSON
        """Return the remembered answer, or ask and remember it.

        Args:
            question: What is asked, with all that the answer depends on besides the files.
            files: The files that the answer depends on.
            ask: Gives the answer as a value that JSON can hold; None is not remembered.

        Returns:
            The answer.
        """
        identity = [_identity(file) for file in files]
        key = "\n".join([question, *map(str, files)])
        if self._entries is None:
            self._entries = self._read()
        entry = self._entries.get(key)
        if isinstance(entry, dict) and entry.get("identity") == identity:
            return entry.get("answer")
        answer = ask()
        if answer is not None:
            self._remember(key, {"identity": identity, "answer": answer})
        return answer

    def _remember(self, key: str, entry: dict[str, object]) -> None:
        entries = self._read()  # again: another process may have learnt something meanwhile
        entries.pop(key, None)
        entries[key] = entry
        self._entries = dict(list(entries.items())[-_MOST_ENTRIES:])
        try:
            write_whole(self.path, json.dumps({"schema": _SCHEMA, "entries": self._entries}))
        except UsageError:
            # A cache that cannot be written costs time, not correctness; doctor reports it.
            return

    def _read(self) -> dict[str, Any]:
        try:
            content = json.loads(self.path.read_bytes())
        except (OSError, ValueError):
            return {}
        if not isinstance(content, dict) or content.get("schema") != _SCHEMA:
            return {}
        entries = content.get("entries")
        return entries if isinstance(entries, dict) else {}


def probes() -> ProbeCache:
    """Return the cache of this user; one object for each place of the cache."""
    path = cache_dir() / "probes.json"
    return _CACHES.setdefault(path, ProbeCache(path))


_CACHES: dict[Path, ProbeCache] = {}


def _identity(file: Path) -> list[int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns, status.st_ino]
