"""The programs of the gallery, built by CMake: one configure and one build for each release."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from emsockets_build.buildtree import BuildTree, Configuration, build, configure
from emsockets_build.errors import BuildFailedError
from emsockets_build.storage import write_whole
from emsockets_build.toolchain import Toolchain
from tests.gallery.entry import Entry

__all__ = ["PROGRAMS", "Programs", "compiling"]

PROGRAMS = Path(__file__).with_name("programs")
_HEAD = """\
cmake_minimum_required(VERSION 3.22...4.2)
project(Gallery LANGUAGES C CXX)
"""


def _nothing(_: str) -> None:
    """Nobody watches."""


class Programs:
    """One release's programs; equal ones are built once.

    Args:
        toolchain: The release, and all that builds with it.
        folder: Where to build; what an earlier session left there is used again.
        entries: Whose programs.
    """

    def __init__(self, toolchain: Toolchain, folder: Path, entries: Iterable[Entry]) -> None:
        self._names: dict[tuple[str, tuple[str, ...]], Entry] = {}
        for entry in entries:
            self._names.setdefault((entry.source, entry.flags), entry)
        self._tree = BuildTree(folder / "source", folder / "build", toolchain)
        lists = _lists(self._names.values())
        file = self._tree.source / "CMakeLists.txt"
        if not file.is_file() or file.read_text("utf-8") != lists:
            write_whole(file, lists)
        configure(self._tree, Configuration(build_type="None"), progress=_nothing)
        build(self._tree, progress=_nothing)

    def path(self, entry: Entry) -> Path:
        """Return the program of an entry."""
        return self._tree.build / f"{self._names[entry.source, entry.flags].name}.js"

    def failure(self, entry: Entry) -> BuildFailedError | None:
        """Try to build a program that cannot be built, and return why."""
        name = self._names[entry.source, entry.flags].name
        try:
            build(self._tree, [name], progress=_nothing)
        except BuildFailedError as error:
            return error
        return None


def compiling(entry: Entry) -> tuple[str, ...]:
    """Return the flags that the compiler wants, too; link settings are no business of its."""
    return tuple(flag for flag in entry.flags if not flag.startswith(("-s", "-l", "--")))


def _lists(entries: Iterable[Entry]) -> str:
    """Write the project; programs that differ only in how they are linked share their object."""
    text = _HEAD
    objects: dict[tuple[str, tuple[str, ...]], str] = {}
    for entry in entries:
        key = (entry.source, compiling(entry))
        if key not in objects:
            name = objects[key] = f"object{len(objects)}"
            source = (PROGRAMS / entry.source).as_posix()
            text += f'add_library({name} OBJECT EXCLUDE_FROM_ALL "{source}")\n'
            text += f"target_compile_options({name} PRIVATE -O1 {' '.join(key[1])})\n"
        kind = "" if entry.builds else " EXCLUDE_FROM_ALL"
        language = "CXX" if entry.source.endswith(".cpp") else "C"
        text += f"add_executable({entry.name}{kind} $<TARGET_OBJECTS:{objects[key]}>)\n"
        text += f"set_target_properties({entry.name} PROPERTIES LINKER_LANGUAGE {language})\n"
        text += f"target_link_options({entry.name} PRIVATE -O1 {' '.join(entry.flags)})\n"
    return text
