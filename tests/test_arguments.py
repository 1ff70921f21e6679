from __future__ import annotations

import pytest

from emsockets_build import cli
from emsockets_build.arguments import build_parser, parse_words
from emsockets_build.commands import run


def parse(*words: str) -> tuple[str | None, list[str]]:
    """Parse the words of `emsockets run`: the server and the program's arguments."""
    parser = build_parser(cli.COMMANDS, "", "run", run)
    arguments = parse_words(parser, ["run", "app.js", *words])
    return arguments.server, arguments.arguments


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], (None, [])),
        (["--", "{host}", "{port}"], (None, ["{host}", "{port}"])),
        (["--server", "sink", "--", "{host}", "--json"], ("sink", ["{host}", "--json"])),
        (["--server", "sink", "--", "a", "--", "b"], ("sink", ["a", "--", "b"])),
        (["--server", "sink", "--"], ("sink", [])),
        (["a", "b", "--server", "sink"], ("sink", ["a", "b"])),
    ],
)
def test_words_behind_two_dashes_are_the_programs(
    words: list[str], expected: tuple[str | None, list[str]]
) -> None:
    """Wherever the options of our own stand."""
    assert parse(*words) == expected


@pytest.mark.parametrize("words", [["--bogus"], ["--server", "sink", "--bogus", "--", "a"]])
def test_unknown_options_before_them_are_still_errors(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse(*words)
    assert "--bogus" in capsys.readouterr().err
