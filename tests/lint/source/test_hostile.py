"""Files that are broken, deep, huge or no text: bounded, and no exception."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emsockets_build.lint.checkers import check_text, check_whole
from emsockets_build.lint.context import Context
from emsockets_build.lint.finding import Checked
from emsockets_build.lint.source import tree
from emsockets_build.lint.source.check import MOST_BYTES
from emsockets_build.lint.text import Kind, SourceText, decode
from tests.lint.source.checking import check

# Enough words that everything is parsed and read.
PIECES = st.sampled_from(
    [
        *"{}()[];,?:\\\"'#<>=!&*\n",
        "recv(fd, b, 1, 0)",
        "connect(fd, a, n)",
        "while (",
        "for (;;)",
        "do ",
        "if (",
        "else ",
        "switch (errno) { case EAGAIN: ",
        "return -1;",
        "int f(int fd) {",
        "\n#if defined(X) && (",
        "\n#ifdef __EMSCRIPTEN__\n",
        "\n#else\n",
        "\n#endif\n",
        "\n#define X ",
        "\\\n",
        'R"(',
        "/*",
        "*/",
        "//",
        "setsockopt(fd, 1, 2, &x, 4)",
        "emscripten_websocket_new(&a)",
        "EM_ASM({ Module['websocket'] = 1",
        "char b[1 << 20];",
        "[&] { ",
        "\0",
        "\u20ac",
        "sockaddr ",
        "errno == EINTR ",
        "goto x; x: ",
        "try { throw 1; } catch (...) {",
        "1'000",
        "namespace a { class B { void poll(); };",
    ]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PIECES, max_size=60).map("".join), st.sampled_from(["a.c", "a.cpp", "a.h"]))
def test_no_arrangement_of_words_raises(text: str, name: str) -> None:
    for finding in check("#include <sys/socket.h>\n" + text, name=name):
        assert finding.line >= 1
        assert finding.end_column > finding.column >= 1


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=2_000))
def test_no_bytes_raise(data: bytes) -> None:
    for encoded in (b"sockaddr " + data, b"\xff\xfes\0o\0c\0k\0a\0d\0d\0r\0" + data):
        source = decode("a.cpp", encoded, Kind.SOURCE)
        if source is not None:
            check_text(source, Context())


@pytest.mark.parametrize(
    "middle",
    [
        "(" * 50_000,
        "{" * 50_000,
        "if (a) " * 30_000 + ";",
        "if (a) {} else " * 20_000 + ";",
        "x = " + "!" * 100_000 + "a;",
        "x = a" + " + a" * 50_000 + ";",
        "x = a" + "<b" * 20_000 + ";",
        "f(" * 20_000 + ")" * 20_000 + ";",
        "\n#if A\n" * 20_000,
        "\n#if A\n" + "#elif B\n" * 20_000 + "#endif\n",
        "\n#if " + "(" * 5_000 + "1" + ")" * 5_000 + "\n#endif\n",
        "\n#if 1" + " && 1" * 50_000 + "\n#endif\n",
        "\n#define A B\n#define B A\n#if A\n#endif\n",
        "\n#define A (A << 60) * A\n#if A\n#endif\nchar c[A];",
        "/*" * 50_000,
        'R"(' * 50_000,
        "'" * 100_000,
        "FOO(BAR BAZ) " * 5_000,
        "char c" + "[9]" * 10_000 + ";",
        "\0" * 100_000,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_what_is_deep_or_long_is_survived(middle: str) -> None:
    text = f"#include <sys/socket.h>\nint f(int fd) {{ recv(fd, 0, 1, 0); {middle} }}\n"
    check(text)


def test_what_comes_after_broken_code_is_still_found() -> None:
    text = """#include <sys/socket.h>
int broken(int fd) { if ( ; }
template <class> void odd(;
void f(int fd) { char c; while (recv(fd, &c, 1, 0) < 0) { } }
"""
    assert [finding.rule for finding in check(text)] == ["ES016"]


LOOP = "void f(int fd) { char c; while (recv(fd, &c, 1, 0) < 0) { } }\n"


def _whole(text: str) -> Checked:
    return check_whole(SourceText("a.cpp", text, Kind.SOURCE), Context())


def test_a_large_file_about_sockets_is_said_to_be_unchecked() -> None:
    assert _whole(LOOP).findings
    filling = "// " + "x" * MOST_BYTES
    assert _whole(LOOP + filling) == Checked(
        (), "it is larger than 1 MiB, and so was mostly generated"
    )
    assert _whole(filling) == Checked(())


def test_a_file_that_the_parser_gives_up_is_said_to_be_unchecked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert _whole(LOOP * 1000).unchecked == ""
    monkeypatch.setattr(tree, "_SECONDS", 0.0)
    assert _whole(LOOP * 1000) == Checked((), "the parser gave it up, as it takes too long")
