"""``emsockets serve`` as people start it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from emsockets_build.cli import main
from emsockets_build.process import child_process
from tests.server.rawclient import Frame, RawClient, frame, handshake

_SECONDS = 20.0 * float(os.environ.get("EMSOCKETS_TEST_TIME_SCALE", "1"))


@contextmanager
def _serving(*arguments: str, urls: int = 1) -> Iterator[tuple[subprocess.Popen[bytes], list[str]]]:
    command = [sys.executable, "-m", "emsockets_build", "serve", *arguments]
    with child_process(command) as child:
        stopper = threading.Timer(_SECONDS, child.kill)
        stopper.start()
        try:
            assert child.stdout is not None
            lines = [child.stdout.readline().decode() for _ in range(urls)]
            assert all(line.startswith("READY ws") for line in lines), lines
            yield child, [line.removeprefix("READY ").strip() for line in lines]
        finally:
            stopper.cancel()


def _port(url: str) -> int:
    return int(url.rsplit(":", 1)[1].strip("/"))


def _end(child: subprocess.Popen[bytes], number: int) -> tuple[int, str]:
    child.send_signal(number)
    _, stderr = child.communicate(timeout=_SECONDS)
    return child.returncode, stderr.decode()


def test_a_port_for_each_behaviour_and_a_log(tmp_path: Path) -> None:
    """READY lines on standard output in the order asked for; Ctrl-C is 130."""
    record = tmp_path / "events.jsonl"
    with _serving("echo", "close?code=1011", "--record", str(record), urls=2) as (child, urls):
        with RawClient(_port(urls[0])) as client:
            client.open()
            client.send(frame(2, b"\x1b[2Jhello"))
            assert client.read_frame() == Frame(2, b"\x1b[2Jhello")
        with RawClient(_port(urls[1])) as client:
            assert client.open().read_close() == 1011
        code, log = _end(child, signal.SIGINT)
    assert code == 130
    assert "\x1b" not in log
    assert "echo: " in log
    assert "hello" in log
    assert "1011 (internal error)" in log
    events = [json.loads(line) for line in record.read_text().splitlines()]
    assert {event["server"] for event in events} == set(urls)


def test_without_a_behaviour_the_path_chooses() -> None:
    """And SIGTERM is an ordinary end; `--quiet` leaves standard error empty."""
    with _serving("--quiet") as (child, urls):
        with RawClient(_port(urls[0])) as client:
            assert client.open("/close?code=4000").read_close() == 4000
        assert _end(child, signal.SIGTERM) == (0, "")


def test_a_relay_with_a_token() -> None:
    """Only who knows it gets through."""
    with _serving("echo", "--quiet") as (_, upstreams):
        target = f"127.0.0.1:{_port(upstreams[0])}"
        with _serving("--relay", target, "--token", "abc", "--quiet") as (_, urls):
            with RawClient(_port(urls[0])) as client:
                client.send(handshake())
                assert client.read_head()[0] == 403
            with RawClient(_port(urls[0])) as client:
                client.open("/?token=abc")
                client.send(frame(2, handshake()))
                answer = client.read_frame()
                assert answer is not None
                assert answer.payload.startswith(b"HTTP/1.1 101")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["ecko"], "did you mean `echo`"),
        (["close?after=x"], "whole number"),
        (["--relay", "nowhere"], "HOST:PORT"),
        (["--relay", "127.0.0.1:1", "echo"], "leave the other behaviours out"),
        (["--relay", "127.0.0.1:1", "--host", "0.0.0.0"], "--token"),
        (["--relay", "no-such-name.invalid:1"], "does not resolve"),
        (["--port", "70000"], "no port"),
        (["--static", "no-such-folder"], "no folder"),
        (["--cert", "missing.pem"], "cannot be used"),
        (["--key", "missing.pem"], "--cert"),
        (["--host", "203.0.113.7"], "cannot listen"),
        (["--page", "no-such-page.html"], "does not exist"),
        (["--page", "/bin/sh"], "is no page"),
        (["--page", "x.html", "--static", "."], "choose one"),
        (["--open"], "--inspect"),
    ],
)
def test_what_cannot_work_is_said_with_exit_code_2(
    arguments: Sequence[str], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is served."""
    assert main(["serve", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert word in captured.err


def test_the_list_for_people_and_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """Both from the same table."""
    assert main(["serve", "--list"]) == 0
    text = capsys.readouterr().out
    assert main(["serve", "--list", "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert (table["schema"], table["command"]) == (1, "serve")
    for behaviour in table["behaviours"]:
        assert behaviour["name"] in text
        assert behaviour["summary"] in text
        for parameter in behaviour["parameters"]:
            assert f"{parameter['name']}=" in text
