"""What lint found as SARIF 2.1.0 (OASIS), which code hosts and editors read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from emsockets_build.lint.engine import Report
from emsockets_build.lint.finding import Finding
from emsockets_build.lint.rule import Rule

__all__ = ["sarif_log"]

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_HOME = "https://pypi.org/project/emsockets-build/"
_ROOT = "SRCROOT"


def sarif_log(
    report: Report, findings: Sequence[Finding], rules: Mapping[str, Rule], version: str
) -> dict[str, Any]:
    """Write a log with one run.

    Args:
        report: What lint did.
        findings: What it is to say of it.
        rules: By identifier; all of them are described.
        version: Of this package.

    Returns:
        The log as plain values.
    """
    ids = list(rules)
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "emsockets lint",
                        "version": version,
                        "informationUri": _HOME,
                        "rules": [_rule(rule) for rule in rules.values()],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {_ROOT: {"uri": f"{Path.cwd().as_uri()}/"}},
                "results": [_result(one, rules[one.rule], ids) for one in findings],
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "toolExecutionNotifications": [
                            {
                                "level": "note",
                                "message": {"text": f"not checked: {skipped.reason}"},
                                "locations": [
                                    {"physicalLocation": {"artifactLocation": _file(skipped.path)}}
                                ],
                            }
                            for skipped in report.skipped
                        ],
                    }
                ],
            }
        ],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    link = next((one for one in rule.references if one.startswith("https://")), None)
    described: dict[str, Any] = {
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": f"{rule.summary}."},
        "fullDescription": {"text": rule.explanation.strip()},
        "help": {"text": f"{rule.explanation.strip()}\n\nReferences: {', '.join(rule.references)}"},
        "defaultConfiguration": {"level": str(rule.level)},
    }
    if link is not None:
        described["helpUri"] = link
    return described


def _result(finding: Finding, rule: Rule, ids: Sequence[str]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": rule.id,
        "ruleIndex": ids.index(rule.id),
        "level": str(rule.level),
        "message": {"text": finding.message},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": _file(finding.path),
                    "region": {
                        "startLine": finding.line,
                        "startColumn": finding.column,
                        "endColumn": finding.end_column,
                    },
                }
            }
        ],
    }
    if finding.fix is not None:
        result["fixes"] = [
            {
                "description": {"text": finding.fix.summary},
                "artifactChanges": [
                    {
                        "artifactLocation": _file(finding.path),
                        "replacements": [
                            {
                                "deletedRegion": {
                                    "charOffset": edit.start,
                                    "charLength": edit.end - edit.start,
                                },
                                "insertedContent": {"text": edit.text},
                            }
                            for edit in finding.fix.edits
                        ],
                    }
                ],
            }
        ]
    return result


def _file(path: str) -> dict[str, str]:
    if PurePosixPath(path).is_absolute():
        return {"uri": Path(path).as_uri()}
    return {"uri": quote(path, errors="surrogateescape"), "uriBaseId": _ROOT}
