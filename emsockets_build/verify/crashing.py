"""Causes of a program that dies: exceptions, traps, and Nodes that refuse to start."""

from __future__ import annotations

import re
from dataclasses import dataclass

from emsockets_build.reasons import BY_ID
from emsockets_build.transcript.event import Kind
from emsockets_build.verify.evidence import Evidence
from emsockets_build.verify.model import Cause

__all__ = ["crashed", "known_exception", "node_refused"]


@dataclass(frozen=True, slots=True)
class _Message:
    """A message that has one meaning."""

    id: str
    pattern: re.Pattern[str]
    summary: str
    remedy: str


def _message(id_: str, pattern: str, summary: str, remedy: str) -> _Message:
    return _Message(id_, re.compile(pattern, re.IGNORECASE), summary, remedy)


_MESSAGES = (
    _message(
        "asyncify-missing",
        r"Please compile your program with async support|"
        r"emscripten_sleep.{0,40}(?:without|requires).{0,20}ASYNCIFY",
        "the program sleeps or waits asynchronously, but was linked without ASYNCIFY or JSPI",
        "link with -sASYNCIFY or -sJSPI (emsockets_target WAIT asyncify or jspi)",
    ),
    _message(
        "asyncify-import-missing",
        r"was not in ASYNCIFY_IMPORTS|import .{1,80} changed the state|ASYNCIFY_ADD",
        "an imported function suspends the program, but ASYNCIFY was not told of it",
        "name the function in -sASYNCIFY_IMPORTS",
    ),
    _message(
        "suspended-twice",
        r"Cannot have multiple async operations in flight|trying to suspend without "
        r"WebAssembly\.promising|Cannot suspend|SuspendError",
        "the program tried to suspend where it cannot: a callback suspends while main() is "
        "suspended, or a JSPI export was called that is not promising",
        "do not sleep or wait in socket callbacks; set a flag and let main() do the work",
    ),
    _message(
        "jspi-unsupported",
        r"WebAssembly\.(?:Suspending|Suspender|promising) is not a (?:constructor|function)",
        "the program was built with JSPI, and what ran it has none",
        "run it with a newer Node (24 with --experimental-wasm-jspi) or browser, or build with "
        "WAIT asyncify",
    ),
    _message(
        "fetch-of-file",
        r"Failed to parse URL from .*\.wasm",
        "Emscripten before 3.1.12 calls fetch() on a file path where Node has fetch()",
        "run it with `emsockets run`, with node --no-experimental-fetch (before Node 24), or link "
        "with -sWASM_ASYNC_COMPILATION=0 or -sSINGLE_FILE",
    ),
    _message(
        "wrong-environment",
        r"not compiled for this environment|compiled without support for|"
        r"(?:__dirname|require|window|document|self|importScripts) is not defined|"
        r"only supported on Node\.js",
        "the program was not built for this environment",
        "add node, web or worker, whatever runs it, to -sENVIRONMENT (emsockets_target ENVIRONMENT "
        "node web), or give it no value; an ES module must be named .mjs",
    ),
    _message(
        "websocket-library-broken",
        r"(?:webSockets|\bWS\b) is not defined",
        "a bug of <emscripten/websocket.h> in releases up to 5.0.2 (issue 26310)",
        "use Emscripten 5.0.3 or newer, or call another emscripten_websocket_ function too",
    ),
    _message(
        "shared-memory-missing",
        r"SharedArrayBuffer is not defined|does not support SharedArrayBuffer|"
        r"DataCloneError.*(?:SharedArrayBuffer|WebAssembly\.Memory)",
        "threads need shared memory, and this page or process has none",
        BY_ID["shared-memory-missing"].remedy,
    ),
    _message(
        "accept-without-connection",
        r"Cannot read properties of undefined \(reading 'stream'\)",
        "accept() was called with no connection pending; releases before 3.1.8 die of that "
        "(issue 16047)",
        "wait with poll() or for the connection callback before accept()",
    ),
    _message(
        "unsupported-ioctl",
        r"bad ioctl syscall",
        "ioctl(FIONBIO) aborts the program in this Emscripten release (supported since 4.0.11)",
        "use fcntl(fd, F_SETFL, O_NONBLOCK), which does the same",
    ),
    _message(
        "out-of-memory",
        r"Cannot enlarge memory|Aborted\(OOM\)|\bOOM\b",
        "the program ran out of memory",
        "link with -sALLOW_MEMORY_GROWTH, or read large messages in parts",
    ),
    _message(
        "stack-overflow",
        r"Maximum call stack size exceeded|stack overflow|too much recursion",
        "the program's stack overflowed",
        "large buffers do not belong on the stack (64 KB by default): make them static, or link "
        "with -sSTACK_SIZE",
    ),
    _message(
        "wasm-not-found",
        r"ENOENT.*\.wasm|both async and sync fetching of the wasm failed|"
        r"Aborted\(\[object ProgressEvent\]\)",
        "the .wasm file is not where the program looks for it",
        "keep the .wasm file beside the .js file, or set Module.locateFile",
    ),
)
_REFUSED = re.compile(
    r"^.*(?:bad option|is an invalid negation|is not allowed in NODE_OPTIONS).*$", re.MULTILINE
)
_REFUSED_CODE = 9  # "Invalid Argument" (Node's process documentation, exit codes)


def node_refused(evidence: Evidence) -> Cause | None:
    """Node itself did not start the program."""
    found = _REFUSED.search(evidence.last_words)
    if evidence.result.exit_code != _REFUSED_CODE or found is None or evidence.of(Kind.START):
        return None
    return Cause(
        "node-option-refused",
        f"Node did not start: {found[0].strip()}",
        "take the option out of NODE_OPTIONS or of the node flags, or use a Node that knows it",
        evidence=(found[0].strip(),),
    )


def known_exception(evidence: Evidence) -> Cause | None:
    """The program died of an exception whose message has one meaning."""
    if not evidence.exceptions:
        return None  # what a program prints while it is well proves nothing
    said = [f"{event.detail.get('name')}: {event.text}" for event in evidence.exceptions]
    # Builds with assertions say more on standard error than the exception carries.
    for text in (*said, evidence.last_words):
        for message in _MESSAGES:
            found = message.pattern.search(text)
            if found is not None:
                return Cause(
                    message.id,
                    message.summary,
                    message.remedy,
                    location=evidence.source,
                    stack=evidence.stack,
                    evidence=tuple(said) or (_line_around(text, found),),
                )
    return None


def _line_around(text: str, found: re.Match[str]) -> str:
    start = text.rfind("\n", 0, found.start()) + 1
    end = text.find("\n", found.end())
    return text[start : end if end >= 0 else None][:500]


def crashed(evidence: Evidence) -> Cause | None:
    """The program died of a trap, an abort, an exception or a signal."""
    result = evidence.result
    if evidence.exceptions:
        last = evidence.exceptions[-1]
        text = f"{last.detail.get('name')}: {last.text}"
        place = f" at {evidence.source}" if evidence.source else ""
        return Cause(
            "crash",
            f"the program died of an uncaught exception{place}: {text}",
            _remedy_of(text),
            location=evidence.source,
            stack=evidence.stack,
            evidence=evidence.lines(evidence.exceptions),
        )
    if result.signal is not None:
        return Cause(
            "killed-by-signal",
            f"signal {result.signal} ended the program",
            "a signal from outside, or a fault of Node or of the native program itself",
        )
    return None


def _remedy_of(text: str) -> str:
    if "memory access out of bounds" in text or "unreachable" in text or "Aborted" in text:
        return (
            "see the stack; build with -g -sASSERTIONS=2 (and -sSAFE_HEAP or -fsanitize=address) "
            "to see where and why; out of bounds may also be an array too large for the stack "
            "(64 KB since 3.1.27): make it static, or link with -sSTACK_SIZE"
        )
    if text.startswith(("number:", "UnhandledPromiseRejection", "CppException")):
        return "an uncaught C++ exception: catch it; build with -fexceptions to be able to"
    return "see the stack; an exception in JavaScript that nobody catches ends the program"
