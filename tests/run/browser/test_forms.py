"""Every form in which emcc hands a program over, run in both browsers by every release."""

from __future__ import annotations

from pathlib import Path

import pytest

from emsockets_build.run.browser import Browsers
from emsockets_build.run.ports import free_port
from emsockets_build.verify import Expectations, Outcome, Runtime, Scenario, execute
from emsockets_build.verify.runtime import find_symbolizer
from emsockets_build.verify.sockets import sockets_of
from tests.generations import Tools
from tests.processes import SCALE
from tests.run.browser.forms import ISOLATING, Compiler, served
from tests.run.browser.pages import elsewhere

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# The file's suffix, the source, and the flags.
FORMS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "script": (".js", "events.c", ()),
    "module": (".mjs", "events.c", ("-sEXPORT_ES6",)),
    "factory": (".js", "events.c", ("-sMODULARIZE", "-sEXPORT_NAME=createClient")),
    "page": (".html", "events.c", ("-g",)),
    "shell": (".html", "events.c", ("-g", "--shell-file={shell}")),
    "single-file": (".js", "events.c", ("-sSINGLE_FILE",)),
    "worker": (".js", "events.c", ("-sENVIRONMENT=worker",)),
    "worker-with-assertions": (".js", "events.c", ("-sENVIRONMENT=worker", "-O0")),
    "worker-module": (".mjs", "events.c", ("-sEXPORT_ES6", "-sENVIRONMENT=worker")),
    "worker-factory": (".js", "events.c", ("-sMODULARIZE", "-sENVIRONMENT=worker")),
}
# What main() returns, in a build with or without the end of the runtime.
RETURNS: dict[str, tuple[str, tuple[str, ...]]] = {
    "script": (".js", ()),
    "script-exits": (".js", ("-sEXIT_RUNTIME",)),
    "factory-exits": (".js", ("-sMODULARIZE", "-sEXIT_RUNTIME")),
    "module-exits": (".mjs", ("-sEXPORT_ES6", "-sEXIT_RUNTIME")),
    "page-exits": (".html", ("-g", "-sEXIT_RUNTIME")),
    "threads-exit": (".js", ("-pthread", "-sPROXY_TO_PTHREAD", "-sEXIT_RUNTIME")),
    "threads-page-exits": (".html", ("-g", "-pthread", "-sPROXY_TO_PTHREAD", "-sEXIT_RUNTIME")),
    "worker-exits": (".js", ("-sENVIRONMENT=worker", "-sEXIT_RUNTIME")),
}


@pytest.fixture(scope="module")
def compiler(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Compiler:
    """One release after the other."""
    return Compiler(tools.emscripten, tmp_path_factory.mktemp("forms"))


def run(
    program: Path, engine: str, browsers: Browsers, server: str = "echo", code: int = 0
) -> Outcome:
    """Run a program in a page."""
    arguments = ("{host}", "{port}", "1000") if server else ("127.0.0.1", "1")
    scenario = Scenario(
        program.name, program, runner=engine, server=server, arguments=arguments,
        timeout=30 * SCALE, expectations=Expectations(exit_code=code),
    )  # fmt: skip
    return execute(scenario, Runtime(symbolizer=find_symbolizer, browsers=browsers))


@pytest.mark.parametrize("form", FORMS)
def test_every_form_talks_to_a_server_and_tells_its_exit_code(
    form: str, engine: str, compiler: Compiler, browsers: Browsers
) -> None:
    """And both ends count the same."""
    suffix, source, flags = FORMS[form]
    outcome = run(compiler.build(source, suffix, flags), engine, browsers)
    assert outcome.passed, (outcome.mismatches, outcome.result.stderr, outcome.result.events)
    assert outcome.result.stdout.endswith(b"echo ok\n")
    (socket,) = sockets_of(outcome.result.events)
    (record,) = outcome.connections
    assert (socket.sent_bytes, socket.received_bytes) == (1000, 1000)
    assert (record.bytes_in, record.bytes_out) == (1000, 1000)


@pytest.mark.parametrize("form", RETURNS)
def test_what_main_returns_is_the_exit_code(
    form: str, engine: str, compiler: Compiler, browsers: Browsers
) -> None:
    """Wherever any release tells it."""
    suffix, flags = RETURNS[form]
    outcome = run(compiler.build("returns.c", suffix, flags), engine, browsers, "", 5)
    assert outcome.passed, (outcome.mismatches, outcome.result.stderr, outcome.result.events)


def test_a_hang_in_a_worker_of_the_programs_own_is_named(
    engine: str, compiler: Compiler, browsers: Browsers
) -> None:
    """Its event loop brings the WebSocket's events as the page's does, so it ends early, too."""
    program = compiler.build("busy_select.cpp", flags=("-g", "-sENVIRONMENT=worker"))
    outcome = run(program, engine, browsers)
    assert outcome.cause is not None, outcome.result
    assert outcome.cause.id == "busy-wait-main", (outcome.cause, outcome.result.hang)
    assert "on the program's own thread, worker 1" in outcome.cause.summary
    assert "busy_select.cpp:" in outcome.cause.location


def test_a_server_that_is_down_is_named_in_a_worker_too(
    engine: str, compiler: Compiler, browsers: Browsers
) -> None:
    """The browser tells its page, not the worker, why."""
    program = compiler.build("events.c", flags=("-sENVIRONMENT=worker",))
    arguments = ("127.0.0.1", str(free_port()))
    scenario = Scenario("down", program, runner=engine, server="", arguments=arguments)
    outcome = execute(scenario, Runtime(browsers=browsers))
    assert outcome.cause is not None
    assert outcome.cause.id == "server-not-listening", outcome.result.events


def watch(
    program: Path, headers: tuple[tuple[str, str], ...], engine: str, browsers: Browsers
) -> Outcome:
    """Watch a program's page on somebody else's server."""
    with elsewhere(served(program, *headers)) as origin:
        url = f"{origin}/{program.name}"
        scenario = Scenario(
            url, Path(), runner=engine, server="", timeout=20 * SCALE, url=url,
            expectations=Expectations(exit_code=5),
        )  # fmt: skip
        return execute(scenario, Runtime(symbolizer=find_symbolizer, browsers=browsers))


@pytest.mark.parametrize("form", ["page-exits", "threads-page-exits"])
def test_a_program_in_a_page_of_others_tells_its_end(
    form: str, engine: str, compiler: Compiler, browsers: Browsers
) -> None:
    """Where nothing can happen any more, the watch ends with its exit code."""
    suffix, flags = RETURNS[form]
    outcome = watch(compiler.build("returns.c", suffix, flags), ISOLATING, engine, browsers)
    assert outcome.result.exit_code == 5, outcome.result.events
    assert [miss.expectation for miss in outcome.mismatches] == ["connection"]
    assert outcome.result.seconds < 15 * SCALE


def test_a_hang_in_a_page_of_others_is_named(
    engine: str, compiler: Compiler, browsers: Browsers
) -> None:
    """By the program's files, which are fetched from where the page has them."""
    program = compiler.build("busy_select.cpp", ".html", ("-g",))
    outcome = watch(program, (), engine, browsers)
    assert outcome.cause is not None
    assert outcome.cause.id == "busy-wait-main", (outcome.cause, outcome.result.hang)
    assert "busy_select.cpp:" in outcome.cause.location
    assert outcome.result.timed_out
