"""The template socket-echo as a web build: every wait, every outcome, under Node.

One build tree of the Emscripten that is found holds a program for each wait; the servers are our
own behaviours.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

import pytest

from emsockets_build.buildtree import BuildTree, Configuration, build, configure, read_targets
from emsockets_build.errors import UsageError
from emsockets_build.scaffold import find_template, project_files, write_project
from emsockets_build.settings import Profile, load_catalogue, resolve
from emsockets_build.toolchain import Toolchain, find_toolchain
from emsockets_build.verify import Outcome, Scenario, execute, runtime_for

pytestmark = [pytest.mark.emcc, pytest.mark.node, pytest.mark.slow, pytest.mark.timeout(900)]

SCALE = float(os.environ.get("EMSOCKETS_TEST_TIME_SCALE", "1"))
PATIENT_MS = str(int(20_000 * SCALE))
SHORT_MS = str(int(400 * SCALE))
BYTES = 74_242


@dataclass(frozen=True, slots=True)
class Clients:
    """The programs by wait, and the tools that built them."""

    toolchain: Toolchain
    programs: dict[str, Path]

    def run(self, wait: str, server: str, arguments: tuple[str, ...]) -> Outcome:
        """Run one program to its end."""
        assert self.toolchain.emscripten is not None
        program = self.programs[wait]
        runtime = runtime_for(program, self.toolchain.node, self.toolchain.emscripten.version)
        assert runtime.ws_modules is not None, "these tests need a `ws` that fits"
        scenario = Scenario(wait, program, server=server, arguments=arguments, timeout=60 * SCALE)
        return execute(scenario, runtime)

    def exit_codes(self, server: str, arguments: tuple[str, ...]) -> dict[str, int | None]:
        """Run every program against a server of its own."""
        return {wait: self.run(wait, server, arguments).result.exit_code for wait in self.programs}


def possible_waits(toolchain: Toolchain) -> list[str]:
    """Return what this Emscripten can build and this Node can run."""
    assert toolchain.emscripten is not None
    assert toolchain.node is not None
    catalogue = load_catalogue()
    waits = []
    for wait in catalogue.options["wait"]:
        try:
            needs = resolve(Profile(wait=wait), toolchain.emscripten.version, catalogue).needs
        except UsageError:
            continue
        if "jspi" not in needs or toolchain.node.features.jspi is not None:
            waits.append(wait)
    return waits


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Clients:
    """One program for each wait that is possible here, from one build tree."""
    toolchain = find_toolchain()
    folder = tmp_path_factory.mktemp("web client")
    first, *others = possible_waits(toolchain)
    files = project_files(find_template("socket-echo"), {"NAME": "echo", "WAIT": first})
    write_project(files, folder)
    tree = BuildTree(folder, folder / "build", toolchain)
    strict = "-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror"
    definitions = {"ECHO_COMPARE": ";".join(others), "CMAKE_CXX_FLAGS": strict}
    configure(tree, Configuration("Release", definitions), progress=print)
    build(tree, progress=print)
    built = {target.name: target.artifacts[0] for target in read_targets(tree.build)}
    programs = {first: built["echo"]} | {wait: built[f"echo-{wait}"] for wait in others}
    return Clients(toolchain, programs)


def test_the_waits_that_every_release_can_do_are_there(clients: Clients) -> None:
    assert {"events", "asyncify", "pthread"} <= set(clients.programs)


@pytest.mark.parametrize(
    "server",
    [
        "echo",
        "split?size=1009&pause=0.0001",
        "fragment?size=4099&pings=1",
        "latency?delay=0.02",
        "slow-accept?delay=0.1",
    ],
)
def test_every_echo_is_checked_however_the_server_sends_it(clients: Clients, server: str) -> None:
    for wait in clients.programs:
        outcome = clients.run(wait, server, ("{host}", "{port}", PATIENT_MS))
        assert outcome.result.exit_code == 0, (wait, outcome.result.stderr)
        last = outcome.result.stdout.decode().splitlines()[-1]
        assert last == f"echo ok: 5 messages, {BYTES} bytes each way"


@pytest.mark.parametrize(
    ("server", "code"),
    [
        ("refuse", 22),
        ("no-subprotocol", 22),
        ("wrong-subprotocol", 22),
        ("slow-accept?delay=20", 23),
        ("sink", 25),
        ("echo-text", 25),
        ("close", 26),
        ("close?after=2", 26),
        ("max-size?limit=60000", 26),
        ("abort?after=1", 26),
        ("half-close?after=1", 26),
        ("garbage?after=1", 26),
    ],
)
def test_a_failure_has_the_same_exit_code_with_every_wait(
    clients: Clients, server: str, code: int
) -> None:
    timeout = SHORT_MS if code in (23, 25) else PATIENT_MS
    codes = clients.exit_codes(server, ("{host}", "{port}", timeout))
    assert codes == dict.fromkeys(clients.programs, code)


def test_a_server_that_is_down_is_not_connected(clients: Clients) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    codes = clients.exit_codes("", ("127.0.0.1", str(port), PATIENT_MS))
    assert codes == dict.fromkeys(clients.programs, 22)


def test_wrong_usage_has_an_exit_code_of_its_own(clients: Clients) -> None:
    assert clients.exit_codes("", ("127.0.0.1",)) == dict.fromkeys(clients.programs, 20)
