from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emsockets_build.errors import UsageError
from emsockets_build.scaffold import (
    check_file_name,
    check_identifier,
    check_project_name,
    suggest_project_name,
)

HOSTILE = [
    "",
    " ",
    "a b",
    'a"b',
    "a'b",
    "a;b",
    "$ENV{HOME}",
    "@NAME@",
    "a/b",
    "a\\b",
    "..",
    "../a",
    "/a",
    "C:a",
    "a\nb",
    "a\0b",
    "größe",
    "名前",
    "a\u202eb",
    "\ud800",
    "-a",
    "a" * 101,
]


@pytest.mark.parametrize("name", ["echo", "my-game", "A.b_c+d", "x", "tests", "constant"])
def test_usual_project_names_are_taken_as_they_are(name: str) -> None:
    assert check_project_name(name) == name


@pytest.mark.parametrize(
    "name",
    [*HOSTILE, "1st", "test", "all", "Install", "ALL_BUILD", "CMakeFiles", "nul", "com1.app", "a."],
)
def test_names_that_break_cmake_or_a_file_system_are_refused(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_project_name(name)
    assert caught.value.remedy


@pytest.mark.parametrize("name", [*HOSTILE, "a-b", "namespace", "std", "_Bool", "a__b", "1a"])
def test_names_that_are_no_identifier_are_refused(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_identifier(name)
    assert caught.value.remedy


@pytest.mark.parametrize("name", ["echo", "my_game", "Echo2"])
def test_usual_identifiers_are_taken_as_they_are(name: str) -> None:
    assert check_identifier(name) == name


@pytest.mark.parametrize("name", ["a b", "a'b", "a;b", "$a", "@a", "größe", ".gitignore", "-"])
def test_file_names_may_be_unusual(name: str) -> None:
    assert check_file_name(name) == name


@given(st.text(max_size=120))
def test_whatever_is_accepted_needs_no_quoting_and_stays_in_its_folder(name: str) -> None:
    """An accepted name is plain ASCII without anything that CMake, a shell or a path reads."""
    with contextlib.suppress(UsageError):
        check_project_name(name)
        assert name.isascii()
        assert not set(name) & set("/\\;$@\"'() \n\t#")
        assert name not in (".", "..")


@given(st.text(max_size=120))
def test_whatever_is_refused_is_shown_without_control_characters(name: str) -> None:
    with contextlib.suppress(UsageError):
        check_project_name(name)
        return
    with pytest.raises(UsageError) as caught:
        check_project_name(name)
    assert caught.value.remedy
    assert str(caught.value).replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("game", "game"),
        ("my own project", "my-own-project"),
        ("größe's $@NAME@; (1)", "gr-e-s-NAME-1"),
        ("test", "app-test"),
        ("1st", "app-1st"),
        ("", "app"),
        ("名前", "app"),
        ("CON", "app-CON"),
    ],
)
def test_a_name_is_suggested_for_any_folder(text: str, name: str) -> None:
    assert suggest_project_name(text) == name


@given(st.text(max_size=150))
def test_what_is_suggested_is_a_name(text: str) -> None:
    name = suggest_project_name(text)
    assert check_project_name(name) == name
