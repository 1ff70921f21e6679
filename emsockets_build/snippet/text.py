"""CMake text for the socket options of targets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from emsockets_build.errors import UsageError
from emsockets_build.quoting import cmake_quote, terminal_escape
from emsockets_build.settings import (
    Catalogue,
    LinkOption,
    Profile,
    Resolution,
    Version,
    format_version,
    resolve,
)
from emsockets_build.settings.resolve import POSIX_DIR, URL_FILE

__all__ = ["POSIX_FOLDER", "check_target_name", "module_snippet", "standalone_snippet"]

POSIX_FOLDER = "emsockets-posix"
"""The folder beside a standalone text that holds a copy of ``cmake/posix/``."""

# What CMake takes as the name of a target of one's own (CMP0037); nothing here needs quoting.
_TARGET_NAME = re.compile(r"[A-Za-z0-9_.+-]+")
_RESERVED = frozenset({"all", "clean", "edit_cache", "help", "install", "package", "rebuild_cache"})
_BARE_ARGUMENT = re.compile(r"[A-Za-z0-9_./:=+,@~-]+")


def check_target_name(name: str) -> str:
    """Return the name of a CMake target, if it can be one.

    Raises:
        UsageError: CMake takes no target of this name (policy CMP0037).
    """
    if _TARGET_NAME.fullmatch(name) and name not in _RESERVED and not name.startswith("-"):
        return name
    raise UsageError(
        f"{terminal_escape(name)!r} cannot be the name of a CMake target",
        why="a target is named with letters, digits, '_', '.', '+' and '-', and not like one of "
        "CMake's own targets",
        remedy="give the name that stands in add_executable() or add_library()",
    )


def module_snippet(targets: Sequence[str], profile: Profile, catalogue: Catalogue) -> str:
    """Write ``find_package(EmSockets)`` and one ``emsockets_target()`` call per target.

    Args:
        targets: Names of targets that exist where the text will stand.
        profile: Their options.
        catalogue: The table of settings, to check the profile with.

    Returns:
        CMake text that ends with a newline.

    Raises:
        UsageError: A name or an option is wrong.
    """
    resolve(profile, catalogue.newest, catalogue)
    arguments = _module_arguments(profile)
    lines = ["find_package(EmSockets REQUIRED)"]
    lines += [_call("emsockets_target", [check_target_name(name)], arguments) for name in targets]
    return "\n".join(lines) + "\n"


def standalone_snippet(
    targets: Sequence[str],
    profile: Profile,
    catalogue: Catalogue,
    *,
    version: Version | None = None,
    library: bool = False,
) -> str:
    """Write plain ``target_*_options()`` calls that need nothing of this project.

    Args:
        targets: Names of targets that exist where the text will stand.
        profile: Their options.
        catalogue: The table of settings.
        version: The one Emscripten release that the text is for. If None, the text tells the
            releases apart by ``EMSCRIPTEN_VERSION``.
        library: Pass the options on to whatever links the targets, as a library must.

    Returns:
        CMake text that ends with a newline.

    Raises:
        UsageError: A name or an option is wrong, or the release (without one: every release)
            cannot do what the profile asks.
    """
    names = [check_target_name(name) for name in targets]
    spans = _spans(profile, catalogue, version)
    lines = ["if(EMSCRIPTEN)"]
    if len(spans) == 1:
        lines += _indent(_span_lines(spans[0], names, profile, library=library))
    else:
        # Newest first, so that each branch needs only its lower bound.
        for number, span in enumerate(reversed(spans)):
            keyword = "if" if number == 0 else "elseif"
            condition = f"EMSCRIPTEN_VERSION VERSION_GREATER_EQUAL {format_version(span.since)}"
            last = number == len(spans) - 1
            lines.append("  else()" if last else f"  {keyword}({condition})")
            lines += _indent(_indent(_span_lines(span, names, profile, library=library)))
        lines.append("  endif()")
    lines.append("endif()")
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class _Span:
    """Releases from ``since`` on that need the same, or cannot do it at all."""

    since: Version
    resolution: Resolution | None
    refusal: str = ""


def _spans(profile: Profile, catalogue: Catalogue, version: Version | None) -> list[_Span]:
    if version is not None:
        return [_Span(version, resolve(profile, version, catalogue))]
    resolve(profile, catalogue.newest, catalogue)
    spans: list[_Span] = []
    for point in ((0, 0, 0), *catalogue.turning_points):
        try:
            span = _Span(point, resolve(profile, point, catalogue))
        except UsageError as error:
            span = _Span(point, None, f"{error.what.partition(';')[0]}\n  remedy: {error.remedy}")
        if not spans or not _same(spans[-1], span):
            spans.append(span)
    return spans


def _same(one: _Span, other: _Span) -> bool:
    if one.resolution is None or other.resolution is None:
        return one.refusal == other.refusal and one.resolution is other.resolution
    return _flags(one.resolution) == _flags(other.resolution)


def _flags(resolution: Resolution) -> tuple[object, ...]:
    return (
        resolution.compile,
        resolution.link,
        resolution.define,
        resolution.suffix,
        resolution.source,
    )


def _span_lines(span: _Span, names: Sequence[str], profile: Profile, *, library: bool) -> list[str]:
    if span.resolution is None:
        return [f"message(FATAL_ERROR {cmake_quote(span.refusal)})"]
    return [
        line
        for name in names
        for line in _target_lines(name, span.resolution, profile.url or "", library=library)
    ]


def _target_lines(name: str, resolution: Resolution, url: str, *, library: bool) -> list[str]:
    compile_scope = "PUBLIC" if library else "PRIVATE"
    link_scope = "INTERFACE" if library else "PRIVATE"
    url_file = f"${{CMAKE_CURRENT_BINARY_DIR}}/emsockets/{name}-url.txt"
    lines = []
    if any(URL_FILE in option.token for option in resolution.link):
        lines.append(f'file(GENERATE OUTPUT "{url_file}" CONTENT {cmake_quote(url)})')
        depends = "INTERFACE_LINK_DEPENDS" if library else "LINK_DEPENDS"
        lines.append(f'set_property(TARGET {name} APPEND PROPERTY {depends} "{url_file}")')
    for command, scope, tokens in (
        ("target_compile_options", compile_scope, resolution.compile),
        ("target_compile_definitions", compile_scope, resolution.define),
    ):
        if tokens:
            lines += _call(command, [name, scope], [_argument(token) for token in tokens]).split(
                "\n"
            )
    if resolution.source:
        # CMAKE_CURRENT_LIST_DIR: the text may be included from elsewhere.
        folder = f"${{CMAKE_CURRENT_LIST_DIR}}/{POSIX_FOLDER}"
        depends = "INTERFACE_LINK_DEPENDS" if library else "LINK_DEPENDS"
        for source in resolution.source:
            path = f"{folder}/{source.removesuffix('.c')}"
            # CMake passes over a C file where C is not enabled.
            lines += [
                "if(CMAKE_C_COMPILER)",
                f'  target_sources({name} {link_scope} "{path}.c")',
                "else()",
                f'  target_sources({name} {link_scope} "{path}.cpp")',
                "endif()",
            ]
        lines.append(f'set_property(TARGET {name} APPEND PROPERTY {depends} "{folder}/library.js")')
    if resolution.link:
        options = [_link_argument(option, url_file) for option in resolution.link]
        lines += _call("target_link_options", [name, link_scope], options).split("\n")
    if resolution.suffix and not library:
        lines.append(f"set_target_properties({name} PROPERTIES SUFFIX {resolution.suffix})")
    return lines


def _link_argument(option: LinkOption, url_file: str) -> str:
    if URL_FILE in option.token:
        return f'"{option.token.replace(URL_FILE, "@" + url_file)}"'
    if POSIX_DIR in option.token:
        folder = f"${{CMAKE_CURRENT_LIST_DIR}}/{POSIX_FOLDER}"
        return f'"{option.token.replace(POSIX_DIR, folder)}"'
    if option.configuration:
        return f'"$<$<CONFIG:{option.configuration}>:{option.token}>"'
    return _argument(option.token)


def _module_arguments(profile: Profile) -> list[str]:
    switch = {True: "ON", False: "OFF"}
    words = [
        ("BACKEND", profile.backend),
        ("WAIT", profile.wait),
        ("URL", profile.url),
        ("DEBUG", None if profile.debug is None else switch[profile.debug]),
        ("MODULE", profile.module),
        (
            "EXIT_RUNTIME",
            None if profile.exit_runtime is None else switch[profile.exit_runtime],
        ),
        ("POSIX", None if profile.posix is None else switch[profile.posix]),
    ]
    arguments = [f"{keyword} {_argument(word)}" for keyword, word in words if word is not None]
    if profile.subprotocols is not None:
        names = map(_argument, profile.subprotocols or ("NONE",))
        arguments.append(f"SUBPROTOCOLS {' '.join(names)}")
    if profile.environment:
        arguments.append(f"ENVIRONMENT {' '.join(map(_argument, profile.environment))}")
    return arguments


def _argument(text: str) -> str:
    """Write one argument, quoted only where it has to be."""
    return text if _BARE_ARGUMENT.fullmatch(text) else cmake_quote(text)


def _call(command: str, head: Sequence[str], arguments: Sequence[str]) -> str:
    """Write a command on one line, or with an argument a line where that grows too long."""
    short = f"{command}({' '.join([*head, *arguments])})"
    if len(short) <= 80:  # noqa: PLR2004 - the width that CMake files are read at
        return short
    return "\n".join([f"{command}(", f"  {' '.join(head)}", *_indent(arguments), ")"])


def _indent(lines: Sequence[str]) -> list[str]:
    return [f"  {line}" for line in lines]
