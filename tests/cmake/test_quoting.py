from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from emsockets_build.process import run_bounded
from emsockets_build.quoting import cmake_quote
from tests.cmake.configuring import CMAKE

_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
_HOSTILE = st.sampled_from(['")', "${HOME}", "$ENV{HOME}", "a;b", "]]", "\\", '\\"', "#", "@x@"])


@settings(max_examples=15, deadline=None)
@given(st.lists(_TEXT | _HOSTILE, min_size=20, max_size=40))
def test_quoted_text_reaches_cmake_unchanged(texts: list[str]) -> None:
    """Whatever the text, CMake reads back exactly that, as one value."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        script = "".join(
            f'file(WRITE "{folder.as_posix()}/{number}" {cmake_quote(text)})\n'
            for number, text in enumerate(texts)
        )
        (folder / "script.cmake").write_bytes(script.encode())
        done = run_bounded([CMAKE, "-P", folder / "script.cmake"], timeout=30)
        assert done.returncode == 0, done.text
        for number, text in enumerate(texts):
            assert (folder / f"{number}").read_bytes() == text.encode()
