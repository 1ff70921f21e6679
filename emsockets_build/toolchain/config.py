"""Emscripten's configuration file, read the way that Emscripten reads it.

The file is Python that ``tools/config.py`` of every release executes; so do we, but in a child
of its own, and the values are remembered until the file changes.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from emsockets_build.process import run_bounded
from emsockets_build.toolchain.model import EmscriptenConfig
from emsockets_build.toolchain.probe import probes

__all__ = ["config_path", "read_config"]

_KEYS = (
    "LLVM_ROOT",
    "LLVM_ADD_VERSION",
    "BINARYEN_ROOT",
    "NODE_JS",
    "CACHE",
    "FROZEN_CACHE",
    "EMSCRIPTEN_ROOT",
)  # fmt: skip - one glance
_SCRIPT = """
import json, sys
space = {"__file__": sys.argv[1]}
with open(sys.argv[1], encoding="utf-8") as file:
    try:
        exec(file.read(), space)
    except SystemExit:
        raise RuntimeError("the file ends the program")
print(json.dumps({key: space[key] for key in sys.argv[2:] if key in space}, default=str))
"""
_TIMEOUT = 20.0


def config_path(root: Path, environ: Mapping[str, str]) -> Path | None:
    """Return the file that Emscripten would read, or None if there is none.

    Args:
        root: Emscripten's own folder.
        environ: The environment that it would run in.

    The order is that of ``find_config_file`` in the release's ``tools/config.py``.
    """
    named = environ.get("EM_CONFIG", "")
    # Releases up to 3.1.x also took the settings themselves in EM_CONFIG.
    if named and "\n" not in named and "=" not in named:
        return Path(named).expanduser()
    places = (root / ".emscripten", root.parent.parent / ".emscripten", Path("~/.emscripten"))
    return next((path for place in places if (path := place.expanduser()).is_file()), None)


def read_config(path: Path | None, environ: Mapping[str, str]) -> EmscriptenConfig:
    """Read a configuration file and the ``EM_*`` variables that override it.

    Args:
        path: The file; None for Emscripten's defaults.
        environ: The environment that Emscripten would run in.

    Returns:
        The values; `EmscriptenConfig.error` says why if the file cannot be read.
    """
    values: dict[str, object] = {}
    error = ""
    if path is not None:
        # A configuration may look at the home folder and at who runs it, as Debian's does.
        who = f"{environ.get('HOME', '')} {getattr(os, 'geteuid', int)()}"
        answer = probes().get(f"emscripten-config {who}", [path], lambda: _execute(path, environ))
        values, error = answer["values"], answer["error"]
    for key in _KEYS:
        override = environ.get(f"EM_{key}")
        if override is not None:
            values = {**values, key: "" if override == "0" else override}
    return replace(_interpret(values, path, environ), error=error)


def _execute(path: Path, environ: Mapping[str, str]) -> dict[str, object]:
    environment = {**environ, "EM_CONFIG": str(path), "CFGDIR": str(path.parent)}
    done = run_bounded(
        [sys.executable, "-I", "-c", _SCRIPT, path, *_KEYS], timeout=_TIMEOUT, env=environment
    )
    try:
        values = json.loads(done.stdout) if done.returncode == 0 else None
    except ValueError:
        values = None
    if isinstance(values, dict):
        return {"values": values, "error": ""}
    last = done.text.strip().rpartition("\n")[2]
    return {"values": {}, "error": "it took too long" if done.timed_out else last}


def _interpret(
    values: Mapping[str, object], path: Path | None, environ: Mapping[str, str]
) -> EmscriptenConfig:
    def place(key: str) -> Path | None:
        value = values.get(key)
        if isinstance(value, list):  # NODE_JS may carry arguments
            value = value[0] if value else None
        if not isinstance(value, str) or not value:
            return None
        folder = str(path.parent) if path else ""
        text = value.replace("$CFGDIR", folder).replace("$HOME", environ.get("HOME", "~"))
        return Path(text).expanduser()

    suffix = values.get("LLVM_ADD_VERSION")
    return EmscriptenConfig(
        path=path,
        llvm_root=place("LLVM_ROOT"),
        llvm_suffix=f"-{suffix}" if suffix else "",
        binaryen_root=place("BINARYEN_ROOT"),
        node=place("NODE_JS"),
        cache=place("CACHE"),
        frozen=bool(values.get("FROZEN_CACHE")),
    )
