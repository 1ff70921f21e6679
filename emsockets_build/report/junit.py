"""A batch as JUnit XML, in the form that Jenkins, GitLab and GitHub's reporters read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree as ET

from emsockets_build.report.words import failure_text
from emsockets_build.verify import Batch, Outcome

__all__ = ["junit_xml"]

# What XML 1.0 cannot hold, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_KEPT_OUTPUT = 64 * 1024


def junit_xml(batch: Batch, *, suite: str, files: Mapping[str, str]) -> str:
    """Write a batch as one test suite.

    Args:
        batch: The results.
        suite: The suite's name.
        files: The file that declares each scenario, by its name; may lack any.

    Returns:
        The document, declaration included.
    """
    seconds = sum(outcome.result.seconds for outcome in batch.outcomes)
    failures = sum(not outcome.passed for outcome in batch.outcomes)
    root = ET.Element(
        "testsuite",
        name=_clean(suite),
        tests=str(len(batch.outcomes) + len(batch.broken) + len(batch.not_run)),
        failures=str(failures),
        errors=str(len(batch.broken)),
        skipped=str(len(batch.not_run)),
        time=f"{seconds:.3f}",
    )
    for outcome in batch.outcomes:
        case = _case(root, suite, outcome.scenario.name, files, outcome.result.seconds)
        if not outcome.passed:
            _failure(case, outcome)
        _output(case, outcome)
    for broken in batch.broken:
        case = _case(root, suite, broken.scenario.name, files, 0.0)
        element = ET.SubElement(case, "error", message=_clean(broken.error.what))
        element.text = _clean(str(broken.error))
    for scenario in batch.not_run:
        case = _case(root, suite, scenario.name, files, 0.0)
        ET.SubElement(case, "skipped", message="interrupted before it ran")
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, "unicode") + "\n"


def _case(
    root: ET.Element, suite: str, name: str, files: Mapping[str, str], seconds: float
) -> ET.Element:
    case = ET.SubElement(
        root,
        "testcase",
        name=_clean(name),
        classname=_clean(suite),
        time=f"{seconds:.3f}",
    )
    if name in files:
        case.set("file", _clean(files[name]))
    return case


def _failure(case: ET.Element, outcome: Outcome) -> None:
    cause = outcome.cause
    first = outcome.mismatches[0]
    element = ET.SubElement(
        case,
        "failure",
        message=_clean(
            cause.summary
            if cause
            else f"{first.expectation}: expected {first.expected}, found {first.found}"
        ),
        type=cause.id if cause else "mismatch",
    )
    element.text = _clean("\n".join(failure_text(outcome)))


def _output(case: ET.Element, outcome: Outcome) -> None:
    for tag, output in (
        ("system-out", outcome.result.stdout),
        ("system-err", outcome.result.stderr),
    ):
        if output:
            text = output[-_KEPT_OUTPUT:].decode("utf-8", "backslashreplace")
            ET.SubElement(case, tag).text = _clean(text)


def _clean(text: str) -> str:
    return _FORBIDDEN.sub(lambda match: f"\\x{ord(match[0]):02x}", text)
