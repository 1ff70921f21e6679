"""Emscripten: where it is, which release, and the environment that it needs to work."""

from __future__ import annotations

import os
import shutil
import sys
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from emsockets_build.errors import ToolMissingError
from emsockets_build.settings.version import Version
from emsockets_build.storage import cache_dir
from emsockets_build.toolchain.config import config_path, read_config
from emsockets_build.toolchain.installed import Installed, installed
from emsockets_build.toolchain.model import Emscripten, EmscriptenConfig, Node
from emsockets_build.toolchain.node import describe_node
from emsockets_build.toolchain.version import version_in

__all__ = ["REQUEST_VARIABLE", "SYSTEM_ROOTS", "find_emscripten", "find_emscriptens", "use_node"]

REQUEST_VARIABLE = "EMSOCKETS_EMSCRIPTEN"
_REMEDY = "run `emsockets setup`, or name another with --emscripten PATH|VERSION"
# Where package managers put it: what is there needs no variable and no PATH.
SYSTEM_ROOTS: tuple[tuple[Path, str, str], ...] = (
    (Path("/opt/homebrew/opt/emscripten"), "Homebrew", "Homebrew installed it"),
    (Path("/usr/local/opt/emscripten"), "Homebrew", "Homebrew installed it"),
    (Path("/home/linuxbrew/.linuxbrew/opt/emscripten"), "Homebrew", "Homebrew installed it"),
    (Path("/usr/share/emscripten"), "Debian", "Debian's package installed it"),
)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A folder that may be Emscripten's, and how it was come by."""

    root: Path
    origin: str
    reason: str
    own: Installed | None = None


def find_emscripten(request: str | None = None) -> Emscripten:
    """Find the Emscripten to build with.

    Args:
        request: The path of an emcc, of Emscripten's folder or of an emsdk, or a version such as
            ``3.1.69``; ``EMSOCKETS_EMSCRIPTEN`` if None.

    Returns:
        The one asked for, else the first in the order of `find_emscriptens`.

    Raises:
        ToolMissingError: There is none, or not the one asked for.
    """
    request = request or os.environ.get(REQUEST_VARIABLE)
    if request and (os.sep in request or Path(request).exists()):
        root = _root_of(Path(request).expanduser().absolute())
        found = _describe(_Candidate(root, "request", "asked for", _own(root))) if root else None
        if found is None:
            raise ToolMissingError(
                f"{request} is no Emscripten",
                where=str(Path(request).absolute()),
                why="there is no emscripten-version.txt in it or in the folders that emcc, "
                "an emsdk, conda or Homebrew would put it in",
                remedy=_REMEDY,
            )
        return found
    everything = find_emscriptens()
    if request:
        return _requested_version(request, list(everything))
    found = next(everything, None)
    if found is None:
        raise ToolMissingError(
            "no Emscripten was found",
            where="EMSDK, EM_CONFIG, PATH, emsdk in the home folder, conda, Homebrew, "
            "/usr/share/emscripten, the user's cache",
            remedy=_REMEDY,
        )
    return found


def find_emscriptens() -> Iterator[Emscripten]:
    """Find every Emscripten on this machine, in the order of preference, each folder once."""
    seen: set[Path] = set()
    for candidate in _candidates():
        real = candidate.root.resolve()
        if real in seen:
            continue
        seen.add(real)
        found = _describe(candidate)
        if found is not None:
            yield found


def use_node(
    emscripten: Emscripten, node: Node | None, *, at_least: Version = (0, 0, 0)
) -> Emscripten:
    """Give an Emscripten whose configured Node is missing or too old another one to work with.

    Args:
        emscripten: As found.
        node: The Node that programs run under; None if there is none.
        at_least: The oldest that this release wants for itself.

    Returns:
        The same, with ``EM_NODE_JS`` in its environment if that was needed.
    """
    if node is None or node.version < at_least:
        return emscripten
    own = emscripten.config.node
    path = shutil.which(own, path=emscripten.environment.get("PATH")) if own else None
    if path is not None and describe_node(Path(path), "config", "").version >= at_least:
        return emscripten
    return replace(
        emscripten,
        environment={**emscripten.environment, "EM_NODE_JS": str(node.path)},
        config=replace(emscripten.config, node=node.path),
    )


def _requested_version(request: str, found: list[Emscripten]) -> Emscripten:
    for emscripten in found:
        if f"{emscripten.version_text}.".startswith(f"{request.removeprefix('v')}."):
            return replace(emscripten, reason=f"version {request} asked for")
    have = ", ".join(f"{one.version_text} at {one.root}" for one in found) or "none"
    raise ToolMissingError(
        f"Emscripten {request} was not found",
        why=f"found: {have}",
        remedy=f"run `emsockets setup --emscripten {request}`, or name one that is there",
    )


def _candidates() -> Iterator[_Candidate]:
    places: list[tuple[Path | None, str, str]] = [
        (_variable_path("EMSDK"), "EMSDK", "the activated emsdk comes first"),
        (_named_by_config(), "EM_CONFIG", "EM_CONFIG points to it"),
        (_which("emcc"), "PATH", "its emcc is the first on PATH"),
        *((path, "emsdk", "an emsdk with an activated release") for path in _emsdks()),
        (_variable_path("CONDA_PREFIX"), "conda", "the activated conda environment has it"),
        *SYSTEM_ROOTS,
    ]
    for path, origin, reason in places:
        root = _root_of(path) if path else None
        if root:
            yield _Candidate(root, origin, reason, _own(root))
    for entry in installed("emscripten"):
        yield _Candidate(entry.path("root"), "cache", "set up by emsockets", entry)


def _variable_path(name: str) -> Path | None:
    value = os.environ.get(name)
    return Path(value) if value else None


def _named_by_config() -> Path | None:
    """Return the folder that the file in ``EM_CONFIG`` belongs to: the emsdk's or Emscripten's."""
    value = os.environ.get("EM_CONFIG", "")
    return Path(value).expanduser().parent if value and "\n" not in value else None


def _which(name: str) -> Path | None:
    path = shutil.which(name)
    return Path(path) if path else None


def _emsdks() -> list[Path]:
    folders = (Path("~/emsdk").expanduser(), Path("/opt/emsdk"))
    return [folder for folder in folders if (folder / ".emscripten").is_file()]


def _root_of(path: Path) -> Path | None:
    """Return Emscripten's folder for the path of an emcc, an emsdk or a prefix."""
    if path.is_file():
        folders = [path.resolve().parent, path.parent, path.resolve().parent.parent]
    else:
        folders = [path]
    for folder in folders:
        # emsdk; Homebrew; Debian; conda-forge; emscripten-forge; our own cache
        inside = ["", "upstream/emscripten", "libexec", "share/emscripten",
                  "opt/emsdk/upstream/emscripten", "prefix/usr/share/emscripten"]  # fmt: skip
        named = [folder / part for part in inside]
        named += sorted(folder.glob("lib/emscripten-*"), reverse=True)
        for root in named:
            if (root / "emscripten-version.txt").is_file():
                return root
    return None


def _own(root: Path) -> Installed | None:
    """Return the entry of our cache that a folder belongs to."""
    real = root.resolve()
    return next((e for e in installed("emscripten") if e.path("root").resolve() == real), None)


def _describe(candidate: _Candidate) -> Emscripten | None:
    """Read a release's own files; None if there is no driver or no version."""
    root = candidate.root
    try:
        version = version_in((root / "emscripten-version.txt").read_text("utf-8", "replace"))
    except OSError:
        return None
    emcc = _driver(root)
    if version is None or emcc is None:
        return None
    config, environment = _environment(candidate)
    cache = config.cache or root / "cache"
    if not config.frozen and not _writable(cache):
        # Every build would fail with "unable to write to the cache"; our own place is writable.
        name = f"{'.'.join(map(str, version))}-{zlib.crc32(os.fsencode(root)):08x}"
        cache = cache_dir() / "emscripten-cache" / name
        environment["EM_CACHE"] = str(cache)
    return Emscripten(
        root=root,
        emcc=emcc,
        version=version,
        origin=candidate.origin,
        reason=candidate.reason,
        toolchain_file=root / "cmake" / "Modules" / "Platform" / "Emscripten.cmake",
        environment=environment,
        config=replace(config, cache=cache),
    )


def _driver(root: Path) -> Path | None:
    # Debian's 3.1.6 and 3.1.69 keep only emcc.py there, and /usr/bin/emcc starts it.
    names = ("emcc.bat", "emcc.exe") if sys.platform == "win32" else ("emcc",)
    folders = (root, root.parent.parent / "bin", root.parent / "bin")
    places = [folder / name for folder in folders for name in names]
    return next((path for path in places if path.is_file()), None)


def _environment(candidate: _Candidate) -> tuple[EmscriptenConfig, dict[str, str]]:
    """Return the configuration of a release and the variables that make it work."""
    root, own = candidate.root, candidate.own
    environ: Mapping[str, str] = os.environ
    environment: dict[str, str] = {}
    path = own.path("config") if own and "config" in own.facts else None
    if path is None:
        # EM_CONFIG of an activated emsdk must not lead another release astray.
        chosen = candidate.origin in {"EMSDK", "EM_CONFIG", "PATH"}
        without = {key: value for key, value in environ.items() if key != "EM_CONFIG"}
        path = config_path(root, environ if chosen else without)
    if path is not None:
        environment["EM_CONFIG"] = str(path)
    folders = [root, *(own.paths("path") if own else ())]
    environment["PATH"] = _prepend(folders, environ.get("PATH", os.defpath))
    modules = root.parent / "nodejs"
    if (modules / "acorn").is_dir():
        # Debian's Node has this folder built in; any other Node does not find acorn without it.
        environment["NODE_PATH"] = _prepend([modules], environ.get("NODE_PATH", ""))
    if own and "EMSDK_PYTHON" not in environ:
        # The launchers take `python3` from PATH, which may be too old or not there at all.
        environment["EMSDK_PYTHON"] = sys.executable
    return read_config(path, {**environ, **environment}), environment


def _prepend(folders: list[Path], value: str) -> str:
    words = [str(folder) for folder in folders]
    return os.pathsep.join([*words, *(w for w in value.split(os.pathsep) if w and w not in words)])


def _writable(folder: Path) -> bool:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK)
