"""Make sure that a toolchain is there, setting up what is missing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from emsockets_build.errors import ToolMissingError, UsageError
from emsockets_build.storage import cache_dir
from emsockets_build.toolchain.diagnose import diagnose
from emsockets_build.toolchain.emscripten import find_emscripten
from emsockets_build.toolchain.find import find_node, find_toolchain, node_needs
from emsockets_build.toolchain.finding import Fix, Severity
from emsockets_build.toolchain.install.apt import serves_debian
from emsockets_build.toolchain.install.debian import install_debian
from emsockets_build.toolchain.install.emsdk import install_emsdk
from emsockets_build.toolchain.install.node import DEFAULT_NODE, install_node
from emsockets_build.toolchain.install.progress import Progress
from emsockets_build.toolchain.install.ws import install_ws
from emsockets_build.toolchain.installed import Installed
from emsockets_build.toolchain.model import Toolchain
from emsockets_build.toolchain.version import version_in

__all__ = [
    "PROVIDERS",
    "Confirm",
    "Want",
    "ask",
    "default_provider",
    "ensure_toolchain",
    "install_emscripten",
]

PROVIDERS = ("debian", "emsdk", "system")
Confirm = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Want:
    """What a caller cannot do without.

    Attributes:
        emscripten: A path or a version; None for any.
        node: A path or a version; None for any.
        ws: Whether the npm package ws is needed.
        provider: One of `PROVIDERS`; None for what fits the machine.
        start: The project's folder, whose ``node_modules`` may hold ``ws``.
    """

    emscripten: str | None = None
    node: str | None = None
    ws: bool = True
    provider: str | None = None
    start: Path | None = None


def ensure_toolchain(
    want: Want, *, progress: Progress, assume_yes: bool = False, confirm: Confirm | None = None
) -> Toolchain:
    """Find a toolchain, and set up what it lacks.

    Args:
        want: What is needed.
        progress: Where to report to.
        assume_yes: Set it up without asking.
        confirm: Asks a person; on a terminal, `ask` if None.

    Returns:
        A toolchain with an Emscripten, a Node and, if wanted, a fitting ``ws``.

    Raises:
        ToolMissingError: Something is missing and nobody said yes, or it cannot be set up.
        UsageError: There is no such version.
    """
    missing = _missing(want)
    if missing and not assume_yes:
        text = f"{' and '.join(missing)} will be set up in {cache_dir()}. Go on?"
        if not (confirm or ask)(text):
            raise ToolMissingError(
                f"missing: {', '.join(missing)}", remedy="run `emsockets setup --yes`"
            )
    # Node first: Emscripten is written for it in JavaScript, and is tried with it.
    if any(part.startswith("Node") for part in missing):
        install_node(_version_of(want.node), progress)
    if any(part.startswith("Emscripten") for part in missing):
        install_emscripten(_version_of(want.emscripten), progress, provider=want.provider)
    found = find_toolchain(emscripten=want.emscripten, node=want.node, start=want.start)
    if want.ws and (found.ws is None or not found.ws.fits):
        install_ws(found.emscripten.version if found.emscripten else None, progress)
        found = find_toolchain(emscripten=want.emscripten, node=want.node, start=want.start)
    return found


def install_emscripten(
    version: str | None, progress: Progress, *, provider: str | None = None
) -> Installed | None:
    """Install a release by one provider.

    Args:
        version: Such as ``3.1.69``; None for the newest that the provider has.
        progress: Where to report to.
        provider: One of `PROVIDERS`; `default_provider` if None.

    Returns:
        What is in the cache now; None for ``system``, which installs nothing.

    Raises:
        UsageError: There is no such version.
        ToolMissingError: It cannot be set up here.
    """
    provider = provider or default_provider()
    if provider == "debian":
        return install_debian(version, progress)
    if provider == "emsdk":
        return install_emsdk(version, progress)
    _check_system(version, progress)
    return None


def default_provider() -> str:
    """Return ``debian`` on machines whose apt knows Debian's archive, else ``emsdk``."""
    return "debian" if sys.platform == "linux" and serves_debian() else "emsdk"


def ask(text: str) -> bool:
    """Ask a person on the terminal.

    Raises:
        UsageError: There is no terminal to ask on.
    """
    if not sys.stdin.isatty():
        raise UsageError(
            "nobody is there to say yes",
            why=text,
            remedy="say it on the command line with --yes",
        )
    sys.stderr.write(f"{text} [Y/n] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"", "y", "yes"}


def _check_system(version: str | None, progress: Progress) -> None:
    """Look over what is installed already."""
    found = find_emscripten(version)
    toolchain = find_toolchain(emscripten=str(found.root))
    errors = [
        f for f in diagnose(toolchain) if f.severity is Severity.ERROR and f.fix is not Fix.WS
    ]
    if errors:
        raise ToolMissingError(
            f"Emscripten {found.version_text} is installed, but does not work as it is",
            where=str(found.root),
            why="\n".join(f"{error.summary}: {error.cause}" for error in errors),
            remedy=errors[0].remedy,
        )
    progress.say(f"Emscripten {found.version_text} in {found.root} ({found.origin}) is sound")


def _missing(want: Want) -> list[str]:
    missing = []
    try:
        emscripten = find_emscripten(want.emscripten)
    except ToolMissingError:
        _version_of(want.emscripten)  # a path that is wrong cannot be set up
        emscripten = None
        missing.append(f"Emscripten {want.emscripten or ''}".rstrip())
    try:
        needs = node_needs(emscripten).programs if emscripten else (0, 0, 1)
        node = find_node(want.node, at_least=needs)
        if node.version < needs:
            missing.append(f"Node {DEFAULT_NODE}")
    except ToolMissingError:
        missing.append(f"Node {_version_of(want.node) or DEFAULT_NODE}")
    return missing


def _version_of(request: str | None) -> str | None:
    if request is not None and version_in(request) is None:
        raise ToolMissingError(
            f"{request} is not there and cannot be set up",
            remedy="name a path that exists, or a version such as 3.1.69",
        )
    return request
