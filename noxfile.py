"""The project's chores: ``nox`` runs the linters and all tests, ``nox -s NAME`` one of them."""

from __future__ import annotations

import nox

nox.options.default_venv_backend = "venv"
nox.options.sessions = ["lint", "tests"]


# What Debian's stable suites hold, and the newest release that there is.
GENERATIONS = (("--emscripten", "3.1.6"), ("--emscripten", "3.1.69"), ())


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
