"""What emsockets_target() costs when configuring, against the same project without it."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import cmake
from emsockets_build.resources import cmake_dir

TARGETS = 200
ROUNDS = 7
CMAKE = Path(cmake.CMAKE_BIN_DIR) / "cmake"
TOOLCHAIN = Path(__file__).parent.parent / "tests" / "cmake" / "fake_emscripten.cmake"
WAITS = ("events", "asyncify", "jspi", "pthread")


def _project(folder: Path, *, sockets: bool) -> Path:
    lines = ["cmake_minimum_required(VERSION 3.22)", "project(many LANGUAGES CXX)"]
    if sockets:
        lines.append("find_package(EmSockets REQUIRED)")
    for number in range(TARGETS):
        lines.append(f"add_executable(t{number} main.cpp)")
        if sockets:
            lines.append(
                f"emsockets_target(t{number} WAIT {WAITS[number % 4]} URL ws://h/{number})"
            )
    folder.mkdir()
    (folder / "main.cpp").write_text("int main() {}\n")
    (folder / "CMakeLists.txt").write_text("\n".join(lines) + "\n")
    return folder


def _configure(source: Path, build: Path) -> float:
    command = [
        *(CMAKE, "-S", source, "-B", build, "-G", "Ninja"),
        f"-DCMAKE_TOOLCHAIN_FILE={TOOLCHAIN}",
        *([f"-DEmSockets_DIR={cmake_dir()}"] if source.name == "with" else []),
    ]
    environment = {**os.environ, "FAKE_EMSCRIPTEN_VERSION": "6.0.5"}
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env=environment)
    return time.perf_counter() - start


def main() -> None:
    """Configure both projects in turn, in fresh folders, and print the difference."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        projects = {
            "without": _project(folder / "without", sockets=False),
            "with": _project(folder / "with", sockets=True),
        }
        times: dict[str, list[float]] = {kind: [] for kind in projects}
        for number in range(ROUNDS):
            for kind, source in projects.items():
                times[kind].append(_configure(source, folder / f"{kind}-{number}"))
    medians = {kind: statistics.median(seconds) for kind, seconds in times.items()}
    extra = medians["with"] - medians["without"]
    for kind, seconds in medians.items():
        print(f"{kind:<8} {seconds * 1e3:8.1f} ms for {TARGETS} targets")
    print(f"extra    {extra / TARGETS * 1e3:8.2f} ms a target, find_package included")


if __name__ == "__main__":
    main()
