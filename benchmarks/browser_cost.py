"""What a scenario in a browser costs: twenty in one browser, beside emrun doing the same.

Both run one echo client against the test server, to its exit code. Ours starts one browser for all;
emrun starts one for each, which is its way. `python -m benchmarks.browser_cost [--rounds N]`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from emsockets_build import guard
from emsockets_build.process import run_bounded
from emsockets_build.run.browser import Browsers
from emsockets_build.run.ports import free_port
from emsockets_build.server import TestServer
from emsockets_build.toolchain import Emscripten, find_toolchain
from emsockets_build.toolchain.browsers import Engine, find_browser
from emsockets_build.verify import Runtime, Scenario, execute

_SOURCE = Path(__file__).parents[1] / "tests" / "gallery" / "programs" / "events.c"
_ROUNDS = 20
_EMRUN_SECONDS = 120
_ARGUMENTS = {
    Engine.CHROMIUM: "--headless --no-sandbox --disable-gpu --no-first-run --user-data-dir={home}",
    Engine.FIREFOX: "--headless --no-remote",
}
_AIMS = {Engine.CHROMIUM: 0.25, Engine.FIREFOX: 0.6}


def _built(emscripten: Emscripten, target: Path, *flags: str) -> Path:
    command: list[str | Path] = [emscripten.emcc, _SOURCE, "-O2", *flags, "-o", target]
    done = run_bounded(command, timeout=600, env={**os.environ, **emscripten.environment})
    if done.returncode:
        raise SystemExit(done.text)
    return target


def _ours(program: Path, engine: Engine, rounds: int) -> tuple[float, list[float]]:
    """Return the seconds until the first scenario had its verdict, and those of the others."""
    seconds: list[float] = []
    with Browsers() as browsers:
        runtime = Runtime(browsers=browsers)
        for _ in range(rounds + 1):
            start = time.perf_counter()
            scenario = Scenario(
                "echo", program, runner=engine.value, arguments=("{host}", "{port}", "1000")
            )
            outcome = execute(scenario, runtime)
            seconds.append(time.perf_counter() - start)
            if not outcome.passed:
                raise SystemExit(f"failed: {outcome.mismatches}")
    return seconds[0], seconds[1:]


def _browser_for_emrun(engine: Engine, folder: Path) -> Path:
    """Write a program that starts the browser, under the name by which emrun knows its kind."""
    wrapper = folder / ("firefox" if engine is Engine.FIREFOX else "chromium")
    path = os.environ["PATH"]
    wrapper.write_text(f'#!/bin/sh\nPATH="{path}" exec "{find_browser(engine).path}" "$@"\n')
    wrapper.chmod(0o755)
    return wrapper


def _emrun(emscripten: Emscripten, page: Path, engine: Engine, rounds: int) -> list[float]:
    """Run emrun so often, each time in a browser of its own, which is ended afterwards.

    It is not asked to end them itself: that may end every browser of this machine by its name, so
    it is given a PATH without the programs that would.
    """
    seconds = []
    for _ in range(rounds):
        with (
            tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home,
            guard.cookie() as cookie,
            TestServer("echo") as server,
        ):
            browser = _browser_for_emrun(engine, Path(home))
            arguments = _ARGUMENTS[engine].format(home=home)
            command = [
                sys.executable, emscripten.root / "emrun.py", "--browser", browser,
                f"--browser-args={arguments}", f"--port={free_port()}",
                *(["--safe-firefox-profile"] if engine is Engine.FIREFOX else []),
                page, server.host, str(server.port), "1000",
            ]  # fmt: skip
            environment = {**os.environ, guard.COOKIE_VARIABLE: cookie, "PATH": home}
            # A file, for the browser keeps the other end of a pipe after emrun has ended.
            with (Path(home) / "output.txt").open("w+b") as output:
                start = time.perf_counter()
                try:
                    code = subprocess.run(
                        command, env=environment, cwd=home, timeout=_EMRUN_SECONDS, check=False,
                        stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                    ).returncode  # fmt: skip
                    seconds.append(time.perf_counter() - start)
                finally:
                    guard.kill_cookie(cookie)
                output.seek(0)
                said = output.read()
            if code or b"echo ok" not in said:
                raise SystemExit(said.decode("utf-8", "replace"))
    return seconds


def main() -> None:
    """Measure, and print seconds and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=_ROUNDS)
    rounds = parser.parse_args().rounds
    emscripten = find_toolchain().emscripten
    assert emscripten is not None, "needs an Emscripten"
    with tempfile.TemporaryDirectory() as folder:
        program = _built(emscripten, Path(folder) / "client.js")
        emrun = Path(folder) / "emrun"
        emrun.mkdir()
        _built(emscripten, emrun / "client.js", "--emrun")
        page = emrun / "client.html"
        script = "<script>var Module = {}</script><script src=client.js></script>"
        page.write_text(f"<!doctype html>{script}")
        heads = ("first", "each", "aim", "all", "emrun each", "ratio")
        print(f"{'seconds':<10}" + "".join(f"{head:>12}" for head in heads))
        for engine in Engine:
            first, others = _ours(program, engine, rounds)
            theirs = _emrun(emscripten, page, engine, rounds)
            mine, whole = statistics.median(others), first + sum(others[1:])
            figures = (first, mine, _AIMS[engine], whole, statistics.median(theirs))
            ratio = f"{sum(theirs) / whole:>12.1f}"
            cells = "".join(f"{figure:>12.2f}" for figure in figures)
            print(f"{engine.value:<10}{cells}{ratio}", flush=True)


if __name__ == "__main__":
    main()
