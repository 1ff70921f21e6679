from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emsockets_build.settings.version import format_version
from emsockets_build.toolchain.version import in_range, version_in


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v24.19.0\n", (24, 19, 0)),
        ('"3.1.6"\n', (3, 1, 6)),
        ("emcc (Emscripten gcc/clang-like replacement) 3.1.69 ()", (3, 1, 69)),
        ("cmake version 4.4.4", (4, 4, 4)),
        ("4.0.10-git", (4, 0, 10)),
        ("8", (8, 0, 0)),
        ("1.13", (1, 13, 0)),
        ("latest", None),
        ("", None),
    ],
)  # fmt: skip
def test_finds_the_version_in_what_programs_say(
    text: str, version: tuple[int, int, int] | None
) -> None:
    assert version_in(text) == version


@given(st.tuples(*[st.integers(0, 99999)] * 3))
def test_reads_back_what_it_writes(version: tuple[int, int, int]) -> None:
    assert version_in(format_version(version)) == version


@given(st.text())
def test_any_text_is_a_version_or_none(text: str) -> None:
    version = version_in(text)
    assert version is None or len(version) == 3


@pytest.mark.parametrize(
    ("version", "ranges", "inside"),
    [
        ((4, 0, 0), ">=4.0.0,<4.0.2", True),
        ((4, 0, 2), ">=4.0.0,<4.0.2", False),
        ((4, 3, 1), ">=4.2,<4.2.6 || >=4.3,<4.3.3", True),
        ((4, 2, 6), ">=4.2,<4.2.6 || >=4.3,<4.3.3", False),
        ((5, 0, 2), "<=5.0.2", True),
        ((5, 0, 3), ">5.0.3", False),
        ((5, 0, 3), "==5.0.3", True),
    ],
)
def test_ranges(version: tuple[int, int, int], ranges: str, inside: bool) -> None:
    assert in_range(version, ranges) is inside


@pytest.mark.parametrize("ranges", ["", "4.0", ">=4.0 <5", "~=4.0", ">=1 || nonsense"])
def test_a_range_that_is_none_is_refused_wherever_it_stands(ranges: str) -> None:
    with pytest.raises(ValueError, match="not a version comparison"):
        in_range((9, 9, 9), ranges)
