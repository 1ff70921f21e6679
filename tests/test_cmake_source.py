from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emsockets_build.cmake_source import read_calls
from emsockets_build.quoting import cmake_quote
from emsockets_build.resources import cmake_dir

TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=30)


def calls(text: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(call.name, call.arguments) for call in read_calls(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("\ufeff# only a comment", []),
        ("ADD_Executable (game main.cpp)", [("add_executable", ("game", "main.cpp"))]),
        ("f(\n  a # b)\n  c\n)", [("f", ("a", "c"))]),
        ("#[[ f(a) ]] g()", [("g", ())]),
        ("#[==[ f(a) ]] ]==] g()", [("g", ())]),
        ("#[ f(a)\ng()", [("g", ())]),
        ('f("a (b) # c" [[d "e]] [=[f]]g]=])', [("f", ("a (b) # c", 'd "e', "f]]g"))]),
        ("if(A AND (B OR C))\nendif()", [
            ("if", ("A", "AND", "(", "B", "OR", "C", ")")), ("endif", ())
        ]),
        (r'f(a\ b -D="x y" \")', [("f", (r"a\ b", '-D="x y"', r"\""))]),
    ],
)  # fmt: skip
def test_reads_commands(text: str, expected: list[tuple[str, tuple[str, ...]]]) -> None:
    assert calls(text) == expected


@pytest.mark.parametrize("text", ["f(", 'f("a)', "f([[a)", "x y", "f() )", "#[[ a", "(a)"])
def test_text_that_cmake_would_not_take_is_an_error_that_names_the_line(text: str) -> None:
    with pytest.raises(ValueError, match="line 3: "):
        calls("\n\n" + text)


def test_a_call_knows_its_place() -> None:
    text = "# first\n  f(a)\n"
    (call,) = read_calls(text)
    assert (text[call.start : call.end], call.line) == ("f(a)", 2)


@given(st.lists(TEXT, max_size=4))
def test_what_is_quoted_is_one_argument(words: list[str]) -> None:
    text = f"f({' '.join(map(cmake_quote, words))})g()"
    first, second = read_calls(text)
    assert [f'"{argument}"' for argument in first.arguments] == [*map(cmake_quote, words)]
    assert second.name == "g"


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        for call in read_calls(text):
            assert text[call.start : call.end].endswith(")")


@pytest.mark.parametrize("path", sorted(cmake_dir().glob("*.cmake")), ids=lambda path: path.name)
def test_our_own_files_are_read_to_their_end(path: Path) -> None:
    text = path.read_text()
    last = list(read_calls(text))[-1]
    assert text[last.end :].strip() == ""
