"""Templates become files, in memory.

A template is a folder. In the names of its files and folders, and in the contents of files whose
name ends in ``.in``, ``@NAME@`` stands for the value of ``NAME``; the suffix is dropped. All other
files are copied byte for byte.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from emsockets_build.errors import UsageError
from emsockets_build.scaffold.names import check_file_name

__all__ = ["RenderedFile", "render", "render_file"]

# The spelling of CMake's configure_file(); a lone @ is just a character.
_PLACEHOLDER = re.compile(r"@([A-Z][A-Z0-9_]*)@")
_FILLED = ".in"
# Git would obey these inside templates/ as well, and a wheel would lack what they ignore.
_STORED_WITHOUT_DOT = frozenset({"gitattributes", "gitignore"})


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """One file of a project that is not written yet.

    Attributes:
        path: Where it goes, relative to the project's folder.
        content: What is in it.
        executable: Whether it is a program or script to be run.
    """

    path: PurePosixPath
    content: bytes
    executable: bool = False


def render(template: Path, values: Mapping[str, str]) -> tuple[RenderedFile, ...]:
    """Fill a template.

    Args:
        template: Its folder.
        values: What each placeholder stands for. They are put in as they are: a name is checked
            before (`emsockets_build.scaffold.names`), other text is quoted for its place.

    Returns:
        The files of the project, sorted by path.

    Raises:
        UsageError: There is no such template, a placeholder has no value, or a value makes a
            path that is unsafe or that two files share.
    """
    if not template.is_dir():
        raise UsageError(
            f"there is no template {template.name}",
            where=str(template),
            remedy=f"choose one of: {', '.join(_siblings(template)) or 'none is installed'}",
        )
    sources = sorted(path for path in template.rglob("*") if path.is_file())
    files = [_render_file(source, source.relative_to(template), values) for source in sources]
    _refuse_shared_paths(files)
    return tuple(sorted(files, key=lambda file: file.path))


def render_file(source: Path, values: Mapping[str, str]) -> RenderedFile:
    """Fill one file that is a template by itself.

    Args:
        source: The file.
        values: As for `render`.

    Returns:
        The file, under its own name.

    Raises:
        UsageError: A placeholder has no value.
    """
    return _render_file(source, Path(source.name), values)


def _siblings(template: Path) -> list[str]:
    """Name the templates that lie beside the one that was asked for."""
    if not template.parent.is_dir():
        return []
    return sorted(entry.name for entry in template.parent.iterdir() if entry.is_dir())


def _render_file(source: Path, relative: Path, values: Mapping[str, str]) -> RenderedFile:
    *folders, name = relative.parts
    content = source.read_bytes()
    if name.endswith(_FILLED):
        name = name.removesuffix(_FILLED)
        content = _fill(_decode(content, source), values, source).encode("utf-8")
    if name in _STORED_WITHOUT_DOT:
        name = f".{name}"
    parts = [check_file_name(_fill(part, values, source)) for part in (*folders, name)]
    return RenderedFile(PurePosixPath(*parts), content, _is_executable(source))


def _fill(text: str, values: Mapping[str, str], source: Path) -> str:
    def value(placeholder: re.Match[str]) -> str:
        name = placeholder[1]
        if name not in values:
            line = text.count("\n", 0, placeholder.start()) + 1
            raise UsageError(
                f"the template wants a value for {placeholder[0]}",
                where=f"{source}:{line}",
                remedy=f"give one; there are values for: {', '.join(sorted(values)) or 'nothing'}",
            )
        return values[name]

    return _PLACEHOLDER.sub(value, text)


def _decode(content: bytes, source: Path) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(
            "a template file to be filled is not UTF-8 text",
            where=str(source),
            why=str(error),
            remedy=f"drop the suffix {_FILLED} of a file that is only to be copied",
        ) from None


def _is_executable(source: Path) -> bool:
    return os.name == "posix" and bool(source.stat().st_mode & stat.S_IXUSR)


def _refuse_shared_paths(files: list[RenderedFile]) -> None:
    """Refuse two files at one path, also where file systems do not tell ``A`` from ``a``."""
    seen: dict[str, PurePosixPath] = {}
    for file in files:
        other = seen.setdefault(str(file.path).casefold(), file.path)
        if other is not file.path:
            raise UsageError(
                "two files of the template would have the same name",
                where=f"{other} and {file.path}",
                remedy="choose another name for the project",
            )
