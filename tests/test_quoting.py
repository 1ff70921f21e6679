from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emsockets_build.quoting import cmake_quote, js_quote, terminal_escape


@given(st.text())
def test_terminal_text_holds_no_control(text: str) -> None:
    """Nothing that moves the cursor, colours, rings or reorders gets through."""
    shown = terminal_escape(text)
    assert not [
        character
        for character in shown
        if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} and character not in "\n\t"
    ]
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_terminal_text_that_is_harmless_stays(text: str) -> None:
    """People read their own language, not escapes."""
    assert terminal_escape(text) == text


@given(st.text())
def test_js_literal_means_the_text_and_cannot_end_a_script_element(text: str) -> None:
    """The literal is valid JSON for the same text and holds nothing that HTML would see."""
    literal = js_quote(text)
    assert json.loads(literal) == text
    assert literal.isascii()
    assert not set(literal) & set("<>&")


def test_cmake_cannot_hold_nul() -> None:
    """The one character that no CMake file can carry is refused, not dropped."""
    with pytest.raises(ValueError, match="NUL"):
        cmake_quote("a\0b")
