"""Link small socket programs, so that a release is known to work and its libraries are there.

Releases without prebuilt system libraries build them at the first link of each kind, for a minute
each. A set-up does it ahead, so that nobody's first build looks as if it hung.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from emsockets_build.errors import ToolMissingError
from emsockets_build.process import run_bounded
from emsockets_build.toolchain.install.progress import Progress
from emsockets_build.toolchain.model import Emscripten

__all__ = ["link_all"]

_TIMEOUT = 900.0
_SOURCE = """\
#include <arpa/inet.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <iostream>
#include <string>
int main() {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  fd_set set;
  FD_ZERO(&set);
  FD_SET(fd, &set);
  timeval none{};
  std::cout << std::string("selected ") << select(fd + 1, &set, nullptr, nullptr, &none) << "\\n";
  return 0;
}
"""
# Together they use every system library that the profiles of a socket target can ask for.
_LINKS: tuple[tuple[str, ...], ...] = (
    ("-O2",),
    ("-O0",),
    ("-O2", "-pthread", "-sPROXY_TO_PTHREAD", "-sPROXY_POSIX_SOCKETS", "-lwebsocket.js"),
    ("-O0", "-pthread", "-sPROXY_TO_PTHREAD"),
    ("-Oz", "-sPROXY_POSIX_SOCKETS", "-lwebsocket.js"),
)


def link_all(emscripten: Emscripten, progress: Progress, *, prebuilt: bool) -> None:
    """Link a program of each kind.

    Args:
        emscripten: The release.
        progress: Where to report to.
        prebuilt: Its libraries are there; one optimised link then proves all that there is.

    Raises:
        ToolMissingError: A link failed.
    """
    environment = {**os.environ, **emscripten.environment}
    links = _LINKS[:1] if prebuilt else _LINKS
    step = "try a link" if prebuilt else "build system libraries (minutes, once)"
    with tempfile.TemporaryDirectory(prefix="emsockets-") as folder:
        source = Path(folder, "program.cpp")
        source.write_text(_SOURCE, encoding="utf-8")
        for done, flags in enumerate(links):
            progress.advance(step, done, len(links))
            command: list[str | Path] = [
                emscripten.empp,
                source,
                *flags,
                "-o",
                Path(folder, "program.js"),
            ]
            result = run_bounded(
                command, timeout=_TIMEOUT, cwd=Path(folder), env=environment, merge=True
            )
            if result.returncode != 0:
                raise ToolMissingError(
                    f"Emscripten {emscripten.version_text} cannot link with {' '.join(flags)}",
                    where=str(emscripten.root),
                    why="it took too long" if result.timed_out else result.text[-2000:],
                    remedy="`emsockets doctor` looks for the cause",
                )
    progress.advance(step, len(links), len(links))
