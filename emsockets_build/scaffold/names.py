"""Names that people type: which of them can be a CMake target, a C++ identifier, a file name."""

from __future__ import annotations

import re

from emsockets_build.errors import UsageError

__all__ = ["check_file_name", "check_identifier", "check_project_name", "suggest_project_name"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LONGEST = 100  # a file system takes 255, and suffixes such as `-asyncify.wasm` need their share
_TARGET = re.compile(r"[A-Za-z][A-Za-z0-9_.+-]*")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# Targets of CMake's generators and of its CTest and CPack modules (cmake-policies(7), CMP0037),
# and two folders that a build tree has at the place where the program goes.
_RESERVED_TARGETS = _words(
    "all all_build clean continuous depend edit_cache experimental help install install/local "
    "install/strip list_install_components nightly none package package_source preinstall "
    "rebuild_cache run_tests test zero_check cmakefiles emsockets"
)
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_RESERVED_FILES = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(\..*)?", re.IGNORECASE
)
_UNSAFE_IN_FILES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
_KEYWORDS = _words(
    "alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t "
    "char32_t class compl concept const consteval constexpr constinit const_cast continue "
    "co_await co_return co_yield decltype default delete do double dynamic_cast else enum "
    "explicit export extern false float for friend goto if inline int long main mutable namespace "
    "new noexcept not not_eq nullptr operator or or_eq private protected public register "
    "reinterpret_cast requires return short signed sizeof static static_assert static_cast std "
    "struct switch template this thread_local throw true try typedef typeid typename union "
    "unsigned using virtual void volatile wchar_t while xor xor_eq"
)


def check_project_name(name: str) -> str:
    """Check the name of a project and its CMake target, which also names files.

    Args:
        name: What a person typed.

    Returns:
        The name, unchanged.

    Raises:
        UsageError: It cannot be one (cmake-policies(7), CMP0037).
    """
    if not _TARGET.fullmatch(name):
        raise _bad_name(
            name,
            "project's name",
            "begin with a letter; then letters, digits and _ . + - may follow",
        )
    if len(name) > _LONGEST:
        raise _bad_name(name, "project's name", f"use at most {_LONGEST} characters")
    if name.casefold() in _RESERVED_TARGETS:
        raise _bad_name(name, "project's name", f"CMake keeps it for itself; `{name}-app` would do")
    return check_file_name(name)


def suggest_project_name(text: str) -> str:
    """Make a project's name of other text, such as a folder's name.

    Args:
        text: Anything.

    Returns:
        A name that `check_project_name` takes, as near to the text as can be.
    """
    name = (
        re.sub(r"[^A-Za-z0-9_.+-]+", "-", text).strip("-.+")[: _LONGEST - len("app-")].rstrip("-.+")
    )
    try:
        return check_project_name(name)
    except UsageError:
        return f"app-{name}".rstrip("-")


def check_identifier(name: str) -> str:
    """Check a name for C++ source, such as a namespace.

    Args:
        name: What a person typed.

    Returns:
        The name, unchanged.

    Raises:
        UsageError: It is no identifier, or the language or its library has taken it.
    """
    if not _IDENTIFIER.fullmatch(name):
        raise _bad_name(
            name, "C++ identifier", "begin with a letter; then letters, digits and _ may follow"
        )
    if len(name) > _LONGEST:
        raise _bad_name(name, "C++ identifier", f"use at most {_LONGEST} characters")
    if name in _KEYWORDS:
        raise _bad_name(name, "C++ identifier", f"C++ keeps it for itself; `my_{name}` would do")
    if "__" in name or name.startswith("_"):
        raise _bad_name(
            name, "C++ identifier", "leave out the leading _ and __, which belong to the compiler"
        )
    return name


def check_file_name(name: str) -> str:
    """Check that a name is one file or folder, and the same one, on every platform.

    Args:
        name: One part of a path.

    Returns:
        The name, unchanged.

    Raises:
        UsageError: It is empty, leads elsewhere, or Windows or a file system would not take it.
    """
    if name in ("", ".", "..") or _UNSAFE_IN_FILES.search(name):
        raise _bad_name(name, "file name", 'leave out / \\ : * ? " < > | and control characters')
    if name.endswith((".", " ")):
        raise _bad_name(name, "file name", "do not end it with a dot or a space")
    if _RESERVED_FILES.fullmatch(name):
        raise _bad_name(name, "file name", f"Windows keeps it for a device; `my-{name}` would do")
    try:
        size = len(name.encode("utf-8"))
    except UnicodeEncodeError:
        raise _bad_name(name, "file name", "use text that can be written as UTF-8") from None
    if size > 255:  # noqa: PLR2004 - NAME_MAX of every file system in use
        raise _bad_name(name, "file name", "make it shorter")
    return name


def _bad_name(name: str, kind: str, remedy: str) -> UsageError:
    shown = name if len(name) <= _LONGEST else name[:_LONGEST] + "..."
    return UsageError(f"{shown!r} cannot be a {kind}", remedy=remedy)
