"""Causes that show in the results of the program's own socket calls.

The hook sees them where they leave WebAssembly; numbers of errors are those of WASI, which
Emscripten's libc uses (system/lib/libc/musl/arch/emscripten/bits/errno.h).
"""

from __future__ import annotations

from emsockets_build.transcript.event import Event, Kind
from emsockets_build.verify.evidence import Evidence
from emsockets_build.verify.model import Cause

__all__ = [
    "accepted_nothing",
    "connect_misread",
    "family_unsupported",
    "ioctl_unsupported",
    "reads_less",
    "socket_reused",
    "suspended_twice",
]

_EAFNOSUPPORT, _EAGAIN, _EINPROGRESS, _EINVAL, _EISCONN = -5, -6, -26, -28, -30
_WORDS = {
    _EAFNOSUPPORT: "EAFNOSUPPORT",
    _EAGAIN: "EAGAIN",
    _EINPROGRESS: "EINPROGRESS",
    _EINVAL: "EINVAL",
    _EISCONN: "EISCONN",
}
_FIONBIO = 0x5421
_READING = frozenset({"recvfrom", "recvmsg"})


def _calls(evidence: Evidence, name: str) -> list[Event]:
    return [event for event in evidence.of(Kind.CALL) if event.detail.get("call") == name]


def _line(evidence: Evidence, event: Event) -> str:
    given = event.detail.get("arguments")
    arguments = ", ".join(map(str, given)) if isinstance(given, list) else ""
    result = event.detail.get("result")
    word = f" ({_WORDS[result]})" if isinstance(result, int) and result in _WORDS else ""
    answer = "" if result is None else f" = {result}{word}"
    return f"{evidence.seconds(event)}{event.detail.get('call')}({arguments}){answer}"


def _gave_up(evidence: Evidence) -> bool:
    """Whether the program ended by itself and called that a failure."""
    result = evidence.result
    if result.exit_code not in {0, None}:
        return not evidence.exceptions
    # Without -sEXIT_RUNTIME an open socket keeps Node alive although the program called exit().
    return any(call.detail.get("arguments") not in ([0], None) for call in _calls(evidence, "exit"))


def socket_reused(evidence: Evidence) -> Cause | None:
    """A socket was connected again after its connection had ended: EISCONN until it is closed.

    While the connection stands the same answer is a common way to ask whether it does.
    """
    ended = [event.time for event in (*evidence.errors, *evidence.closes) if event.time is not None]
    for call in _calls(evidence, "connect"):
        late = call.time is not None and ended and call.time >= min(ended)
        if call.detail.get("result") == _EISCONN and late:
            return Cause(
                "socket-reused",
                "connect() failed with EISCONN: the socket was connected before, and stays so for "
                "Emscripten although its connection has ended",
                "close() the socket and make a new one with socket() for each attempt",
                evidence=(
                    *evidence.lines([*evidence.errors, *evidence.closes]),
                    _line(evidence, call),
                ),
            )
    return None


def family_unsupported(evidence: Evidence) -> Cause | None:
    """socket() knows AF_INET alone since 4.0.10 (issue 24364)."""
    refused = [c for c in _calls(evidence, "socket") if c.detail.get("result") == _EAFNOSUPPORT]
    if not refused or evidence.of(Kind.CONNECT, Kind.LISTEN):
        return None
    return Cause(
        "address-family-unsupported",
        "socket() failed with EAFNOSUPPORT: Emscripten's sockets know AF_INET alone",
        "use AF_INET, and let getaddrinfo() look for AF_INET, too; the WebSocket itself may still "
        "go over IPv6, by a full URL in -sWEBSOCKET_URL",
        evidence=tuple(_line(evidence, call) for call in refused),
    )


def accepted_nothing(evidence: Evidence) -> Cause | None:
    """accept() never waits: EINVAL says that nobody has come yet (issue 16047)."""
    empty = [
        call
        for call in _calls(evidence, "accept4")
        if call.detail.get("result") in {_EINVAL, _EAGAIN}
    ]
    if not empty or not _gave_up(evidence) or evidence.of(Kind.ACCEPT):
        return None
    return Cause(
        "accept-without-connection",
        "accept() was called with no connection pending; it never waits, and says so with EINVAL",
        "wait with poll() or for the connection callback before accept()",
        evidence=tuple(_line(evidence, call) for call in empty),
    )


def ioctl_unsupported(evidence: Evidence) -> Cause | None:
    """ioctl(FIONBIO) is EINVAL before 4.0.11 (issue 24641)."""
    for call in _calls(evidence, "ioctl"):
        given = call.detail.get("arguments")
        asked = isinstance(given, list) and given[1:2] == [_FIONBIO]
        if asked and call.detail.get("result") == _EINVAL and _gave_up(evidence):
            return Cause(
                "unsupported-ioctl",
                "ioctl(FIONBIO) failed with EINVAL: Emscripten knows it since 4.0.11",
                "use fcntl(fd, F_SETFL, O_NONBLOCK), which does the same",
                evidence=(_line(evidence, call),),
            )
    return None


def connect_misread(evidence: Evidence) -> Cause | None:
    """The start of a connection was taken for a failure (issue 22630)."""
    story = evidence.of(Kind.CALL, Kind.OPEN, Kind.EXIT)
    connects = _calls(evidence, "connect")
    features = evidence.result.features
    if features is not None and features.posix:
        return None  # what the program was told is another call's answer
    if not connects or not _gave_up(evidence):
        return None
    last = connects[-1]
    # What came right after it was the program's end; a program that waits makes other calls, or
    # is told that the WebSocket is open.
    after = story[story.index(last) + 1 :]
    if not after or not (after[0].kind is Kind.EXIT or after[0].detail.get("call") == "exit"):
        return None
    result = last.detail.get("result")
    if result not in {0, _EINPROGRESS} or evidence.errors:
        return None
    said = "0" if result == 0 else "-1 with EINPROGRESS"
    return Cause(
        "connect-result-misread",
        f"connect() began well ({said}), and the program gave up at once{_with_code(evidence)}",
        "take both 0 (since 3.1.69) and EINPROGRESS (before) for a connection under way, then "
        "wait until the socket is writable and read SO_ERROR",
        evidence=tuple(_line(evidence, call) for call in evidence.of(Kind.CALL)),
    )


def suspended_twice(evidence: Evidence) -> Cause | None:
    """A callback slept under ASYNCIFY while main() slept; there is room for one stack."""
    nested = [call for call in evidence.of(Kind.CALL) if call.detail.get("nested")]
    if not nested:
        return None
    return Cause(
        "suspended-twice",
        "the program suspended while it was suspended already: under ASYNCIFY a callback must not "
        "sleep while main() does, or the stack of main() is lost",
        "do not sleep or wait in callbacks; set a flag and let main() do the work",
        location=evidence.source,
        stack=evidence.stack,
        evidence=(
            *(_line(evidence, call) for call in nested),
            *evidence.lines(evidence.exceptions),
        ),
    )


def _with_code(evidence: Evidence) -> str:
    code = evidence.result.exit_code
    return "" if code is None else f" with exit code {code}"


def reads_less(evidence: Evidence) -> tuple[int, int] | None:
    """Count what arrived and what was read by recv() on the main thread.

    Args:
        evidence: What is known of the run.

    Returns:
        Bytes that arrived, bytes that were read; None where they cannot be told (read() is not
        watched, nor are threads).
    """
    reading = [e for e in evidence.of(Kind.CALL) if e.detail.get("call") in _READING]
    exits = evidence.of(Kind.EXIT)
    read = exits[-1].detail.get("bytes_read") if exits else None
    if not reading or any(call.detail.get("thread") for call in reading):
        return None
    if not isinstance(read, int):
        return None
    totals = (e.detail.get("received_bytes") for e in evidence.of(Kind.TOTALS))
    return sum(total for total in totals if isinstance(total, int)), read
