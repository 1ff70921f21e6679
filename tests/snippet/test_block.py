from __future__ import annotations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from emsockets_build.errors import UsageError
from emsockets_build.snippet.block import BEGIN, END, update_block

SNIPPET = "emsockets_target(game)\n"
OTHER = "emsockets_target(game WAIT jspi)\n"


@given(st.text())
@example("\r")
@example("\n\r\n")
def test_update_is_idempotent_and_keeps_the_rest(text: str) -> None:
    """Whatever the file holds, it stays in front of the block, and a second run changes nothing."""
    assume("emsockets snippet" not in text)
    once = update_block(text, SNIPPET, where="f")
    assert once.startswith(text)
    assert update_block(once, SNIPPET, where="f") == once


@given(st.text(), st.text())
def test_only_the_block_changes(before: str, after: str) -> None:
    """Text in front of and behind the block is not touched, line endings included."""
    assume("emsockets snippet" not in before + after)
    text = f"{before}\n{BEGIN}\n{SNIPPET}{END}\n{after}"
    assert update_block(text, OTHER, where="f") == f"{before}\n{BEGIN}\n{OTHER}{END}\n{after}"


def test_windows_line_endings_are_kept() -> None:
    """A file from Windows gets a block in its own line endings, again and again."""
    once = update_block("project(x)\r\n", SNIPPET, where="f")
    assert once.replace("\r\n", "").count("\n") == 0
    assert update_block(once, SNIPPET, where="f") == once


@pytest.mark.parametrize(
    "text",
    [BEGIN, END, f"{END}\n{BEGIN}\n", f"{BEGIN}\n{END}\n{BEGIN}\n{END}\n"],
)
def test_stray_markers_are_refused_with_their_lines(text: str) -> None:
    """A block that cannot be told is somebody's edit gone wrong, not ours to guess."""
    with pytest.raises(UsageError, match="exactly one marked block") as caught:
        update_block(text, SNIPPET, where="CMakeLists.txt")
    assert "line 1" in caught.value.why
    assert caught.value.where == "CMakeLists.txt"
