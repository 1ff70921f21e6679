"""How long `emsockets doctor` takes with a warm cache, and set-ups of each generation.

Without arguments only doctor is measured. With ``--setup`` each generation is set up in an empty
cache, downloads included: minutes, and a gigabyte of traffic.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 21
GENERATIONS = ("3.1.6", "3.1.69", "6.0.5")
EMSOCKETS = Path(sys.executable).with_name("emsockets")


def _run(*words: str, cache: str | None = None) -> tuple[float, bytes]:
    environment = {**os.environ, **({"EMSOCKETS_CACHE_DIR": cache} if cache else {})}
    start = time.perf_counter()
    done = subprocess.run([EMSOCKETS, *words], stdout=subprocess.PIPE, check=False, env=environment)
    return time.perf_counter() - start, done.stdout


def doctor() -> None:
    """Print how long the command takes when every tool was asked before."""
    print(f"{'command':<26}{'median ms':>10}{'min':>8}{'max':>8}")
    for words in (("doctor",), ("doctor", "--json")):
        _run(*words)
        seconds = [_run(*words)[0] for _ in range(ROUNDS)]
        median = statistics.median(seconds)
        print(
            f"{' '.join(('emsockets', *words)):<26}{median * 1e3:>10.1f}"
            f"{min(seconds) * 1e3:>8.1f}{max(seconds) * 1e3:>8.1f}"
        )


def setups() -> None:
    """Print seconds and size of each generation."""
    print(f"{'set-up':<26}{'seconds':>10}{'MiB':>8}")
    with tempfile.TemporaryDirectory(prefix="emsockets-benchmark-") as cache:
        for words in (("--node",), *(("--emscripten", version) for version in GENERATIONS)):
            seconds, out = _run("setup", *words, "--yes", "--json", cache=cache)
            entries = json.loads(out)["installed"]
            name = words[-1].removeprefix("--")
            size = sum(e["bytes"] for e in entries if name in {e["version"], e["kind"]})
            print(f"{name:<26}{seconds:>10.1f}{size / 2**20:>8.0f}", flush=True)


if __name__ == "__main__":
    doctor()
    if "--setup" in sys.argv:
        setups()
