from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.prompt import Prompt

from emsockets_build.cli import main
from emsockets_build.scaffold import (
    RenderedFile,
    find_template,
    list_templates,
    project,
    project_files,
    render,
    write_project,
)


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_writes_a_project_and_says_what_comes_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "game"
    assert main(["init", str(folder), "--template", "socket-echo", "--ci", "github"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert f"next: emsockets check {folder}" in err
    assert ".github/workflows/check.yml" in files(folder)
    assert "project(game " in (folder / "CMakeLists.txt").read_text()


def test_dry_run_shows_the_tree_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "game"
    assert main(["init", str(folder), "--template", "socket-echo", "--dry-run"]) == 0
    assert "socket.cpp" in capsys.readouterr().out
    assert not folder.exists()


def test_list_describes_every_template(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--list"]) == 0
    out = capsys.readouterr().out
    assert all(template.name in out for template in list_templates())
    assert main(["init", "--list", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [entry["name"] for entry in document["templates"]] == [t.name for t in list_templates()]


def test_json_is_one_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["init", str(tmp_path / "game"), "--template", "socket-echo", "--json"]
    assert main(words) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["command"], document["written"]) == (1, "init", True)
    assert set(document["files"]) == files(tmp_path / "game")


def test_asks_on_a_terminal_for_what_no_option_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, object] = {}
    replies = {"template": "socket-echo", "name": "mine", "wait": "pthread", "ci": "none"}

    def reply(what: str, *, default: str, **_: object) -> str:
        asked[what] = default
        return replies[what]

    monkeypatch.setattr(Prompt, "ask", reply)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    assert main(["init", str(tmp_path / "game"), "--server", "split"]) == 0
    assert asked == {
        "template": list_templates()[0].name,
        "name": "game",
        "wait": "asyncify",
        "ci": "none",
    }
    lists = (tmp_path / "game/CMakeLists.txt").read_text()
    assert 'set(ECHO_WAIT "pthread"' in lists
    assert "SERVER split" in lists


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals")
def test_a_person_at_a_terminal_is_asked(tmp_path: Path) -> None:
    """With a real terminal: every question shows its choices, and a wrong word is asked again."""
    import pty

    folder = tmp_path / "my game"
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "emsockets_build", "init", str(folder)]
    child = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True)
    os.close(theirs)
    said = b""
    try:
        for question, answer in (
            (b"template", b"none-such\n"),
            (b"Please select one of the available options", b"socket-echo\n"),
            (b"name (my-game)", b"\n"),
            (b"wait [asyncify/jspi/pthread/events] (asyncify)", b"jspi\n"),
            (b"server", b"\n"),
            (b"ci [github/gitlab/none] (none)", b"github\n"),
        ):
            while question not in _plain(said):
                said += os.read(ours, 4096)
            os.write(ours, answer)
            said = b""
        with contextlib.suppress(OSError):  # Linux's way to say that the other end is closed
            while piece := os.read(ours, 4096):
                said += piece
        assert child.wait(60) == 0
    finally:
        child.kill()
        child.wait()
        os.close(ours)
    assert b"files of socket-echo are in" in _plain(said)
    assert 'set(ECHO_WAIT "jspi"' in (folder / "CMakeLists.txt").read_text()
    assert (folder / ".github/workflows/check.yml").is_file()


def _plain(text: bytes) -> bytes:
    """Leave colours and line breaks out."""
    return re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]|[\r\n]", b"", text)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--template", "none-such"],
        ["--template", "socket-echo", "--name", "two words"],
        ["--template", "socket-echo", "--wait", "sleep"],
        ["--template", "socket-echo", "--backend", "proxy"],
        ["--template", "socket-echo", "--server", "nobody"],
        ["--template", "socket-echo", "--ci", "jenkins"],
        ["--update"],
        ["--update", "--wait", "jspi"],
    ],
)
def test_bad_input_is_exit_code_2_with_a_remedy_and_nothing_is_written(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "game"
    assert main(["init", str(folder), *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "remedy:" in err
    assert not folder.exists()


def test_overwrites_nothing_without_force(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "README.md").write_text("mine")
    words = ["init", str(tmp_path), "--template", "socket-echo", "--name", "game"]
    assert main(words) == 2
    assert "README.md" in capsys.readouterr().err
    assert files(tmp_path) == {"README.md"}
    assert main([*words, "--force"]) == 0


def test_a_project_inside_a_project_needs_force(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "CMakeLists.txt").touch()
    words = ["init", str(tmp_path / "game"), "--template", "socket-echo"]
    assert main(words) == 2
    assert "inside another project" in capsys.readouterr().err
    assert main([*words, "--force"]) == 0


@pytest.mark.parametrize("name", ["semi;colon", 'say "game"', "back\\slash", "new\nline"])
def test_a_folder_that_cmake_cannot_bear_is_refused(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No project could be built there, whoever quotes."""
    words = [str(tmp_path / name), "--template", "socket-echo"]
    assert main(["init", *words]) == 2
    assert "CMake cannot work in a folder" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert main(["init", *words, "--force"]) == 0
    assert main(["check", "--native", str(tmp_path / name)]) == 2
    assert "CMake cannot work in a folder" in capsys.readouterr().err


def test_update_with_something_else_in_a_place_is_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that became a folder, or a record that somebody broke."""
    folder = tmp_path / "game"
    make_project_of_an_older_template(folder, monkeypatch)
    (folder / "CMakeLists.txt").unlink()
    (folder / "CMakeLists.txt").mkdir()
    assert main(["init", str(folder), "--update"]) == 2
    assert "remedy:" in capsys.readouterr().err
    (folder / ".emsockets.json").write_text('{"schema": 1e999}')
    assert main(["init", str(folder), "--update"]) == 2
    assert "record is damaged" in capsys.readouterr().err


def test_update_without_a_change_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "game"
    assert main(["init", str(folder), "--template", "socket-echo"]) == 0
    (folder / "README.md").write_text("mine\n")
    assert main(["init", str(folder), "--update"]) == 0
    assert "as its template makes it today" in capsys.readouterr().err
    assert main(["init", str(folder), "--update", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["changes"] == []
    assert (folder / "README.md").read_text() == "mine\n"


def test_update_reports_conflicts_by_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the project had been made from another README, which both sides then changed."""
    folder = tmp_path / "game"
    make_project_of_an_older_template(folder, monkeypatch)
    (folder / "README.md").write_text("mine\n")
    words = ["init", str(folder), "--update"]
    assert main([*words, "--dry-run"]) == 1
    assert (folder / "README.md").read_text() == "mine\n"
    assert "nothing was written" in capsys.readouterr().err
    assert main([*words, "--json"]) == 1
    (change,) = json.loads(capsys.readouterr().out)["changes"]
    assert (change["path"], change["kind"]) == ("README.md", "conflict")
    assert "<<<<<<< yours\nmine\n" in (folder / "README.md").read_text()


def make_project_of_an_older_template(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write socket-echo with another README than today's."""

    def older(template: Path, values: dict[str, str]) -> tuple[RenderedFile, ...]:
        return tuple(
            RenderedFile(file.path, b"older\n") if file.path.name == "README.md" else file
            for file in render(template, values)
        )

    with monkeypatch.context() as patch:
        patch.setattr(project, "render", older)
        write_project(project_files(find_template("socket-echo"), {"NAME": "game"}), folder)
