"""Failures as workflow commands, which GitHub shows beside the line that declares the scenario."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from emsockets_build.report.words import failure_text
from emsockets_build.verify import Batch

__all__ = ["github_annotations"]


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
            yield _command(files.get(name, ""), name, "\n".join(failure_text(outcome)))
    for broken in batch.broken:
        name = broken.scenario.name
        yield _command(files.get(name, ""), name, str(broken.error))


def _command(file: str, title: str, message: str) -> str:
    properties = [f"title={_property(title)}"]
    if file:
        properties.insert(0, f"file={_property(file)}")
    return f"::error {','.join(properties)}::{_data(message)}"


def _data(text: str) -> str:
    """Escape as GitHub's own toolkit does (actions/toolkit, core/src/command.ts)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
