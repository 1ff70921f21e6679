"""The values that a look into a running program yields."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Frame", "Observation", "ThreadView", "WasmModule"]


_OURS = ("/emsockets_build/run/calls.cjs", "/emsockets_build/run/browser/page.js")


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a stack.

    Attributes:
        function: The function, demangled.
        wasm: Whether it is WebAssembly; else JavaScript.
        offset: For WebAssembly the byte offset in the file, for JavaScript the column.
        line: For JavaScript the line, from 1; 0 for WebAssembly.
        url: The script or module.
        location: ``file:line`` in the source, where debug information tells.
    """

    function: str
    wasm: bool
    offset: int
    line: int = 0
    url: str = ""
    location: str | None = None

    @property
    def watching(self) -> bool:
        """Whether it is one of ours, between the program and the library's call that we watch."""
        return not self.wasm and self.url.endswith(_OURS)

    def __str__(self) -> str:
        where = self.location or (f"offset {self.offset:#x}" if self.wasm else self.url)
        return f"{self.function or '(anonymous)'} ({where})" if where else self.function


@dataclass(frozen=True, slots=True)
class WasmModule:
    """A WebAssembly module that V8 has compiled.

    Attributes:
        url: Its name in V8; not that of a file.
        code_offset: Where the body of its code section starts in the file.
    """

    url: str
    code_offset: int


@dataclass(frozen=True, slots=True)
class ThreadView:
    """What was seen of one thread.

    Attributes:
        name: ``main`` or ``worker N``.
        samples: Stacks at several moments, innermost frame first.
        loop_depth: The number of outer frames of the last sample whose functions are not
            entered again: the innermost of them holds the loop. 0 where none was found.
        modules: The WebAssembly modules of the thread.
    """

    name: str
    samples: tuple[tuple[Frame, ...], ...]
    loop_depth: int = 0
    modules: tuple[WasmModule, ...] = ()


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen of all threads.

    Attributes:
        threads: The main thread first.
    """

    threads: tuple[ThreadView, ...]
