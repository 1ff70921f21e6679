"""Blocking clients with POSIX ON beside the same client driven by events, in one run under Node."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import tempfile
from pathlib import Path

from emsockets_build.buildtree import BuildTree, Configuration, build, configure
from emsockets_build.server import TestServer
from emsockets_build.toolchain import Toolchain, find_toolchain

PROJECT = Path(__file__).with_name("posix")
# Bytes in a message, messages on their way, messages in all.
LOADS = {
    "32 bytes, one at a time": (32, 1, 3000),
    "64 KiB, 16 on their way": (65536, 16, 3000),
}


def _milliseconds(
    tools: Toolchain, program: Path, server: TestServer, load: tuple[int, ...]
) -> float:
    assert tools.node is not None
    assert tools.ws is not None
    jspi = tools.node.features.jspi or ()
    flags = jspi if program.stem.endswith("jspi") else ()
    done = subprocess.run(
        [tools.node.path, *flags, program, server.host, str(server.port), *map(str, load)],
        env={**os.environ, "NODE_PATH": str(tools.ws.path)},
        stdout=subprocess.PIPE,
        check=True,
        timeout=120,
    )
    return float(done.stdout)


def main() -> None:
    """Build the clients, run them in turn, print medians and ratios."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--emscripten", help="a path or a version")
    options.add_argument("--node", help="a path or a version")
    options.add_argument("--rounds", type=int, default=15)
    arguments = options.parse_args()
    tools = find_toolchain(emscripten=arguments.emscripten, node=arguments.node)
    with tempfile.TemporaryDirectory() as name, TestServer("echo") as server:
        tree = BuildTree(PROJECT, Path(name), tools)
        configure(tree, Configuration(), progress=lambda _: None)
        build(tree, progress=lambda _: None)
        programs = sorted(Path(name).glob("*.js"), key=lambda file: file.stem != "events")
        programs = [file for file in programs if not file.stem.endswith(".worker")]
        for label, load in LOADS.items():
            print(label)
            found: dict[str, list[float]] = {program.stem: [] for program in programs}
            for _ in range(arguments.rounds):
                for program in programs:
                    found[program.stem].append(_milliseconds(tools, program, server, load))
            base = statistics.median(found["events"])
            for stem, values in found.items():
                median = statistics.median(values)
                size, _, count = load
                rate = 2 * size * count / median / 1e3
                print(
                    f"  {stem:<20}{median / count * 1e3:9.1f} us/message{rate:9.1f} MB/s"
                    f"   {median / base:5.2f} times the time of events"
                )


if __name__ == "__main__":
    main()
