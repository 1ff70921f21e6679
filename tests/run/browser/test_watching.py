"""Pages that are served elsewhere: watched as they are, and judged by their WebSockets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from emsockets_build.run.browser import Browsers
from emsockets_build.run.ports import free_port
from emsockets_build.transcript.event import Kind
from emsockets_build.verify import Expectations, Outcome, Runtime, Scenario, execute
from emsockets_build.verify.sockets import sockets_of
from tests.processes import SCALE
from tests.run.browser.conftest import of
from tests.run.browser.pages import SILENT, Answer, elsewhere, page

pytestmark = pytest.mark.browser
Watch = Callable[..., Outcome]

SECONDS = 2.0 * SCALE
CLIENT = """
const url = new URLSearchParams(location.search).get("server");
const socket = new WebSocket(url, ["binary"]);
socket.binaryType = "arraybuffer";
socket.onopen = () => socket.send(new TextEncoder().encode("four"));
socket.onmessage = ({ data }) => console.log("came", data.byteLength);
"""


@pytest.fixture
def watch(browsers: Browsers, engine: str) -> Watch:
    """Watch a page in each kind of browser."""

    def run(url: str, server: str = "", seconds: float = SECONDS) -> Outcome:
        scenario = Scenario(
            url, Path(), runner=engine, server=server, timeout=seconds, url=url,
            expectations=Expectations(exit_code=None),
        )  # fmt: skip
        return execute(scenario, Runtime(browsers=browsers))

    return run


def cause_of(outcome: Outcome) -> str:
    """The identifier of the cause; empty if it passed."""
    return outcome.cause.id if outcome.cause is not None else ""


def test_a_page_that_is_well_passes_with_what_its_sockets_did(watch: Watch) -> None:
    """It need not end; the server that it talks to may be ours."""
    with elsewhere({"/game.html": page(CLIENT)}) as origin:
        outcome = watch(f"{origin}/game.html?server={{url}}#part", "echo")
    result = outcome.result
    assert outcome.passed, outcome.mismatches
    assert (result.exit_code, result.timed_out, result.stdout) == (None, False, b"came 4\n")
    (socket,) = sockets_of(result.events)
    assert (socket.subprotocol, socket.state) == ("binary", "open to the end")
    assert (socket.sent_bytes, socket.received_bytes) == (4, 4)
    assert outcome.connections[0].bytes_in == 4
    assert of(result, Kind.START)[0].detail["url"] == outcome.scenario.url.replace(
        "{url}", socket.url
    )


def test_the_sockets_of_its_frames_are_its_own(watch: Watch) -> None:
    """As games are put into the pages of others."""
    frame = Answer(b"<!doctype html><iframe id=f></iframe><script>"
                   b"f.src = 'game.html' + location.search</script>")  # fmt: skip
    with elsewhere({"/": frame, "/game.html": page(CLIENT)}) as origin:
        outcome = watch(f"{origin}/?server={{url}}", "echo")
    assert outcome.passed, outcome.mismatches
    (socket,) = sockets_of(outcome.result.events)
    assert (socket.sent_messages, socket.received_messages) == (1, 1)


def test_a_page_that_connects_again_is_judged_by_its_last_socket(watch: Watch) -> None:
    """Once it has recovered all is well."""
    again = """
    const url = new URLSearchParams(location.search).get("server");
    const connect = (path) => {
      const socket = new WebSocket(url, ["binary"]);
      socket.onclose = () => setTimeout(connect, 50);
      socket.onopen = () => socket.send("x");
    };
    connect();
    """
    with elsewhere({"/": page(again)}) as origin:
        ends = watch(f"{origin}/?server={{url}}", "close?after=1&code=1011")
        sockets = sockets_of(ends.result.events)
    assert len(sockets) > 1
    assert {socket.close_code for socket in sockets[:-1]} == {1011}
    assert (cause_of(ends) == "closed-by-server") or sockets[-1].close_code is None


@pytest.mark.parametrize(
    ("script", "server", "cause"),
    [
        ("const quiet = 1;", "", "never-connected"),
        (CLIENT, "refuse", "handshake-refused"),
        (CLIENT, "close?after=0&code=1011", "closed-by-server"),
        (CLIENT, "slow-accept?delay=60", "handshake-unanswered"),
        (CLIENT + "socket.onmessage = () => { throw new Error('bad'); };", "echo", "crash"),
        (CLIENT + "socket.onmessage = () => { for (;;); };", "echo", "busy-loop-main"),
        ("setInterval(() => alert('again'), 1);", "", "page-opens-dialogs"),
        ("location.reload();", "", "page-reloads"),
    ],
    ids=["none", "refused", "closed", "unanswered", "exception", "hang", "dialogs", "reload"],
)
def test_what_is_wrong_with_it_has_a_cause(
    watch: Watch, script: str, server: str, cause: str
) -> None:
    """The same as for a program, and its own."""
    with elsewhere({"/": page(script)}) as origin:
        seconds = 20 * SCALE if cause == "page-reloads" else SECONDS
        outcome = watch(f"{origin}/?server={{url}}" if server else f"{origin}/", server, seconds)
    assert cause_of(outcome) == cause, (outcome.mismatches, outcome.result.events)
    assert outcome.result.timed_out == (cause == "busy-loop-main")


def test_a_server_that_is_down_is_named(watch: Watch) -> None:
    """The page's, and the one that it connects to."""
    with elsewhere({"/": page(CLIENT)}) as origin:
        outcome = watch(f"{origin}/?server=ws://127.0.0.1:{free_port()}/")
    assert cause_of(outcome) == "server-not-listening"
    outcome = watch(f"{origin}/")
    assert cause_of(outcome) == "page-not-loaded"
    assert "REFUSED" in outcome.mismatches[0].found


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer(b"<h1>nothing here</h1>", 404), "404"),
        (Answer(status=503), "503"),
        (SILENT, "no answer"),
        (Answer(status=302, headers=(("Location", "/"),)), "REDIRECT"),
        (Answer(b"\0\1", type="application/octet-stream"), ""),
    ],
    ids=["404", "503-without-a-page", "silent", "redirects", "download"],
)
def test_a_page_that_does_not_come_is_named(watch: Watch, answer: Answer, why: str) -> None:
    """And the browser is as good as before."""
    with elsewhere({"/": answer, "/well": page(CLIENT)}) as origin:
        outcome = watch(f"{origin}/")
        assert cause_of(outcome) == "page-not-loaded", outcome.result.events
        assert why in outcome.mismatches[0].found.replace("redirect", "REDIRECT")
        assert outcome.result.seconds < SECONDS + 10 * SCALE
        assert watch(f"{origin}/well?server={{url}}", "echo").passed
