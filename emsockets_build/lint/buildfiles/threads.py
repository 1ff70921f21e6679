"""Threads: what must be compiled for them, and which releases they cannot wait in."""

from __future__ import annotations

from collections.abc import Iterator

from emsockets_build.lint.buildfiles.flags import Option, Stage, Unit
from emsockets_build.lint.buildfiles.read import BuildFile
from emsockets_build.lint.finding import Finding

__all__ = ["check_threads"]


def check_threads(file: BuildFile) -> Iterator[Finding]:
    """ES011: ``-pthread`` at the link and not when compiling."""
    if not file.web or "-pthread" in file.context.elsewhere:
        return
    compiling = [unit for unit in file.units if unit.stage == Stage.COMPILE]
    for unit in file.units:
        option = _linked(unit)
        if option is None or not unit.emscripten or (not unit.program and unit.name):
            continue
        if unit.stage & Stage.COMPILE:
            wrong = not _compiled(unit) and not _is_all_variables(file, unit)
        else:
            wrong = any(not _compiled(other) for other in compiling)
        if wrong:
            yield _finding(file, option)


def _is_all_variables(file: BuildFile, unit: Unit) -> bool:
    """Whether a unit is what variables hold, and none of them is for the compiler."""
    if file.cmake is not None or unit.inputs or unit.compiler:
        return False
    return not any(option.stage & Stage.COMPILE for option in unit.options) or unit.partial


def _linked(unit: Unit) -> Option | None:
    option = unit.given("-pthread", Stage.LINK) or unit.on("USE_PTHREADS", "PROXY_TO_PTHREAD")
    return None if option is None or option.implied else option


def _compiled(unit: Unit) -> bool:
    if unit.given("-pthread", Stage.COMPILE):
        return True
    return any(
        option.stage & Stage.COMPILE and option.setting is not None and option.setting.on
        for option in unit.of("USE_PTHREADS")
    )


def _finding(file: BuildFile, option: Option) -> Finding:
    where = (
        "target_compile_options() of this target and of every library that it is linked with"
        if file.cmake
        else "the flags of the compiler, for every object"
    )
    return file.at(
        "ES011",
        option,
        "the linker refuses objects that were not compiled for threads (--shared-memory is "
        f"disallowed); add -pthread to {where}",
    )
