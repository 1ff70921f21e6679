"""What is seen of the socket calls of native programs."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from emsockets_build.process import run_bounded
from emsockets_build.run.model import Program, RunResult
from emsockets_build.run.native import run_native
from emsockets_build.run.watch import call_watcher
from emsockets_build.server import TestServer
from emsockets_build.server.behaviours import from_spec
from emsockets_build.server.twin import tcp_twin
from emsockets_build.transcript.event import Kind

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="LD_PRELOAD")

PROGRAM = r"""
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[argc - 1]))};
    char buffer[64];
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) return 1;
    if (send(fd, "hello", 5, 0) != 5 || write(fd, "!", 1) != 1) return 2;
    for (long got = 0; got < 6;) got += read(fd, buffer, sizeof buffer);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    for (int turn = 0; turn < 3; ++turn) recv(fd, buffer, sizeof buffer, 0);
    shutdown(fd, SHUT_WR);
    printf("environment: %s\n", getenv("LD_PRELOAD") ? "spoilt" : "clean");
    if (write(1, "done\n", 5) != 5) return 3;
    return close(fd);
}
"""


def _calls(result: RunResult) -> list[tuple[object, ...]]:
    return [
        (event.detail["call"], event.detail["result"], event.detail["error"])
        for event in result.events
        if event.kind is Kind.CALL
    ]


@pytest.fixture(scope="module")
def compiler() -> Path:
    """The C compiler that native builds of the tests use."""
    found = shutil.which("cc")
    assert found
    return Path(found)


@pytest.mark.parametrize("options", [[], ["-O2", "-D_FORTIFY_SOURCE=2"], ["-fsanitize=address"]])
def test_calls_on_sockets_are_told_and_nothing_else(
    tmp_path: Path, compiler: Path, options: list[str]
) -> None:
    """Also with checks of the C library and under AddressSanitizer; repetition is told once."""
    source = tmp_path / "program.c"
    source.write_text(PROGRAM)
    made = run_bounded([compiler, *options, source, "-o", tmp_path / "program"], timeout=60)
    assert made.returncode == 0, made.text
    watcher = call_watcher(compiler)
    assert isinstance(watcher, Path), watcher
    with TestServer(tcp_twin(from_spec("echo"))) as server:
        program = Program(tmp_path / "program", (str(server.port),))
        result = run_native(program, watcher=watcher)
    assert result.exit_code == 0, result.stderr
    assert b"environment: clean" in result.stdout
    told = _calls(result)
    reads = [call for call in told if call[0] == "read"]
    assert sum(int(str(call[1])) for call in reads) == 6
    assert [call for call in told if call[0] != "read"] == [
        ("connect", 0, ""),
        ("sendto", 5, ""),
        ("write", 1, ""),
        ("recvfrom", -1, "EAGAIN"),
        ("shutdown", 0, ""),
        ("close", 0, ""),
    ]


def test_a_compiler_that_cannot_is_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A comparison goes on without the calls, and says why."""
    monkeypatch.setenv("EMSOCKETS_CACHE_DIR", str(tmp_path / "cache"))
    broken = tmp_path / "cc"
    broken.write_text("#!/bin/sh\necho no such target >&2\nexit 1\n")
    broken.chmod(0o755)
    assert call_watcher(broken) == "cc cannot compile the watcher: no such target"
    assert "cannot be started" in str(call_watcher(tmp_path / "absent"))
