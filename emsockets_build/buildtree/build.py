"""Configure and build, with the environment that Emscripten needs, as little as is needed."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from emsockets_build.buildtree.codemodel import ask_for_codemodel
from emsockets_build.buildtree.explain import explain, failure_lines
from emsockets_build.errors import BuildFailedError, ToolMissingError, UsageError
from emsockets_build.process import Completed, stream_lines
from emsockets_build.quoting import cmake_cannot_bear
from emsockets_build.resources import cmake_dir
from emsockets_build.storage import write_whole
from emsockets_build.toolchain import Toolchain

__all__ = ["BuildTree", "Configuration", "build", "configure"]

_CONFIGURE_SECONDS = 600.0
# The first link of a release without prebuilt libraries builds them: minutes on a small machine.
_BUILD_SECONDS = 3600.0
_NINJA_STEP = re.compile(r"\[(\d+)/(\d+)\] (.*)")

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Configuration:
    """How a tree is to be configured.

    Attributes:
        build_type: ``Debug``, ``Release`` and so on.
        definitions: Cache entries of the caller.
        native: Build for this machine instead of for WebAssembly.
    """

    build_type: str = "Release"
    definitions: Mapping[str, str] = field(default_factory=dict)
    native: bool = False


@dataclass(frozen=True, slots=True)
class BuildTree:
    """A project and where it is built.

    Attributes:
        source: The folder of its CMakeLists.txt.
        build: The build folder.
        toolchain: The tools.
    """

    source: Path
    build: Path
    toolchain: Toolchain

    @property
    def environment(self) -> dict[str, str]:
        """The environment that the tools run in."""
        emscripten = self.toolchain.emscripten
        return {**os.environ, **(emscripten.environment if emscripten else {})}


def configure(tree: BuildTree, configuration: Configuration, *, progress: Progress) -> bool:
    """Configure a tree, unless it was configured in just the same way before.

    Ninja itself notices when a CMakeLists.txt has changed.

    Args:
        tree: The project.
        configuration: How.
        progress: Called with a line about what is going on.

    Returns:
        Whether there was anything to do.

    Raises:
        UsageError: The folder is no CMake project, or the build folder cannot be written to.
        ToolMissingError: A tool is missing.
        BuildFailedError: CMake failed; with the reason, where it is a known one.
    """
    if not (tree.source / "CMakeLists.txt").is_file():
        raise UsageError(
            f"{tree.source} is not a CMake project",
            where=str(tree.source / "CMakeLists.txt"),
            why="there is no CMakeLists.txt",
            remedy="give the folder that holds it, or start a project with `emsockets init`",
        )
    for folder in (tree.source, tree.build):
        character = cmake_cannot_bear(folder.as_posix())
        if character:
            raise UsageError(
                f"CMake cannot work in a folder whose path holds {character!r}",
                where=str(folder),
                remedy="rename it; spaces, $, @, # and letters of every script do no harm",
            )
    command = _configure_command(tree, configuration)
    stamp = tree.build / "emsockets" / "configured.json"
    signature = json.dumps(command)
    if _read(stamp) == signature and (tree.build / "build.ninja").is_file():
        return False
    ask_for_codemodel(tree.build)
    # A run that fails leaves its definitions in CMake's cache, so the old stamp holds no longer.
    write_whole(stamp, "")
    progress("configuring")
    lines: list[str] = []

    def on_line(line: str) -> None:
        lines.append(line)
        if line.startswith("-- "):
            progress(f"configuring: {line[3:]}")

    done = stream_lines(command, timeout=_CONFIGURE_SECONDS, on_line=on_line, env=tree.environment)
    _check(done, "CMake cannot configure the project", tree.source)
    write_whole(stamp, signature)
    return True


def build(tree: BuildTree, targets: Sequence[str] = (), *, progress: Progress) -> Completed:
    """Build targets of a configured tree.

    Args:
        tree: The project.
        targets: Names; everything if empty.
        progress: Called with a line about what is going on.

    Returns:
        What the build printed.

    Raises:
        BuildFailedError: A step failed; with the reason, where it is a known one.
    """

    def on_line(line: str) -> None:
        step = _NINJA_STEP.match(line)
        if step:
            progress(f"building {step[1]} of {step[2]}: {step[3]}")

    command = [str(_tool(tree, "cmake")), "--build", str(tree.build)]
    if targets:
        command += ["--target", *targets]
    done = stream_lines(command, timeout=_BUILD_SECONDS, on_line=on_line, env=tree.environment)
    _check(done, "the build failed", tree.build)
    return done


def _configure_command(tree: BuildTree, configuration: Configuration) -> list[str]:
    definitions = {
        "CMAKE_BUILD_TYPE": configuration.build_type,
        "CMAKE_MAKE_PROGRAM": str(_tool(tree, "ninja")),
        "EmSockets_DIR": str(cmake_dir()),
        **configuration.definitions,
    }
    emscripten = tree.toolchain.emscripten
    if not configuration.native:
        if emscripten is None:
            raise ToolMissingError(
                "there is no Emscripten", remedy="get one with `emsockets setup`"
            )
        definitions["CMAKE_TOOLCHAIN_FILE"] = str(emscripten.toolchain_file)
    return [
        str(_tool(tree, "cmake")),
        *("-S", str(tree.source), "-B", str(tree.build), "-G", "Ninja"),
        *(f"-D{name}={value}" for name, value in definitions.items()),
    ]


def _tool(tree: BuildTree, name: str) -> Path:
    tool = tree.toolchain.cmake if name == "cmake" else tree.toolchain.ninja
    if tool is None:
        raise ToolMissingError(
            f"there is no {name}",
            remedy=f"install it into this Python environment: pip install {name}",
        )
    return tool.path


def _check(done: Completed, what: str, where: Path) -> None:
    if done.returncode == 0:
        return
    output = done.text
    known = explain(output)
    why = failure_lines(output)
    if done.timed_out:
        why = f"it took longer than {done.seconds:.0f} s and was ended\n{why}"
    raise BuildFailedError(
        what,
        where=str(where),
        why=f"{known.why}\n{why}" if known else why,
        remedy=known.remedy if known else "mend what the first message above names",
    )


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError:
        return ""
