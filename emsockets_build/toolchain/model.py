"""What a toolchain consists of: each tool with its version, where it came from, and why it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from emsockets_build.settings.version import Version, format_version

__all__ = [
    "Emscripten",
    "EmscriptenConfig",
    "Node",
    "NodeFeatures",
    "Tool",
    "Toolchain",
    "WsModule",
]


@dataclass(frozen=True, slots=True)
class Tool:
    """A program such as cmake or ninja.

    Attributes:
        path: The real binary, not a wheel's Python script around it.
        version: Its own word; None if it did not say.
        origin: Where it was found: ``PyPI``, ``PATH``, ``request``...
        reason: Why this one was preferred, as a phrase.
    """

    path: Path
    version: Version | None
    origin: str
    reason: str

    @property
    def version_text(self) -> str:
        """The version in digits, or ``unknown``."""
        return format_version(self.version) if self.version else "unknown"


@dataclass(frozen=True, slots=True)
class EmscriptenConfig:
    """What Emscripten's configuration file says (``tools/config.py`` of the release).

    Attributes:
        path: The file; None when Emscripten runs on its defaults.
        llvm_root: The folder of clang and wasm-ld.
        llvm_suffix: ``LLVM_ADD_VERSION`` as a suffix, such as ``-14`` (Debian), or empty.
        binaryen_root: The folder whose ``bin`` holds wasm-opt.
        node: The Node that emcc itself runs.
        cache: Where system libraries are kept; None for the default ``<root>/cache``.
        frozen: Whether emcc refuses to build into the cache.
        error: Why the file could not be read, or empty.
    """

    path: Path | None = None
    llvm_root: Path | None = None
    llvm_suffix: str = ""
    binaryen_root: Path | None = None
    node: Path | None = None
    cache: Path | None = None
    frozen: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class Emscripten:
    """One Emscripten release on this machine.

    Attributes:
        root: The folder of ``emcc.py`` and ``emscripten-version.txt``.
        emcc: The compiler driver to call.
        version: The release.
        origin: Where it was found: ``EMSDK``, ``PATH``, ``Debian``, ``cache``...
        reason: Why this one was preferred, as a phrase.
        toolchain_file: CMake's toolchain file of the release.
        environment: What must be in the environment of emcc and of all that calls it; merge it
            into ``os.environ``. ``PATH`` and ``NODE_PATH`` are whole values.
        config: What its configuration file says.
    """

    root: Path
    emcc: Path
    version: Version
    origin: str
    reason: str
    toolchain_file: Path
    environment: Mapping[str, str]
    config: EmscriptenConfig

    @property
    def version_text(self) -> str:
        """The release in digits, such as ``3.1.69``."""
        return format_version(self.version)

    @property
    def empp(self) -> Path:
        """The C++ driver beside `emcc`."""
        return self.emcc.with_name(self.emcc.name.replace("emcc", "em++"))


@dataclass(frozen=True, slots=True)
class NodeFeatures:
    """What a Node can do, tested rather than guessed from its version.

    Each is the flags that the feature needs (none: an empty tuple), or None if there is no way.

    Attributes:
        jspi: ``WebAssembly.Suspending`` exists. Node 24 from nodejs.org wants a flag, Debian's
            24.22 does not.
        websocket: ``globalThis.WebSocket`` exists, which ``<emscripten/websocket.h>`` needs.
        without_fetch: ``globalThis.fetch`` is absent, which Emscripten before 3.1.12 needs
            (commit eab875588e); Node 24 refuses the flag that took it away.
    """

    jspi: tuple[str, ...] | None = None
    websocket: tuple[str, ...] | None = None
    without_fetch: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """A Node.js that runs programs.

    Attributes:
        path: The binary.
        version: Its version; ``(0, 0, 0)`` if it does not run.
        origin: Where it was found: ``request``, ``EMSDK``, ``PATH``, ``cache``, ``PyPI``.
        reason: Why this one was preferred, as a phrase.
        features: What it can do.
    """

    path: Path
    version: Version
    origin: str
    reason: str
    features: NodeFeatures

    @property
    def version_text(self) -> str:
        """The version in digits."""
        return format_version(self.version)


@dataclass(frozen=True, slots=True)
class WsModule:
    """The ``ws`` package of npm, which Emscripten's socket emulation loads under Node.

    Attributes:
        path: The folder that holds ``ws``, for ``NODE_PATH``.
        version: The version in its ``package.json``.
        origin: Where it was found: ``project``, ``NODE_PATH``, ``cache``, ``Debian``, ``npm``.
        reason: Why this one was preferred, as a phrase.
        fits: Whether the release of Emscripten can talk to this major.
    """

    path: Path
    version: Version
    origin: str
    reason: str
    fits: bool

    @property
    def version_text(self) -> str:
        """The version in digits."""
        return format_version(self.version)


@dataclass(frozen=True, slots=True)
class Toolchain:
    """All that a build and a run need; None for what this machine lacks."""

    emscripten: Emscripten | None
    node: Node | None
    cmake: Tool | None
    ninja: Tool | None
    ws: WsModule | None
