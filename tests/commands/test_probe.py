"""The command: what it prints, what it exits with, what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emsockets_build.cli import main
from emsockets_build.server import TestServer
from tests.probe.servers import closed_port, say


def _probe(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["probe", *words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_good_server_exits_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    with TestServer("echo") as server:
        code, out, _ = _probe(capsys, server.url)
    assert code == 0
    assert "5 of 5 clients would work" in out
    assert "fails" not in out


def test_only_the_clients_that_are_asked_decide(capsys: pytest.CaptureFixture[str]) -> None:
    with TestServer("no-subprotocol") as server:
        assert _probe(capsys, server.url, "--client", "firefox")[0] == 0
        code, out, _ = _probe(capsys, server.url, "--client", "chrome", "--client", "firefox")
    assert code == 1
    assert "[subprotocol-not-selected]" in out
    assert "remedy: " in out


def test_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    with TestServer("echo-text") as server:
        code, out, err = _probe(capsys, server.url, "--json")
    report = json.loads(out)
    assert (code, err) == (1, "")
    assert (report["schema"], report["command"], report["verdict"]) == (1, "probe", "fail")
    causes = {one["client"]: one["cause"] and one["cause"]["id"] for one in report["clients"]}
    assert causes["node"] == "text-frames-dropped"
    assert causes["chrome"] is None
    assert {"check": "ping", "state": "ok", "found": "answered"} in report["checks"]


def test_host_and_port_are_enough(capsys: pytest.CaptureFixture[str]) -> None:
    with TestServer("echo") as server:
        for words in (f"127.0.0.1:{server.port}", f"localhost:{server.port}", f":{server.port}"):
            assert _probe(capsys, words)[0] == 0


def test_lists_may_be_written_as_emscripten_takes_them(capsys: pytest.CaptureFixture[str]) -> None:
    with TestServer("echo", subprotocols=("chat",)) as server:
        assert _probe(capsys, server.url, "--subprotocol", "binary,chat")[0] == 0
        assert _probe(capsys, server.url, "--subprotocol", "none")[0] == 1


def test_a_size_that_is_demanded_decides(capsys: pytest.CaptureFixture[str]) -> None:
    with TestServer("max-size?limit=5000") as server:
        assert _probe(capsys, server.url)[0] == 0
        assert _probe(capsys, server.url, "--max-size", "4KiB")[0] == 0
        code, out, _ = _probe(capsys, server.url, "--max-size", "8KiB")
    assert code == 1
    assert "[message-too-big]" in out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["tcp://127.0.0.1:80"], "the scheme `tcp`"),
        (["ws://"], "no host name"),
        (["127.0.0.1:99999"], "Port out of range 0-65535"),
        (["127.0.0.1:0"], "there is no port 0"),
        (["ws://a b/"], "no blanks"),
        (["ws://user:secret@localhost/"], "user name or password"),
        (["ws://localhost/#part"], "fragment"),
        (["ws://[::zz]/"], "why:"),
        (["localhost:80", "--timeout", "0"], "no time for --timeout"),
        (["localhost:80", "--timeout", "nan"], "no time for --timeout"),
        (["localhost:80", "--idle", "-1"], "no time for --idle"),
        (["localhost:80", "--max-size", "many"], "no size of a message"),
        (["localhost:80", "--max-size", "5GiB"], "no size of a message"),
        (["localhost:80", "--max-size", "1kbb"], "no size of a message"),
        (["localhost:80", "--subprotocol", "a b"], "no name of a subprotocol"),
        (["localhost:80", "--subprotocol", "a,a"], "named twice"),
        (["localhost:80", "--page", "file:///x.html"], "the scheme `file`"),
        (["localhost:80", "--ca-file", "/does/not/exist"], "No such file"),
        (["localhost:80", "--ca-file", __file__], "cannot be used"),
        (["localhost:80", "--client", "safari"], "invalid choice"),
    ],
)
def test_bad_input_is_said_in_words(
    capsys: pytest.CaptureFixture[str], words: list[str], expected: str
) -> None:
    code, out, err = _probe(capsys, *words)
    assert (code, out) == (2, "")
    assert expected in err
    assert "Traceback" not in err


def test_nothing_there_is_a_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _probe(capsys, f"127.0.0.1:{closed_port()}")
    assert code == 1
    assert "every client: nothing listens at" in out
    assert "[server-not-listening]" in out


def test_a_name_that_does_not_exist_is_a_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _probe(capsys, "ws://no-such-host.invalid:9000/", "--timeout", "3")
    assert code == 1
    assert "[name-not-found]" in out


def test_what_a_server_says_cannot_move_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    head = b"HTTP/1.1 400 \x1b[2J\x1b]0;owned\x07 Bad\r\nServer: x\x1b[31m\r\nContent-Length: 6"
    with say(head + b"\r\n\r\n\x1b[31m!!", close=True) as port:
        code, out, _ = _probe(capsys, f"127.0.0.1:{port}")
    assert code == 1
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "\\x1b" in out


def test_the_table_fits_what_the_readme_promises(tmp_path: Path) -> None:
    """Every client of the parser is one that is judged."""
    from emsockets_build.arguments import Parser
    from emsockets_build.commands import probe
    from emsockets_build.probe import CLIENTS

    parser = Parser()
    probe.populate_parser(parser)
    for name in CLIENTS:
        assert parser.parse_args(["x", "--client", name]).client == [name]
    assert not list(tmp_path.iterdir())
