"""The project's chores: ``nox`` runs the linters and all tests, ``nox -s NAME`` one of them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.sessions = ["lint", "tests"]


# What Debian's stable suites hold, and the newest release that there is.
GENERATIONS = (("--emscripten", "3.1.6"), ("--emscripten", "3.1.69"), ())

# What the tests use beside Python: a Debian package, and what shows that it is there.
SYSTEM = {
    "g++": "g++",  # native builds
    "git": "git",  # stand-in repositories
    "gnupg": "gpg",  # stand-in archives are signed
    "make": "make",
    "pkg-config": "pkg-config",
    "ccache": "ccache",  # compiler launchers pass through
    "chromium-headless-shell": "chromium-headless-shell",
    "firefox-esr": "firefox-esr",
    "iperf": "iperf",
    "libwebsockets-test-server": "libwebsockets-test-server",
    "libpoco-dev": "/usr/include/Poco/Net/WebSocket.h",  # the server of a template
    "mosquitto": "/usr/sbin/mosquitto",
    "nginx-light": "/usr/sbin/nginx",
    "redis-server": "redis-server",
}


@nox.session
def lint(session: nox.Session) -> None:
    """Check the style of Python and CMake files, and the types."""
    _install(session, "lint", "test")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("gersemi", "--check", "--diff", "cmake", "CMakeLists.txt", "tests/cmake")
    session.run("mypy")


@nox.session
def tests(session: nox.Session) -> None:
    """Run every test; arguments behind ``--`` go to pytest."""
    _install_system(session)
    _install(session, "test")
    # Every generation, so that no test has to do without: into the user's cache, once.
    for generation in GENERATIONS:
        session.run("emsockets", "setup", "--yes", "--node", "--ws", *generation)
    # By module, so that what a module builds is built once.
    session.run("pytest", "-n2", "--dist=loadscope", *session.posargs)


def _install(session: nox.Session, *groups: str) -> None:
    # What venv brings may be too old for --group (pip 25.1).
    session.install("--upgrade", "pip>=25.1", silent=True)
    session.install("-e", ".", *(f"--group={group}" for group in groups), "nox", silent=True)


def _install_system(session: nox.Session) -> None:
    """Get what is missing from Debian's packages, as root or with sudo; elsewhere name it."""
    missing = [
        package
        for package, sign in SYSTEM.items()
        if not shutil.which(sign) and not Path(sign).exists()
    ]
    if not missing:
        return
    apt = shutil.which("apt-get")
    sudo = [] if os.name == "posix" and os.geteuid() == 0 else ["sudo", "-n"]
    if apt is None or (sudo and not shutil.which("sudo")):
        session.error(f"the tests need {', '.join(missing)} (names of Debian packages)")
    # Servers among them are started by the tests alone: invoke-rc.d does nothing in runlevel 1.
    quiet = [*sudo, "env", "RUNLEVEL=1", "DEBIAN_FRONTEND=noninteractive", apt]
    subprocess.run([*quiet, "update", "-q"], check=True)
    subprocess.run([*quiet, "install", "-qy", "--no-install-recommends", *missing], check=True)
