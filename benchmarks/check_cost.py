"""What `emsockets check` adds to commands typed by hand: nothing changed, one source changed."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from emsockets_build.scaffold import find_template, project_files, write_project
from emsockets_build.server import TestServer
from emsockets_build.toolchain import Toolchain, find_toolchain

ROUNDS = 7
LISTS = """
cmake_minimum_required(VERSION 3.22)
project(echo LANGUAGES CXX)
find_package(EmSockets REQUIRED)
add_executable(echo src/echo_client.cpp src/main.cpp src/socket.cpp src/wait.cpp)
target_compile_features(echo PRIVATE cxx_std_17)
emsockets_target(echo WAIT asyncify EXIT_RUNTIME ON)
foreach(number RANGE 1 20)
  emsockets_add_test(NAME echo-${number} TARGET echo ARGS {host} {port})
endforeach()
"""


def _median(action: Callable[[], None], before: Callable[[], None] = lambda: None) -> float:
    seconds = []
    for _ in range(ROUNDS):
        before()
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def _by_hand(build: Path, tools: Toolchain, server: TestServer) -> None:
    """Type ``ninja`` and ``node program.js``, with the environment that both need."""
    assert tools.emscripten is not None
    assert tools.ninja is not None
    assert tools.node is not None
    assert tools.ws is not None
    environment = {**os.environ, **tools.emscripten.environment}
    subprocess.run([tools.ninja.path, "-C", build, "--quiet"], check=True, env=environment)
    command = [tools.node.path, build / "echo.js", server.host, str(server.port)]
    environment = {**os.environ, "NODE_PATH": str(tools.ws.path)}
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


def main() -> None:
    """Measure both, in turn, in one temporary project."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--emscripten", help="a path or a version")
    tools = find_toolchain(emscripten=options.parse_args().emscripten)
    assert tools.emscripten is not None
    with tempfile.TemporaryDirectory() as name, TestServer("echo") as server:
        source = Path(name) / "echo"
        write_project(project_files(find_template("socket-echo"), {"NAME": "echo"}), source)
        (source / "CMakeLists.txt").write_text(LISTS)
        build = source / "build" / "bench"
        check = [
            *(sys.executable, "-m", "emsockets_build", "check", str(source)),
            *("--build-dir", str(build), "--emscripten", str(tools.emscripten.root)),
        ]
        one = [*check, "--exact", "echo-1"]
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package is compiled once
        subprocess.run(one, check=True, stderr=subprocess.DEVNULL)
        main_file = source / "src" / "main.cpp"
        run = lambda command: subprocess.run(command, check=True, stderr=subprocess.DEVNULL)  # noqa: E731
        rows = {
            "nothing changed, by hand": _median(lambda: _by_hand(build, tools, server)),
            "nothing changed, check": _median(lambda: run(one)),
            "one source changed, by hand": _median(
                lambda: _by_hand(build, tools, server), main_file.touch
            ),
            "one source changed, check": _median(lambda: run(one), main_file.touch),
            "20 scenarios, check -j 2": _median(lambda: run([*check, "-j", "2"])),
        }
    for label, seconds in rows.items():
        print(f"{label:<30}{seconds:>8.2f} s")
    extra = rows["nothing changed, check"] - rows["nothing changed, by hand"]
    ratio = rows["one source changed, check"] / rows["one source changed, by hand"]
    print(f"check adds {extra:.2f} s when nothing changed (aim: under 0.4 s)")
    print(
        f"check takes {ratio:.2f} times the hand-typed commands when one source changed (aim: 1.1)"
    )


if __name__ == "__main__":
    main()
