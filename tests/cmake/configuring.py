"""Configure small CMake projects and read back, through the File API, what CMake would run."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cmake
from emsockets_build.process import run_bounded
from emsockets_build.resources import cmake_dir

CMAKE = Path(cmake.CMAKE_BIN_DIR) / "cmake"  # bin/cmake is a script that costs 0.2 s a call
FAKE_TOOLCHAIN = Path(__file__).parent / "fake_emscripten.cmake"


@dataclass(frozen=True)
class Target:
    """What the File API says of one target in one configuration."""

    file_name: str
    compile: tuple[str, ...] = ()
    define: tuple[str, ...] = ()
    link: tuple[str, ...] = ()
    url: str | None = None


@dataclass(frozen=True)
class Configured:
    """A configure run."""

    returncode: int
    stdout: str
    stderr: str
    build: Path
    targets: dict[str, Target] = field(default_factory=dict)


def configure(
    folder: Path,
    lists: str,
    *,
    emscripten: str | None = "6.0.5",
    build_type: str = "Release",
    define: dict[str, str] | None = None,
    preamble: str = "find_package(EmSockets REQUIRED)",
) -> Configured:
    """Configure a project whose CMakeLists.txt is ``lists`` behind the usual first lines.

    Args:
        folder: An empty folder.
        lists: CMake text.
        emscripten: The release that the fake toolchain claims to be; None for a native build.
        build_type: CMAKE_BUILD_TYPE.
        define: More cache entries.
        preamble: What stands between project() and ``lists``.
    """
    source, build = folder / "source", folder / "build"
    source.mkdir(parents=True, exist_ok=True)
    (source / "main.cpp").write_text("int main() {}\n")
    (source / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.22)\n"
        "project(consumer LANGUAGES CXX)\n" + preamble + "\n" + lists
    )
    query = build / ".cmake" / "api" / "v1" / "query"
    query.mkdir(parents=True, exist_ok=True)
    (query / "codemodel-v2").touch()
    entries = {"CMAKE_BUILD_TYPE": build_type, **(define or {})}
    if "find_package(EmSockets" in preamble:
        entries["EmSockets_DIR"] = str(cmake_dir())
    environment = dict(os.environ)
    if emscripten is not None:
        entries["CMAKE_TOOLCHAIN_FILE"] = str(FAKE_TOOLCHAIN)
        environment["FAKE_EMSCRIPTEN_VERSION"] = emscripten
    done = run_bounded(
        [
            *(CMAKE, "-S", source, "-B", build, "-G", "Ninja"),
            *(f"-D{name}={value}" for name, value in entries.items()),
        ],
        timeout=60,
        env=environment,
    )
    targets = read_targets(build) if done.returncode == 0 else {}
    return Configured(
        done.returncode,
        done.stdout.decode("utf-8", "replace"),
        done.stderr.decode("utf-8", "replace"),
        build,
        targets,
    )


def read_targets(build: Path) -> dict[str, Target]:
    """Read what the File API answered."""
    reply = build / ".cmake" / "api" / "v1" / "reply"
    return {
        data["name"]: _target(data)
        for data in (json.loads(path.read_text()) for path in reply.glob("target-*.json"))
    }


def _target(data: dict[str, Any]) -> Target:
    groups = data.get("compileGroups", [])
    fragments = [
        part["fragment"] for group in groups for part in group.get("compileCommandFragments", [])
    ]
    defines = [part["define"] for group in groups for part in group.get("defines", [])]
    link = [
        token
        for part in data.get("link", {}).get("commandFragments", [])
        if part["role"] == "flags"
        for token in _split(part["fragment"])
    ]
    urls = [token.partition("=")[2] for token in link if token.startswith("-sWEBSOCKET_URL=")]
    url = None
    if urls:
        url = Path(urls[0][1:]).read_text("utf-8") if urls[0].startswith("@") else urls[0]
    return Target(
        file_name=data.get("nameOnDisk", ""),
        compile=tuple(token for fragment in fragments for token in _split(fragment)),
        define=tuple(sorted(defines)),
        link=tuple(link),
        url=url,
    )


def _split(fragment: str) -> list[str]:
    import shlex

    return [token for token in shlex.split(fragment) if token not in {"-O3", "-DNDEBUG", "-g"}]
