"""Events as lines for people and as JSON."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from emsockets_build.errors import UsageError
from emsockets_build.server import TestServer
from emsockets_build.server.events import Ended, Event, Fault, FrameSeen, RawBytes, Requested
from emsockets_build.server.journal import EventFile, LiveLog, describe
from emsockets_build.server.service import fan_out
from tests.server.rawclient import RawClient, frame


def test_a_line_tells_and_escapes() -> None:
    """Whatever the peer sent can neither move the cursor nor begin a line."""
    evil = "\x1b[2J\n\u202egnp"
    events: list[Event] = [
        Requested(1, 0.0, "GET", f"/{evil}", (("Sec-WebSocket-Protocol", evil),), "echo"),
        FrameSeen(1, 0.0, "client", 2, True, 5, evil.encode(), ""),  # noqa: FBT003 - as declared
        RawBytes(1, 0.0, "client", 5, evil.encode()),
        Fault(1, 0.0, 1002, evil),
        Ended(1, 0.0, 4000, evil, "client", False),  # noqa: FBT003 - as declared
    ]
    for event in events:
        line = describe(event)
        assert line.isprintable(), line
        assert "\n" not in line


def test_the_live_log_shows_the_first_frames_and_counts_the_rest() -> None:
    """Unless every frame was asked for."""
    short, full = io.StringIO(), io.StringIO()
    logs = (LiveLog(short), LiveLog(full, every_frame=True))

    def observe(event: Event) -> None:
        for log in logs:
            log(event)

    with TestServer("sink", observer=observe) as server:
        with RawClient(server.port) as client:
            client.open()
            client.send(frame(2, b"abc") * 50)
            client.send(frame(8, b"\x03\xe8"))
            client.read_all()
        assert server.wait_idle(10)
    assert short.getvalue().count("binary, 3 bytes") == 20
    assert full.getvalue().count("binary, 3 bytes") == 50
    assert "frames not shown" in short.getvalue()
    assert "closed by the client: 1000 (normal closure)" in full.getvalue()


def test_the_event_file_is_whole_lines_of_json_at_any_moment(tmp_path: Path) -> None:
    """Payloads are base64 up to the limit, then hashed; an old file is continued."""
    path = tmp_path / "sub" / "events.jsonl"
    path.parent.mkdir()
    path.write_text('{"old": true}\n')
    with (
        EventFile(path) as journal,
        TestServer("echo", observer=lambda event: journal.write("ws://x/", event)) as server,
        RawClient(server.port) as client,
    ):
        client.open()
        client.send(frame(2, b"\x00\xff") + frame(2, bytes(5000)))
        client.read_frame()
        client.read_frame()
        lines = path.read_text().splitlines()
    records = [json.loads(line) for line in lines]
    assert records[0] == {"old": True}
    assert [record["event"] for record in records[1:4]] == ["accepted", "requested", "answered"]
    assert {record["schema"] for record in records[1:]} == {1}
    small, large = (record for record in records if record.get("sender") == "client")
    assert (small["size"], small["payload_base64"], small["sha256"]) == (2, "AP8=", "")
    assert large["size"] == 5000
    assert len(large["sha256"]) == 64


def test_a_record_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    """With the path."""
    with pytest.raises(UsageError, match="cannot be written"):
        EventFile(tmp_path)


def test_an_output_that_fails_is_given_up_and_said_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A full disk ends the record, not the connections; the other output goes on."""
    told: list[str] = []

    def full(_event: Event) -> None:
        raise OSError(28, "No space left on device")

    observer = fan_out({"the record": full, "the log": lambda event: told.append(event.kind)})
    with TestServer("echo", observer=observer) as server:
        with RawClient(server.port) as client:
            client.open()
            client.send(frame(2, b"x"))
            assert client.read_frame() is not None
        assert server.wait_idle(10)
    assert told[0] == "accepted"
    assert told[-1] == "ended"
    assert capsys.readouterr().err == "the record ends here: [Errno 28] No space left on device\n"
