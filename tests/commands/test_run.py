"""The command line of `emsockets run`: what can be run, and what is said of the rest."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

import emsockets_build.report
from emsockets_build.cli import main
from emsockets_build.run.ports import is_this_machine
from tests.run.browser.pages import elsewhere, page

SCHEMA = Path(emsockets_build.report.__file__).with_name("report.schema.json")
PAGE = "http://127.0.0.1:9/"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "there is nothing to run"),
        (("/bin/echo", "--url", PAGE), "there are two to run"),
        (("--url", PAGE, "--runner", "node"), "node cannot load a page"),
        (("--url", PAGE, "--timeout", "0"), "--timeout 0 is out of range"),
        (("--url", "127.0.0.1:9"), "this is no address of a page"),
        (("--url", "file:///etc/passwd"), "this is no address of a page"),
        (("--url", "http://203.0.113.7/"), "this page is not served on this machine"),
        (("--url", "http://no-such-host.invalid/"), "this page is not served on this machine"),
    ],
)
def test_what_cannot_be_run_is_wrong_usage(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before any browser is started."""
    assert main(["run", *words]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "localhost", "a.localhost", "::1"])
def test_names_and_addresses_of_this_machine_are_known(host: str) -> None:
    assert is_this_machine(host)


@pytest.mark.parametrize("host", ["203.0.113.7", "no-such-host.invalid", "x" * 300])
def test_those_of_others_are_not(host: str) -> None:
    assert not is_this_machine(host)


@pytest.mark.browser
@pytest.mark.parametrize("runner", ["chromium", "firefox"])
def test_a_page_is_watched_and_reported(
    runner: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As JSON of the schema of all runs, and as a page to read."""
    script = """
    const socket = new WebSocket(new URLSearchParams(location.search).get("s"), ["binary"]);
    socket.onopen = () => socket.send("<b>hello");
    """
    report = tmp_path / "report.html"
    with elsewhere({"/": page(script)}) as origin:
        words = ["--url", f"{origin}/?s={{url}}", "--server", "echo", "--runner", runner]
        code = main(["run", *words, "--timeout", "2", "--json", "--html", str(report)])
    document = json.loads(capsys.readouterr().out)
    assert code == 0, document
    jsonschema.validate(document, json.loads(SCHEMA.read_text()))
    (run,) = document["runs"]
    (socket,) = run["sockets"]
    assert run["url"].startswith(f"{origin}/?s=ws://127.0.0.1:")
    assert (socket["state"], socket["sent_bytes"]) == ("open to the end", 8)
    assert (run["server_saw"]["bytes_in"], run["subprotocol"]) == (8, "binary")
    assert origin in report.read_text("utf-8")


@pytest.mark.browser
def test_a_page_that_is_not_there_is_a_failed_check(capsys: pytest.CaptureFixture[str]) -> None:
    """With its cause in words."""
    with elsewhere({}) as origin:
        assert main(["run", "--url", f"{origin}/game.html"]) == 1
    said = capsys.readouterr().err
    assert "[page-not-loaded]" in said
    assert "answered 404" in said
