"""Failures as workflow commands, which GitHub shows beside the line that declares the scenario."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from emsockets_build.report.words import failure_text
from emsockets_build.verify import Batch

__all__ = ["annotation", "github_annotations"]


def github_annotations(batch: Batch, files: Mapping[str, str]) -> Iterator[str]:
    """Write one ``::error`` command for each scenario that failed or could not run.

    Args:
        batch: The results.
        files: The file that declares each scenario, by its name; may lack any.

    Yields:
        Lines for standard output.
    """
    for outcome in batch.outcomes:
        if not outcome.passed:
            name = outcome.scenario.name
            yield _failure(files.get(name, ""), name, "\n".join(failure_text(outcome)))
    for broken in batch.broken:
        name = broken.scenario.name
        yield _failure(files.get(name, ""), name, str(broken.error))


def annotation(level: str, message: str, **properties: str | int) -> str:
    """Write one workflow command that GitHub shows beside a line.

    Args:
        level: ``error``, ``warning`` or ``notice``.
        message: What is shown.
        properties: ``file``, ``line``, ``col``, ``endColumn``, ``title``; empty ones are left out.
    """
    words = [f"{name}={_property(str(value))}" for name, value in properties.items() if value]
    return f"::{level} {','.join(words)}::{_data(message)}"


def _failure(file: str, title: str, message: str) -> str:
    return annotation("error", message, file=file, title=title)


def _data(text: str) -> str:
    """Escape as GitHub's own toolkit does (actions/toolkit, core/src/command.ts)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
