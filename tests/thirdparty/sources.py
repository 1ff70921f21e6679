"""Sources of programs that know nothing of Emscripten, from Debian's archive, as released.

They are fetched into the user's cache once, with apt's own programs and a private apt state, so
apt checks the archive's signature and the hash of each file.
"""

from __future__ import annotations

import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from emsockets_build.process import Completed, run_bounded
from emsockets_build.storage import cache_dir
from emsockets_build.toolchain.install.apt import machine_archive

__all__ = ["Release", "unpacked"]

_SECONDS = 240.0


@dataclass(frozen=True, slots=True)
class Release:
    """A source package.

    Attributes:
        name: Its name in the archive.
        suite: The suite that is asked for it.
    """

    name: str
    suite: str = "bookworm"


def unpacked(release: Release) -> Path:
    """Return the folder of a program's sources, fetched if they are not there yet."""
    base = cache_dir() / "tests" / "sources"
    base.mkdir(parents=True, exist_ok=True)
    folder = base / f"{release.name}-{release.suite}"
    with FileLock(base / "lock", timeout=_SECONDS):
        if not folder.is_dir():
            _unpack(_download(release, base / "apt" / release.suite), folder)
    (top,) = folder.iterdir()
    return top


def _download(release: Release, state: Path) -> Path:
    """Fetch the tarball of the program's authors, without Debian's changes."""
    archive = machine_archive()
    for name in ("etc", "lists/partial", "cache/archives/partial"):
        (state / name).mkdir(parents=True, exist_ok=True)
    (state / "status").touch()
    (state / "etc" / "sources.list").write_text(
        f"deb-src [signed-by={archive.keyring}] {archive.mirror} {release.suite} main\n"
    )
    if not any((state / "lists").glob("*Sources*")):
        _apt(state, state, "update")
    target = state / release.name
    target.mkdir(exist_ok=True)
    # The tarball only: the description and Debian's changes are not used.
    _apt(state, target, "source", "--download-only", "--tar-only", "--quiet", release.name)
    (tarball,) = (path for path in target.glob("*.orig.tar.*") if path.suffix != ".asc")
    return tarball


def _apt(state: Path, where: Path, *arguments: str) -> Completed:
    options = {
        "Dir::Etc": state / "etc",
        "Dir::Etc::sourcelist": state / "etc" / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State": state,
        "Dir::State::lists": state / "lists",
        "Dir::State::status": state / "status",
        "Dir::Cache": state / "cache",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        "Debug::NoLocking": "1",
    }
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    done = run_bounded(["apt-get", *words, *arguments], timeout=_SECONDS, cwd=where)
    assert done.returncode == 0, f"apt-get {' '.join(arguments)}: {done.text}"
    return done


def _unpack(tarball: Path, folder: Path) -> None:
    aside = folder.with_name(f"{folder.name}.incoming")
    shutil.rmtree(aside, ignore_errors=True)
    with tarfile.open(tarball) as archive:
        archive.extractall(aside, filter="data")
    aside.rename(folder)
