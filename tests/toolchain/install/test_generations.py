"""The real thing: each generation from Debian's packages, and all that sockets ask of it.

These use the user's own cache (``EMSOCKETS_CACHE_DIR``), so that a release is fetched once.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from emsockets_build.settings.version import Version, format_version, parse_version
from emsockets_build.toolchain import Emscripten, find_toolchain
from emsockets_build.toolchain.diagnose import diagnose
from emsockets_build.toolchain.finding import Severity
from emsockets_build.toolchain.install import Want, ensure_toolchain, progress_for
from emsockets_build.toolchain.installed import installed

pytestmark = [pytest.mark.slow, pytest.mark.emcc, pytest.mark.timeout(1800)]

GENERATIONS = ("3.1.6", "3.1.69", "6.0.5")
MOST_BYTES = 520 * 2**20

_CPP = r"""
#include <arpa/inet.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <iostream>
#include <stdexcept>
#include <string>
int main(int argc, char**) {
  try {
    if (argc > 1) throw std::runtime_error("thrown");
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    std::cout << std::string("socket ") << fd << "\n";
  } catch (const std::exception& error) {
    std::cout << error.what() << "\n";
  }
}
"""
_C = r"""
#include <emscripten/websocket.h>
#include <stdio.h>
#include <sys/socket.h>
int main(void) {
  printf("%d %d\n", socket(AF_INET, SOCK_STREAM, 0), emscripten_websocket_is_supported());
  return 0;
}
"""
_ALWAYS: Version = (0, 0, 0)
# Each line of flags with the first release that knows it.
LINKS: dict[str, Version] = {
    "-O0": _ALWAYS,
    "-O0 -g -gsource-map": _ALWAYS,
    "-O2 -sSOCKET_DEBUG": _ALWAYS,
    "-O3": _ALWAYS,
    "-Oz": _ALWAYS,
    "-O2 -sASYNCIFY": _ALWAYS,
    "-O2 -sJSPI -Wno-experimental": (3, 1, 59),
    "-O2 -pthread -sPROXY_TO_PTHREAD -sEXIT_RUNTIME": _ALWAYS,
    "-O0 -pthread -sPROXY_TO_PTHREAD": _ALWAYS,
    "-O2 -sPROXY_POSIX_SOCKETS -lwebsocket.js": _ALWAYS,
    "-O2 -pthread -sPROXY_POSIX_SOCKETS -lwebsocket.js": _ALWAYS,
    "-O2 -fexceptions": _ALWAYS,
    "-O2 -fwasm-exceptions": _ALWAYS,
    "-O2 -sEXPORT_ES6 -sMODULARIZE": _ALWAYS,
    "-O2 -sNODERAWSOCKETS": (6, 0, 2),
}


PREBUILT: tuple[Version, ...] = ((3, 1, 6), (3, 1, 69))


@pytest.fixture(scope="module", params=GENERATIONS)
def release(request: pytest.FixtureRequest) -> Emscripten:
    """One generation, set up if this machine does not have it."""
    with progress_for() as progress:
        want = Want(emscripten=request.param, ws=False)
        found = ensure_toolchain(want, progress=progress, assume_yes=True).emscripten
    assert found is not None
    return found


def _link(emscripten: Emscripten, driver: Path, source: Path, flags: str) -> str:
    done = subprocess.run(
        [driver, source, *flags.split(), "-o", source.with_suffix(".js")],
        env={**os.environ, **emscripten.environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    return "" if done.returncode == 0 else done.stderr


def _libraries(emscripten: Emscripten) -> set[Path]:
    assert emscripten.config.cache is not None
    return set(emscripten.config.cache.glob("sysroot/lib/wasm32-emscripten/*.a"))


@pytest.mark.parametrize("flags", LINKS)
def test_everything_that_sockets_ask_for_links(
    release: Emscripten, tmp_path: Path, flags: str
) -> None:
    """What was left out of the packages is not missed, nor built anew where Debian had it."""
    libraries = _libraries(release)
    source = tmp_path / "program.cpp"
    source.write_text(_CPP)
    error = _link(release, release.empp, source, flags)
    if release.version >= LINKS[flags]:
        assert error == ""
    else:
        assert "non-existent setting" in error
    if release.version in PREBUILT:
        assert _libraries(release) == libraries


def test_libraries_that_were_left_out_are_built_when_asked_for(tmp_path: Path) -> None:
    """Link time optimisation has libraries of its own, built at first use; one release shows it."""
    with progress_for() as progress:
        want = Want(emscripten="3.1.69", ws=False)
        found = ensure_toolchain(want, progress=progress, assume_yes=True).emscripten
    assert found is not None
    source = tmp_path / "program.cpp"
    source.write_text(_CPP)
    assert _link(found, found.empp, source, "-O2 -flto") == ""


def test_c_with_the_websocket_library_links(release: Emscripten, tmp_path: Path) -> None:
    source = tmp_path / "program.c"
    source.write_text(_C)
    assert _link(release, release.emcc, source, "-O2 -lwebsocket.js") == ""


def test_the_posix_proxy_can_still_be_built(release: Emscripten) -> None:
    folder = release.root / "tools" / "websocket_to_posix_proxy"
    assert (folder / "CMakeLists.txt").is_file()
    assert list(folder.rglob("*.c*"))


def test_nothing_is_wrong_with_it(release: Emscripten) -> None:
    toolchain = find_toolchain(emscripten=release.version_text)
    errors = [f for f in diagnose(toolchain) if f.severity is Severity.ERROR]
    assert [error.id for error in errors if not error.id.startswith("ws-")] == []


def test_it_is_not_larger_than_it_must_be(release: Emscripten) -> None:
    size = {parse_version(e.version): e.size for e in installed("emscripten")}[release.version]
    assert size < MOST_BYTES, format_version(release.version)
