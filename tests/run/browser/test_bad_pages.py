"""Pages that misbehave: bounded, named, and no harm to the next one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from emsockets_build.errors import ToolMissingError, UsageError
from emsockets_build.run.browser import Browsers
from emsockets_build.run.model import RunResult
from emsockets_build.toolchain.browsers import Engine, find_browser
from emsockets_build.verify.diagnose import diagnose
from emsockets_build.verify.evidence import Evidence
from emsockets_build.verify.expect import find_mismatches
from emsockets_build.verify.model import Expectations
from tests.processes import SCALE

pytestmark = pytest.mark.browser
Script = Callable[..., Path]
RunPage = Callable[..., RunResult]


POLICY = """
const policy = document.createElement("meta");
policy.httpEquiv = "Content-Security-Policy";
policy.content = "connect-src 'self'";
document.head.append(policy);
const socket = new WebSocket("ws://127.0.0.1:1234/");
socket.onerror = () => Module.onExit(1);
"""


def cause_of(result: RunResult) -> str:
    """The identifier of the cause; empty for none."""
    mismatches = find_mismatches(Expectations(), result, ())
    cause = diagnose(Evidence(result, (), mismatches, ()))
    return cause.id if cause is not None else ""


@pytest.mark.parametrize(
    ("text", "cause", "seconds"),
    [
        ("setInterval(() => alert('again'), 1);", "page-opens-dialogs", 2),
        ("location.reload();", "page-reloads", 20),
        (
            "setInterval(() => {}, 100); fetch('/').then(() => new Promise(() => {}));",
            "never-exits",
            2,
        ),
        (
            "const kept = []; for (;;) kept.push(new WebAssembly.Memory({initial: 65536}));",
            "crash",
            20,
        ),
        (
            POLICY,
            "content-security-policy",
            20,
        ),
    ],
    ids=["dialogs", "reload", "waits", "memory", "policy"],
)
def test_it_is_bounded_and_named(
    run_page: RunPage, script: Script, text: str, cause: str, seconds: float
) -> None:
    """And the next page is well."""
    result = run_page(script(text), seconds=seconds)
    assert cause_of(result) == cause, result.events
    assert result.seconds < (seconds + 30) * SCALE
    assert run_page(script("Module.print('well')")).stdout == b"well\n"


def test_no_browser_says_which_package_gives_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """For each kind."""
    monkeypatch.setenv("PATH", "/nowhere")
    for engine, package in (
        (Engine.CHROMIUM, "chromium-headless"),
        (Engine.FIREFOX, "firefox-esr"),
    ):
        with pytest.raises(ToolMissingError) as caught:
            find_browser(engine)
        assert package in caught.value.remedy


def test_a_browser_that_is_none_is_named(tmp_path: Path, script: Script) -> None:
    """What was asked for is not there, does not start, or is too old."""
    from emsockets_build.run.model import Program

    program = Program(script("Module.print(1)"))
    with Browsers(tmp_path / "nothing") as browsers, pytest.raises(UsageError, match="no program"):
        browsers.get("chromium").run(program)
    old = tmp_path / "chromium"
    old.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo "Chromium 90.0.4430.212" && exit 0; exit 1\n'
    )
    old.chmod(0o755)
    with Browsers(old) as browsers, pytest.raises(ToolMissingError, match="too old"):
        browsers.get("chromium").run(program)
    old.write_text("#!/bin/sh\necho no display >&2; exit 1\n")
    with Browsers(old) as browsers, pytest.raises(ToolMissingError) as caught:
        browsers.get("chromium").run(program)
    assert "no display" in caught.value.why
