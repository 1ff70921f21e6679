from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emsockets_build.errors import UsageError
from emsockets_build.verify import Scenario
from emsockets_build.verify.select import (
    compile_expression,
    parse_shard,
    take_shard,
    with_runners,
)


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("echo", True),
        ("ECHO", True),
        ("slow", True),
        ("pthread", False),
        ("not pthread", True),
        ("echo and slow", True),
        ("echo and not slow", False),
        ("pthread or echo", True),
        ("not (pthread or echo)", False),
        ("not not echo", True),
        ("pthread and pthread or echo", True),
        ("game-echo", True),
    ],
)
def test_expressions(expression: str, holds: bool) -> None:
    """Words are looked for in the name and the labels; the usual precedence applies."""
    assert compile_expression(expression)(("game-echo", "slow")) is holds


@pytest.mark.parametrize(
    "expression", ["", "and", "echo and", "(echo", "echo)", "not", "a b", "()"]
)
def test_incomplete_expressions_are_refused(expression: str) -> None:
    """A slip of the fingers is no selection of everything."""
    with pytest.raises(UsageError, match="cannot be understood"):
        compile_expression(expression)


@given(st.text())
def test_expressions_never_crash(text: str) -> None:
    """Any text is an expression or wrong usage."""
    with contextlib.suppress(UsageError):
        assert compile_expression(text)(("name",)) in {True, False}


@given(st.lists(st.integers()), st.integers(1, 9))
def test_shards_share_everything_and_overlap_nowhere(items: list[int], count: int) -> None:
    """All shards together are the whole, each item once."""
    parts = [take_shard(items, (index, count)) for index in range(1, count + 1)]
    assert sorted(item for part in parts for item in part) == sorted(items)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("text", ["", "0/2", "3/2", "1", "1/0", "a/b", "-1/2"])
def test_bad_shards_are_refused(text: str) -> None:
    """A shard outside its range would silently run nothing."""
    with pytest.raises(UsageError, match="--shard"):
        parse_shard(text)


def test_other_runners_than_declared() -> None:
    """Each test once for each; what cannot run so is left out."""
    program = Path("a.js")
    scenarios = [
        Scenario("one[node]", program),
        Scenario("one[firefox]", program, runner="firefox"),
        Scenario("serves", program, client=3),
        Scenario("native", program, runner="native"),
    ]
    tests = {"one[node]": "one", "one[firefox]": "one", "serves": "serves", "native": "native"}

    def chosen(*runners: str) -> list[tuple[str, str]]:
        return [(s.name, s.runner) for s in with_runners(scenarios, tests, runners)]

    assert chosen("chromium") == [("one", "chromium")]
    assert chosen("chromium", "node", "node") == [
        ("one[chromium]", "chromium"),
        ("one[node]", "node"),
        ("serves[node]", "node"),
    ]
