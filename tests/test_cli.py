from __future__ import annotations

import importlib
import os
import pickle
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import emsockets_build
from emsockets_build import cli, commands
from emsockets_build.errors import (
    BuildFailedError,
    CheckFailedError,
    EmSocketsError,
    ToolMissingError,
    UsageError,
)


def test_every_command_has_its_module_and_every_module_its_line() -> None:
    """The list in cli.py, which is there for speed, names just the modules that are commands."""
    modules = {
        info.name
        for info in pkgutil.iter_modules(commands.__path__)
        if hasattr(importlib.import_module(f"{commands.__name__}.{info.name}"), "populate_parser")
    }
    assert modules == set(cli.COMMANDS)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--help succeeds and describes the command."""
    assert cli.main([name, "--help"]) == 0
    assert name in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """--version prints the one version number."""
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"emsockets {emsockets_build.__version__}\n"


def test_no_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing to do is exit code 2, with the list of commands."""
    assert cli.main([]) == 2
    assert "snippet" in capsys.readouterr().err


def test_unknown_command_is_told_what_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    """A typo costs one look."""
    assert cli.main(["snipet", "game"]) == 2
    assert "did you mean `snippet`?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CheckFailedError("x"), 1),
        (UsageError("x"), 2),
        (ToolMissingError("x"), 3),
        (BuildFailedError("x"), 4),
        (KeyboardInterrupt(), 130),
    ],
)
def test_exceptions_become_exit_codes(
    error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One place maps the tree to the documented codes."""

    def fail(_: object) -> int:
        raise error

    monkeypatch.setattr("emsockets_build.commands.cmakedir.run", fail)
    assert cli.main(["cmakedir"]) == code


def test_error_text_cannot_drive_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a program said is shown, not obeyed."""

    def fail(_: object) -> int:
        raise UsageError("bad", why="\x1b[2Jgone", remedy="look")

    monkeypatch.setattr("emsockets_build.commands.cmakedir.run", fail)
    cli.main(["cmakedir"])
    err = capsys.readouterr().err
    assert "\\x1b[2Jgone" in err
    assert "\x1b" not in err


def test_errors_travel_between_processes() -> None:
    """Every part of an error survives pickling."""
    error = UsageError("what", where="here", why="because", remedy="do")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert str(copy) == str(error)
    assert isinstance(copy, EmSocketsError)


def test_start_imports_nothing_heavy() -> None:
    """`emsockets --help` must not pay for what only some commands need."""
    script = (
        "import sys; from emsockets_build.cli import main; main(['--help']);"
        "print(sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    heavy = {"asyncio", "rich", "websockets", "uvloop", "subprocess", "dataclasses", "json"}
    assert not heavy & set(eval(done.stderr))  # noqa: S307 - our own output


@pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full")
def test_a_full_disk_is_an_error_in_words() -> None:
    """What the system refuses is said in its words, without a traceback, buffered or not."""
    for unbuffered in ("", "1"):
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(
                [sys.executable, "-m", "emsockets_build", "snippet", "game"],
                stdout=full,
                stderr=subprocess.PIPE,
                env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
                check=False,
            )
        assert done.returncode == 2
        assert done.stderr == b"emsockets snippet: No space left on device\n"


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break otherwise there")
def test_a_reader_that_went_away_is_neither_error_nor_success() -> None:
    """`| head` ends in silence, buffered or not; a verdict that was not read is no pass."""
    for unbuffered in ("", "1"):
        reading, writing = os.pipe()
        os.close(reading)
        try:
            done = subprocess.run(
                [sys.executable, "-m", "emsockets_build", "snippet", "game"],
                stdout=writing,
                stderr=subprocess.PIPE,
                env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
                check=False,
            )
        finally:
            os.close(writing)
        assert (done.returncode, done.stderr) == (1, b"")
