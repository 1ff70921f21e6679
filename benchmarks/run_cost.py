"""What the runner costs: a program that does nothing, beside Node typed by hand, and a hang."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from emsockets_build.run.model import Limits, Program
from emsockets_build.run.node import run_node

ROUNDS = 21
LIMIT = 1.5


def _once(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Take turns, print medians and the difference; then time the look into a busy program."""
    found = shutil.which("node")
    assert found is not None, "needs Node on PATH"
    node = Path(found)
    with tempfile.TemporaryDirectory() as folder:
        empty, busy = Path(folder, "empty.js"), Path(folder, "busy.js")
        empty.write_text("")
        busy.write_text("for (;;);")
        work: dict[str, Callable[[], object]] = {
            "node by hand": lambda: subprocess.run([node, empty], check=True),
            "run_node": lambda: run_node(Program(empty), node=node),
        }
        times: dict[str, list[float]] = {name: [] for name in work}
        for _ in range(ROUNDS):
            for name, call in work.items():
                times[name].append(_once(call))
        looks = [
            _once(lambda: run_node(Program(busy), node=node, limits=Limits(seconds=LIMIT))) - LIMIT
            for _ in range(5)
        ]
    by_hand = statistics.median(times["node by hand"])
    print(f"{'':<16}{'median ms':>10}{'min':>8}{'more ms':>9}")
    for name, seconds in times.items():
        median = statistics.median(seconds)
        more = (median - by_hand) * 1e3
        print(f"{name:<16}{median * 1e3:>10.1f}{min(seconds) * 1e3:>8.1f}{more:>9.1f}")
    print(f"{'a look inside':<16}{statistics.median(looks) * 1e3:>10.1f}{min(looks) * 1e3:>8.1f}")


if __name__ == "__main__":
    main()
