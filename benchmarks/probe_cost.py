"""What `emsockets probe` takes, from typing it to its answer, for servers that are well."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emsockets_build.server import TestServer

ROUNDS = 11
PEER = Path(__file__).parents[1] / "tests" / "probe" / "programs" / "websockets_server.py"


@contextmanager
def _websockets() -> Iterator[str]:
    """Run the echo on Python's websockets that the tests use."""
    words = [sys.executable, PEER, "binary"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        try:
            assert child.stdout is not None
            yield f"ws://127.0.0.1:{int(child.stdout.readline().split()[1])}/"
        finally:
            child.kill()


@contextmanager
def _ours(behaviour: str) -> Iterator[str]:
    with TestServer(behaviour) as server:
        yield server.url


def main() -> None:
    """Probe each server some times; print medians."""
    servers = {
        "emsockets serve echo": _ours("echo"),
        "Python's websockets": _websockets(),
        "emsockets serve sink": _ours("sink"),  # sends nothing back, which is waited for
    }
    print(f"{'':<22}{'median s':>9}{'max':>7}   (aim: under 2 s)")
    for name, server in servers.items():
        seconds = []
        with server as url:
            for _ in range(ROUNDS):
                start = time.perf_counter()
                words = [sys.executable, "-m", "emsockets_build", "probe", url]
                subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
                seconds.append(time.perf_counter() - start)
        print(f"{name:<22}{statistics.median(seconds):>9.2f}{max(seconds):>7.2f}")


if __name__ == "__main__":
    main()
