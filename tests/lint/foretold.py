"""Which mistakes of the gallery lint finds before they run, and why it cannot know of the others.

Each program is put beside a CMakeLists.txt as people write it: the entry's flags, or
`emsockets_target()` where it has none; and judged for the newest generation that shows the mistake.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from emsockets_build.lint.engine import lint
from emsockets_build.lint.rule import load_rules
from emsockets_build.settings.version import Version
from tests.gallery.building import PROGRAMS, compiling
from tests.gallery.entries import ENTRIES
from tests.gallery.entry import Entry

__all__ = ["BESIDE", "UNKNOWABLE", "foretold", "table"]

_GENERATIONS: tuple[Version, ...] = ((6, 0, 5), (3, 1, 69), (3, 1, 6))

_SERVER = "it is the server's doing; `emsockets probe` asks the server"
_LATER = "it is the server's doing, in the middle of a conversation"
_MACHINE = "it is the machine's doing; `emsockets doctor` looks at it"
_ARGUMENT = "an argument of the program decides, which lint does not know"
_RIGHT = "it is right in programs that are to run for ever"
_OTHER = "it has nothing to do with sockets; compilers, sanitizers and tests find it"
_PROTOCOL = "how long an answer is, the protocol decides"

UNKNOWABLE: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "nobody-listens", "plain-tcp-server", "silent-tcp-server", "server-refuses",
            "server-without-subprotocols", "server-of-another-subprotocol",
            "server-that-refuses-subprotocols", "tls-to-a-plain-server", "certificate-of-ones-own",
            "plain-to-a-tls-server", "text-server", "message-above-the-limit",
            "server-breaks-the-protocol", "server-stops-answering", "listens-at-the-other-loopback",
        ),
        _SERVER,
    ),
    **dict.fromkeys(
        (
            "server-crashes", "proxy-drops", "server-fails", "server-closes-early",
            "server-closes-in-mid-message",
        ),
        _LATER,
    ),
    **dict.fromkeys(
        (
            "ws-not-installed", "ws-of-another-major", "jspi-on-an-old-node", "no-global-websocket",
            "odd-node-options",
        ),
        _MACHINE,
    ),
    **dict.fromkeys(
        (
            "accepts-too-early", "accepts-too-early-unread", "knows-only-einprogress",
            "knows-only-zero", "ipv6-socket",
        ),
        _ARGUMENT,
    ),
    **dict.fromkeys(("socket-left-open", "listener-left-open", "main-loop-left-running"), _RIGHT),
    **dict.fromkeys(
        (
            "trap", "abort", "uncaught", "wild-pointer", "endless-recursion", "too-much-memory",
            "says-something-else", "loses-its-exit-code", "lost-wake-up",
        ),
        _OTHER,
    ),
    **dict.fromkeys(("reads-a-part", "reads-once"), _PROTOCOL),
    **dict.fromkeys(
        ("answer-that-never-comes-pthread", "answer-that-never-comes-asyncify"),
        "the loop waits rightly; that no answer comes is the server's doing",
    ),
    "big-array": "a file without a word of sockets is not parsed",
    "built-for-the-web": "it is right for pages, and only the run under Node is not",
    "exits-after-send": "how fast the server takes the data, nobody knows before",
    "exits-before-open": "how fast the server answers, nobody knows before",
    "port-in-use": "which ports are taken, only the machine knows",
    "pthread-program-without-exit-runtime": "pages do not end; with -sENVIRONMENT=node it is ES024",
    "writable-is-not-connected": "connect() and the wait are in different functions",
    "wasm-left-behind": "what becomes of built files, the build files do not say",
}  # fmt: skip
"""Why nothing is found of an entry, by its name."""

BESIDE: Mapping[str, frozenset[str]] = {"reads-a-part": frozenset({"ES020"})}
"""What is found rightly, and is not the mistake that the entry is about."""


def foretold(entry: Entry, folder: Path) -> tuple[str, ...]:
    """Lint an entry as a project of its own; return the rules that find its mistake.

    Args:
        entry: The mistake.
        folder: An empty folder.
    """
    for name in (entry.source, "common.h"):
        shutil.copy(PROGRAMS / name, folder)
    (folder / "CMakeLists.txt").write_text(_lists(entry))
    version = next(one for one in _GENERATIONS if entry.shown(one))
    found = {finding.rule for finding in lint([folder], version=version, jobs=1).findings}
    return tuple(sorted(found - BESIDE.get(entry.name, frozenset())))


def _lists(entry: Entry) -> str:
    lines = ["project(gallery C CXX)", f"add_executable(program {entry.source})"]
    if not entry.flags:
        lines.append("emsockets_target(program)")
    for command, flags in (
        ("target_compile_options", compiling(entry)),
        ("target_link_options", entry.flags),
    ):
        if flags:
            lines.append(f"{command}(program PRIVATE {' '.join(flags)})")
    return "".join(f"{line}\n" for line in lines)


def table(folder: Path) -> str:
    """Write one row for each mistake of the gallery, those that are found first.

    Args:
        folder: An empty folder.
    """
    found: list[str] = []
    others: list[str] = []
    for entry in sorted(ENTRIES, key=lambda entry: (entry.cause, entry.name)):
        place = folder / entry.name
        place.mkdir()
        rules = foretold(entry, place)
        names = ", ".join(f"{rule} `{load_rules()[rule].name}`" for rule in rules)
        row = f"| {entry.mistake} | `{entry.cause}` | {names or UNKNOWABLE.get(entry.name, '')} |"
        (found if rules else others).append(row)
    lines = [
        f"{len(found)} of {len(ENTRIES)} are found:",
        "",
        "| mistake | cause of the failure | found by |",
        "|---|---|---|",
        *found,
        "",
        f"{len(others)} are not:",
        "",
        "| mistake | cause of the failure | because |",
        "|---|---|---|",
        *others,
    ]
    return "".join(f"{line}\n" for line in lines)
