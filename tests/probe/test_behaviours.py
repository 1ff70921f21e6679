"""Every behaviour of the test server, each with the verdict that its clients would confirm."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emsockets_build.probe import CLIENTS, Asked
from emsockets_build.server import TestServer
from emsockets_build.server.behaviours import BEHAVIOURS
from emsockets_build.server.behaviours.framing import GARBAGE
from tests.probe.probing import WORKS, every, probe

_REFUSED = every("handshake-refused")
_NOT_SELECTED = {
    "chrome": "subprotocol-not-selected",
    "firefox": WORKS,
    "node": "subprotocol-not-selected",
    "websocket-api": WORKS,
    "websocket-api-node": WORKS,
}
_TEXT = every(WORKS) | {"node": "text-frames-dropped"}
_WANTS_NONE = _REFUSED | {"websocket-api": WORKS, "websocket-api-node": WORKS}

# Whether this page's promise to clients holds: a spec and what each client gets.
_SPECS: dict[str, dict[str, str]] = {
    "echo": every(WORKS),
    "echo-text": _TEXT,
    "sink": every(WORKS),
    "source": every(WORKS),
    "chat": every(WORKS),
    "datagram": every(WORKS),
    "refuse": _REFUSED,
    "refuse?status=401": _REFUSED,
    "refuse?status=503": _REFUSED,
    "no-subprotocol": _NOT_SELECTED,
    "wrong-subprotocol": every("subprotocol-unexpected"),
    "require-none": _WANTS_NONE,
    "raw-tcp": every("not-a-websocket-server"),
    "raw-tcp?reply=close": every("not-a-websocket-server"),
    "raw-tcp?reply=nothing": every("handshake-unanswered"),
    "raw-tcp?banner=SSH-2.0-x": every("not-a-websocket-server"),
    "slow-accept": every(WORKS),
    "slow-read": every(WORKS),
    "freeze": every("server-silent"),
    "freeze?stage=handshake": every("handshake-unanswered"),
    "latency": every(WORKS),
    "jitter": every(WORKS),
    "ping": every(WORKS),
    "close": every("closed-by-server"),
    "close?code=1011&reason=why": every("closed-by-server"),
    "close?code=1006": every("connection-dropped"),
    "close?after=1": every(WORKS),
    "abort": every("connection-reset"),
    "abort?after=1": every(WORKS),
    "half-close": every("connection-dropped"),
    "max-size": every(WORKS),
    "max-size?limit=5000": every(WORKS),
    "split": every(WORKS),
    "merge": every(WORKS),
    "fragment?size=4&pings=yes": every(WORKS),
    "huge": every(WORKS),
    **{f"garbage?kind={kind}": every("protocol-error") for kind in GARBAGE},
}


def test_every_behaviour_of_the_catalogue_is_judged() -> None:
    assert {spec.partition("?")[0] for spec in _SPECS} == set(BEHAVIOURS)


# The most patient step is the only one that a silent server costs.
_SECONDS = 2.0


@pytest.mark.parametrize("spec", _SPECS)
def test_each_behaviour_has_its_verdict(spec: str) -> None:
    with TestServer(spec) as server:
        found = probe(server.url, timeout=_SECONDS, max_size=16384)
    assert found.causes == _SPECS[spec], found.checks


@pytest.fixture(scope="module")
def server() -> Iterator[TestServer]:
    """A server that is asked by path."""
    with TestServer(by_path=True) as one:
        yield one


def test_a_healthy_server_is_told_in_all_its_parts(server: TestServer) -> None:
    found = probe(server.url)
    assert found.causes == every(WORKS)
    assert found.checks["echo"].startswith("a binary message came back")
    assert found.checks["ping"] == found.checks["close"] == "answered"
    assert found.checks["size"] == "1,048,576 bytes in one message"
    conditions = {one.condition for one in found.verdicts if one.client.chooses}
    assert conditions == {'with attributes.protocols = "binary"'}


def test_the_remedy_for_no_subprotocol_was_seen_to_open(server: TestServer) -> None:
    cause = probe(f"{server.url}no-subprotocol").cause("chrome")
    assert "-sWEBSOCKET_SUBPROTOCOL=null (seen to open)" in cause.remedy
    assert [fix.code for fix in cause.fixes] == ["emsockets serve --subprotocol binary"]


def test_a_program_that_offers_nothing_works_without_subprotocol(server: TestServer) -> None:
    assert probe(f"{server.url}no-subprotocol", subprotocols=()).causes == every(WORKS)
    assert probe(f"{server.url}require-none", subprotocols=()).causes == every(WORKS)
    refused = probe(f"{server.url}echo", subprotocols=())
    assert refused.causes == _REFUSED
    assert "offer the subprotocol `binary`" in refused.cause("node").remedy


def test_the_size_that_a_server_takes_is_found_by_doubling(server: TestServer) -> None:
    """A limit is a failure only for who needs more."""
    url = f"{server.url}max-size?limit=5000"
    assert (
        "4,096 bytes are taken; at 8,192 the connection is closed (1009)"
        in (probe(url, max_size=16384).checks["size"])
    )
    needed = probe(url, max_size=16384, asked=Asked(("chrome",), sizes=True))
    assert needed.causes == {"chrome": "message-too-big"}
    enough = probe(url, max_size=5000, asked=Asked(("chrome",), sizes=True))
    assert enough.causes == {"chrome": WORKS}


def test_a_server_that_counts_messages_is_not_taken_for_one_that_measures(
    server: TestServer,
) -> None:
    found = probe(f"{server.url}close?after=1", max_size=16384)
    assert found.checks["size"] == "16,384 bytes in one message"


def test_a_slow_handshake_is_noted(server: TestServer) -> None:
    found = probe(f"{server.url}slow-accept?delay=0.7")
    assert "after 0." in found.checks["binary, as Chrome"]


def test_close_code_and_reason_are_told(server: TestServer) -> None:
    found = probe(f"{server.url}close?code=4001&reason=no%20seat")
    assert '4001, saying "no seat"' in found.cause("chrome").summary


def test_an_echo_is_no_bridge(server: TestServer) -> None:
    """An echo sends the call back, which is no answer to it."""
    found = probe(f"{server.url}echo", asked=Asked(("proxy",)), subprotocols=("binary",))
    assert found.causes == {"proxy": "handshake-refused"}
    plain = probe(f"{server.url}require-none", asked=Asked(("proxy",)))
    assert plain.causes == {"proxy": "wrong-bridge"}


def test_another_path_of_the_server_that_opens_is_found(server: TestServer) -> None:
    found = probe(f"{server.url}game")
    assert found.seen.elsewhere == "/"
    assert f"-sWEBSOCKET_URL={server.url}" in found.cause("node").remedy


def test_an_idle_connection_that_is_ended_is_a_failure_where_it_was_asked(
    server: TestServer,
) -> None:
    ended = probe(f"{server.url}close?code=1001", idle=0.5, asked=Asked(("node",), idle=True))
    assert ended.seen.idle_end is not None
    kept = probe(server.url, idle=0.5, asked=Asked(tuple(CLIENTS), idle=True))
    assert kept.checks["idle"] == "kept for 0.5 s"
    assert kept.causes["node"] == WORKS
