"""Names of settings: those that a release lacks, and those that mean nothing where they are."""

from __future__ import annotations

from collections.abc import Iterator

from emsockets_build.lint.buildfiles.flags import Option, Setting, Stage
from emsockets_build.lint.buildfiles.read import BuildFile
from emsockets_build.lint.finding import Edit, Finding, Fix
from emsockets_build.settings.names import State, Status
from emsockets_build.settings.version import format_version

__all__ = ["check_names"]


def check_names(file: BuildFile) -> Iterator[Finding]:
    """ES012, ES026 to ES030: every setting against what the release says of its name."""
    if not file.web:
        return
    for option, setting in file.settings():
        state = file.names.state(setting.name)
        yield from _judge(file, option, setting, state)
        if state.linked and option.stage & Stage.COMPILE and not _links(file, option):
            yield _at_compile(file, option, setting)


def _judge(file: BuildFile, option: Option, setting: Setting, state: State) -> Iterator[Finding]:
    name = setting.name
    if state.status is Status.UNKNOWN:
        yield file.at("ES012", option, _unknown(file, setting, state))
    elif state.status is Status.REMOVED and setting.value not in state.accepted:
        since = f" in {format_version(state.version)}" if state.version else ""
        advice = f"; use {state.instead}" if state.instead else ""
        renamed = state.instead if state.instead.isupper() and state.instead.isidentifier() else ""
        yield file.at(
            "ES026",
            option,
            f"emcc removed {name}{since} and refuses it{advice}",
            _renaming(file, setting, renamed) if renamed else None,
        )
    elif state.status is Status.RENAMED:
        yield file.at(
            "ES027",
            option,
            f"{name} is the old name of {state.instead}",
            _renaming(file, setting, state.instead),
        )
    elif state.status is Status.DEPRECATED:
        since = f" since {format_version(state.version)}" if state.version else ""
        advice = f"; use {state.instead}" if state.instead else ""
        yield file.at(
            "ES028",
            option,
            f"emcc advises against {name}{since}{advice}",
            _pthread_flag(file, option, setting),
        )
    elif state.status is Status.TOO_NEW:
        have = format_version(file.names.version) if file.names.version else ""
        since = f"came with {format_version(state.version)}" if state.version else "is newer"
        yield file.at("ES029", option, f"{name} {since}; Emscripten {have} refuses it")


def _unknown(file: BuildFile, setting: Setting, state: State) -> str:
    written = setting.name_word.text
    if state.instead:
        return f"emcc has no setting {written}; use {state.instead}"
    near = file.names.near(setting.name)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    if not near and "WEBSOCKIFY" in setting.name:
        hint = "; websockify is a program that stands in front of a TCP server, not a way to link"
    return f"emcc has no setting {written}{hint}"


def _renaming(file: BuildFile, setting: Setting, new: str) -> Fix | None:
    if setting.name_word.text.startswith("NO_"):
        new = f"NO_{new}"
    return file.replacement(setting.name_word, new, f"write {new}")


def _pthread_flag(file: BuildFile, option: Option, setting: Setting) -> Fix | None:
    written = file.source.text[option.start : option.end]
    plain = written.replace("-s ", "-s") == option.text
    if setting.name != "USE_PTHREADS" or setting.value != "1" or not plain:
        return None
    return Fix((Edit(option.start, option.end, "-pthread"),), "write -pthread")


def _links(file: BuildFile, option: Option) -> bool:
    """Whether one command compiles and links, so that there is no other place for a setting."""
    return file.cmake is None and bool(option.stage & Stage.LINK)


def _at_compile(file: BuildFile, option: Option, setting: Setting) -> Finding:
    both = (
        "it has its effect at the link, where CMake gives it too, but every compilation warns"
        if option.stage & Stage.LINK
        else "it has no effect there"
    )
    where = "target_link_options()" if file.cmake else "the flags of the linker"
    return file.at(
        "ES030",
        option,
        f"{setting.name} is for the linker and stands among the options of the compiler: {both}; "
        f"move it to {where}",
    )
