"""``emsockets trace`` on logs of several releases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emsockets_build.cli import main
from tests.transcript import logs


@pytest.mark.parametrize("text", [logs.OLD, logs.NEW])
def test_a_log_is_drawn_without_noise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    """Neither payloads nor RUNTIME_DEBUG, nor the program's own lines."""
    log = tmp_path / "program.log"
    log.write_text(text)
    assert main(["trace", str(log)]) == 0
    printed = capsys.readouterr().out
    assert "connect ws://127.0.0.1:9321/" in printed
    assert "15 B" in printed
    assert "104,101" not in printed
    assert "initRuntime" not in printed
    assert "got hello" not in printed


def test_the_programs_own_lines_come_on_request(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In their place between the events."""
    log = tmp_path / "program.log"
    log.write_text(logs.OLD)
    assert main(["trace", "--output", str(log)]) == 0
    printed = capsys.readouterr().out
    assert printed.index("15 B") < printed.index("got hello emsockets") < printed.index("close")


def test_json_is_one_object_and_the_record_of_a_server_joins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The counts add up to the lines of the log."""
    log, record = tmp_path / "program.log", tmp_path / "server.jsonl"
    log.write_text(logs.NEW)
    record.write_text('{"event": "accepted", "connection": 1, "at": 0.5, "peer": "h:1"}\n')
    assert main(["trace", "--json", "--record", str(record), str(log)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["command"]) == (1, "trace")
    assert document["lines"] == logs.NEW.count("\n")
    assert document["events"][-1]["source"] == "server"


def test_what_cannot_be_read_is_a_usage_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No log, and a record that is none."""
    assert main(["trace", str(tmp_path / "absent")]) == 2
    log = tmp_path / "a.log"
    log.write_text("x")
    assert main(["trace", str(log), "--record", str(log)]) == 2
    assert "remedy" in capsys.readouterr().err
