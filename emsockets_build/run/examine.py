"""The look into a program whose time ran out, before it is killed."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from emsockets_build.errors import EmSocketsError
from emsockets_build.run.channel import HookReader
from emsockets_build.run.features import ProgramFeatures
from emsockets_build.run.hang import Hang, HangKind, classify, describe_handles, with_names
from emsockets_build.run.stacks import Observation
from emsockets_build.run.supervise import Running
from emsockets_build.run.symbolize import SourceLine, read_symbol_map, source_lines
from emsockets_build.run.wasm import FunctionTable
from emsockets_build.transcript.event import Event, Kind

__all__ = ["Examination", "explain", "pulse_of", "without_noise"]

_NOISE = re.compile(
    rb"Debugger (?:listening|ending) on ws://[^\n]*\n(?:For help, see: [^\n]*\n)?"
    rb"|For help, see: https://nodejs\.org/[^\n]*\n|Debugger attached\.\n"
    rb"|Waiting for the debugger to disconnect\.\.\.\n"
)
_STILL_SECONDS = 1.0  # without a pulse: the event loop stands still


class Examination:
    """One look, through the inspector, at one program.

    Args:
        program: The ``.js`` or ``.mjs`` file.
        features: What its text says.
        node: The ``node`` executable that runs it.
        symbolizer: Finds ``llvm-symbolizer``.

    Attributes:
        hang: What was found; None before `look`.
        looked: Whether the inspector was opened, which Node says on standard error.
        began: When the look began that found it, on the monotonic clock.
    """

    def __init__(
        self,
        program: Path,
        features: ProgramFeatures,
        *,
        node: Path,
        symbolizer: Callable[[], Path | None] | None,
    ) -> None:
        self._program = program
        self._features = features
        self._node = node
        self._symbolizer = symbolizer
        self.looked = False
        self.began = 0.0
        self._url = ""
        self.hang: Hang | None = None

    def filtered(
        self, on_output: Callable[[str, bytes], None] | None
    ) -> Callable[[str, bytes], None] | None:
        """Keep what the inspector writes to standard error from those who listen to the program.

        Args:
            on_output: Who listens; nobody if None.
        """
        if on_output is None:
            return None

        def tell(name: str, data: bytes) -> None:
            own = without_noise(data) if self.looked and name == "stderr" else data
            if own:
                on_output(name, own)

        return tell

    def look(self, running: Running) -> None:
        """Look at the program while it still runs; never raises for what it cannot see."""
        self.looked = True
        self.began = time.monotonic()
        # asyncio and a WebSocket client are needed for a hang only; most runs have none.
        from emsockets_build.run.inspector import observe, open_inspector

        turning, handles = pulse_of(running.reports)
        try:
            url = self._url or open_inspector(running.pid, running.errors, self._node)
            self._url = url
            functions = FunctionTable.of_file(self._program.with_suffix(".wasm"))
            seen = observe(url, functions, idle=turning)
        except EmSocketsError as error:
            kind = HangKind.IDLE if turning else HangKind.UNKNOWN
            self.hang = Hang(kind, handles=handles, trouble=f"{error.what}: {error.why}")
            return
        self.hang = explain(
            self._program,
            self._features,
            seen,
            turning=turning,
            handles=handles,
            symbolizer=self._symbolizer,
        )

    def look_early(self, running: Running) -> bool:
        """Look at a program whose event loop stands still.

        Returns:
            Whether it can never end; else it goes on, and nothing has been found.
        """
        self.look(running)
        if self.hang is not None and self.hang.hopeless:
            return True
        self.hang = None
        return False

    def undisturbed(self, events: Iterable[Event]) -> tuple[Event, ...]:
        """Leave out the exceptions that the look itself may have brought about.

        A thread that V8 of 2026 stops in an optimised ``memory.atomic.wait32`` goes on with
        registers that are not its own.

        Args:
            events: What the hook told.
        """
        return tuple(
            event
            for event in events
            if self.hang is None
            or event.kind is not Kind.EXCEPTION
            or (event.time is not None and event.time < self.began)
        )


def explain(
    program: Path,
    features: ProgramFeatures,
    seen: Observation,
    *,
    turning: bool,
    handles: tuple[str, ...],
    symbolizer: Callable[[], Path | None] | None,
) -> Hang:
    """Say how a program hangs, in the words of its source.

    Args:
        program: The ``.js`` or ``.mjs`` file.
        features: What its text says.
        seen: The stacks of its threads.
        turning: Whether its event loop turns.
        handles: What keeps it going.
        symbolizer: Finds ``llvm-symbolizer``.

    Returns:
        What was found.
    """
    return classify(
        with_names(seen, read_symbol_map(program)),
        turning=turning,
        suspends=features.asyncify or features.jspi,
        lines=_lines(program, seen, symbolizer),
        handles=handles,
    )


def _lines(
    program: Path, seen: Observation, symbolizer: Callable[[], Path | None] | None
) -> Mapping[int, tuple[SourceLine, ...]]:
    """Find the source lines of all WebAssembly frames."""
    frames = {
        frame.offset
        for thread in seen.threads
        for sample in thread.samples
        for frame in sample
        if frame.wasm
    }
    if not frames:
        return {}
    wasm = program.with_suffix(".wasm")
    modules = [module for thread in seen.threads for module in thread.modules]
    return source_lines(
        wasm,
        frames,
        code_offset=modules[0].code_offset if modules else FunctionTable.of_file(wasm).code_offset,
        symbolizer=symbolizer() if symbolizer is not None else None,
    )


def pulse_of(reports: HookReader | None) -> tuple[bool, tuple[str, ...]]:
    """Tell whether the event loop turns, and what the program waits for.

    Args:
        reports: What its hook said; None without a hook.
    """
    if reports is None or reports.last_alive is None:
        return False, ()
    turning = time.monotonic() - reports.last_alive < _STILL_SECONDS
    waiting = reports.waiting_for.detail if reports.waiting_for is not None else {}
    resources, sockets = waiting.get("resources"), waiting.get("sockets")
    return turning, describe_handles(
        resources if isinstance(resources, list) else (),
        sockets if isinstance(sockets, list) else (),
    )


def without_noise(stderr: bytes) -> bytes:
    """Take out what Node's inspector wrote to a program's standard error.

    Args:
        stderr: What was captured.

    Returns:
        The program's own bytes.
    """
    return _NOISE.sub(b"", stderr)
