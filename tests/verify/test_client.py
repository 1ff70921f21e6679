from __future__ import annotations

import os
import socket
import threading
import time
from types import MappingProxyType

import pytest

from emsockets_build.run.ports import free_port
from emsockets_build.server import TestServer
from emsockets_build.transcript.event import Event, Kind, Source
from emsockets_build.verify.client import ServerVisit, StopWhenVisited
from emsockets_build.verify.expect import client_mismatches
from emsockets_build.verify.model import ClientRecord

SCALE = float(os.environ.get("EMSOCKETS_TEST_TIME_SCALE", "1"))


def _listening(port: int) -> Event:
    return Event(Kind.LISTEN, Source.PROGRAM, detail=MappingProxyType({"port": port}))


def _visit(behaviour: str, messages: int) -> ClientRecord:
    with TestServer(behaviour) as server:
        visit = ServerVisit(messages)
        visit.on_event(_listening(server.port))
        visit.on_event(_listening(server.port))
        assert visit.done.wait(20 * SCALE)
        assert len(server.connections) == 1, "a program that listens twice is visited once"
    assert visit.record is not None
    return visit.record


def test_every_message_comes_back() -> None:
    """Sizes around the borders of the frame format go out and come back whole."""
    record = _visit("echo", 6)
    assert (record.subprotocol, record.error) == ("binary", "")
    assert (record.messages_sent, record.messages_echoed) == (6, 6)
    assert record.bytes_sent == record.bytes_echoed == 1 + 125 + 126 + 1000 + 65535 + 65536
    assert list(client_mismatches(6, record)) == []


def test_a_server_that_splits_messages_is_still_an_echo() -> None:
    """A socket is a stream: one send may come back in several messages."""
    assert _visit("split?size=10", 3).error == ""


@pytest.mark.parametrize("behaviour", ["close?after=1&code=1011", "refuse?status=403", "abort"])
def test_what_goes_wrong_is_said(behaviour: str) -> None:
    """A program that hangs up or refuses fails the scenario, with the reason."""
    record = _visit(behaviour, 3)
    assert record.error
    (mismatch,) = client_mismatches(3, record)
    assert record.error in mismatch.found


def _plain(port: int) -> Event:
    detail = MappingProxyType({"port": port, "raw": True})
    return Event(Kind.LISTEN, Source.PROGRAM, detail=detail)


def test_a_program_with_real_sockets_is_spoken_to_over_tcp() -> None:
    """BACKEND node under Node: no handshake, no frames."""
    with TestServer("raw-tcp") as server:
        visit = ServerVisit(6)
        visit.on_event(_plain(server.port))
        assert visit.done.wait(20 * SCALE)
    assert visit.record is not None
    assert (visit.record.subprotocol, visit.record.error) == (None, "")
    assert visit.record.bytes_echoed == 1 + 125 + 126 + 1000 + 65535 + 65536
    assert list(client_mismatches(6, visit.record)) == []


def test_a_native_program_is_visited_when_it_listens() -> None:
    """It has no hook that says so: its port is watched, and visited once."""
    port, visit = free_port(), ServerVisit(2)
    with visit.watching(port):
        assert not visit.done.is_set()
        with TestServer("raw-tcp", port=port) as server:
            assert visit.done.wait(20 * SCALE)
            assert len(server.connections) == 1
    assert visit.record is not None
    assert visit.record.error == ""


def test_a_native_program_that_never_listens_is_not_waited_for() -> None:
    """The end of the run ends the watch."""
    visit = ServerVisit(1)
    with visit.watching(free_port()):
        pass
    assert visit.record is None


def test_a_program_that_hangs_up_on_tcp_is_told_so() -> None:
    """In words, as with a WebSocket."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        visit = ServerVisit(3)
        visit.on_event(_plain(listener.getsockname()[1]))
        peer, _ = listener.accept()
        peer.shutdown(socket.SHUT_WR)
        assert visit.done.wait(20 * SCALE)
        peer.close()
    assert visit.record is not None
    assert visit.record.messages_echoed == 0
    assert "the program closed the connection" in visit.record.error


def test_nobody_listens() -> None:
    """Without a listener there is a free port that refuses, and a mismatch that says so."""
    visit = ServerVisit(1)
    visit.on_event(_listening(free_port()))
    assert visit.done.wait(20 * SCALE)
    assert visit.record is not None
    assert "refused" in visit.record.error.lower()
    assert [miss.found for miss in client_mismatches(1, None)] == ["the program never listened"]


def test_run_ends_after_the_visit_or_when_the_caller_says_so() -> None:
    """The visit's end begins the grace; the caller's own stop needs none."""
    visit, stop = ServerVisit(1), threading.Event()
    until = StopWhenVisited(visit, stop, grace=0.0)
    assert not until.is_set()
    visit.done.set()
    deadline = time.monotonic() + 5 * SCALE
    while not until.is_set() and time.monotonic() < deadline:
        pass
    assert until.is_set()
    never = StopWhenVisited(ServerVisit(1), stop, grace=0.0)
    assert not never.is_set()
    stop.set()
    assert never.is_set()
