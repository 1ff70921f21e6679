"""How long the command takes to start, against a Python that does nothing."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 21
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "emsockets --version": [Path(sys.executable).with_name("emsockets"), "--version"],
    "emsockets --help": [Path(sys.executable).with_name("emsockets"), "--help"],
}


def _once(command: list[str | Path]) -> float:
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def main() -> None:
    """Run all commands in turn, again and again, and print the medians and their ratios."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):
        for name, command in COMMANDS.items():
            times[name].append(_once(list(command)))
    base = statistics.median(times["python -c pass"])
    print(f"{'command':<22}{'median ms':>10}{'min':>8}{'max':>8}{'ratio':>8}")
    for name, seconds in times.items():
        median = statistics.median(seconds)
        print(
            f"{name:<22}{median * 1e3:>10.1f}{min(seconds) * 1e3:>8.1f}"
            f"{max(seconds) * 1e3:>8.1f}{median / base:>8.2f}"
        )


if __name__ == "__main__":
    main()
