from __future__ import annotations

import pytest

from emsockets_build.buildtree.explain import explain, failure_lines


@pytest.mark.parametrize(
    ("output", "remedy"),
    [
        ("Error: Cannot find module 'acorn'\nRequire stack:", "NODE_PATH"),
        (
            'Exception: FROZEN_CACHE is set, but cache file is missing: "sysroot_install.stamp"',
            "emsockets setup",
        ),
        (
            "wasm-ld-21: error: x.o: undefined symbol: emscripten_websocket_is_supported",
            "BACKEND websocket-api",
        ),
        (
            "wasm-ld: error: --shared-memory is disallowed by x.o because it was not compiled with",
            "WAIT pthread",
        ),
        ("error: undefined symbol: $SOCKFS (referenced by x)", "remove the setting"),
        ("emcc: error: Attempt to set a non-existent setting: 'NODERAWSOCKETS'", "knows it"),
        ("html-minifier-terser was not found!", "-g"),
        ("[Errno 2] No such file or directory: '/usr/share/emscripten/html'", "<script"),
        ("No such file or directory: '/usr/share/emscripten/html/shell.css'", "<script"),
        (
            "[Errno 2] No such file or directory: '/x/emscripten/media/powered_by_logo_shell.png'",
            "write the page yourself",
        ),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'closure-compiler'", "closure"),
        (
            'Could not find a package configuration file provided by "EmSockets" with any of',
            "emsockets cmakedir",
        ),
    ],
)
def test_known_failures_are_explained(output: str, remedy: str) -> None:
    """What the tools of the three generations print is recognised, and the remedy fits."""
    known = explain(f"[1/2] linking\n{output}\nninja: build stopped\n")
    assert known is not None
    assert remedy in known.remedy


def test_unknown_failure_is_not_explained_away() -> None:
    """A plain compile error has no invented reason."""
    assert explain("main.cpp:3:1: error: expected ';'") is None


def test_failure_begins_where_the_tools_say_so() -> None:
    """Steps that went well are left out, and a flood is cut."""
    output = "[1/9] ok\nFAILED: a.o\n" + "\n".join(f"line {n}" for n in range(100))
    lines = failure_lines(output).splitlines()
    assert lines[0] == "FAILED: a.o"
    assert lines[-1] == "... (71 more lines)"
    assert len(lines) == 31


def test_of_a_command_with_a_hundred_files_both_ends_are_shown() -> None:
    """What failed is in the line after it, and must not be lost below a screen of names."""
    command = ": && em++ " + " ".join(f"object{number}.o" for number in range(100)) + " -o app.js"
    text = failure_lines(f"FAILED: app.js\n{command}\nwasm-ld: error: undefined symbol: daemon\n")
    first, second, third = text.splitlines()
    assert first == "FAILED: app.js"
    assert second.startswith(": && em++ object0.o")
    assert second.endswith("object99.o -o app.js")
    assert len(second) < 400
    assert third == "wasm-ld: error: undefined symbol: daemon"
