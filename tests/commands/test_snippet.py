from __future__ import annotations

from pathlib import Path

import pytest

from emsockets_build.cli import main


def test_prints_the_module_call(capsys: pytest.CaptureFixture[str]) -> None:
    """Without options it is the two lines that the README shows."""
    assert main(["snippet", "game", "--wait", "asyncify"]) == 0
    assert capsys.readouterr().out == (
        "find_package(EmSockets REQUIRED)\nemsockets_target(game WAIT asyncify)\n"
    )


def test_refuses_to_overwrite(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody's file is only replaced when they say so."""
    path = tmp_path / "sockets.cmake"
    assert main(["snippet", "game", "-o", str(path)]) == 0
    first = path.read_text()
    assert main(["snippet", "other", "-o", str(path)]) == 2
    assert "exists already" in capsys.readouterr().err
    assert path.read_text() == first
    assert main(["snippet", "other", "-o", str(path), "--force"]) == 0
    assert "other" in path.read_text()


def test_update_keeps_a_block_current(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first run adds the block, the next ones keep it current, byte for byte elsewhere."""
    path = tmp_path / "CMakeLists.txt"
    path.write_bytes(b"project(game) # \xe9\n")
    for wait, word in (("jspi", "updated"), ("jspi", "already current"), ("pthread", "updated")):
        assert main(["snippet", "game", "--update", str(path), "--wait", wait]) == 0
        assert word in capsys.readouterr().err
    text = path.read_bytes()
    assert text.startswith(b"project(game) # \xe9\n")
    assert text.count(b"emsockets_target(") == 1
    assert b"WAIT pthread" in text


@pytest.mark.parametrize(
    "arguments",
    [
        ["game", "--backend", "tcp"],
        ["game", "--url", "127.0.0.1"],
        ["game", "--subprotocol", "1"],
        ["game", "--emscripten", "latest", "--style", "standalone"],
        ["game", "--emscripten", "6.0.5"],
        ["game", "--update", "no/such/file"],
        ["two words"],
    ],
)
def test_bad_input_is_exit_code_2_with_a_remedy(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every mistake says what to do, and nothing is printed that could be taken for CMake."""
    assert main(["snippet", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "remedy:" in err
