"""The library that watches socket calls of native programs; compiled once, kept in the cache."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from pathlib import Path

from emsockets_build.errors import ToolMissingError, UsageError
from emsockets_build.process import run_bounded
from emsockets_build.storage import cache_dir, write_whole

__all__ = ["call_watcher", "watched_environment"]

_SOURCE = Path(__file__).with_name("calls.c")
_SECONDS = 60.0
_WORDS = ("-shared", "-fPIC", "-O1", "-x", "c")


def call_watcher(compiler: Path) -> Path | str:
    """Return the library that programs are to be preloaded with, compiling it if it is not there.

    Args:
        compiler: A C or C++ compiler for this machine that understands GCC's options.

    Returns:
        The library; words that say why there is none.
    """
    if sys.platform != "linux":
        return "native socket calls are watched on Linux alone (LD_PRELOAD)"
    source = _SOURCE.read_bytes()
    key = hashlib.sha256(b"\0".join((source, os.fsencode(compiler.resolve())))).hexdigest()[:16]
    library = cache_dir() / "watch" / f"calls-{key}.so"
    if library.is_file():
        return library
    try:
        with tempfile.TemporaryDirectory(prefix="emsockets-") as folder:
            made = Path(folder) / "calls.so"
            command: list[str | Path] = [compiler, *_WORDS, _SOURCE, "-o", made, "-ldl"]
            done = run_bounded(command, timeout=_SECONDS, merge=True)
            if done.returncode != 0:
                first = next(iter(done.text.splitlines()), "no reason given")
                return f"{compiler.name} cannot compile the watcher: {first}"
            write_whole(library, made.read_bytes())
    except (ToolMissingError, UsageError) as error:
        return f"{error.what}: {error.why}"
    return library


def watched_environment(library: Path, descriptor: int) -> dict[str, str]:
    """Return what makes a program load the library and report on a descriptor.

    Args:
        library: From `call_watcher`.
        descriptor: Inherited by the program.
    """
    others = os.environ.get("LD_PRELOAD", "")
    return {
        "EMSOCKETS_CALLS": str(descriptor),
        "LD_PRELOAD": f"{library} {others}".strip(),
        # AddressSanitizer wants to be the first library, and is content with the second.
        "ASAN_OPTIONS": ":".join(
            filter(None, (os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0"))
        ),
    }
