"""Bad input to ``build`` and ``run``: the documented exit code, words, and nothing left behind."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from emsockets_build.process import child_process
from tests.e2e.test_demo import emsockets
from tests.generations import Tools

pytestmark = [pytest.mark.node, pytest.mark.slow]

PROJECT = "cmake_minimum_required(VERSION 3.22)\nproject(bad LANGUAGES C)\n"
TARGET = "find_package(EmSockets REQUIRED)\nadd_executable(bad bad.c)\n"
PIGEON = (
    "emsockets_target(bad): BACKEND does not take 'carrier-pigeon' why: it is one of websocket, "
    "proxy, node, websocket-api remedy: use one of these words"
)
RUBBISH = bytes(range(256)) * 4


@pytest.fixture(autouse=True)
def no_orphans(tmp_path: Path) -> Iterator[None]:
    """Whatever a test starts has gone when it ends."""
    yield
    assert _processes_of(tmp_path) == []


def _processes_of(folder: Path) -> list[str]:
    """Return the command lines of all processes that name a folder (Linux)."""
    lines = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes()
        except OSError:  # it ended just now
            continue
        if os.fsencode(folder) in line:
            lines.append(line.replace(b"\0", b" ").decode("utf-8", "replace"))
    return lines


def _build(tools: Tools, folder: Path, lists: str, source: str) -> tuple[int, str]:
    (folder / "CMakeLists.txt").write_text(PROJECT + lists)
    (folder / "bad.c").write_text(source)
    done = emsockets("build", folder, "--emscripten", tools.generation)
    assert done.stdout == b""
    assert (folder / "bad.c").read_text() == source
    return done.returncode, " ".join(done.stderr.decode().split())


def test_a_folder_that_is_no_project(newest_tools: Tools, tmp_path: Path) -> None:
    done = emsockets("build", tmp_path, "--emscripten", newest_tools.generation)
    assert done.returncode == 2
    assert b"is not a CMake project" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("lists", "source", "said"),
    [
        ("nonsense()\n", "", "nonsense"),
        (TARGET, "int main(void) { return wrong; }\n", "use of undeclared identifier 'wrong'"),
        (TARGET + "emsockets_target(bad BACKEND carrier-pigeon)\n", "", PIGEON),
    ],
    ids=["CMake error", "compile error", "unknown backend"],
)
def test_what_cannot_be_built(
    newest_tools: Tools, tmp_path: Path, lists: str, source: str, said: str
) -> None:
    """Exit code 4, and the tool's own words about it."""
    code, words = _build(newest_tools, tmp_path, lists, source)
    assert code == 4
    assert said in words


def _script(folder: Path, text: str) -> Path:
    """Write a program by hand; to Node it is one like any other."""
    path = folder / "program.js"
    path.write_text(text)
    return path


def _run(tools: Tools, *words: str | Path) -> tuple[int, bytes, bytes]:
    done = emsockets("run", "--node", tools.node.path, *words)
    return done.returncode, done.stdout, done.stderr


def test_a_program_that_crashes(newest_tools: Tools, tmp_path: Path) -> None:
    program = _script(tmp_path, "throw new TypeError('boom');\n")
    code, stdout, _ = _run(newest_tools, "--json", program)
    assert code == 1
    (run,) = json.loads(stdout)["runs"]
    assert (run["verdict"], run["exit_code"], run["timed_out"]) == ("fail", 1, False)
    assert "boom" in run["cause"]["summary"]


def test_a_program_that_hangs_with_a_child_of_its_own(newest_tools: Tools, tmp_path: Path) -> None:
    """Its time limit ends it and everything that it started."""
    text = f"""
    const {{ spawn }} = require("node:child_process");
    spawn(process.execPath, ["-e", "setInterval(() => 0, 1000)", {json.dumps(str(tmp_path))}]);
    for (;;) {{}}
    """
    code, stdout, _ = _run(newest_tools, "--json", "--timeout", "2", _script(tmp_path, text))
    assert code == 1
    (run,) = json.loads(stdout)["runs"]
    assert run["timed_out"] is True
    assert run["cause"]["id"]


def test_rubbish_reaches_a_pipe_byte_for_byte(newest_tools: Tools, tmp_path: Path) -> None:
    code, stdout, _ = _run(newest_tools, _rubbish(tmp_path))
    assert (code, stdout) == (0, RUBBISH)


def test_rubbish_does_a_terminal_no_harm(newest_tools: Tools, tmp_path: Path) -> None:
    """No control character but line feed and tab, and what the terminal makes of them."""
    main, terminal = pty.openpty()
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "emsockets_build",
        "run",
        "--node",
        newest_tools.node.path,
    ]
    try:
        with child_process(
            [*command, _rubbish(tmp_path)],
            stdout=terminal,
            stderr=subprocess.DEVNULL,
        ) as child:
            os.close(terminal)
            shown = bytearray()
            while chunk := _read(main):
                shown += chunk
            assert child.wait(60) == 0
    finally:
        os.close(main)
    assert b"\\x00\\x01" in shown
    assert b"\\x1b" in shown
    assert not {byte for byte in shown if byte < 32 or byte == 127} - set(b"\r\n\t")


def _rubbish(folder: Path) -> Path:
    text = "process.stdout.write(Buffer.from([...Array(1024).keys()].map((n) => n % 256)));\n"
    return _script(folder, text)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:  # the other side of the terminal was closed
        return b""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("missing.js",), "missing.js is not a file"),
        (("--timeout", "-1", "{program}"), "--timeout -1 is out of range"),
        (("--server", "no-such-thing", "{program}"), "no-such-thing"),
        (("--node", "99", "{program}"), "Node.js 99 was not found"),
    ],
)
def test_wrong_words_for_run(
    newest_tools: Tools, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    """2 for what was typed wrong, 3 for a tool that is not there; nothing was run."""
    program = _script(tmp_path, "console.log('it ran');\n")
    filled = [word.replace("{program}", str(program)) for word in words]
    code, stdout, stderr = _run(newest_tools, *filled)
    assert code == (3 if "--node" in words else 2), stderr
    assert stdout == b""
    assert said in stderr.decode()


@pytest.mark.parametrize("port", ["65536", "-1", "http"])
def test_a_port_out_of_range(port: str) -> None:
    done = emsockets("serve", "echo", f"--port={port}")
    assert (done.returncode, done.stdout) == (2, b"")
    assert port.encode() in done.stderr
