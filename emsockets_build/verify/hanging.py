"""Causes of a program that does not come to its end."""

from __future__ import annotations

from pathlib import PurePath

from emsockets_build.reasons import BY_ID
from emsockets_build.run.hang import Hang, HangKind
from emsockets_build.transcript.event import Kind
from emsockets_build.verify.evidence import Evidence
from emsockets_build.verify.model import Cause

__all__ = ["blocked_event_loop", "never_ends"]

_BOUNDED = (
    "see what the server did, and give the wait a bound (SO_RCVTIMEO, or the time-out of poll())"
)
_EVENTS = "drive the socket from events or from a main loop"


def blocked_event_loop(evidence: Evidence) -> Cause | None:
    """A loop on the main thread: no WebSocket can open, no message can arrive (issue 17385)."""
    hang = evidence.hang
    if hang is None or hang.kind is not HangKind.BUSY_MAIN:
        return None
    calling = f" in {hang.waiting_in}()" if hang.waiting_in else ", and calls nothing that waits"
    effect = (
        "the WebSocket cannot open and no message can arrive until it returns"
        if hang.waiting_in
        else "nothing else can happen until it returns"
    )
    return _cause(
        evidence,
        "busy-wait-main" if hang.waiting_in else "busy-loop-main",
        f"{_where(hang)} is spinning{calling} on {_thread(hang)}; {effect}",
        _way_to_wait(evidence),
    )


def _way_to_wait(evidence: Evidence) -> str:
    """Say how this program can wait, as it was built."""
    features = evidence.result.features
    if features is not None and features.posix:
        return (
            "it can suspend, but this loop never does: wait in poll(), or in recv() of a blocking "
            "descriptor (POSIX ON)"
        )
    if features is not None and (features.asyncify or features.jspi):
        return (
            "it can suspend, but this loop never does: call emscripten_sleep() in it (select() and "
            f"poll() suspend by themselves since Emscripten 6.0.2), or {_EVENTS}"
        )
    if features is not None and features.pthreads and not features.proxy_to_pthread:
        return f"link with -sPROXY_TO_PTHREAD: then main() may wait on its own thread; or {_EVENTS}"
    return f"build with WAIT asyncify, jspi or pthread (emsockets_target), or {_EVENTS}"


def never_ends(evidence: Evidence) -> Cause | None:
    """Everything else that keeps a program from ending."""
    hang = evidence.hang
    if not evidence.result.timed_out:
        return None  # a page that was watched long enough need not end
    if hang is None:
        return Cause(
            "never-exits",
            f"the program was still running after {evidence.result.seconds:.1f} s and was killed",
            "let it exit, or give it more time",
        )
    makers = {
        HangKind.BUSY_WORKER: _busy_worker,
        HangKind.BLOCKED_WORKER: _blocked_worker,
        HangKind.SUSPENDED: _suspended,
        HangKind.IDLE: _idle,
    }
    if hang.kind is HangKind.SUSPENDED and _is_over(evidence):
        return _idle(evidence, hang)
    return makers.get(hang.kind, _unknown)(evidence, hang)


def _is_over(evidence: Evidence) -> bool:
    """Whether the program has exited, and no longer waits, although Node goes on.

    With ASYNCIFY the exit code is set when main() is first suspended; that all sockets were closed,
    as exit() does, must tell.
    """
    features = evidence.result.features
    if not evidence.noted("over"):
        return False
    closed = {event.socket for event in evidence.noted("closing")}
    return features is None or not features.asyncify or closed >= evidence.opened > set()


def _where(hang: Hang) -> str:
    """Name the function with its place, as a compiler would."""
    name = hang.function or "a function without a name (build with -g or --profiling-funcs)"
    if hang.function.startswith("func") and hang.function[4:].isdigit():
        name = f"function number {hang.function[4:]} (build with -g to see its name)"
    if hang.location:
        return f"{PurePath(hang.location).name} {name}"
    return name


def _thread(hang: Hang) -> str:
    """Name the thread that main() runs on, whose event loop brings the WebSocket's events."""
    return (
        "the main thread" if hang.thread == "main" else f"the program's own thread, {hang.thread}"
    )


def _cause(evidence: Evidence, id_: str, summary: str, remedy: str) -> Cause:
    hang = evidence.hang
    assert hang is not None  # noqa: S101 - narrows a type; every caller has looked
    shown = [f"what keeps {evidence.host} going: {', '.join(hang.handles)}"] if hang.handles else []
    if hang.trouble:
        shown.append(hang.trouble)
    if evidence.result.last_alive is not None:
        still = max(0.0, evidence.result.ended - evidence.result.last_alive)
        host = f"{evidence.host[0].upper()}{evidence.host[1:]}"
        shown.append(f"{host}'s event loop last turned {still:.1f} s before the end")
    return Cause(
        id_,
        summary,
        remedy,
        location=hang.location or "",
        stack=tuple(str(frame) for frame in hang.stack),
        evidence=(*shown, *evidence.server_lines()),
    )


def _busy_worker(evidence: Evidence, hang: Hang) -> Cause:
    features = evidence.result.features
    posix = features is not None and features.posix
    if posix and hang.waiting_in:
        return _cause(
            evidence,
            "still-waiting",
            f"{_where(hang)} still waits in {hang.waiting_in}() on a pthread ({hang.thread}); what "
            "it waits for never came",
            _BOUNDED,
        )
    calling = f" in {hang.waiting_in}()" if hang.waiting_in else ""
    return _cause(
        evidence,
        "busy-wait-pthread",
        f"{_where(hang)} is still waiting{calling} on a pthread ({hang.thread})",
        _BOUNDED
        if posix
        else "what it waits for never came: see what the server did, and give the loop a bound; "
        "recv() never blocks, it returns EAGAIN",
    )


def _blocked_worker(evidence: Evidence, hang: Hang) -> Cause:
    return _cause(
        evidence,
        "pthread-blocked",
        f"{_where(hang)} is blocked in {hang.waiting_in}() on a pthread ({hang.thread}), and "
        "nobody wakes it",
        "a lost wake-up: check the condition under the lock before waiting, and notify after "
        "changing it; or a lock that its owner never gives back",
    )


def _suspended(evidence: Evidence, hang: Hang) -> Cause:
    calling = f" in {hang.waiting_in}()" if hang.waiting_in else ""
    place = _where(hang) if hang.function else "main()"
    return _cause(
        evidence,
        "still-waiting",
        f"{place} is suspended{calling} and still waits; the event loop turns, so what it waits "
        "for never came",
        "see what the server did, and give the loop a bound",
    )


def _idle(evidence: Evidence, hang: Hang) -> Cause:
    features = evidence.result.features
    words = " ".join(hang.handles)
    if features is not None and features.proxy_to_pthread and "WebSocket" not in words:
        return _cause(
            evidence,
            "pthread-without-exit-runtime",
            "main() has returned, but a program with threads stays alive without -sEXIT_RUNTIME",
            "link with -sEXIT_RUNTIME (emsockets_target EXIT_RUNTIME ON), or call "
            "emscripten_force_exit()",
        )
    if "listening" in words:
        return _cause(
            evidence,
            "listener-keeps-alive",
            "a listening server keeps the program alive",
            "close the listening socket, or end with -sEXIT_RUNTIME and emscripten_force_exit()",
        )
    if (sent := _unanswered(evidence)) is not None:
        return _cause(
            evidence,
            "server-silent",
            f"the program sent {sent} and waits, but the server has sent nothing since; the "
            "connection still stands",
            BY_ID["server-silent"].remedy,
        )
    if "WebSocket" in words or "socket" in words:
        return _cause(
            evidence,
            "open-socket-keeps-alive",
            f"nothing runs any more, but a socket that was not closed keeps {evidence.host} going: "
            f"{words}",
            "close() the socket, or call emscripten_force_exit() when the work is done",
        )
    return _cause(
        evidence,
        "never-exits",
        f"nothing runs, but something keeps {evidence.host} going: "
        + (", ".join(hang.handles) or "nothing that has a name"),
        "cancel the main loop or timer, or call emscripten_force_exit() when the work is done",
    )


def _unanswered(evidence: Evidence) -> str | None:
    """Say what was sent on an open WebSocket without any message after it."""
    closed = {event.socket for event in evidence.closes}
    closed |= {e.socket for e in evidence.of(Kind.NOTE) if e.detail.get("report") == "closing"}
    for socket in sorted(evidence.opened - closed):
        talk = [e for e in evidence.of(Kind.SEND, Kind.MESSAGE) if e.socket == socket]
        if talk and talk[-1].kind is Kind.SEND:
            sent = [event for event in talk if event.kind is Kind.SEND]
            size = sum(event.size or 0 for event in sent)
            return f"{len(sent)} message{'s' * (len(sent) > 1)} ({size} bytes)"
    return None


def _unknown(evidence: Evidence, hang: Hang) -> Cause:
    return _cause(
        evidence,
        "never-exits",
        f"the program was still running after {evidence.result.seconds:.1f} s and was killed"
        + (f" ({hang.trouble})" if hang.trouble else ""),
        "let it exit, or give it more time",
    )
