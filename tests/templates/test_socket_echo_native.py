"""The template socket-echo as a native program: every outcome, against servers that cause it.

The servers here speak plain TCP, a stream that cuts and joins as it likes, which no WebSocket
server does.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import ninja
import pytest

import cmake
from emsockets_build.process import Completed, run_bounded
from emsockets_build.resources import cmake_dir, templates_dir
from emsockets_build.scaffold import find_template, project_files, write_project

Handler = Callable[[socket.socket], None]

TEMPLATE = templates_dir() / "socket-echo"
SCALE = float(os.environ.get("EMSOCKETS_TEST_TIME_SCALE", "1"))
SHORT_MS = int(300 * SCALE)
CXX = ("c++", "-std=c++17", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow")
CHECKED = ("-Werror", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
BYTES = 74_242  # what the client sends and gets back: 5 lengths and their payloads


def compile_sources(sources: list[Path], program: Path) -> Path:
    done = run_bounded(
        [*CXX, *CHECKED, f"-I{TEMPLATE / 'src'}", *sources, "-o", program], timeout=120 * SCALE
    )
    assert done.returncode == 0, done.text
    return program


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client, compiled with warnings as errors and the sanitizers."""
    sources = sorted((TEMPLATE / "src").glob("*.cpp"))
    return compile_sources(sources, tmp_path_factory.mktemp("client") / "client")


@contextlib.contextmanager
def tcp_server(handle: Handler) -> Iterator[int]:
    """Serve on a free port, each connection on a thread of its own."""
    threads: list[threading.Thread] = []
    connections: list[socket.socket] = []

    def run(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            handle(connection)

    def accept(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connection.settimeout(30 * SCALE)
                connections.append(connection)
                threads.append(threading.Thread(target=run, args=[connection]))
                threads[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        acceptor = threading.Thread(target=accept, args=[listener])
        acceptor.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            acceptor.join()
            for connection in connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()
            for connection in connections:
                connection.close()


def echo(connection: socket.socket) -> None:
    while data := connection.recv(65536):
        connection.sendall(data)
    connection.close()


def echo_in_pieces(connection: socket.socket) -> None:
    """Cut where no message ends."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while data := connection.recv(65536):
        for start in range(0, len(data), 4099):
            connection.sendall(data[start : start + 1])
            connection.sendall(data[start + 1 : start + 4099])
    connection.close()


def stay_silent(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def never_read(connection: socket.socket) -> None:
    """Leave the connection alone until it is shut down."""


def close_at_once(connection: socket.socket) -> None:
    connection.close()


def close_within_an_echo(connection: socket.socket) -> None:
    connection.sendall(connection.recv(2))
    connection.shutdown(socket.SHUT_WR)
    stay_silent(connection)


def reset(connection: socket.socket) -> None:
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def change_a_byte(connection: socket.socket) -> None:
    data = bytearray(connection.recv(4))
    data[2] ^= 1
    connection.sendall(data)
    stay_silent(connection)


def run_client(program: Path, *arguments: object) -> Completed:
    return run_bounded([program, *map(str, arguments)], timeout=60 * SCALE)


@pytest.mark.parametrize("handle", [echo, echo_in_pieces])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_every_echo_is_checked_and_counted(client: Path, handle: Handler, host: str) -> None:
    """A name may have an IPv6 address as well, on which nobody listens here."""
    with tcp_server(handle) as port:
        done = run_client(client, host, port)
    assert done.returncode == 0, done.text
    assert done.stderr == b""
    first, *steps, last = done.stdout.decode().splitlines()
    assert first == f"connected to {host}:{port}"
    assert [line.split(":")[0] for line in steps] == [f"message {n}" for n in range(1, 6)]
    assert last == f"echo ok: 5 messages, {BYTES} bytes each way"


@pytest.mark.parametrize(
    ("handle", "code", "said"),
    [
        (close_at_once, 26, "message 1 failed"),
        (close_within_an_echo, 26, "message 1 failed after 2 of 4 bytes"),
        (reset, 26, "message 1 failed after 0 of 4 bytes"),
        (stay_silent, 25, "receiving message 1 failed after 0 of 4 bytes"),
        (change_a_byte, 27, "receiving message 1 failed after 2 of 4 bytes"),
    ],
)
def test_a_failure_has_its_exit_code_and_says_how_far_it_came(
    client: Path, handle: Handler, code: int, said: str
) -> None:
    with tcp_server(handle) as port:
        done = run_client(client, "127.0.0.1", port, SHORT_MS)
    assert done.returncode == code, done.text
    assert said in done.stderr.decode()


def test_a_server_that_is_down_is_not_connected(client: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    done = run_client(client, "127.0.0.1", port)
    assert done.returncode == 22
    assert done.stderr.decode() == f"connecting to 127.0.0.1:{port} failed: Connection refused\n"


def test_a_name_that_nobody_has_is_not_resolved(client: Path) -> None:
    done = run_client(client, "no such host", 80)
    assert done.returncode == 21
    assert b"connecting to no such host:80 failed" in done.stderr


def test_connecting_times_out(client: Path) -> None:
    """A full queue of a listener that never accepts: Linux drops what does not fit."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(listener.getsockname())
        done = run_client(client, "127.0.0.1", listener.getsockname()[1], SHORT_MS)
    assert done.returncode == 23, done.text


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["127.0.0.1"],
        ["127.0.0.1", "0"],
        ["127.0.0.1", "65536"],
        ["127.0.0.1", "7x"],
        ["127.0.0.1", ""],
        ["127.0.0.1", "7", "0"],
        ["127.0.0.1", "7", "-1"],
        ["127.0.0.1", "7", "1", "more"],
    ],
)
def test_wrong_usage_has_an_exit_code_of_its_own(client: Path, arguments: list[str]) -> None:
    done = run_client(client, *arguments)
    assert done.returncode == 20
    assert done.stderr.startswith(b"usage: ")
    assert done.stdout == b""


def test_a_socket_keeps_its_promises(tmp_path: Path) -> None:
    sources = [Path(__file__).with_name("socket_test.cpp")]
    sources += [TEMPLATE / "src/socket.cpp", TEMPLATE / "src/wait.cpp"]
    program = compile_sources(sources, tmp_path / "socket_test")
    with tcp_server(echo) as echo_port, tcp_server(never_read) as silent_port:
        done = run_client(program, "127.0.0.1", echo_port, "127.0.0.1", silent_port)
    assert done.returncode == 0, done.text
    assert done.stdout == b"socket ok\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The template as a project, in a folder with a name as bad as CMake can take."""
    destination = tmp_path / "größe's @NAME@ (1)"
    write_project(project_files(find_template("socket-echo"), {"NAME": "my-client"}), destination)
    return destination


def test_the_project_builds_by_its_preset_without_a_warning_and_passes_its_tests(
    project: Path,
) -> None:
    command = Path(sys.executable).with_name("emsockets")
    definitions = [
        f"-DEmSockets_DIR={cmake_dir()}",
        f"-DEMSOCKETS_COMMAND={command}",
        f"-DCMAKE_MAKE_PROGRAM={Path(ninja.BIN_DIR) / 'ninja'}",
    ]
    for tool, *arguments in (
        ["cmake", "--preset", "native-debug", *definitions],
        ["cmake", "--build", "--preset", "native-debug"],
        ["ctest", "--test-dir", "build/native-debug", "--no-tests=error", "--output-on-failure"],
    ):
        done = run_bounded(
            [Path(cmake.CMAKE_BIN_DIR) / tool, *arguments],
            cwd=project,
            timeout=120 * SCALE,
            merge=True,
        )
        assert done.returncode == 0, done.text
        assert "warning" not in done.text.lower()


def test_presets_offer_native_and_web_in_debug_and_release() -> None:
    presets = json.loads((templates_dir() / "_shared/CMakePresets.json").read_text())
    visible = {p["name"] for p in presets["configurePresets"] if not p.get("hidden")}
    assert visible == {
        f"{where}-{how}" for where in ("native", "web") for how in ("debug", "release")
    }
    assert {p["name"] for p in presets["buildPresets"]} == visible
