"""Who may ask the inspector, and what it answers: over real sockets, without a browser."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from tests.inspector.serving import Serving, channel, get, port_of, serving
from tests.server.rawclient import Frame, RawClient, frame, handshake


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    """An echo with an inspector."""
    with serving("--inspect", "echo", "close?after=1") as running:
        yield running


def _asks(server: Serving, path: str, extra: dict[str, str]) -> int:
    with RawClient(port_of(server.inspect)) as client:
        client.send(handshake(path, subprotocols=None, extra=extra))
        return client.read_head()[0]


def test_only_a_page_of_ours_with_the_token_is_let_in(server: Serving) -> None:
    """Not without the token, not from another port or name, not under a rebound name."""
    port = port_of(server.inspect)
    own = {"Host": f"127.0.0.1:{port}", "Origin": f"http://127.0.0.1:{port}"}
    good = f"/inspect/channel?token={server.token}"
    assert _asks(server, good, own) == 101
    assert _asks(server, good, own | {"Origin": ""}) == 101  # no page at all, but it knows
    for path in ("/inspect/channel", "/inspect/channel?token=", "/inspect/channel?token=x"):
        assert _asks(server, path, own) == 403
    for origin in (server.ready.replace("ws", "http")[:-1], "http://localhost:1", "null"):
        assert _asks(server, good, own | {"Origin": origin}) == 403
    rebound = {"Host": f"evil.example:{port}", "Origin": f"http://evil.example:{port}"}
    assert _asks(server, good, rebound) == 403


def test_the_page_is_given_to_this_machine_only_and_may_load_nothing_else(server: Serving) -> None:
    """Its token is in it: nobody of another name gets it."""
    port = port_of(server.inspect)
    assert get(port, "/inspect/", host="evil.example")[0] == 403
    status, headers, body = get(port, "/inspect/")
    assert status == 200
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "script-src 'self';" in headers["content-security-policy"]
    assert "access-control-allow-origin" not in headers
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert b"@TOKEN@" not in body
    assert get(port, "/inspect/", method="POST")[0] == 405
    assert get(port, "/inspect/", method="HEAD")[2] == b""


@pytest.mark.parametrize("path", ["/inspect/../site.py", "/inspect/x.js", "/inspect/a/b", "/x"])
def test_nothing_but_its_own_files(server: Serving, path: str) -> None:
    """By their names."""
    assert get(port_of(server.inspect), path)[0] == 404


@pytest.mark.parametrize("path", ["/", "/inspect"])
def test_other_ways_lead_to_the_page(server: Serving, path: str) -> None:
    """People type what they remember."""
    status, headers, _ = get(port_of(server.inspect), path)
    assert (status, headers["location"]) == (307, "/inspect/")


def test_each_token_is_for_one_run(server: Serving) -> None:
    """And long enough that nobody guesses it."""
    with serving("--inspect") as other:
        assert other.token != server.token
        assert len(other.token) >= 32


def test_history_then_what_happens_without_a_gap(server: Serving) -> None:
    """Events are numbered; those that were before watching and those after follow each other."""
    with RawClient(server.port) as client, channel(server) as (page, _):
        client.open("/")
        client.send(frame(2, b"before"))
        assert client.read_frame() == Frame(2, b"before")
        key = page.next("news")["connections"][-1]["id"]
        page.send(id=0, do="watch", connection=key)
        history = page.next("events")
        client.send(frame(1, b"after"))
        assert client.read_frame() == Frame(1, b"after")
        events = history["events"]
        while events[-1].get("from") != "server" or events[-1].get("op") != 1:
            events += page.next("news").get("events", [])
        assert [event["n"] for event in events] == list(range(len(events)))
        frames = [event for event in events if event["kind"] == "frame"]
        assert [(one["from"], one["op"], base64.b64decode(one["data"])) for one in frames] == [
            ("client", 2, b"before"),
            ("server", 2, b"before"),
            ("client", 1, b"after"),
            ("server", 1, b"after"),
        ]
        assert "latency" not in frames[0]
        assert all(one["latency"] >= 0 for one in frames[1:])
        [connection] = history["connections"]
        assert (connection["state"], connection["messages_in"]) == ("open", 1)


def test_a_whole_payload_on_demand(server: Serving) -> None:
    """The feed has its beginning; the record has more, up to its limit."""
    payload = bytes(range(256)) * 400
    with RawClient(server.port) as client, channel(server) as (page, _):
        client.open()
        client.send(frame(2, payload))
        assert client.read_frame() == Frame(2, payload)
        key = page.next("news")["connections"][-1]["id"]
        page.send(id=0, do="watch", connection=key)
        [event] = [e for e in page.next("events")["events"] if e.get("from") == "client"]
        assert base64.b64decode(event["data"]) == payload[:256]
        assert (event["size"], event["kept"]) == (len(payload), 64 * 1024)
        answer = page.ask(do="payload", connection=key, event=event["n"])
        assert base64.b64decode(answer["data"]) == payload[: 64 * 1024]
        for number in (0, 99, -1):
            assert page.ask(do="payload", connection=key, event=number)["type"] == "refused"


def test_buttons_act(server: Serving) -> None:
    """And the answer says how the connection stands now."""
    with RawClient(server.port) as client, channel(server) as (page, _):
        client.open()
        key = page.next("news")["connections"][-1]["id"]
        answer = page.ask(do="freeze", connection=key)
        assert answer["connections"][0]["control"] == {"frozen": True, "delay": 0, "split": 0}
        page.ask(do="thaw", connection=key)
        page.ask(do="send-text", connection=key, text="<b>")
        assert client.read_frame() == Frame(1, b"<b>")
        page.ask(do="send-hex", connection=key, text="00 ff")
        assert client.read_frame() == Frame(2, b"\0\xff")
        page.ask(do="ping", connection=key)
        assert client.read_frame() == Frame(9, b"")
        page.ask(do="split", connection=key, size=2)
        page.ask(do="delay", connection=key, seconds=0.01)
        client.send(frame(2, b"late and small"))
        assert client.read_frame() == Frame(2, b"late and small")
        assert page.ask(do="close", connection=key, code=1006)["type"] == "refused"
        assert page.ask(do="close", connection=key, code=1012, reason="x")["type"] == "done"
        assert client.read_close() == 1012


def test_several_servers_and_what_is_gone(server: Serving) -> None:
    """A connection is its server's place and its number."""
    with channel(server) as (page, hello):
        assert [one["behaviour"] for one in hello["servers"]] == ["echo", "close"]
        assert hello["servers"][0]["url"] == server.ready
        for key in ("0.999", "9.1", "1.77"):
            assert page.ask(do="abort", connection=key)["type"] == "refused"
            assert page.ask(do="watch", connection=key)["type"] == "refused"
            assert page.ask(do="export", connection=key, format="har")["type"] == "refused"
        other = port_of(hello["servers"][1]["url"])
        with RawClient(other) as client:
            client.open()
            client.send(frame(2, b"x"))
            assert client.read_frame() == Frame(2, b"x")
            assert client.read_close() == 1000
        ended: dict[str, object] = {}
        while ended.get("state") != "closed":
            ended = next(
                (one for one in page.next("news")["connections"] if one["server"] == 1), ended
            )
        assert ended["id"] == "1.1"
        assert str(ended["ending"]).startswith("closed by the server, 1000")
        har = page.ask(do="export", connection="1.1", format="har")["document"]
        assert har["log"]["entries"][0]["_webSocketMessages"][0]["type"] == "send"


def test_a_flood_is_told_within_bounds(server: Serving) -> None:
    """What a page cannot be told is counted; the totals are right all the same."""
    with RawClient(server.port) as client, channel(server) as (page, _):
        client.open()
        key = page.next("news")["connections"][-1]["id"]
        page.send(id=0, do="watch", connection=key)
        page.next("events")
        for _ in range(40):
            client.send(frame(2, b"x") * 250)
            assert sum(client.read_frame() is not None for _ in range(250)) == 250
        told = skipped = 0
        while told + skipped < 20_000:
            news = page.next("news")
            if news.get("watched") != key:
                continue
            assert len(news["events"]) <= 2000
            told += len(news["events"])
            skipped += news["skipped"]
        assert told + skipped == 20_000
        state = page.ask(do="thaw", connection=key)["connections"][0]
        assert (state["messages_in"], state["messages_out"]) == (10_000, 10_000)
