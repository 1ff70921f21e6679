"""What the runners that are browsers promise of every run, shown with programs written by hand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from emsockets_build.errors import UsageError
from emsockets_build.run.model import Limits, RunResult, Watch
from emsockets_build.server import TestServer
from emsockets_build.transcript.event import Kind
from tests.processes import SCALE
from tests.run.browser.conftest import of, reports

pytestmark = pytest.mark.browser
Script = Callable[..., Path]
RunPage = Callable[..., RunResult]

CLIENT = """
const url = Module.arguments[0];
const socket = new WebSocket(url, ["binary"]);
socket.binaryType = "arraybuffer";
socket.onopen = () => socket.send(new TextEncoder().encode("four"));
socket.onmessage = ({ data }) => { Module.print(data.byteLength); socket.close(); };
"""


def test_output_is_kept_byte_for_byte(run_page: RunPage, script: Script) -> None:
    """Also what is no UTF-8, and a last line without an end."""
    program = script("""
        for (const byte of [0xff, 0, 10, 0xc3, 0xa4]) Module.stdout(byte);
        Module.printErr("wörter");
        console.log("told", 1, {a: 2});
        console.error("loud");
    """)
    result = run_page(program)
    assert result.stdout == b'\xff\0\n\xc3\xa4told 1 {"a":2}\n'
    assert result.stderr == "wörter\nloud\n".encode()
    assert result.exit_code == 0


def test_arguments_and_input_arrive(run_page: RunPage, script: Script) -> None:
    """As they were given, whatever is in them."""
    words = ["--x", "a b", '"quoted"', "</script>", "\u2028é", "{}"]
    program = script("""
        for (const word of Module.arguments) Module.print(word);
        const bytes = [];
        for (let byte; (byte = Module.stdin()) !== null; ) bytes.push(byte);
        Module.print(bytes.join(" "));
    """)
    result = run_page(program, *words, stdin=b"\x00\xff")
    assert (
        result.stdout.decode().splitlines(keepends=False)
        == "\n".join([*words, "0 255"]).splitlines()
    )


@pytest.mark.parametrize("how", ["EXITSTATUS = 3", "Module.onExit(3)"])
def test_the_exit_code_is_known(run_page: RunPage, script: Script, how: str) -> None:
    """In the ways in which Emscripten's releases tell it."""
    assert run_page(script(f"{how};")).exit_code == 3


def test_a_program_ends_when_nothing_can_happen_any_more(run_page: RunPage, script: Script) -> None:
    """As a process under Node does: timers and promises keep it going, and so do sockets."""
    program = script("""
        EXITSTATUS = 4;
        let turns = 0;
        const timer = setInterval(() => { if (++turns === 3) clearInterval(timer); }, 20);
        requestAnimationFrame(() => setTimeout(async () => {
          await (await fetch(location)).text();
          Module.print("late");
        }, 60));
    """)
    result = run_page(program)
    assert (result.exit_code, result.stdout) == (4, b"late\n")


def test_sockets_are_seen(run_page: RunPage, script: Script) -> None:
    """What they connect to, what they carry, and how they close."""
    with TestServer("echo") as server:
        result = run_page(script(CLIENT), server.url)
        server.wait_idle()
        (record,) = server.connections
    assert (result.exit_code, result.stdout) == (0, b"4\n")
    assert (record.messages_in, record.messages_out, record.close_code) == (1, 1, 1005)
    kinds = [event.kind for event in result.events if event.socket]
    assert kinds == [
        *(Kind.CONNECT, Kind.OPEN, Kind.SEND, Kind.MESSAGE),
        *(Kind.NOTE, Kind.TOTALS, Kind.CLOSE),
    ]
    (opened,) = of(result, Kind.OPEN)
    assert opened.detail["protocol"] == "binary"
    (totals,) = of(result, Kind.TOTALS)
    assert (totals.detail["sent_bytes"], totals.detail["received_bytes"]) == (4, 4)
    assert all(result.started <= (event.time or 0) <= result.ended for event in result.events)


def test_an_exception_ends_the_program(run_page: RunPage, script: Script) -> None:
    """With its name, its message and its stack, as it ends a process."""
    result = run_page(
        script("setTimeout(() => { throw new RangeError('too far'); }); setInterval(() => {}, 9);")
    )
    assert result.exit_code == 1
    (exception,) = of(result, Kind.EXCEPTION)
    assert (exception.detail["name"], exception.text) == ("RangeError", "too far")
    assert "program.js" in str(exception.detail["stack"])


def test_pages_are_isolated(run_page: RunPage, script: Script) -> None:
    """They get the headers that shared memory needs, and nothing of each other."""
    program = script("""
        Module.print(crossOriginIsolated, localStorage.getItem("left"));
        localStorage.setItem("left", "behind");
    """)
    assert run_page(program).stdout == b"true null\n"
    assert run_page(program).stdout == b"true null\n"


def test_a_hung_page_is_ended_in_time_and_others_are_not_harmed(
    run_page: RunPage, script: Script
) -> None:
    """The browser goes on."""
    hung = script("Module.print('before'); for (;;);", name="hung.js")
    result = run_page(hung, limits=Limits(seconds=2, examine=False))
    assert result.timed_out
    assert result.exit_code is None
    assert result.stdout == b"before\n"
    assert result.seconds < 15 * SCALE
    assert run_page(script("Module.print('well')")).stdout == b"well\n"


def test_a_run_can_be_stopped(run_page: RunPage, script: Script) -> None:
    """From another thread, long before its time is up."""
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    before = time.monotonic()
    result = run_page(script("setInterval(() => {}, 50);"), seconds=100, watch=Watch(stop))
    assert result.cancelled
    assert time.monotonic() - before < 50 * SCALE


def test_a_flood_of_output_is_bounded(run_page: RunPage, script: Script) -> None:
    """A hundred megabytes: the beginning and the end are kept, and the rest is counted."""
    program = script("""
        const line = "x".repeat(99999);
        for (let n = 0; n < 1000; n++) Module.print(line);
        Module.print("the end");
    """)
    result = run_page(program, limits=Limits(seconds=120, output=1 << 20))
    assert len(result.stdout) == 1 << 20
    assert len(result.stdout) + result.stdout_dropped == 100_000_008
    assert result.stdout.endswith(b"the end\n")
    assert result.exit_code == 0


def test_a_program_that_is_not_there_is_named(run_page: RunPage, tmp_path: Path) -> None:
    """Before any browser is asked."""
    with pytest.raises(UsageError, match="cannot be read"):
        run_page(tmp_path / "nothing.js")


def test_what_the_page_cannot_load_is_named(run_page: RunPage, script: Script) -> None:
    """A script of the program that the server does not have."""
    program = script("""
        const element = document.createElement("script");
        element.src = "missing.js";
        document.head.append(element);
        setInterval(() => {}, 100);
    """)
    result = run_page(program)
    assert result.exit_code == 1
    assert str(reports(result, "load-failed")[0].detail["url"]).endswith("/missing.js")
