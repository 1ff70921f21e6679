"""What the Node runner promises of every run, shown with programs written by hand."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from emsockets_build.errors import ToolMissingError, UsageError
from emsockets_build.run.model import Limits, Program, RunResult, Watch
from emsockets_build.run.node import run_node
from emsockets_build.transcript.event import Event, Kind

pytestmark = pytest.mark.node
Script = Callable[..., Path]
SCALE = float(os.environ.get("EMSOCKETS_TEST_TIME_SCALE", "1"))

FAKE_WS = """
const {{ EventEmitter }} = require("events");
module.exports = class WebSocket extends EventEmitter {{
  constructor(url, protocols) {{
    super();
    this.url = url; this.protocol = "binary"; this.readyState = 0; this.bufferedAmount = 0;
    setImmediate(() => {{ this.readyState = 1; this.emit("open"); }});
  }}
  send(data) {{ setImmediate(() => this.emit("message", data, {flags})); }}
  close() {{ this.readyState = 3; setImmediate(() => this.emit("close", 1000, "bye")); }}
}};
"""
WS_CLIENT = """
// isBinary
const WebSocket = require("ws");
const socket = new WebSocket("ws://127.0.0.1:9/", ["binary"]);
socket.on("open", () => socket.send(Buffer.from("four")));
socket.on("message", (data) => { console.log(data.length); socket.close(); });
"""


def install_ws(folder: Path, version: str) -> Path:
    """Put a stand-in for ``ws`` into a node_modules folder."""
    package = folder / "node_modules" / "ws"
    package.mkdir(parents=True)
    (package / "package.json").write_text(f'{{"name": "ws", "version": "{version}"}}')
    flags = "{ binary: true }" if version.startswith("2") else "true"
    (package / "index.js").write_text(FAKE_WS.format(flags=flags))
    return folder / "node_modules"


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that nobody has reaped yet does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def kinds(result: RunResult) -> list[Kind]:
    """The kinds of all events, in order."""
    return [event.kind for event in result.events]


def only(result: RunResult, kind: Kind) -> Event:
    """The one event of a kind."""
    (event,) = [event for event in result.events if event.kind is kind]
    return event


def test_arguments_environment_stdin_and_bytes_go_through_unchanged(
    node: Path, script: Script
) -> None:
    """Half a UTF-8 character, NUL and CR LF come back as they went in."""
    path = script("""
        process.stdout.write(JSON.stringify([process.argv.slice(2), process.env.ADDED]) + "|");
        process.stdin.pipe(process.stdout);
    """)
    data = b"\xff\xc3\x00\r\n"
    program = Program(path, ("a b", "", "--flag", "ü"), {"ADDED": "x=y"}, data)
    result = run_node(program, node=node)
    assert result.stdout == '[["a b","","--flag","ü"],"x=y"]|'.encode() + data
    assert (result.exit_code, result.signal, result.timed_out) == (0, None, False)


@pytest.mark.parametrize("code", [0, 3, 255])
def test_the_exit_code_is_the_programs(node: Path, script: Script, code: int) -> None:
    """Also in the hook's record."""
    result = run_node(Program(script(f"process.exitCode = {code};")), node=node)
    assert result.exit_code == code
    assert only(result, Kind.EXIT).detail["code"] == code


def test_a_signal_is_told_from_an_exit_code(node: Path, script: Script) -> None:
    """The number is the signal's, and there is no exit code."""
    result = run_node(Program(script("process.kill(process.pid, 'SIGKILL');")), node=node)
    assert (result.exit_code, result.signal) == (None, signal.SIGKILL)


@pytest.mark.parametrize(
    "text",
    [
        "setInterval(() => {}, 1000);",
        "for (;;);",
        "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);",
    ],
    ids=["idle", "busy", "ignores-sigterm"],
)
def test_a_program_that_never_ends_is_killed_at_its_time_limit(
    node: Path, script: Script, text: str
) -> None:
    """Whatever it does: nothing is left, and its output is kept."""
    result = run_node(
        Program(script("console.log('up');" + text)), node=node, limits=Limits(seconds=1 * SCALE)
    )
    assert result.timed_out
    assert result.exit_code is None
    assert result.stdout == b"up\n"


def test_the_pulse_tells_a_busy_loop_from_idleness(node: Path, script: Script) -> None:
    """A loop stops the pulse at its start; an idle program has one until its end."""
    limits = Limits(seconds=1.5 * SCALE, examine=False)
    busy = run_node(Program(script("setTimeout(() => { for (;;); }, 1)")), node=node, limits=limits)
    idle = run_node(
        Program(script("setInterval(() => {}, 9e6);", "idle.js")), node=node, limits=limits
    )
    assert busy.last_alive is not None
    assert idle.last_alive is not None
    assert busy.ended - busy.last_alive > 0.8 * SCALE
    assert idle.ended - idle.last_alive < 0.8 * SCALE


def test_a_computation_that_stops_the_event_loop_may_go_on(node: Path, script: Script) -> None:
    """The inspector looks, finds no wait for a socket, and leaves no trace."""
    path = script("""
        setTimeout(() => {
          const end = Date.now() + 1500;
          while (Date.now() < end);
          console.error("computed");
          process.exitCode = 6;
        }, 1);
    """)
    result = run_node(Program(path), node=node, limits=Limits(stall=0.5))
    assert (result.exit_code, result.timed_out, result.hang) == (6, False, None)
    assert result.stderr == b"computed\n"


def test_a_stop_event_ends_the_run(node: Path, script: Script) -> None:
    """Set from another thread, while the program waits for ever."""
    stop = threading.Event()
    result = run_node(
        Program(script("console.log('up'); setInterval(() => {}, 1000);")),
        node=node,
        watch=Watch(stop, on_output=lambda _name, _data: stop.set()),
    )
    assert result.cancelled
    assert not result.timed_out


def test_a_flood_is_bounded_and_counted(node: Path, script: Script) -> None:
    """The first and the last bytes stay, and the count of the missing ones is exact."""
    path = script("""
        const block = "x".repeat(99999) + "\\n";
        process.stdout.write("first\\n");
        for (let i = 0; i < 300; i++) process.stdout.write(block);
        process.stdout.write("last\\n");
    """)
    result = run_node(Program(path), node=node, limits=Limits(output=1 << 20))
    assert result.stdout.startswith(b"first\n")
    assert result.stdout.endswith(b"last\n")
    assert len(result.stdout) == 1 << 20
    assert len(result.stdout) + result.stdout_dropped == 300 * 100_000 + 11


def test_a_program_that_never_reads_its_input_does_not_block_us(node: Path, script: Script) -> None:
    """More input than a pipe holds."""
    result = run_node(Program(script("process.exit(4)"), stdin=b"x" * (8 << 20)), node=node)
    assert result.exit_code == 4


def test_children_of_the_program_do_not_outlive_it(node: Path, script: Script) -> None:
    """Neither one in its group that holds our pipes open, nor one in a session of its own."""
    path = script("""
        const { spawn } = require("child_process");
        const sleep = ["-e", "setInterval(() => {}, 1000)"];
        const inside = spawn(process.execPath, sleep, { stdio: "inherit" });
        const outside = spawn(process.execPath, sleep, { stdio: "inherit", detached: true });
        console.log(inside.pid, outside.pid);
        process.exit(0);
    """)
    started = time.monotonic()
    result = run_node(Program(path), node=node)
    assert result.exit_code == 0
    assert result.left_behind >= 1
    assert time.monotonic() - started < 20 * SCALE
    # SIGKILL has been sent; on a busy machine the kernel may still be at it.
    left = [int(pid) for pid in result.stdout.split()]
    while any(map(is_alive, left)) and time.monotonic() - started < 20 * SCALE:
        time.sleep(0.01)
    assert not any(map(is_alive, left))


def test_uncaught_exceptions_are_reported_with_their_stack(node: Path, script: Script) -> None:
    """The hook only listens: Node's own message and exit code stay."""
    path = script("function inner() { throw new TypeError('broken'); } inner();")
    result = run_node(Program(path), node=node)
    assert result.exit_code == 1
    assert b"TypeError: broken" in result.stderr
    event = only(result, Kind.EXCEPTION)
    assert event.text == "broken"
    assert "inner" in str(event.detail["stack"])


def test_emscriptens_own_exit_exceptions_are_no_errors(node: Path, script: Script) -> None:
    """`unwind` and ExitStatus are how a program stops its stack."""
    path = script("""
        process.on("uncaughtException", () => {});
        class ExitStatus { constructor() { this.name = "ExitStatus"; this.status = 0; } }
        setTimeout(() => { throw new ExitStatus(); }, 1);
        setTimeout(() => { throw "unwind"; }, 2);
    """)
    assert Kind.EXCEPTION not in kinds(run_node(Program(path), node=node))


@pytest.mark.parametrize("name", ["program.js", "program.mjs"])
def test_a_missing_ws_is_lent_wherever_the_program_lies(
    node: Path, script: Script, tmp_path: Path, name: str
) -> None:
    """By require, and by createRequire in an ES module."""
    text = WS_CLIENT
    if name.endswith(".mjs"):
        text = (
            'import { createRequire } from "module";\n'
            "const require = createRequire(import.meta.url);\n"
            f"export default function factory() {{ {text} }}"
        )
    modules = install_ws(tmp_path / "lent", "8.9.9")
    result = run_node(Program(script(text, f"far/away/{name}")), node=node, ws_modules=modules)
    assert (result.exit_code, result.stdout) == (0, b"4\n")
    assert kinds(result)[:5] == [Kind.START, Kind.WS, Kind.CONNECT, Kind.OPEN, Kind.SEND]
    assert only(result, Kind.WS).detail["version"] == "8.9.9"


def test_a_ws_of_the_wrong_major_beside_the_program_does_not_win_silently(
    node: Path, script: Script, tmp_path: Path
) -> None:
    """The fitting one is lent, and the record names both."""
    path = script(WS_CLIENT.replace("// isBinary", "// flags.binary"))
    install_ws(tmp_path, "8.1.0")
    modules = install_ws(tmp_path / "lent", "2.3.1")
    result = run_node(Program(path), node=node, ws_modules=modules)
    ws = only(result, Kind.WS)
    assert ws.detail["version"] == "2.3.1"
    assert str(ws.detail["passed_over"]).startswith("8.1.0 in ")


def test_a_fitting_ws_beside_the_program_is_left_alone(
    node: Path, script: Script, tmp_path: Path
) -> None:
    """A project's own dependency comes first."""
    install_ws(tmp_path, "8.1.0")
    modules = install_ws(tmp_path / "lent", "8.9.9")
    result = run_node(Program(script(WS_CLIENT)), node=node, ws_modules=modules)
    assert only(result, Kind.WS).detail["version"] == "8.1.0"
    assert only(result, Kind.WS).detail["passed_over"] is None


def test_without_a_ws_to_lend_the_program_fails_as_by_hand_and_the_record_says_why(
    node: Path, script: Script
) -> None:
    """Nothing is repaired behind the user's back unless asked for."""
    result = run_node(Program(script(WS_CLIENT)), node=node)
    assert result.exit_code == 1
    assert b"Cannot find module 'ws'" in result.stderr
    assert only(result, Kind.WS).detail["file"] is None


def test_what_a_socket_does_is_reported_in_order(
    node: Path, script: Script, tmp_path: Path
) -> None:
    """With sizes, codes, and times between start and end of the run."""
    install_ws(tmp_path, "8.1.0")
    result = run_node(Program(script(WS_CLIENT)), node=node)
    socket = [event for event in result.events if event.socket]
    assert [event.kind for event in socket] == [
        Kind.CONNECT,
        Kind.OPEN,
        Kind.SEND,
        Kind.MESSAGE,
        Kind.NOTE,  # close() was called
        Kind.TOTALS,
        Kind.CLOSE,
    ]
    assert socket[0].text == "ws://127.0.0.1:9/"
    assert (socket[2].size, socket[3].size) == (4, 4)
    assert socket[-1].detail["code"] == 1000
    times = [event.time for event in result.events if event.time is not None]
    assert times == sorted(times)
    assert result.started <= times[0] <= times[-1] <= result.ended


@pytest.mark.parametrize("name", ["program.js", "program.mjs"])
def test_a_factory_gets_its_arguments_and_keeps_its_exit_code(
    node: Path, script: Script, name: str
) -> None:
    """Node alone would load such a file and do nothing."""
    body = """
        async function Module() {
          console.log(process.argv.slice(2).join());
          process.exitCode = 5;
        }
    """
    export = "export default Module;" if name.endswith(".mjs") else "module.exports = Module;"
    result = run_node(Program(script(body + export, name), ("a", "b")), node=node)
    assert (result.stdout, result.exit_code) == (b"a,b\n", 5)


def test_an_exit_status_that_a_factory_throws_is_the_exit_code(node: Path, script: Script) -> None:
    """Some releases let it out of the factory's promise."""
    path = script(
        "export default async () => { throw { name: 'ExitStatus', status: 9 }; };", "x.mjs"
    )
    assert run_node(Program(path), node=node).exit_code == 9


def test_clear_errors_for_what_cannot_run(node: Path, script: Script, tmp_path: Path) -> None:
    """No program, and no Node."""
    with pytest.raises(UsageError, match="cannot be read"):
        run_node(Program(tmp_path / "absent.js"), node=node)
    with pytest.raises(ToolMissingError):
        run_node(Program(script("")), node=tmp_path / "no-node")


def test_a_flood_of_output_neither_ends_the_program_nor_is_lost(node: Path, script: Script) -> None:
    """Emscripten writes its SOCKET_DEBUG lines so, and releases before 3.1.24 exit at once."""
    path = script("""
        process.stderr; // from here on the pipe does not block
        for (let i = 0; i < 100; ++i) require("fs").writeSync(2, "x".repeat(65536));
        process.stdout.write("y".repeat(1 << 22));
        process.exit(0);
    """)
    result = run_node(Program(path), node=node)
    assert result.exit_code == 0, result.stderr[-1000:]
    assert result.stderr == b"x" * (100 << 16)
    assert result.stdout == b"y" * (1 << 22)
