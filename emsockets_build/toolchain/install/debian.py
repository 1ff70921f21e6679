"""The debian provider: Emscripten from Debian's packages, without root, on any Debian or Ubuntu."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from emsockets_build.errors import ToolMissingError, UsageError
from emsockets_build.toolchain.emscripten import find_emscripten, use_node
from emsockets_build.toolchain.find import find_node
from emsockets_build.toolchain.install.apt import Archive, Package, Suite, machine_archive
from emsockets_build.toolchain.install.libraries import link_all
from emsockets_build.toolchain.install.progress import Progress, size_text
from emsockets_build.toolchain.install.relocate import relocate
from emsockets_build.toolchain.install.slot import (
    disk_errors,
    install_once,
    locked,
    need_space,
    tree_size,
)
from emsockets_build.toolchain.install.trim import is_wanted_file, is_wanted_package
from emsockets_build.toolchain.install.unpack import unpack
from emsockets_build.toolchain.installed import Installed, installed
from emsockets_build.toolchain.version import version_in

__all__ = ["NEWEST", "SUITES", "install_debian"]

# What each suite had when this was written only says where to look first: suites move on.
SUITES: Mapping[str, str] = {
    "bookworm": "3.1.6",
    "trixie": "3.1.69",
    "sid": "6.0.5",
    "forky": "6.0.5",
}
NEWEST = "sid"
_PACKAGE = "emscripten"
_ROOT = Path("prefix/usr/share/emscripten")
_LAUNCHERS = (
    "em++",
    "em-config",
    "emar",
    "embuilder",
    "emcc",
    "emcmake",
    "emconfigure",
    "emmake",
    "emranlib",
    "emsize",
)  # fmt: skip - one glance
# The same as upstream's run_python.sh: the Python of EMSDK_PYTHON, and none of its user's settings.
_LAUNCHER = """\
#!/bin/sh
unset _PYTHON_SYSCONFIGDATA_NAME
exec "${EMSDK_PYTHON:-python3}" -E "$0.py" "$@"
"""
_GONE = re.compile(r"404|File not found|does not have a Release file", re.IGNORECASE)
_BUILD_ROOM = 400 * 2**20  # libraries that are built, and what the compiler writes meanwhile


def install_debian(
    version: str | None, progress: Progress, *, archive: Archive | None = None
) -> Installed:
    """Install a release of Emscripten from the suite of Debian that has it.

    Args:
        version: Such as ``3.1.69``; None for what the newest suite has.
        progress: Where to report to.
        archive: Where the packages come from; the machine's own mirror if None.

    Returns:
        What is in the cache now.

    Raises:
        UsageError: No suite has this version, or the cache cannot be written.
        ToolMissingError: This machine, its disk or its network cannot do it.
    """
    there = next((e for e in installed("emscripten") if e.version == version), None)
    if there is not None:
        progress.say(f"Emscripten {version} is set up already in {there.folder}")
        return there
    archive = archive or machine_archive()
    with locked("debian", progress):
        suite, release = _suite_with(version, archive, progress)
        with disk_errors(suite.folder):
            packages = [p for p in suite.resolve(_PACKAGE) if is_wanted_package(p.name)]
            _check_space(suite.folder, packages)
            files = suite.fetch(packages, progress)

            def build(folder: Path) -> Mapping[str, object]:
                return _build(folder, suite, packages, files, progress)

            result = install_once("emscripten", release, build, progress)
        suite.forget()
    return result


def _suite_with(version: str | None, archive: Archive, progress: Progress) -> tuple[Suite, str]:
    """Find the suite that has a version, the likely ones first."""
    likely = sorted(SUITES, key=lambda name: SUITES[name] != version)
    seen: dict[str, str] = {}
    failures: list[ToolMissingError] = []
    for name in likely if version else [NEWEST]:
        suite = Suite(name, archive)
        with disk_errors(suite.folder):
            try:
                suite.update(progress)
            except ToolMissingError as error:
                if not _GONE.search(error.why):  # no network: the next suite would fail the same
                    raise
                failures.append(error)  # a suite that is gone must not hide the others
                continue
            release = _release(suite)
        if release and version in {None, release}:
            return suite, release
        seen[name] = release or "none"
        suite.forget()
    if failures and not seen:
        raise failures[0]
    have = ", ".join(f"{release} in {name}" for name, release in seen.items())
    raise UsageError(
        f"no suite of Debian has Emscripten {version or ''}".rstrip(),
        where=archive.mirror,
        why=f"there are: {have}" + "".join(f"\n{error.what}" for error in failures),
        remedy="choose one of these, or use `--provider emsdk`, which has every release",
    )


def _release(suite: Suite) -> str | None:
    text = suite.version(_PACKAGE)
    match = re.match(r"(?:\d+:)?(\d+\.\d+\.\d+)", text) if text else None
    return match[1] if match else None


def _check_space(folder: Path, packages: list[Package]) -> None:
    # What is unpacked and left out again never touches the disk, so this is on the safe side.
    missing = sum(package.size for package in packages)
    unpacked = sum(package.installed_size for package in packages) // 2
    need_space(folder, missing + unpacked + _BUILD_ROOM)


def _build(
    folder: Path,
    suite: Suite,
    packages: list[Package],
    files: tuple[Path, ...],
    progress: Progress,
) -> Mapping[str, object]:
    prefix = folder / "prefix"
    unpack(files, prefix, is_wanted_file, progress)
    relocate(prefix, progress)
    root = folder / _ROOT
    prebuilt = (root / "cache" / "sysroot").is_dir()
    # Node finds acorn by itself then; ES modules, which newer releases use, ignore NODE_PATH.
    (prefix / "usr/share/node_modules").symlink_to("nodejs")
    _write_launchers(root)
    _write_config(folder, root)
    _try_it(folder, root, progress, prebuilt=prebuilt)
    progress.say(f"kept {size_text(tree_size(folder))} of {size_text(_unpacked(packages))}")
    return {
        "provider": "debian",
        "root": str(_ROOT),
        "config": str(_ROOT / ".emscripten"),
        "path": ["prefix/usr/bin"],
        "suite": suite.name,
        "mirror": suite.archive.mirror,
        "architecture": suite.archive.architecture,
        "packages": {package.name: package.version for package in packages},
    }


def _unpacked(packages: list[Package]) -> int:
    return sum(package.installed_size for package in packages)


def _write_launchers(root: Path) -> None:
    """Write the launchers that Debian moved to /usr/bin with absolute paths in them."""
    for name in _LAUNCHERS:
        launcher = root / name
        if not launcher.exists() and launcher.with_name(f"{name}.py").is_file():
            launcher.write_text(_LAUNCHER, encoding="utf-8")
            launcher.chmod(0o755)


def _write_config(folder: Path, root: Path) -> None:
    llvm = next(iter(sorted((folder / "prefix/usr/lib").glob("llvm-*/bin"), reverse=True)), None)
    if llvm is None:
        raise ToolMissingError(
            "Debian's packages came without LLVM",
            where=str(folder),
            remedy="run `emsockets setup` again; if it stays so, report it",
        )
    try:
        node = str(find_node().path)
    except ToolMissingError:
        node = "node"  # one that is set up later is given to emcc in its environment
    values = {
        "LLVM_ROOT": str(llvm),
        "BINARYEN_ROOT": str(folder / "prefix/usr"),
        "NODE_JS": node,
        "CACHE": str(root / "cache"),
        # Debian freezes its cache; here the libraries that were left out may be built.
        "FROZEN_CACHE": False,
    }
    lines = [f"{name} = {value!r}\n" for name, value in values.items()]
    (root / ".emscripten").write_text("".join(lines), encoding="utf-8")


def _try_it(folder: Path, root: Path, progress: Progress, *, prebuilt: bool) -> None:
    if version_in((root / "emscripten-version.txt").read_text("utf-8")) is None:
        raise ToolMissingError("Emscripten does not say its version", where=str(root))
    found = find_emscripten(str(root))
    binaries = f"{folder / 'prefix/usr/bin'}:{found.environment['PATH']}"
    try:
        node = find_node()
    except ToolMissingError:
        progress.say("no Node here yet, so nothing can be linked: run `emsockets setup --node`")
        return
    found = use_node(found, node)
    environment = {**found.environment, "PATH": binaries, "EMSDK_PYTHON": sys.executable}
    link_all(replace(found, environment=environment), progress, prebuilt=prebuilt)
