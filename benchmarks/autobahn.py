"""The Autobahn test suite's cases (all but compression) against the echo.

The suite needs Python 2.7. Into an empty folder:
    python2.7 -m pip install --target FOLDER autobahntestsuite && touch FOLDER/zope/__init__.py
Usage: python benchmarks/autobahn.py --python2 python2.7 --suite FOLDER [--asyncio]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from emsockets_build.server import RecordLimits, TestServer

_COMPRESSION = ["12.*", "13.*"]
_GOOD = {"OK", "INFORMATIONAL"}
_SECONDS = 600
_RUN = "import sys; sys.argv = ['wstest', '-m', 'fuzzingclient', '-s', sys.argv[1]]\n"
_RUN += "from autobahntestsuite.wstest import run; run()"


def _results(python2: str, suite: Path, url: str) -> dict[str, dict[str, str]]:
    """Run the suite; return what it says of each case."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "outdir": folder,
            "servers": [{"agent": "emsockets", "url": url.rstrip("/")}],
            "cases": ["*"],
            "exclude-cases": _COMPRESSION,
            "exclude-agent-cases": {},
        }
        file = Path(folder, "settings.json")
        file.write_text(json.dumps(settings))
        environment = {**os.environ, "PYTHONPATH": str(suite.absolute())}
        subprocess.run(
            [python2, "-c", _RUN, file],
            check=True,
            env=environment,
            stdout=subprocess.DEVNULL,
            timeout=_SECONDS,
        )
        report = json.loads(Path(folder, "index.json").read_text())
        results: dict[str, dict[str, str]] = report["emsockets"]
        return results


def main() -> int:
    """Print how many cases ended how, and each that was not good."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python2", default="python2.7", help="a Python 2.7")
    parser.add_argument("--suite", type=Path, required=True, help="where the suite is installed")
    parser.add_argument("--asyncio", action="store_true", help="without uvloop")
    arguments = parser.parse_args()
    limits = RecordLimits.counts_only()
    with TestServer("echo", subprotocols=(), limits=limits, fast=not arguments.asyncio) as server:
        results = _results(arguments.python2, arguments.suite, server.url)
    for part in ("behavior", "behaviorClose"):
        print(part, dict(Counter(result[part] for result in results.values())))
    bad = [
        case
        for case, result in results.items()
        if not {result["behavior"], result["behaviorClose"]} <= _GOOD
    ]
    print(f"{len(results) - len(bad)} of {len(results)} cases good", *bad)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
