"""Files and folders, bounded, cached, and said in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from emsockets_build.lint.engine import lint
from emsockets_build.lint.store import Store

BAD = "target_link_options(game PRIVATE -s ASYNCIFY)\n"


def test_findings_name_their_file(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "CMakeLists.txt").write_text(BAD)
    (finding,) = lint([tmp_path]).findings
    assert (finding.rule, finding.line, finding.column) == ("ES009", 1, 34)
    assert finding.path == (tmp_path / "sub" / "CMakeLists.txt").as_posix()


def test_a_link_to_a_folder_above_does_not_lead_in_circles(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "loop").symlink_to(tmp_path)
    (tmp_path / "CMakeLists.txt").write_text(BAD)
    assert lint([tmp_path]).files == 1


def test_what_is_binary_or_too_large_is_skipped_in_words(tmp_path: Path) -> None:
    (tmp_path / "CMakeLists.txt").write_bytes(b"a\0b")
    (tmp_path / "large.cmake").write_bytes(BAD.encode() * 100_000)
    report = lint([tmp_path])
    assert report.findings == ()
    assert [skipped.reason for skipped in report.skipped] == [
        "it is binary",
        "it is larger than 4 MiB",
    ]


def test_a_comment_silences_its_line_or_the_next(tmp_path: Path) -> None:
    for name, text in {
        "same": f"{BAD[:-1]} # emsockets: ignore ES009\n",
        "above": f"# emsockets: ignore\n{BAD}",
        "other": f"{BAD[:-1]} # emsockets: ignore ES001\n",
    }.items():
        (tmp_path / f"{name}.cmake").write_text(text)
    assert [Path(finding.path).stem for finding in lint([tmp_path]).findings] == ["other"]


def test_unchanged_files_are_not_checked_again(tmp_path: Path) -> None:
    cache, file = tmp_path / "cache.json", tmp_path / "CMakeLists.txt"
    file.write_text(BAD)
    first = lint([file], store=Store(cache))
    again = lint([file], store=Store(cache))
    assert (first.cached, again.cached) == (0, 1)
    assert first.findings == again.findings
    file.write_text("project(p)\n")
    assert lint([file], store=Store(cache)).findings == ()


def test_a_damaged_cache_counts_as_none(tmp_path: Path) -> None:
    cache, file = tmp_path / "cache.json", tmp_path / "CMakeLists.txt"
    file.write_text(BAD)
    for content in ("{", "[]", '{"a": [{"rule": 1}]}', '{"a": 3}'):
        cache.write_text(content)
        assert len(lint([file], store=Store(cache)).findings) == 1


def test_other_encodings_keep_their_places(tmp_path: Path) -> None:
    for name, data in {
        "utf16": b"\xff\xfe" + BAD.encode("utf-16-le"),
        "bom": b"\xef\xbb\xbf" + BAD.encode(),
        "latin": b"# \xe4\n" + BAD.encode(),
    }.items():
        (tmp_path / f"{name}.cmake").write_bytes(data)
    assert [finding.column for finding in lint([tmp_path]).findings] == [34, 34, 34]


def test_sources_in_other_encodings_keep_their_places(tmp_path: Path) -> None:
    text = "// \u00e4\r\nvoid f(int fd) { char c; while (recv(fd, &c, 1, 0) < 0) { } }\r\n"
    for name, data in {
        "utf16": b"\xff\xfe" + text.encode("utf-16-le"),
        "utf16-be": b"\xfe\xff" + text.encode("utf-16-be"),
        "bom": b"\xef\xbb\xbf" + text.encode(),
        "latin": text.encode("latin-1"),
    }.items():
        (tmp_path / f"{name}.cpp").write_bytes(data)
    places = [(finding.line, finding.column) for finding in lint([tmp_path], jobs=1).findings]
    assert places == [(2, 33)] * 4


def test_add_definitions_keeps_all_that_it_is_given(tmp_path: Path) -> None:
    """Unlike add_compile_options(), which makes a list and drops what is there already."""
    text = "add_definitions(-s DISABLE_EXCEPTION_CATCHING=0 -s STRICT=1)\n"
    (tmp_path / "CMakeLists.txt").write_text(text)
    assert not any(one.rule == "ES009" for one in lint([tmp_path]).findings)
    options = text.replace("add_definitions", "add_compile_options")
    (tmp_path / "CMakeLists.txt").write_text(options)
    assert [one.rule for one in lint([tmp_path]).findings].count("ES009") == 2


def test_what_only_native_targets_are_made_of_is_not_judged(tmp_path: Path) -> None:
    """A source that a web build has, too, is."""
    loop = "#include <sys/socket.h>\nint main() { while (recv(3, 0, 0, 0) < 0) {} }\n"
    for name in ("server.cpp", "both.cpp"):
        (tmp_path / name).write_text(loop)
    (tmp_path / "CMakeLists.txt").write_text(
        "if(NOT EMSCRIPTEN)\n  add_executable(server server.cpp both.cpp)\nendif()\n"
        "add_executable(app both.cpp)\nemsockets_target(app)\n"
    )
    report = lint([tmp_path], jobs=1)
    assert {Path(finding.path).name for finding in report.findings} == {"both.cpp"}


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("ThingConfig.cmake.in", "# a package\n@PACKAGE_INIT@\ninclude(x.cmake)\n", []),
        ("ThingConfig.cmake.in", "include(x.cmake)\n  @MORE@\n" + BAD, ["ES009"]),
        ("ThingConfig.cmake.in", "include(x.cmake)\n@MORE@ and words\n", ["ES047"]),
        ("config.h.cmake", "#cmakedefine HAVE_POLL\nint x;\n", []),
        ("INSTALL.cmake", "How to build\n============\n(with CMake)\n", []),
        ("broken.cmake", "project(p)\nHow to build\n", ["ES047"]),
        ("CMakeLists.txt", "How to build\n", ["ES047"]),
    ],
)
def test_cmake_with_a_mistake_is_told_from_what_only_looks_like_cmake(
    name: str, text: str, found: list[str], tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    assert [finding.rule for finding in lint([tmp_path], jobs=1).findings] == found
