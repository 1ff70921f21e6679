"""The documentation of the behaviours and of their parameters."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emsockets_build.errors import UsageError
from emsockets_build.server.behaviours import BEHAVIOURS, from_spec
from emsockets_build.server.catalogue import as_json, as_markdown, as_text
from emsockets_build.server.events import Event
from emsockets_build.server.parameters import parameters_of


def test_the_documentation_is_current() -> None:
    """Write it anew with `python -m emsockets_build.server.catalogue > docs/behaviours.md`."""
    page = Path(__file__).parents[2] / "docs" / "behaviours.md"
    assert page.read_text(encoding="utf-8") == as_markdown()


def test_the_page_on_records_names_every_event_and_field() -> None:
    """One row for each kind."""
    page = (Path(__file__).parents[2] / "docs" / "server.md").read_text(encoding="utf-8")
    rows = {line.split("|")[1].strip(" `"): line for line in page.splitlines() if "| `" in line}
    for kind in Event.__subclasses__():
        for field in fields(kind):
            if field.name not in ("connection", "at"):
                assert f"`{field.name}`" in rows[kind.kind], (kind.kind, field.name)


def test_every_behaviour_says_what_a_program_sees() -> None:
    """In every form of the table."""
    assert [entry["name"] for entry in as_json()] == list(BEHAVIOURS)
    for name, kind in BEHAVIOURS.items():
        assert kind.seen
        assert name in as_text()


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_defaults_written_out_make_the_same_behaviour(name: str) -> None:
    """What the table prints as a default is read back as one."""
    line = "&".join(
        f"{key}={str(parameter.default).replace(' ', '+')}"
        for key, parameter in parameters_of(BEHAVIOURS[name]).items()
    )
    assert from_spec(f"{name}?{line}") == BEHAVIOURS[name]()


@pytest.mark.parametrize(
    ("spec", "field", "value"),
    [
        ("huge?size=1KiB", "size", 1024),
        ("huge?size=1.5MiB", "size", 1_572_864),
        ("huge?size=2kb", "size", 2000),
        ("latency?delay=250ms", "delay", 0.25),
        ("latency?delay=2s", "delay", 2.0),
        ("latency?delay=0.5", "delay", 0.5),
        ("close?mid-message", "mid_message", True),
        ("close?mid-message=no", "mid_message", False),
        ("close?reason=a%26b+c", "reason", "a&b c"),
    ],
)
def test_values_with_units(spec: str, field: str, value: object) -> None:
    """Sizes, durations, flags and encoded text."""
    assert getattr(from_spec(spec), field) == value


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        ("", "no behaviour"),
        ("cloze", "did you mean `close`"),
        ("echo?x=1", "no parameter `x`"),
        ("close?code=70000", "from 0 to 65535"),
        ("close?code=1&code=2", "twice"),
        ("huge?size=65MiB", "from 0 to"),
        ("huge?size=1.0001", "whole number of bytes"),
        ("huge?size=big", "one of the units"),
        ("latency?delay=2h", "one of the units"),
        ("latency?delay=5000s", "from 0.0 to"),
        ("refuse?status=200", "is none of"),
        ("garbage?kind=opcod", "did you mean `opcode`"),
        ("close?mid-message=maybe", "neither yes nor no"),
        ("wrong-subprotocol?subprotocol=a%20b", "is not a token"),
        ("jitter?low=2&high=1", "does not fit together"),
        ("ping?every=0", "does not fit together"),
        ("split?size=0", "from 1 to"),
    ],
)
def test_what_does_not_fit_is_said(spec: str, word: str) -> None:
    """With what would."""
    with pytest.raises(UsageError) as error:
        from_spec(spec)
    assert word in str(error.value)


@given(st.text(max_size=60))
def test_any_text_is_a_behaviour_or_an_error_for_people(spec: str) -> None:
    """Nothing else comes out, also with a real name in front."""
    for text in (spec, f"close?{spec}", f"garbage?kind={spec}", f"huge?size={spec}"):
        try:
            made = from_spec(text)
        except UsageError:
            continue
        assert made.name in BEHAVIOURS
