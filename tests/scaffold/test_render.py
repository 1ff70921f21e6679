from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emsockets_build.errors import UsageError
from emsockets_build.scaffold import RenderedFile, render


def make_template(folder: Path, files: dict[str, bytes]) -> Path:
    """Write a template from a dict of paths and contents."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def rendered(template: Path, **values: str) -> dict[str, bytes]:
    return {str(file.path): file.content for file in render(template, values)}


def test_names_and_contents_are_filled(tmp_path: Path) -> None:
    template = make_template(tmp_path, {"@NAME@/@NAME@.txt.in": b"hello @NAME@, a@b @ @@ @name@"})
    assert rendered(template, NAME="echo") == {"echo/echo.txt": b"hello echo, a@b @ @@ @name@"}


def test_only_files_to_be_filled_lose_their_suffix_and_are_read_as_text(tmp_path: Path) -> None:
    binary = b"\x00\xff@NAME@\r\n"
    template = make_template(tmp_path, {"icon.png": binary, "in": b"@NAME@"})
    assert rendered(template) == {"icon.png": binary, "in": b"@NAME@"}


def test_line_ends_survive(tmp_path: Path) -> None:
    template = make_template(tmp_path, {"a.bat.in": b"@A@\r\n@A@\n"})
    assert rendered(template, A="x") == {"a.bat": b"x\r\nx\n"}


def test_gitignore_gets_its_dot(tmp_path: Path) -> None:
    template = make_template(tmp_path, {"gitignore.in": b"/build/\n", "sub/gitignore": b""})
    assert rendered(template) == {".gitignore": b"/build/\n", "sub/.gitignore": b""}


@pytest.mark.skipif(os.name != "posix", reason="only POSIX has permission bits")
def test_programs_stay_executable(tmp_path: Path) -> None:
    template = make_template(tmp_path, {"run.sh": b"", "data": b""})
    (template / "run.sh").chmod(0o755)
    assert {str(file.path): file.executable for file in render(template, {})} == {
        "run.sh": True,
        "data": False,
    }


def test_a_placeholder_without_a_value_is_an_error_that_names_its_line(tmp_path: Path) -> None:
    template = make_template(tmp_path, {"a.txt.in": b"one\n@OTHER@\n"})
    with pytest.raises(UsageError) as caught:
        render(template, {"NAME": "x"})
    assert "@OTHER@" in caught.value.what
    assert caught.value.where.endswith("a.txt.in:2")


def test_text_that_is_not_utf8_is_an_error(tmp_path: Path) -> None:
    template = make_template(tmp_path, {"a.txt.in": b"\xff"})
    with pytest.raises(UsageError, match="UTF-8"):
        render(template, {})


def test_a_missing_template_is_an_error_that_names_the_others(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with pytest.raises(UsageError) as caught:
        render(tmp_path / "missing", {})
    assert "other" in caught.value.remedy


@pytest.mark.parametrize("value", ["", "..", "a/b", "/etc", "..\\a", "c:x", "a\0", "nul", "a\n"])
def test_a_value_cannot_lead_a_file_elsewhere(tmp_path: Path, value: str) -> None:
    template = make_template(tmp_path, {"@NAME@/file": b""})
    with pytest.raises(UsageError):
        render(template, {"NAME": value})


@given(st.text(max_size=40))
def test_every_path_is_one_name_below_each_folder(value: str) -> None:
    """Whatever the value; a template is only read, so that one serves all examples."""
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(UsageError):
        template = make_template(Path(folder), {"@NAME@/@NAME@.txt": b""})
        (file,) = render(template, {"NAME": value})
        assert file.path.parts == (value, f"{value}.txt")
        assert ".." not in file.path.parts


@pytest.mark.parametrize("value", ["a b", "a'b", "a;b", "$a", "@NAME@", "größe", "名前"])
def test_unusual_values_are_put_in_unchanged(tmp_path: Path, value: str) -> None:
    """Also a value that looks like a placeholder: values are not filled again."""
    template = make_template(tmp_path, {"@NAME@.txt.in": b"<@NAME@>"})
    assert render(template, {"NAME": value}) == (
        RenderedFile(PurePosixPath(f"{value}.txt"), f"<{value}>".encode()),
    )


def test_two_files_at_one_path_are_an_error(tmp_path: Path) -> None:
    template = make_template(tmp_path, {"README": b"", "@NAME@": b""})
    with pytest.raises(UsageError, match="same name"):
        render(template, {"NAME": "readme"})
