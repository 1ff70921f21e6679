"""Run a program that Emscripten built, under Node."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from emsockets_build.run.channel import HookReader, ReportChannel
from emsockets_build.run.crash import crash_stack
from emsockets_build.run.examine import Examination, without_noise
from emsockets_build.run.features import ModuleKind, ProgramFeatures, read_features
from emsockets_build.run.model import Limits, Program, RunResult, Watch
from emsockets_build.run.supervise import Callbacks, supervise

__all__ = ["node_command", "run_node"]

_HOOK = Path(__file__).with_name("hook.cjs")
_DRIVER = Path(__file__).with_name("driver.cjs")


def run_node(
    program: Program,
    *,
    node: Path,
    node_flags: Sequence[str] = (),
    ws_modules: Path | None = None,
    limits: Limits | None = None,
    watch: Watch | None = None,
) -> RunResult:
    """Run a program under Node, watched by the hook, and leave no process behind.

    Args:
        program: What to run.
        node: The ``node`` executable.
        node_flags: Flags that it needs, such as ``--experimental-wasm-jspi``.
        ws_modules: The ``node_modules`` folder whose ``ws`` is lent where the program would
            find none that fits; None leaves it alone, as if it were run by hand.
        limits: Bounds; the defaults of `Limits` if None.
        watch: Who watches; nobody if None.

    Returns:
        Everything that was seen of the run.

    Raises:
        UsageError: The program cannot be read.
        ToolMissingError: Node cannot be started.
    """
    limits, watch = limits or Limits(), watch or Watch()
    features = read_features(program.path, watch.emscripten_version)
    channel, reports = ReportChannel(), HookReader(limits.events, watch.on_event)
    examination = Examination(program.path, features, node=node, symbolizer=watch.symbolizer)
    callbacks = Callbacks(watch.stop, examination.filtered(watch.on_output))
    if limits.examine:
        callbacks = replace(callbacks, on_timeout=examination.look, on_stall=examination.look_early)
    try:
        result = supervise(
            node_command(program, features, node=node, node_flags=node_flags),
            program,
            limits,
            environment=_environment(
                program,
                {
                    **channel.settings,
                    **_hook_settings(program, features, ws_modules),
                    "everyCall": watch.every_call,
                },
            ),
            callbacks=callbacks,
            hook=(channel, reports),
        )
    finally:
        channel.close()
    events = examination.undisturbed(result.events)
    return replace(
        result,
        events=events,
        stderr=without_noise(result.stderr) if examination.looked else result.stderr,
        features=features,
        hang=examination.hang,
        crash=crash_stack(program.path, events, watch.symbolizer),
    )


def node_command(
    program: Program,
    features: ProgramFeatures,
    *,
    node: Path,
    node_flags: Sequence[str] = (),
) -> tuple[str, ...]:
    """Return the command line that starts a program under the hook.

    Args:
        program: What to run.
        features: What its text says.
        node: The ``node`` executable.
        node_flags: Further flags of Node.

    Returns:
        The words; the environment variable ``EMSOCKETS_HOOK`` carries the rest.
    """
    driver = () if features.kind is ModuleKind.SCRIPT else (str(_DRIVER),)
    return (
        str(node),
        *node_flags,
        # The port for SIGUSR1: the inspector costs nothing until it is called.
        "--inspect-port=127.0.0.1:0",
        "--require",
        str(_HOOK),
        *driver,
        str(program.path.absolute()),
        *program.arguments,
    )


def _hook_settings(
    program: Program, features: ProgramFeatures, ws_modules: Path | None
) -> dict[str, object]:
    lends = ws_modules is not None and features.web_socket
    return {
        "program": str(program.path.absolute()),
        "kind": str(features.kind),
        "ws": None if features.ws is None else str(features.ws),
        "wsModules": None if ws_modules is None else str(ws_modules.absolute()),
        "hideFetch": features.fetch_file,
        "lendCommonJsNames": features.dirname_in_module,
        "webSocket": "lend" if lends else "own" if features.web_socket else None,
        # Upstream's proxy reads header names case-sensitively, and Node's own client writes them
        # in lower case: it never gets through (websocket_to_posix_proxy, main.cpp).
        "replaceWebSocket": lends and features.proxy,
        "raw": features.raw,
    }


def _environment(program: Program, settings: Mapping[str, object]) -> dict[str, str]:
    return {**os.environ, **program.environment, "EMSOCKETS_HOOK": json.dumps(settings)}
