"""What browsers forbid a page, and how pages die: each made to happen, and named."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from websockets.sync.client import connect

from emsockets_build.run.browser import Browsers
from emsockets_build.run.model import Limits
from emsockets_build.storage import cache_dir
from emsockets_build.verify import Expectations, Runtime, Scenario, execute
from tests.generations import Tools
from tests.processes import SCALE
from tests.run.browser.forms import ISOLATING, Compiler, served
from tests.run.browser.pages import SILENT, Answer, elsewhere, page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SECONDS = 3.0 * SCALE
CONNECTS = "new WebSocket('ws://127.0.0.1:9/');"
THREADS = ("-pthread", "-sPROXY_TO_PTHREAD", "-sEXIT_RUNTIME")


@pytest.fixture(scope="module")
def trusting() -> Iterator[Browsers]:
    """Browsers that take any certificate."""
    with Browsers(insecure=True) as found:
        yield found


@pytest.fixture(scope="module")
def compiler(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Compiler:
    """One release after the other."""
    return Compiler(tools.emscripten, tmp_path_factory.mktemp("forbidden"))


def watched(url: str, engine: str, browsers: Browsers, seconds: float = SECONDS) -> str:
    """Watch a page and return the identifier of the cause."""
    scenario = Scenario(
        url, Path(), runner=engine, server="", timeout=seconds, url=url,
        expectations=Expectations(exit_code=None),
    )  # fmt: skip
    outcome = execute(scenario, Runtime(browsers=browsers))
    assert outcome.cause is not None, outcome.result.events
    assert outcome.result.seconds < seconds + 20 * SCALE
    return outcome.cause.id


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate that nobody trusts, and its key."""
    made = trustme.CA().issue_cert("127.0.0.1")
    files = (tmp_path / "certificate.pem", tmp_path / "key.pem")
    made.cert_chain_pems[0].write_to_path(files[0])
    made.private_key_pem.write_to_path(files[1])
    return files


def test_a_page_of_https_may_not_connect_without_tls(
    engine: str, trusting: Browsers, certificate: tuple[Path, Path]
) -> None:
    """Unless it is to this machine, which browsers exempt."""
    script = page("new WebSocket('ws://game.test:9000/');")
    with elsewhere({"/": script, "/own": page(CONNECTS)}, tls=certificate) as origin:
        assert watched(f"{origin}/", engine, trusting) == "mixed-content"
        assert watched(f"{origin}/own", engine, trusting) != "mixed-content"


def test_a_certificate_that_is_not_trusted_is_named(
    engine: str, browsers: Browsers, certificate: tuple[Path, Path]
) -> None:
    """The page's own."""
    with elsewhere({"/": page(CONNECTS)}, tls=certificate) as origin:
        assert watched(f"{origin}/", engine, browsers) == "tls-certificate"


@pytest.mark.parametrize("form", ["page", "meta"])
def test_a_policy_that_forbids_the_connection_is_named(
    engine: str, browsers: Browsers, form: str
) -> None:
    """In a header, and in the page itself."""
    policy = "connect-src 'self'"
    answer = page(CONNECTS, ("Content-Security-Policy", policy))
    if form == "meta":
        meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        answer = Answer(page(CONNECTS).body.replace(b"<script>", f"{meta}<script>".encode()))
    with elsewhere({"/": answer}) as origin:
        assert watched(f"{origin}/", engine, browsers) == "content-security-policy"


def test_a_policy_that_forbids_webassembly_is_named(
    engine: str, browsers: Browsers, compiler: Compiler
) -> None:
    """The program never starts."""
    program = compiler.build("returns.c", ".html", ("-g",))
    policy = ("Content-Security-Policy", "script-src 'self' 'unsafe-inline'")
    with elsewhere(served(program, policy)) as origin:
        assert watched(f"{origin}/{program.name}", engine, browsers) == "content-security-policy"


def test_threads_want_headers(engine: str, browsers: Browsers, compiler: Compiler) -> None:
    """Without COOP and COEP optimised builds print nothing at all."""
    program = compiler.build("returns.c", ".html", ("-g", *THREADS))
    url = f"/{program.name}"
    with elsewhere(served(program)) as origin:
        assert watched(origin + url, engine, browsers) == "shared-memory-missing"
    with elsewhere(served(program, *ISOLATING)) as origin:
        assert watched(origin + url, engine, browsers) != "shared-memory-missing"


@pytest.mark.parametrize(
    ("suffix", "answer", "cause"),
    [
        (".js", Answer(b"gone", 404), "file-not-served"),
        (".wasm", Answer(b"gone", 404), "wasm-not-found"),
        (".js", SILENT, "page-still-loading"),
        (".wasm", SILENT, "page-still-loading"),
    ],
    ids=["script-missing", "module-missing", "script-never", "module-never"],
)
def test_a_part_that_does_not_come_is_named(  # noqa: PLR0917 - fixtures and cases
    engine: str, browsers: Browsers, compiler: Compiler, suffix: str, answer: Answer, cause: str
) -> None:
    """The script, and the module."""
    program = compiler.build("returns.c", ".html", ("-g",))
    files = {**served(program), f"/{program.stem}{suffix}": answer}
    with elsewhere(files) as origin:
        assert watched(f"{origin}/{program.name}", engine, browsers) == cause


def from_outside(origin: str, *orders: tuple[str, str]) -> None:
    """Give orders to the Chromium that shows a page, as another program of its user can.

    Args:
        origin: Of the page.
        orders: Methods, and the name under which each wants the page or the session with it.
    """
    for file in (cache_dir() / "browsers").glob("*/DevToolsActivePort"):
        port, path = file.read_text().split()
        with connect(f"ws://127.0.0.1:{port}{path}", max_size=None) as socket:

            def ask(method: str, **options: object) -> dict[str, Any]:
                socket.send(json.dumps({"id": 1, "method": method, **options}))
                while (answer := json.loads(socket.recv(10 * SCALE))).get("id") != 1:
                    pass
                found: dict[str, Any] = answer["result"]
                return found

            targets = ask("Target.getTargets")["targetInfos"]
            ours = [one["targetId"] for one in targets if one["url"].startswith(origin)]
            for target in ours:
                session = ask(
                    "Target.attachToTarget", params={"targetId": target, "flatten": True}
                )["sessionId"]
                for method, wants in orders:
                    where = {"sessionId": session} if wants == "session" else {}
                    params = {} if wants == "session" else {wants: target}
                    socket.send(json.dumps({"id": 2, "method": method, "params": params, **where}))


@pytest.mark.parametrize(
    ("order", "cause"),
    [
        (("Target.closeTarget", "targetId"), "page-closed"),
        (("Page.crash", "session"), "page-crashed"),
    ],
    ids=["closed", "crashed"],
)
def test_a_page_that_is_gone_in_chromium_is_named(
    browsers: Browsers, order: tuple[str, str], cause: str
) -> None:
    """It lets no page close itself; a process may die for want of memory. The next one is well."""
    with elsewhere({"/": page("console.log('here'); setInterval(() => {}, 100);")}) as origin:
        scenario = Scenario(
            origin, Path(), runner="chromium", server="", timeout=20 * SCALE, url=f"{origin}/"
        )
        told: list[bytes] = []

        def act(_: str, data: bytes) -> None:
            told.append(data)
            if len(told) == 1:
                threading.Thread(target=from_outside, args=(origin, order)).start()

        outcome = execute(scenario, Runtime(browsers=browsers), on_output=act)
        assert outcome.cause is not None, outcome.result
        assert outcome.cause.id == cause
        assert outcome.result.seconds < 15 * SCALE
        result = browsers.get("chromium").watch(f"{origin}/", limits=Limits(seconds=SECONDS))
    assert result.stdout == b"here\n"


@pytest.mark.parametrize(
    ("url", "cause"),
    [("{origin}/closes", "page-closed"), ("about:crashcontent", "page-crashed")],
    ids=["closed", "crashed"],
)
def test_a_page_that_is_gone_in_firefox_is_named(browsers: Browsers, url: str, cause: str) -> None:
    """It lets a page close itself, and keeps an address for a crash. The next one is well."""
    closes = page("setTimeout(() => window.close(), 100);")
    with elsewhere({"/": page("console.log('here');"), "/closes": closes}) as origin:
        assert watched(url.format(origin=origin), "firefox", browsers, 20 * SCALE) == cause
        result = browsers.get("firefox").watch(f"{origin}/", limits=Limits(seconds=SECONDS))
    assert result.stdout == b"here\n"
