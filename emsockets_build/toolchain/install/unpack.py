"""Unpack Debian packages into one folder, leaving out what is not wanted as it streams by."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import IO, cast

from emsockets_build.errors import ToolMissingError
from emsockets_build.process import child_process
from emsockets_build.toolchain.install.progress import Progress

__all__ = ["unpack"]

_WORKERS = 2  # the decompressors are processes of their own


def unpack(
    packages: Sequence[Path], prefix: Path, wanted: Callable[[str], bool], progress: Progress
) -> None:
    """Unpack packages.

    Args:
        packages: The ``.deb`` files, hashes checked.
        prefix: The folder that becomes the root of the file system in them.
        wanted: Decides for each path, relative to the root, whether it is kept.
        progress: Where to report to.

    Raises:
        ToolMissingError: A package is damaged, or dpkg-deb failed.
        OSError: The disk is full.
    """
    with ThreadPoolExecutor(_WORKERS) as pool:
        jobs = [pool.submit(_unpack_one, package, prefix, wanted) for package in packages]
        try:
            for done, job in enumerate(jobs, 1):
                job.result()
                progress.advance("unpack", done, len(jobs))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _unpack_one(package: Path, prefix: Path, wanted: Callable[[str], bool]) -> None:
    command: list[str | Path] = ["dpkg-deb", "--fsys-tarfile", package]
    with child_process(command, stderr=subprocess.DEVNULL) as child:
        try:
            _extract(cast("IO[bytes]", child.stdout), prefix, wanted)
            returncode = child.wait(timeout=60)
        except tarfile.TarError as error:
            raise _damaged(package, str(error)) from error
    if returncode != 0:
        raise _damaged(package, f"dpkg-deb ended with {returncode}")


def _extract(stream: IO[bytes], prefix: Path, wanted: Callable[[str], bool]) -> None:
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            name = _merged(member.name)
            if member.isdir() or not wanted(name):
                continue
            if member.islnk():
                _link(prefix, name, _merged(member.linkname))
            elif member.issym():
                _symlink(prefix, name, member.linkname)
            elif member.isfile():
                _file(archive, member, _inside(prefix, name))
    while stream.read(1 << 16):  # padding after the end, or dpkg-deb dies of a closed pipe
        pass


def _merged(name: str) -> str:
    path = str(PurePosixPath(name)).lstrip("/")
    return f"usr/{path}" if path.startswith(("lib/", "bin/", "lib64/", "sbin/")) else path


def _file(archive: tarfile.TarFile, member: tarfile.TarInfo, destination: Path) -> None:
    # Not TarFile.extract(): its filters came with Python 3.11.4, and Debian 12 has 3.11.2.
    source = archive.extractfile(member)
    if source is None:
        raise tarfile.ReadError(f"{member.name} has no content")
    destination.unlink(missing_ok=True)
    with destination.open("wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
    destination.chmod(0o755 if member.mode & 0o100 else 0o644)
    os.utime(destination, (member.mtime, member.mtime))


def _link(prefix: Path, name: str, target: str) -> None:
    source, destination = _inside(prefix, target), _inside(prefix, name)
    if source.exists():
        destination.unlink(missing_ok=True)
        destination.hardlink_to(source)


def _symlink(prefix: Path, name: str, target: str) -> None:
    destination = _inside(prefix, name)
    if target.startswith("/"):  # absolute in Debian's file system, so relative to the prefix
        target = os.path.relpath(_inside(prefix, _merged(target[1:])), destination.parent)
    destination.unlink(missing_ok=True)
    destination.symlink_to(target)


def _inside(prefix: Path, name: str) -> Path:
    """Return the path of a member, its folder made; refuse what would lie outside."""
    path = Path(os.path.normpath(prefix / name))
    if path.is_relative_to(prefix):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.parent.resolve().is_relative_to(prefix.resolve()):  # no link leads astray
            return path
    raise tarfile.ReadError(f"{name} would lie outside of {prefix}")


def _damaged(package: Path, why: str) -> ToolMissingError:
    return ToolMissingError(
        f"the package {package.name} cannot be unpacked",
        where=str(package),
        why=why,
        remedy="remove the file and run `emsockets setup` again",
    )
