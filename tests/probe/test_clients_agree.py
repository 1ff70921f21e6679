"""The verdicts held against the clients themselves: Chromium, Firefox, ws and Node's WebSocket."""

from __future__ import annotations

import contextlib
import json
import queue
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from emsockets_build.probe import CLIENTS, Asked, judge
from emsockets_build.probe.case import Case
from emsockets_build.probe.handshaking import by_handshake
from emsockets_build.probe.software import recognise
from emsockets_build.server import TestServer
from tests.generations import Tools
from tests.probe.crafted import REPLIES
from tests.probe.probing import probe
from tests.probe.servers import _running, answering, program

_SPECS = ("echo", "no-subprotocol", "wrong-subprotocol", "require-none", "refuse", "slow-accept",
          "raw-tcp?reply=close", "close", "refuse?status=503")  # fmt: skip
# The rules of which client are applied to which handshake of the probe.
_SENDERS = {
    "chrome": ("chrome", "chrome"),
    "chrome, none": ("chrome", "none"),
    "firefox": ("firefox", "firefox"),
    "firefox, none": ("firefox", "none"),
    "ws": ("node", "ws"),
    "undici": ("websocket-api-node", "undici"),
    "undici, none": ("websocket-api-node", "undici-none"),
}


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[str, str]]:
    """Servers that differ in their handshake, by name."""
    with contextlib.ExitStack() as stack:
        found = {spec: stack.enter_context(TestServer(spec)).url for spec in _SPECS}
        for name, (answer, _) in REPLIES.items():
            port = stack.enter_context(answering(answer))
            found[name] = f"ws://127.0.0.1:{port}/"
        yield found


@pytest.fixture(scope="module")
def expected(urls: dict[str, str]) -> dict[str, dict[str, bool]]:
    """What the probe says of each server: which handshakes open a connection."""
    return {name: _opening(url) for name, url in urls.items()}


def _opening(url: str) -> dict[str, bool]:
    found = probe(url, timeout=2, max_size=0)
    case = Case(found.seen, Asked(()), recognise(found.seen.exchanges))
    assert judge(found.seen, Asked(tuple(CLIENTS)))
    return {
        name: not list(by_handshake(case, CLIENTS[client], found.seen.exchanges[handshake]))
        for name, (client, handshake) in _SENDERS.items()
    }


def _expect(
    expected: dict[str, dict[str, bool]], names: tuple[str, ...]
) -> dict[str, dict[str, bool]]:
    return {server: {name: row[name] for name in names} for server, row in expected.items()}


@pytest.mark.node
def test_node_agrees(
    newest_tools: Tools, urls: dict[str, str], expected: dict[str, dict[str, bool]]
) -> None:
    ws = newest_tools.whole.ws
    assert ws is not None
    done = subprocess.run(
        [str(newest_tools.node.path), program("clients.cjs"), *urls.values()],
        env={"NODE_PATH": str(ws.path)}, check=True, stdout=subprocess.PIPE, timeout=120,
    )  # fmt: skip
    opened = json.loads(done.stdout)
    found = {name: opened[url] for name, url in urls.items()}
    assert found == _expect(expected, ("ws", "undici", "undici, none"))


_PAGE = """<script>
const opens = (url, protocols) => new Promise((resolve) => {
  const socket = new WebSocket(url, protocols);
  const done = (result) => () => { resolve(result); socket.close(); };
  socket.onopen = done(true);
  socket.onerror = done(false);
  setTimeout(done(false), 8000);
});
(async () => {
  const found = {};
  for (const url of URLS) found[url] = [await opens(url, ["binary"]), await opens(url, [])];
  await fetch("/done?" + encodeURIComponent(JSON.stringify(found)));
})();
</script>"""


def _in_browser(command: list[str | Path], urls: dict[str, str]) -> dict[str, list[bool]]:
    """Load the page and wait until it tells what opened."""
    results: queue.Queue[str] = queue.Queue()
    body = _PAGE.replace("URLS", json.dumps(list(urls.values())))

    def answer(request: str) -> bytes:
        path = request.split(" ", 2)[1]
        if path.startswith("/done?"):
            results.put(unquote(path.removeprefix("/done?")))
        text = body if path == "/" else ""
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(text)}"
        return f"{head}\r\nConnection: close\r\n\r\n{text}".encode()

    with answering(answer) as port, _running([*command, f"http://127.0.0.1:{port}/"]):
        opened = json.loads(results.get(timeout=120))
    return {name: opened[url] for name, url in urls.items()}


def _found(opened: dict[str, list[bool]], names: tuple[str, str]) -> dict[str, dict[str, bool]]:
    return {server: dict(zip(names, row, strict=True)) for server, row in opened.items()}


@pytest.mark.browser
def test_chromium_agrees(
    urls: dict[str, str], expected: dict[str, dict[str, bool]], tmp_path: Path
) -> None:
    browser = shutil.which("chromium-headless-shell")
    assert browser is not None
    flags = ["--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"]
    opened = _in_browser([browser, *flags, f"--user-data-dir={tmp_path}"], urls)
    names = ("chrome", "chrome, none")
    assert _found(opened, names) == _expect(expected, names)


@pytest.mark.browser
def test_firefox_agrees(
    urls: dict[str, str], expected: dict[str, dict[str, bool]], tmp_path: Path
) -> None:
    browser = shutil.which("firefox-esr")
    assert browser is not None
    (tmp_path / "user.js").write_text(
        'user_pref("network.websocket.delay-failed-reconnects", false);\n'
    )
    opened = _in_browser([browser, "--headless", "--no-remote", "--profile", tmp_path], urls)
    names = ("firefox", "firefox, none")
    assert _found(opened, names) == _expect(expected, names)
