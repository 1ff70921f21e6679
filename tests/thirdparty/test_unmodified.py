"""Programs that know nothing of Emscripten, with one line more, against their real servers."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from emsockets_build.process import run_bounded
from tests.generations import tools_of
from tests.thirdparty.sources import Release, unpacked

pytestmark = [pytest.mark.emcc, pytest.mark.node, pytest.mark.slow]

PROJECTS = Path(__file__).with_name("projects")


@dataclass(frozen=True, slots=True)
class Program:
    """A program of other people's.

    Attributes:
        release: Its sources.
        scenarios: How many it must pass.
        built: The waits it is built with, by generation; more would show nothing new for minutes.
    """

    release: Release
    scenarios: int
    built: Mapping[str, tuple[str, ...]]


PROGRAMS = {
    "hiredis": Program(
        Release("hiredis"),
        1,
        {
            "3.1.6": ("asyncify", "pthread"),
            "3.1.69": ("asyncify", "pthread"),
            "6": ("asyncify", "jspi", "pthread"),
        },
    ),
    "mosquitto": Program(
        Release("mosquitto"), 2, {"3.1.69": ("asyncify",), "6": ("jspi", "pthread")}
    ),
    "curl": Program(Release("curl"), 1, {"3.1.6": ("asyncify",), "6": ("pthread",)}),
    "enet": Program(
        Release("enet", "trixie"),
        1,
        {"3.1.6": ("pthread",), "3.1.69": ("asyncify",), "6": ("asyncify", "jspi")},
    ),
    "iperf": Program(Release("iperf"), 1, {"3.1.69": ("pthread",), "6": ("pthread",)}),
}
CELLS = [
    (name, generation, wait)
    for name, program in PROGRAMS.items()
    for generation, waits in program.built.items()
    for wait in waits
]


@pytest.mark.parametrize(("name", "release", "wait"), CELLS)
def test_an_unmodified_program_exchanges_data_with_its_real_server(
    name: str, release: str, wait: str, tmp_path: Path
) -> None:
    """Not a line of it is changed; the relay joins it to its server."""
    program = PROGRAMS[name]
    tools = tools_of(release)
    done = run_bounded(
        [
            *(sys.executable, "-m", "emsockets_build", "check", PROJECTS / name, "--json"),
            *("--build-dir", tmp_path / "build"),
            *("--emscripten", tools.emscripten.root, "--node", tools.node.path),
            *("-D", f"SOURCE={unpacked(program.release)}", "-D", f"WAIT={wait}"),
        ],
        timeout=280,
    )
    assert done.returncode == 0, done.text
    runs = json.loads(done.stdout)["runs"]
    assert [run["verdict"] for run in runs] == ["pass"] * program.scenarios
    for run in runs:
        assert run["server_saw"]["bytes_in"], "the relay saw nothing go to the server"
        assert run["server_saw"]["bytes_out"], "the relay saw nothing come from it"
