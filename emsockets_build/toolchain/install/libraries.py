"""Link small socket programs, so that a release is known to work and its libraries are there.

Releases without prebuilt system libraries build them at the first link of each kind, for a minute
each. A set-up does it ahead, so that nobody's first build looks as if it hung.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import threading
import time
from collections import deque
from pathlib import Path

from emsockets_build.errors import ToolMissingError
from emsockets_build.process import child_process, end_group
from emsockets_build.toolchain.install.progress import Progress
from emsockets_build.toolchain.model import Emscripten

__all__ = ["link_all"]

_TIMEOUT = 1800.0
_LINES = 40  # of a failing link: the error is at its end
_BUILDING = re.compile(rb"generating system (?:library|asset): (?:\S*/)?(\S+\.a)\.\.\.")
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
    links = _LINKS[:1] if prebuilt else _LINKS
    step = "try a link" if prebuilt else "build system libraries (minutes, once)"
    with tempfile.TemporaryDirectory(prefix="emsockets-") as folder:
        source = Path(folder, "program.cpp")
        source.write_text(_SOURCE, encoding="utf-8")
        for done, flags in enumerate(links):
            progress.advance(step, done, len(links))
            _link(emscripten, source, flags, progress)
    progress.advance(step, len(links), len(links))


def _link(emscripten: Emscripten, source: Path, flags: tuple[str, ...], progress: Progress) -> None:
    command: list[str | Path] = [emscripten.empp, source, *flags, "-o", source.with_suffix(".js")]
    output: deque[bytes] = deque(maxlen=_LINES)
    with child_process(
        command,
        cwd=source.parent,
        env={**os.environ, **emscripten.environment},
        stderr=subprocess.STDOUT,
    ) as child:
        start = time.monotonic()
        late = threading.Timer(_TIMEOUT, end_group, (child,))
        late.start()
        try:
            for line in child.stdout or ():
                output.append(line)
                built = _BUILDING.search(line)
                if built:
                    progress.say(f"  building {built[1].decode()}")
            returncode = child.wait()
            timed_out = time.monotonic() - start >= _TIMEOUT
        finally:
            late.cancel()
    if returncode != 0:
        text = b"".join(output).decode("utf-8", "replace")
        raise ToolMissingError(
            f"Emscripten {emscripten.version_text} cannot link with {' '.join(flags)}",
            where=str(emscripten.root),
            why=f"it took longer than {_TIMEOUT:.0f} s" if timed_out else text,
            remedy="`emsockets doctor` looks for the cause",
        )
