"""Links to source files, which work where the report is read: beside the sources, or from CI."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

__all__ = ["SourceLinks"]

_PLACE = re.compile(r"(?P<file>[^\s()]+\.\w+):(?P<line>\d+)(?::\d+)?")


@dataclass(frozen=True, slots=True)
class SourceLinks:
    """Knows what a source file's place is called in a link.

    Attributes:
        report: The folder that the report is written to; links are relative to it.
        project: The folder that places which are not absolute start from.
        checkout: The root of the repository that CI has checked out; None outside CI.
        base: The URL under which that commit's files can be read; empty outside CI.
    """

    report: Path
    project: Path
    checkout: Path | None = None
    base: str = ""

    @classmethod
    def here(cls, report: Path, project: Path, environment: Mapping[str, str]) -> SourceLinks:
        """Make links for a report, to GitHub or GitLab if one of them runs this process.

        Args:
            report: The report's file.
            project: The project's folder.
            environment: The process's variables; which, says each service's documentation.
        """
        get = environment.get
        folder = report.absolute().parent
        server, repository, commit = (
            get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "SHA")
        )
        if server and repository and commit and (root := get("GITHUB_WORKSPACE")):
            base = f"{server}/{repository}/blob/{commit}"
        elif (url := get("CI_PROJECT_URL")) and (commit := get("CI_COMMIT_SHA", "")):
            root, base = get("CI_PROJECT_DIR", ""), f"{url}/-/blob/{commit}"
        else:
            return cls(folder, project.absolute())
        if not base.startswith("https://"):
            return cls(folder, project.absolute())
        return cls(folder, project.absolute(), Path(root), base)

    def place(self, text: str) -> tuple[str, str, str] | None:
        """Find the first place ``file:line`` in words.

        Returns:
            What stands before it, the place, and what stands after it; None if there is none.
        """
        found = _PLACE.search(text)
        if found is None:
            return None
        return text[: found.start()], found[0], text[found.end() :]

    def short(self, place: str) -> str:
        """Say a place from the project's folder, if it lies there."""
        try:
            return Path(place).relative_to(self.project).as_posix()
        except ValueError:
            return place

    def link(self, place: str) -> str | None:
        """Return where a place ``file`` or ``file:line`` can be read; None if nowhere."""
        found = _PLACE.fullmatch(place)
        name, line = (found["file"], found["line"]) if found else (place, "")
        try:
            path = (self.project / name).resolve()
            if not path.is_file():
                return None
            if self.checkout is not None and path.is_relative_to(self.checkout.resolve()):
                inside = path.relative_to(self.checkout.resolve()).as_posix()
                return f"{self.base}/{quote(inside)}{f'#L{line}' if line else ''}"
            relative = Path(os.path.relpath(path, self.report)).as_posix()
        except (OSError, ValueError):  # no name of a file; another drive than the report's
            return None
        return f"./{quote(relative)}"
