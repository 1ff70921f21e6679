"""Any text is read: bounded, without a traceback, and with places that lie in the file."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emsockets_build.lint.buildfiles.words import read_commands
from emsockets_build.lint.checkers import check_text
from emsockets_build.lint.context import Context
from emsockets_build.lint.engine import lint
from emsockets_build.lint.finding import apply_edits
from emsockets_build.lint.text import Kind, SourceText

NAMES = {
    Kind.CMAKE: "CMakeLists.txt",
    Kind.MAKE: "Makefile",
    Kind.SHELL: "build.sh",
    Kind.BUILT: "program.js",
}
PIECES = [
    "target_link_options(", "game", ")", " ", "\n", "\t", "\\\n", "\\", '"', "'", "$<", ">", ":",
    ";", "-s", "-sWEBSOCKET_URL=", "1", "ws://", "$(", "${", "}", "`", "#", "=", "+=", "if(",
    "endif()", "ifdef X\n", "endif\n", "else\n", "define A\n", "endef\n", "emcc ", "LDFLAGS",
    "<<", "EOF", "[[", "]]", "SHELL:", "set(CMAKE_CXX_FLAGS ", "LINK_FLAGS ", "ASYNCIFY",
    "set_target_properties(t PROPERTIES ", "-pthread", "CONFIG:Debug", "NOT", ",", "WAIT ",
    "emsockets_target(", "\u00e4", "\0", "# emsockets: ignore ES0", "12", "require('ws')", "\r\n",
]  # fmt: skip
TEXTS = st.one_of(st.text(max_size=80), st.lists(st.sampled_from(PIECES), max_size=40).map("".join))


@pytest.mark.parametrize("kind", NAMES)
@settings(max_examples=300, deadline=None)
@given(text=TEXTS)
def test_any_text_is_checked_and_findings_lie_in_it(kind: Kind, text: str) -> None:
    source = SourceText(NAMES[kind], text, kind)
    for finding in check_text(source, Context()):
        line = source.line(finding.line)
        assert 1 <= finding.line <= text.count("\n") + 1
        assert 1 <= finding.column < finding.end_column <= len(line) + 2
        if finding.fix:
            for edit in finding.fix.edits:
                assert 0 <= edit.start <= edit.end <= len(text)
            apply_edits(text, [finding.fix])


@given(text=TEXTS)
def test_words_stand_where_they_say(text: str) -> None:
    for command in read_commands(text):
        for word in command.words:
            assert 0 <= word.start < word.end <= len(text)
            for index, character in enumerate(word.text):
                assert text[word.offset(index)] == character


# Each is what a careless reader takes quadratic or exponential time for.
MONSTERS = {
    "CMakeLists.txt": [
        "target_link_options(t PRIVATE " + "$<" * 40_000 + ")",
        "target_link_options(t PRIVATE " + "$<$<CONFIG:Debug>:" * 5_000 + "-sA" + ">" * 5_000 + ")",
        "set(A -sB)\n" + "set(A ${A} ${A})\n" * 200 + "target_link_options(t PRIVATE ${A})",
        "if(A)\n" * 20_000,
        "target_link_options(t PRIVATE -sA)\n" * 3_000,
        '"' * 100_001,
        "(" * 100_000,
        "[=[" * 50_000,
    ],
    "Makefile": [
        "A = $(A) $(A)\n" * 100 + "LDFLAGS = $(A)\n",
        "".join(f"V{n} = $(V{n + 1}) $(V{n + 1})\n" for n in range(60)) + "LDFLAGS = $(V0)\n",
        "x: y\n\t" + "$(" * 100_000,
        "ifdef A\n" * 10_000,
        "a: b\n\temcc a.c -sA\n" * 2_000,
        "\\\n" * 100_000,
        "define X\n" + "-sA\n" * 20_000,
    ],
    "build.sh": [
        "emcc " + '"$(' * 50_000,
        "cat <<A\n" * 5_000,
        "A='" * 50_000,
        'LDFLAGS="$LDFLAGS $LDFLAGS -sA"\n' * 300,
        "emcc a.c -sA=" + "'x'" * 50_000,
        "`" * 100_001,
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param(n, t, id=f"{n}-{i}")
        for n, texts in MONSTERS.items()
        for i, t in enumerate(texts)
    ],
)
def test_monsters_are_bounded(name: str, text: str, tmp_path: Path) -> None:
    """In processor time: quadratic readers take minutes for these."""
    (tmp_path / name).write_text(text)
    before = time.process_time()
    lint([tmp_path], jobs=1)
    assert time.process_time() - before < 30


def test_a_file_of_50_mb_and_a_nest_of_links_are_said_in_words(tmp_path: Path) -> None:
    for name in ("CMakeLists.txt", "big.c", "Makefile", "run.sh"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(50 << 20)  # sparse: what is read must be bounded, too
    (tmp_path / "loop.cmake").symlink_to("loop.cmake")
    (tmp_path / "up").symlink_to(tmp_path)
    report = lint([tmp_path])
    assert report.files == 0
    assert {one.reason for one in report.skipped} == {
        "it is larger than 4 MiB",
        "it is larger than 8 MiB",
    }


def test_a_file_that_cannot_be_read_is_said_in_words(tmp_path: Path) -> None:
    """A file without a last line, without permissions, and one that is empty."""
    (tmp_path / "empty.cmake").touch()
    (tmp_path / "short.cmake").write_text("project(p)")
    assert lint([tmp_path]).skipped == ()
