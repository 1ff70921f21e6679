"""What the hook sees of the calls that leave WebAssembly, with a module written by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from emsockets_build.run.model import Program, RunResult, Watch
from emsockets_build.run.node import run_node
from emsockets_build.transcript.event import Kind

pytestmark = pytest.mark.node

# (module (import "env" NAME (func (param i32 i32 i32) (result i32))) (export "go" (func 0)))
MODULE = """
const text = (words) => [words.length, ...Buffer.from(words)];
const section = (number, ...bytes) => [number, bytes.length, ...bytes];
const bytesOf = (name) => Uint8Array.from([
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
  ...section(1, 1, 0x60, 3, 0x7f, 0x7f, 0x7f, 1, 0x7f),
  ...section(2, 1, ...text("env"), ...text(name), 0, 0),
  ...section(7, 1, ...text("go"), 0, 0),
]);
const made = (name, env) =>
  new WebAssembly.Instance(new WebAssembly.Module(bytesOf(name)), { env });
"""


def calls(result: RunResult) -> list[tuple[object, object]]:
    """Name and result of each call, in order."""
    return [
        (event.detail["call"], event.detail["result"])
        for event in result.events
        if event.kind is Kind.CALL
    ]


@pytest.fixture
def run(node: Path, script: Callable[..., Path]) -> Callable[[str], RunResult]:
    """Run a program that has `bytesOf` to make modules with."""

    def start(text: str) -> RunResult:
        result = run_node(Program(script(MODULE + text)), node=node)
        assert result.exit_code == 0, result.stderr
        return result

    return start


def test_each_new_result_is_told_once(run: Callable[[str], RunResult]) -> None:
    """A loop that asks a million times does not flood the channel."""
    result = run("""
    const answers = [-6, -6, 5, 7, -6, 0];
    const env = { __syscall_recvfrom: () => answers.shift() };
    WebAssembly.instantiate(bytesOf("__syscall_recvfrom"), { env }).then(({ instance }) => {
      while (answers.length) instance.exports.go(3, 0, 0);
    });
    """)
    assert calls(result) == [("recvfrom", -6), ("recvfrom", 5), ("recvfrom", 0)]
    exits = [event for event in result.events if event.kind is Kind.EXIT]
    assert exits[0].detail["bytes_read"] == 12


@pytest.mark.parametrize("way", ["instance", "instantiate"])
def test_minified_imports_are_known_by_their_functions(
    run: Callable[[str], RunResult], way: str
) -> None:
    """-O2 calls the import `a`, but the function keeps its name; a module may come compiled."""
    result = run(
        """
    function ___syscall_connect(fd, address, length) { return -26; }
    const imports = { env: { a: ___syscall_connect } };
    const module = new WebAssembly.Module(bytesOf("a"));
    """
        + (
            "new WebAssembly.Instance(module, imports).exports.go(3, 0, 16);"
            if way == "instance"
            else "WebAssembly.instantiate(module, imports).then((one) => one.exports.go(3, 0, 16));"
        )
    )
    assert calls(result) == [("connect", -26)]


def test_the_program_sees_no_difference(run: Callable[[str], RunResult]) -> None:
    """Values, errors and the imports themselves stay; other functions are not touched."""
    result = run("""
    const env = { __syscall_socket() { throw new TypeError("its own"); }, other: () => 7 };
    const before = env.__syscall_socket;
    try {
      made("__syscall_socket", env).exports.go(1, 2, 3);
    } catch (error) {
      console.log(error instanceof TypeError, error.message);
    }
    const other = made("other", env);
    console.log(env.__syscall_socket === before, other.exports.go(1, 2, 3));
    console.log(other instanceof WebAssembly.Instance);
    """)
    assert result.stdout == b"true its own\ntrue 7\ntrue\n"
    assert calls(result) == []


def test_the_programs_exit_is_told_before_it_happens(run: Callable[[str], RunResult]) -> None:
    """exit() never returns."""
    result = run("""
    const env = { _exit: () => 0, exit: (code) => { throw "unwind"; } };
    try { made("exit", env).exports.go(4, 0, 0); } catch {}
    """)
    assert calls(result) == [("exit", None)]


def test_each_call_is_told_where_it_is_asked_for(node: Path, script: Callable[..., Path]) -> None:
    """Sizes of every read; write() on a socket, whose count lies in memory; EAGAIN says nothing."""
    text = """
    const answers = [3, -6, -6, 2, 4, 0, 0];
    const memory = new WebAssembly.Memory({ initial: 1 });
    const env = { memory, __syscall_recvfrom: () => answers.shift() };
    const { exports } = made("__syscall_recvfrom", env);
    while (answers.length) exports.go(3, 0, 0);
    const file = made("fd_write", { memory, fd_write: () => 0 });
    file.exports.go(1, 0, 0);
    file.exports.go(3, 0, 0);
    """
    result = run_node(Program(script(MODULE + text)), node=node, watch=Watch(every_call=True))
    assert result.exit_code == 0, result.stderr
    assert calls(result) == [
        ("recvfrom", 3),
        ("recvfrom", -6),
        ("recvfrom", 2),
        ("recvfrom", 4),
        ("recvfrom", 0),
        ("recvfrom", 0),
        ("write", 0),
    ]
