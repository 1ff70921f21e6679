"""The examples of the rules are their tests."""

from __future__ import annotations

import re
from pathlib import PurePath

import pytest

from emsockets_build.lint.checkers import check_text
from emsockets_build.lint.finding import Finding, apply_edits
from emsockets_build.lint.kinds import kind_of
from emsockets_build.lint.rule import Example, Rule, load_rules
from emsockets_build.lint.text import SourceText

EXAMPLES = [
    pytest.param(rule, example, id=f"{rule.id}-{number}")
    for rule in load_rules().values()
    for number, example in enumerate(rule.examples)
]


def findings(example: Example, text: str) -> tuple[Finding, ...]:
    kind = kind_of(PurePath(example.file))
    assert kind is not None, f"{example.file} is of no kind that lint knows"
    return check_text(SourceText(example.file, text, kind), example.context)


@pytest.mark.parametrize(("rule", "example"), EXAMPLES)
def test_a_rule_is_found_in_its_bad_example(rule: Rule, example: Example) -> None:
    """And no other rule than those that the example names."""
    found = {finding.rule for finding in findings(example, example.bad)}
    assert rule.id in found
    assert found - {rule.id} == set(example.also)


@pytest.mark.parametrize(("rule", "example"), EXAMPLES)
def test_nothing_is_found_in_the_good_example(rule: Rule, example: Example) -> None:
    """By this rule and by all others."""
    assert findings(example, example.good) == (), rule.id


@pytest.mark.parametrize(("rule", "example"), EXAMPLES)
def test_a_fix_mends_what_it_says_and_no_more_is_to_be_fixed(rule: Rule, example: Example) -> None:
    """--fix is idempotent: what was fixed is not found again."""
    text = example.bad
    for _ in range(10):
        before = [finding for finding in findings(example, text) if finding.fix]
        text, applied = apply_edits(text, (finding.fix for finding in before if finding.fix))
        if not applied:
            break
    assert [f for f in findings(example, text) if f.fix] == [], rule.id


@pytest.mark.parametrize("rule", load_rules().values(), ids=lambda rule: rule.id)
def test_a_rule_is_complete(rule: Rule) -> None:
    """Identifier, name, one-sentence summary, explanation, references, examples."""
    assert re.fullmatch(r"ES\d{3}", rule.id)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.name)
    assert rule.summary
    assert not rule.summary.endswith(".")
    assert len(rule.explanation.split()) > 10
    assert rule.references
    assert rule.examples


def test_names_are_unique() -> None:
    """People may remember a name better than a number."""
    names = [rule.name for rule in load_rules().values()]
    assert len(set(names)) == len(names)
