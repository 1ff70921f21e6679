"""The emsdk provider: upstream's own installer, in our cache.

What is relied on of emsdk: ``emscripten-releases-tags.json`` names the releases,
``emsdk.py install VERSION`` and ``emsdk.py activate VERSION`` do the work, and Emscripten then lies
in ``upstream/emscripten`` with its configuration in ``.emscripten`` at the top (embedded mode,
the only one since emsdk 2.0.6).
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from emsockets_build.errors import ToolMissingError, UsageError
from emsockets_build.process import run_bounded
from emsockets_build.settings.version import Version
from emsockets_build.toolchain.install.node import incoming
from emsockets_build.toolchain.install.progress import Progress
from emsockets_build.toolchain.install.slot import install_once, locked
from emsockets_build.toolchain.installed import Installed, installed
from emsockets_build.toolchain.version import version_in

__all__ = ["SOURCE_VARIABLE", "install_emsdk"]

SOURCE_VARIABLE = "EMSOCKETS_EMSDK_SOURCE"
_SOURCE = "https://github.com/emscripten-core/emsdk.git"
_TAGS = "emscripten-releases-tags.json"
_CLONE_TIMEOUT = 600.0
_INSTALL_TIMEOUT = 3600.0


def install_emsdk(
    version: str | None, progress: Progress, *, source: str | None = None
) -> Installed:
    """Install a release of Emscripten by emsdk.

    Args:
        version: Such as ``4.0.10``; None for the latest.
        progress: Where to report to.
        source: The repository of emsdk; ``EMSOCKETS_EMSDK_SOURCE``, else upstream's, if None.

    Returns:
        What is in the cache now.

    Raises:
        UsageError: There is no such release, or the cache cannot be written.
        ToolMissingError: git is missing, or emsdk failed.
    """
    there = next((e for e in installed("emscripten") if e.version == version), None)
    if there is not None:
        progress.say(f"Emscripten {version} is set up already in {there.folder}")
        return there
    source = source or os.environ.get(SOURCE_VARIABLE) or _SOURCE
    with locked("emsdk", progress), incoming("emsdk") as folder:
        clone = folder / "emsdk"
        progress.say(f"cloning emsdk from {source}")
        _git(source, clone)
        release = _release(clone, version)

        def build(slot: Path) -> Mapping[str, object]:
            # Its configuration holds absolute paths, so it must be activated in its final place.
            clone.rename(slot / "emsdk")
            for words in (("install", release), ("activate", release)):
                progress.say(f"emsdk {' '.join(words)}")
                _emsdk(slot / "emsdk", *words)
            _check(slot / "emsdk", release)
            return {
                "provider": "emsdk",
                "root": "emsdk/upstream/emscripten",
                "config": "emsdk/.emscripten",
                "source": source,
            }

        return install_once("emscripten", release, build, progress)


def _git(source: str, folder: Path) -> None:
    git = shutil.which("git")
    if git is None:
        raise ToolMissingError(
            "the emsdk provider needs git",
            remedy="install git, or use `--provider debian` on a Debian or Ubuntu machine",
        )
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    done = run_bounded(
        [git, "clone", "--quiet", "--depth", "1", "--", source, folder],
        timeout=_CLONE_TIMEOUT,
        env=environment,
        merge=True,
    )
    if done.returncode != 0:
        raise ToolMissingError(
            "emsdk cannot be cloned",
            where=source,
            why="it took too long" if done.timed_out else done.text[-1200:],
            remedy=f"check the network, or name another copy of it in {SOURCE_VARIABLE}",
        )


def _release(clone: Path, version: str | None) -> str:
    try:
        tags = json.loads((clone / _TAGS).read_bytes())
        releases = [str(name) for name in tags["releases"]]
        latest = str(tags.get("aliases", tags).get("latest", ""))
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ToolMissingError(
            "this is no emsdk that we know",
            where=str(clone / _TAGS),
            why=str(error),
            remedy=f"look at what {SOURCE_VARIABLE} names",
        ) from error
    wanted = version or latest
    if wanted not in releases:
        names = sorted((name for name in releases if name[:1].isdigit()), key=_order)
        raise UsageError(
            f"emsdk has no release {wanted}",
            where=_TAGS,
            why=f"it has {len(names)}, the newest are {', '.join(names[-6:])}",
            remedy="choose one of them",
        )
    return wanted


def _order(name: str) -> Version:
    return version_in(name) or (0, 0, 0)


def _emsdk(folder: Path, *words: str) -> None:
    # An activated emsdk in the caller's environment must not be taken for this one.
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("EMSDK", "EM_"))
    }
    done = run_bounded(
        [sys.executable, folder / "emsdk.py", *words],
        timeout=_INSTALL_TIMEOUT,
        cwd=folder,
        env=environment,
        merge=True,
    )
    if done.returncode != 0:
        raise ToolMissingError(
            f"emsdk {' '.join(words)} failed",
            where=str(folder),
            why="it took too long" if done.timed_out else done.text[-2000:],
            remedy="check the network and the room on the disk, then try again",
        )


def _check(folder: Path, release: str) -> None:
    root = folder / "upstream" / "emscripten"
    try:
        found = version_in((root / "emscripten-version.txt").read_text("utf-8"))
    except OSError:
        found = None
    if found != version_in(release) or not (folder / ".emscripten").is_file():
        raise ToolMissingError(
            f"emsdk did not install Emscripten {release} where we look for it",
            where=str(root),
            why="there is " + (".".join(map(str, found)) if found else "none"),
            remedy="install it by hand and name it with --emscripten PATH",
        )
