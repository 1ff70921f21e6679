"""A failed outcome in words: what was expected, why it failed, what to do."""

from __future__ import annotations

from collections.abc import Iterator

from emsockets_build.verify import Outcome

__all__ = ["failure_text"]


def failure_text(outcome: Outcome) -> Iterator[str]:
    """Say what is known of a failure.

    Args:
        outcome: One that did not pass.

    Yields:
        Lines without colour; text of programs and peers is not escaped yet.
    """
    for miss in outcome.mismatches:
        yield f"{miss.expectation}: expected {miss.expected}, found {miss.found}"
    for record in outcome.connections:
        if record.refusal:
            yield f"the server refused: {record.refusal}"
    cause = outcome.cause
    if cause is None:
        return
    where = f" ({cause.location})" if cause.location else ""
    yield f"cause:  {cause.summary}{where} [{cause.id}]"
    for line in (*cause.stack, *cause.evidence):
        yield f"        {line}"
    first, *rest = cause.remedy.splitlines()
    yield f"remedy: {first}"
    for line in rest:
        yield f"        {line}"
