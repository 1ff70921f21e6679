from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pytest

from emsockets_build.errors import UsageError
from emsockets_build.scaffold import RenderedFile, write, write_project
from emsockets_build.storage import write_whole

FILES = (
    RenderedFile(PurePosixPath("CMakeLists.txt"), b"project(x)\n"),
    RenderedFile(PurePosixPath("src/deep/main.cpp"), b"int main() {}\n"),
    RenderedFile(PurePosixPath("tools/run.sh"), b"#!/bin/sh\n", executable=True),
)


def tree(folder: Path) -> dict[str, bytes | None]:
    """Return what is below a folder: contents of files, None for folders."""
    return {
        path.relative_to(folder).as_posix(): None if path.is_dir() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
    }


def expected() -> dict[str, bytes]:
    return {str(file.path): file.content for file in FILES}


def written(folder: Path) -> dict[str, bytes]:
    return {name: content for name, content in tree(folder).items() if content is not None}


@pytest.mark.parametrize(
    "name",
    ["new", "a b", "a'b\"c", "a;b", "$HOME", "@NAME@", "größe", "名前", "-r", "~", "new/sub"],
)
def test_a_project_is_written_whole(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the destination is called."""
    destination = tmp_path / name
    paths = write_project(FILES, destination)
    assert written(destination) == expected()
    assert paths == tuple(destination.resolve() / file.path for file in FILES)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="overwritten"):
        write_project(FILES, Path(name))


@pytest.mark.skipif(os.name != "posix", reason="only POSIX has permission bits")
def test_programs_are_executable_as_far_as_the_umask_allows(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_project(FILES, tmp_path)
    finally:
        os.umask(before)
    assert (tmp_path / "tools/run.sh").stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "CMakeLists.txt").stat().st_mode & 0o777 == 0o640


def test_other_files_of_the_destination_stay(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/mine.cpp").write_bytes(b"mine")
    write_project(FILES, tmp_path)
    assert written(tmp_path) == expected() | {"src/mine.cpp": b"mine"}


def test_nothing_is_overwritten_and_nothing_is_written_beside_it(tmp_path: Path) -> None:
    (tmp_path / "CMakeLists.txt").write_bytes(b"mine")
    before = tree(tmp_path)
    with pytest.raises(UsageError) as caught:
        write_project(FILES, tmp_path)
    assert caught.value.why == "CMakeLists.txt"
    assert "--force" in caught.value.remedy
    assert tree(tmp_path) == before


def test_force_replaces_files(tmp_path: Path) -> None:
    (tmp_path / "CMakeLists.txt").write_bytes(b"mine")
    write_project(FILES, tmp_path, force=True)
    assert written(tmp_path) == expected()


@pytest.mark.parametrize("obstacle", ["src", "CMakeLists.txt"])
def test_even_force_replaces_no_link(tmp_path: Path, obstacle: str) -> None:
    """A link could lead out of the destination."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "CMakeLists.txt").write_bytes(b"theirs")
    destination = tmp_path / "project"
    destination.mkdir()
    (destination / obstacle).symlink_to(outside / obstacle if "." in obstacle else outside)
    with pytest.raises(UsageError, match="in the way"):
        write_project(FILES, destination, force=True)
    assert tree(outside) == {"CMakeLists.txt": b"theirs"}
    assert [path.name for path in destination.iterdir()] == [obstacle]


def test_a_dangling_link_is_an_obstacle(tmp_path: Path) -> None:
    (tmp_path / "CMakeLists.txt").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="in the way"):
        write_project(FILES, tmp_path, force=True)


@pytest.mark.parametrize("kind", ["folder for a file", "file for a folder"])
def test_even_force_does_not_replace_a_file_by_a_folder_or_a_folder_by_a_file(
    tmp_path: Path, kind: str
) -> None:
    if kind == "folder for a file":
        (tmp_path / "CMakeLists.txt").mkdir()
    else:
        (tmp_path / "src").write_bytes(b"mine")
    before = tree(tmp_path)
    with pytest.raises(UsageError, match="in the way"):
        write_project(FILES, tmp_path, force=True)
    assert tree(tmp_path) == before


def test_a_file_is_no_destination(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(UsageError, match="no folder"):
        write_project(FILES, tmp_path / "file")


@pytest.mark.parametrize("path", ["../evil", "a/../../evil", "/evil", "a\\..\\evil", "c:evil", ""])
def test_a_path_out_of_the_destination_is_refused(tmp_path: Path, path: str) -> None:
    destination = tmp_path / "project"
    with pytest.raises(UsageError):
        write_project([*FILES, RenderedFile(PurePosixPath(path), b"")], destination)
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), UsageError("no space")])
@pytest.mark.parametrize("survivors", [0, 1, 2])
def test_an_interrupted_write_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException, survivors: int
) -> None:
    """After any number of files, new and replaced ones, in new folders and in old ones."""
    destination = tmp_path / "project"
    (destination / "src").mkdir(parents=True)
    mine = destination / "CMakeLists.txt"
    mine.write_bytes(b"mine")
    mine.chmod(0o600)
    before = tree(tmp_path)
    calls: list[Path] = []

    def fail_later(path: Path, content: str | bytes) -> None:
        calls.append(path)
        if len(calls) == survivors + 1:
            raise failure
        write_whole(path, content)

    monkeypatch.setattr(write, "write_whole", fail_later)
    with pytest.raises(type(failure)):
        write_project(FILES, destination, force=True)
    assert tree(tmp_path) == before
    assert mine.stat().st_mode & 0o777 == 0o600


def test_a_new_destination_is_gone_after_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(write, "write_whole", fail)
    with pytest.raises(KeyboardInterrupt):
        write_project(FILES, tmp_path / "new" / "project")
    assert tree(tmp_path) == {}


def test_a_folder_that_cannot_be_made_is_an_error_that_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, **_: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(UsageError, match="Permission denied"):
        write_project(FILES, tmp_path / "new")
