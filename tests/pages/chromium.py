"""A headless Chromium that tests drive over its DevTools protocol: pages, keys, pictures."""

from __future__ import annotations

import base64
import itertools
import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from websockets.sync.client import ClientConnection, connect

from emsockets_build.process import child_process
from emsockets_build.toolchain.browsers import Engine, find_browser

__all__ = ["LOOK", "Page", "chromium"]

LOOK = f"({Path(__file__).with_name('look.js').read_text('utf-8')})"
"""An expression whose methods look at a page as a whole."""

_SECONDS = 30.0 * float(os.environ.get("EMSOCKETS_TEST_TIME_SCALE", "1"))
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--remote-debugging-port=0",
)  # fmt: skip


class Page:
    """One page in a context of its own."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self.session = ""
        self.errors: list[str] = []
        """What the console said was wrong, and what nobody caught."""

    def open(self) -> Self:
        """Make the page."""
        context = self.ask("Target.createBrowserContext")["browserContextId"]
        target = self.ask("Target.createTarget", url="about:blank", browserContextId=context)
        found = self.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self.session = found["sessionId"]
        self.context = context
        for domain in ("Page", "Runtime", "Log"):
            self.ask(f"{domain}.enable")
        return self

    def close(self) -> None:
        """Let go of it."""
        self.session = ""
        self.ask("Target.disposeBrowserContext", browserContextId=self.context)

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Give an order and return its result."""
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv(timeout=_SECONDS))
            if answer.get("id") == number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            self._note(answer)

    def _note(self, event: dict[str, Any]) -> None:
        parameters = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(parameters["exceptionDetails"])[:2000])
        elif event.get("method") == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.errors.append(parameters["entry"]["text"])
        elif event.get("method") == "Runtime.consoleAPICalled" and parameters["type"] == "error":
            self.errors.append(json.dumps(parameters["args"])[:2000])

    def go(self, url: str) -> None:
        """Load a page and wait until it has loaded."""
        assert not self.ask("Page.navigate", url=url).get("errorText")
        self.until("document.readyState === 'complete'")

    def run(self, expression: str) -> Any:
        """Evaluate JavaScript, promises awaited, and return its value."""
        answer = self.ask(
            "Runtime.evaluate",
            expression=expression,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def until(self, expression: str) -> Any:
        """Wait until an expression is true, and return its value."""
        end = time.monotonic() + _SECONDS
        while not (value := self.run(expression)):
            assert time.monotonic() < end, f"never true: {expression}; errors: {self.errors}"
            time.sleep(0.02)
        return value

    def text(self, selector: str) -> str:
        """Return what an element says."""
        return str(self.run(f"document.querySelector({json.dumps(selector)})?.textContent ?? ''"))

    def click(self, selector: str) -> None:
        """Click an element."""
        self.run(f"document.querySelector({json.dumps(selector)}).click()")

    def fill(self, selector: str, text: str) -> None:
        """Type into a field, in place of what it holds."""
        self.run(f"document.querySelector({json.dumps(selector)}).select()")
        self.ask("Input.insertText", text=text)

    def press(self, key: str, text: str = "") -> None:
        """Press and release a key."""
        codes = {"Tab": 9, "Enter": 13, " ": 32, "ArrowUp": 38, "ArrowDown": 40}
        code = {"key": key, "windowsVirtualKeyCode": codes[key], "text": text}
        self.ask("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **code)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **code)

    def show(self, *, width: int, height: int = 900, dark: bool = False, media: str = "") -> None:
        """Choose the size of the window, the colours, and the medium."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", media=media, features=[scheme])

    def picture(self, path: Path, *, whole: bool = False) -> None:
        """Save what the page looks like."""
        shot = self.ask("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))


@contextmanager
def chromium() -> Iterator[ClientConnection]:
    """Start a browser; it is gone at the end."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = find_browser(Engine.CHROMIUM).path
        command: list[str | Path] = [path, *_FLAGS, f"--user-data-dir={folder}", "about:blank"]
        with child_process(command) as child:
            url = None
            while url is None:
                assert child.stderr is not None
                line = child.stderr.readline().decode("utf-8", "replace")
                assert line, "the browser ended before it took orders"
                url = re.search(r"DevTools listening on (ws://\S+)", line)
            with connect(url[1], max_size=None, compression=None) as socket:
                yield socket
