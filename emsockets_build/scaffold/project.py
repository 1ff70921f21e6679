"""All files of a project: its template's, those that every project has, its CI, its record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from emsockets_build._version import __version__
from emsockets_build.errors import UsageError
from emsockets_build.quoting import cmake_cannot_bear
from emsockets_build.scaffold.record import RECORD, Record
from emsockets_build.scaffold.render import RenderedFile, render, render_file
from emsockets_build.scaffold.template import METADATA, Template, check_answers

__all__ = ["CI_SYSTEMS", "project_files", "refuse_inside_project", "refuse_unbuildable"]

# Where each CI system wants its workflow. The sources have no leading dot and lie in one folder:
# the sdist leaves every `.github` out, and our own repository must not obey them.
_WORKFLOWS = {
    "github": PurePosixPath(".github/workflows/check.yml"),
    "gitlab": PurePosixPath(".gitlab-ci.yml"),
}
CI_SYSTEMS = (*_WORKFLOWS, "none")


def project_files(
    template: Template, given: Mapping[str, str], *, ci: str = "none"
) -> tuple[RenderedFile, ...]:
    """Make a project in memory.

    Args:
        template: What it is made from.
        given: A word for some placeholders, among them NAME.
        ci: One of `CI_SYSTEMS`.

    Returns:
        Its files, the record last: it must not promise what an interrupted write did not do.

    Raises:
        UsageError: A word is wrong.
    """
    answers = check_answers(template, given)
    if ci not in CI_SYSTEMS:
        raise UsageError(
            f"there is no workflow for {ci!r}", remedy=f"choose one of: {', '.join(CI_SYSTEMS)}"
        )
    values = {
        **answers,
        "RELEASE": ".".join(__version__.split(".")[:2]),
        "PACKAGES": " ".join(template.requires),
    }
    beside = template.folder.parent
    files = {file.path: file for file in _shared(beside / "_shared", values)}
    files |= {file.path: file for file in _taken(template)}
    files |= {file.path: file for file in render(template.folder, values)}
    files.pop(PurePosixPath(METADATA))
    if ci in _WORKFLOWS:
        made = render_file(beside / "_ci" / f"{ci}.yml.in", values)
        lines = made.content.splitlines(keepends=True)
        kept = [line for line in lines if _applies(line, template)]
        files[_WORKFLOWS[ci]] = RenderedFile(_WORKFLOWS[ci], b"".join(kept))
    made_files = sorted(files.values(), key=lambda file: file.path)
    base = {str(file.path): file.content for file in made_files}
    record = Record(template.name, template.version, answers, ci, base)
    return (*made_files, RenderedFile(PurePosixPath(RECORD), record.text().encode("utf-8")))


def _applies(line: bytes, template: Template) -> bool:
    """Tell whether a template needs this line of a workflow."""
    if b"--native" in line:
        return template.native
    return bool(template.requires) or b"apt-get" not in line


def _taken(template: Template) -> Iterator[RenderedFile]:
    """Take what it shares with other templates, byte for byte."""
    for to, source in template.takes.items():
        content = (template.folder.parent / source).read_bytes()
        yield RenderedFile(PurePosixPath(to), content)


def _shared(folder: Path, values: Mapping[str, str]) -> tuple[RenderedFile, ...]:
    return render(folder, values) if folder.is_dir() else ()


def refuse_unbuildable(destination: Path) -> None:
    """Refuse a destination in which no project could be built.

    Args:
        destination: Where a new project is to go.

    Raises:
        UsageError: Its path holds what CMake cannot bear.
    """
    path = destination.resolve().as_posix()
    character = cmake_cannot_bear(path)
    if character:
        raise UsageError(
            f"CMake cannot work in a folder whose path holds {character!r}",
            where=path,
            remedy="choose another destination; spaces, $, @, # and letters of every script do no "
            "harm, and --force does it nevertheless",
        )


def refuse_inside_project(destination: Path) -> None:
    """Refuse a destination that belongs to another project.

    Args:
        destination: Where a new project is to go.

    Raises:
        UsageError: A folder above it is a CMake project.
    """
    for folder in destination.resolve().parents:
        if (folder / "CMakeLists.txt").is_file() or (folder / RECORD).is_file():
            raise UsageError(
                "the destination is inside another project",
                where=str(folder),
                remedy="choose a folder outside of it; `emsockets add` gives sockets to a target "
                "of a project, and --force does it nevertheless",
            )
