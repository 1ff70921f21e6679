"""What the files of a project say of each other: targets of sources, options given elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from emsockets_build.lint.buildfiles.flags import Option, Stage, Unit
from emsockets_build.lint.buildfiles.read import BuildFile, read_build_file
from emsockets_build.lint.context import Context, TargetFacts
from emsockets_build.lint.includes import Headers
from emsockets_build.lint.text import Kind, SourceText
from emsockets_build.settings.names import ReleaseSettings
from emsockets_build.settings.version import Version

__all__ = ["Project", "facts_of_unit"]

_BUILD_KINDS = frozenset((Kind.CMAKE, Kind.MAKE, Kind.SHELL))
_USES = {
    "emscripten/websocket.h": re.compile(r"#\s*include\s*[<\"]emscripten/websocket\.h"),
    "sys/socket.h": re.compile(r"#\s*include\s*[<\"](?:sys/socket|netinet/in|arpa/inet|netdb)\.h"),
    "Module.websocket": re.compile(r"\bModule(?:\.websocket\b|\[['\"]websocket['\"]\])"),
}
_WORTH_A_LOOK = re.compile(r"socket|netinet/|arpa/|netdb")
_HERE = re.compile(
    r"\$\{(?:CMAKE_CURRENT_SOURCE_DIR|CMAKE_CURRENT_LIST_DIR|PROJECT_SOURCE_DIR|CMAKE_SOURCE_DIR)\}/"
)
_WAITS = (("pthread", ("PROXY_TO_PTHREAD",)), ("jspi", ("JSPI",)), ("asyncify", ("ASYNCIFY",)))
_BACKENDS = (("proxy", "PROXY_POSIX_SOCKETS"), ("node", "NODERAWSOCKETS"))


@dataclass(frozen=True, slots=True)
class _Build:
    """What one build file gives to others."""

    folder: str
    targets: Mapping[str, tuple[TargetFacts, ...]]
    inputs: Mapping[str, tuple[str, ...]]
    shared: frozenset[str] = frozenset()
    native: tuple[str, ...] = ()


class Project:
    """The files of one run, asked for the context of each.

    Args:
        sources: All of them.
        version: The release in use; None judges for all.
        installed: What it says of its settings.
    """

    def __init__(
        self,
        sources: Sequence[SourceText],
        version: Version | None,
        installed: ReleaseSettings | None = None,
    ) -> None:
        self._version = version
        self._installed = installed
        self._uses = dict(_uses(sources))
        self._builds = {
            source.path: _build(source) for source in sources if source.kind in _BUILD_KINDS
        }
        self._of_source: dict[str, tuple[TargetFacts, ...]] = {}
        for build in self._builds.values():
            for name, paths in build.inputs.items():
                for path in paths:
                    self._of_source[path] = self._of_source.get(path, ()) + build.targets[name]
        named = {
            path for build in self._builds.values() for p in build.inputs.values() for path in p
        }
        native = {path for build in self._builds.values() for path in build.native}
        self._native = native - named
        self._of_folder = self._by_folder()
        self._headers = Headers(sources)
        self._contexts: dict[tuple[object, ...], Context] = {}
        self._native_context = Context(version, native=True)

    def context(self, source: SourceText) -> Context:
        """Return what the checkers of a file are told; the same object for the same content."""
        if source.kind in _BUILD_KINDS:
            shared = (build.shared for path, build in self._builds.items() if path != source.path)
            return Context(
                self._version,
                installed=self._installed,
                uses=self._uses_below(source.path.rpartition("/")[0]),
                uses_anywhere=self._uses_below(""),
                elsewhere=frozenset().union(*shared),
            )
        if source.path in self._native:
            return self._native_context
        targets = self._targets(source.path) if source.kind is Kind.SOURCE else ()
        headers = self._headers.of(source)
        return self._contexts.setdefault(
            (targets, headers), Context(self._version, targets, headers=headers)
        )

    def _targets(self, path: str) -> tuple[TargetFacts, ...]:
        """Return the targets that name a source; else those of the nearest folder with any."""
        named = self._of_source.get(path)
        if named:
            return named
        for folder in _folders_above(path):
            if folder in self._of_folder:
                return self._of_folder[folder]
        return ()

    def _uses_below(self, folder: str) -> frozenset[str] | None:
        """Return what is used in a folder and below; None if there is nothing to look at."""
        inside = [
            uses for path, uses in self._uses.items() if not folder or path.startswith(f"{folder}/")
        ]
        return frozenset().union(*inside) if inside else None

    def _by_folder(self) -> dict[str, tuple[TargetFacts, ...]]:
        found: dict[str, tuple[TargetFacts, ...]] = {}
        for build in self._builds.values():
            facts = tuple(fact for facts in build.targets.values() for fact in facts)
            if facts:
                found[build.folder] = tuple(dict.fromkeys((*found.get(build.folder, ()), *facts)))
        return found


def facts_of_unit(unit: Unit) -> tuple[TargetFacts, ...]:
    """Say what is known of a program, once for each way that its options leave open.

    Args:
        unit: Its options.

    Returns:
        Nothing if Emscripten has no part in it, as far as can be seen.
    """
    if not unit.emscripten or not unit.stage & Stage.LINK:
        return ()
    environment = unit.value("ENVIRONMENT") or ""
    link = tuple(dict.fromkeys(o.text for o in unit.options if o.stage & Stage.LINK))
    places = environment.split(",") if environment and "$" not in environment else []
    return tuple(
        TargetFacts(unit.name, wait, _backend(unit), tuple(places), link, unit.posix)
        for wait in _waits(unit)
    )


def _waits(unit: Unit) -> list[str | None]:
    if unit.wait is not None:
        return [unit.wait]
    if unit.partial or (not unit.program and unit.name):
        # What it is linked into decides.
        found: list[str | None] = [name for name, names in _WAITS if unit.on(*names)]
        return found or [None]
    given = [(name, option) for name, names in _WAITS for option in _on(unit, names)]
    certain = [name for name, option in given if not option.conditions]
    if certain:
        return [certain[0]]
    return [*dict.fromkeys(name for name, _ in given), "events"]


def _on(unit: Unit, names: Iterable[str]) -> Iterator[Option]:
    for name in names:
        for option in unit.of(name):
            if option.setting is not None and option.setting.on and option.stage & Stage.LINK:
                yield option


def _backend(unit: Unit) -> str | None:
    if unit.backend is not None:
        return unit.backend
    for name, setting in _BACKENDS:
        if unit.on(setting):
            return name
    emulation = ("WEBSOCKET_URL", "WEBSOCKET_SUBPROTOCOL", "SOCKET_DEBUG")
    if any(unit.of(name) for name in emulation):
        return "websocket"
    return "websocket-api" if unit.given("-lwebsocket.js", Stage.LINK) else None


def _build(source: SourceText) -> _Build:
    folder = source.path.rpartition("/")[0]
    try:
        file = read_build_file(source, Context())
    except ValueError:
        return _Build(folder, {}, {})
    targets = {
        unit.name or f"@{number}": facts_of_unit(unit) for number, unit in enumerate(file.units)
    }
    inputs = {
        unit.name or f"@{number}": tuple(_input_path(folder, name) for name in unit.inputs)
        for number, unit in enumerate(file.units)
    }
    native = file.cmake.native if file.cmake else ()
    paths = tuple(_input_path(folder, name) for name in native)
    return _Build(folder, targets, inputs, _shared(file), paths)


def _shared(file: BuildFile) -> frozenset[str]:
    """Return the options that other files' targets may get from this one."""
    options = list(file.cmake.directory) if file.cmake else []
    for unit in file.units:
        if file.cmake is None or not unit.program:
            options += unit.options
    return frozenset(option.text for option in options)


def _input_path(folder: str, name: str) -> str:
    relative = _HERE.sub("", name)
    path = PurePosixPath(folder, relative)
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return str(PurePosixPath(*parts)) if parts else ""


def _folders_above(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
    yield ""


def _uses(sources: Iterable[SourceText]) -> Iterator[tuple[str, frozenset[str]]]:
    """Return what each source or page uses."""
    for source in sources:
        if source.kind is Kind.SOURCE or (source.kind is Kind.BUILT and "Module" in source.text):
            found: frozenset[str] = frozenset()
            if _WORTH_A_LOOK.search(source.text):
                found = frozenset(n for n, pattern in _USES.items() if pattern.search(source.text))
            yield source.path, found
