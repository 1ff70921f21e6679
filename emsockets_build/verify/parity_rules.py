"""Known differences between the sockets of a system and those of Emscripten, where they show.

Each rule says what it saw, and nothing that it did not see: the calls of both builds, what the
server sent and got, the lines that were printed. References are to Emscripten's sources and to
observation of 3.1.6, 3.1.69 and 6.0.5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, zip_longest

from emsockets_build.verify.conduct import Call, Session
from emsockets_build.verify.parity import Aspect, Semantic
from emsockets_build.verify.parity_case import Case, own_address

__all__ = ["RULES"]

_SO_ERROR = (1, 4)  # level and option, as Linux numbers them
_LINES = 4


def _pairs(case: Case) -> Iterator[tuple[Session, Session | None, tuple[int, ...]]]:
    """The calls on each connection in both builds, and the messages that the web build got."""
    for native, web, talk in zip_longest(case.native.sessions, case.web.sessions, case.web.talks):
        if native is not None and talk is not None:
            yield native, web, talk.to_program.pieces


def _spans(reads: Sequence[Call]) -> list[tuple[int, int, Call]]:
    ends = list(accumulate(call.result for call in reads))
    return [(end - call.result, end, call) for end, call in zip(ends, reads, strict=True)]


def _stream_merging(case: Case) -> Semantic | None:
    """One recv() never crosses the end of a message (library_sockfs.js, recvmsg)."""
    if case.posix:
        return None
    for native, web, messages in _pairs(case):
        bounds = list(accumulate(messages))
        crossing = [
            call
            for start, end, call in _spans(native.reads)
            if any(start < bound < end for bound in bounds)
        ]
        if crossing:
            return Semantic(
                "stream-merging",
                "one recv() took the bytes of several messages natively; a WebSocket keeps "
                "messages apart, and one recv() never crosses the end of one",
                "read in a loop until all the bytes that you need are there, and put a length "
                "before each message of your protocol: TCP does not promise to merge, either",
                (
                    f"server: sent messages of {_sizes(messages)} bytes",
                    *(f"native: {call}" for call in crossing[:_LINES]),
                    *(f"web: {call}" for call in (web.reads if web else ())[:_LINES]),
                ),
            )
    return None


def _message_in_parts(case: Case) -> Semantic | None:
    """TCP delivers a large message in parts, where a WebSocket delivers it whole."""
    if case.setting.backend == "node":
        return None
    for native, web, messages in _pairs(case):
        bounds = [0, *accumulate(messages)]
        parts = [
            call
            for start, end, call in _spans(native.reads)
            if end not in bounds and start in bounds and _had_room(call)
        ]
        if parts:
            return Semantic(
                "message-in-parts",
                "one recv() took a part of a message natively although its buffer had room; a "
                "WebSocket delivers messages whole",
                "read in a loop until all the bytes that you need are there; that the web build "
                "needs no loop here hides the fault",
                (
                    f"server: sent messages of {_sizes(messages)} bytes",
                    *(f"native: {call}" for call in parts[:_LINES]),
                    *(f"web: {call}" for call in (web.reads if web else ())[:_LINES]),
                ),
            )
    return None


def _had_room(call: Call) -> bool:
    return len(call.arguments) > 1 and call.result < call.arguments[1]


def _sizes(messages: Sequence[int]) -> str:
    shown = ", ".join(f"{size:,}" for size in messages[:8])
    return shown + (f" ... ({len(messages)} in all)" if len(messages) > 8 else "")  # noqa: PLR2004 - a line


def _unfinished(case: Case) -> Semantic | None:
    """A message whose end never comes is dropped (RFC 6455 section 5.4)."""
    lost = [talk.to_program.unfinished for talk in case.web.talks if talk.to_program.unfinished]
    if case.posix or not lost:
        return None
    return Semantic(
        "unfinished-message-lost",
        "the connection ended within a message: TCP delivers the beginning of it, a WebSocket "
        "nothing",
        "do not rely on bytes of a message that was never completed",
        (f"server: {lost[0]:,} bytes of the last message were sent",),
    )


def _recv_never_blocks(case: Case) -> Semantic | None:
    """recv() returns EAGAIN where nothing is there, blocking or not (observed, all releases)."""
    web = [call for call in case.web.calls or () if call.reads and call.error == "EAGAIN"]
    native = [call for call in case.native.calls or () if call.reads]
    if case.posix or not web or not native or any(call.error == "EAGAIN" for call in native):
        return None
    return Semantic(
        "recv-never-blocks",
        "recv() waited natively; for the web it returns EAGAIN at once, even on a blocking socket",
        "take EAGAIN for `not yet`: wait (poll(), emscripten_sleep(), the main loop) and try "
        "again; or build with POSIX ON, which makes the calls of a blocking program wait",
        (f"native: {native[0]}", f"web: {web[0]}"),
    )


def _stub(name: str, error: str, remedy: str) -> Callable[[Case], Semantic | None]:
    def rule(case: Case) -> Semantic | None:
        done = [call for call in case.native.named(name) if not call.error]
        if case.posix or not done:
            return None
        return Semantic(
            f"{name}-unsupported",
            f"{name}() succeeded natively; Emscripten's libc answers {error} to every one",
            remedy,
            (
                *(f"native: {call}" for call in done[:_LINES]),
                f"web: {error}, from Emscripten's libc; such calls do not show",
            ),
        )

    return rule


def _getsockopt(case: Case) -> Semantic | None:
    """Options other than SO_ERROR are ENOPROTOOPT (library_syscall.js, __syscall_getsockopt)."""
    web = [call for call in case.web.named("getsockopt") if call.error == "ENOPROTOOPT"]
    native = [
        call
        for call in case.native.named("getsockopt")
        if not call.error and call.arguments[1:] != _SO_ERROR
    ]
    if not web or not native:
        return None
    return Semantic(
        "getsockopt-unsupported",
        "getsockopt() knows SO_ERROR alone for the web, and answers ENOPROTOOPT to the rest",
        "treat that as `unknown` and go on",
        (f"native: {native[0]}", f"web: {web[0]}"),
    )


def _getsockname(case: Case) -> Semantic | None:
    """A WebSocket does not tell its own address (library_sockfs.js, getname)."""
    known = any(call.port for call in case.native.named("getsockname"))
    return None if case.posix or not known else own_address(case)


def _connect_result(case: Case) -> Semantic | None:
    """connect() begins: EINPROGRESS before 3.1.69, 0 since (issue 22630)."""
    native, web = case.native.named("connect"), case.web.named("connect")
    if not native or not web or native[0].error == web[0].error:
        return None
    return Semantic(
        "connect-result",
        f"the first connect() said {_said(native[0])} natively and {_said(web[0])} for the web, "
        "where it only begins: EINPROGRESS before Emscripten 3.1.69, 0 since",
        "take 0 and EINPROGRESS both for `under way`, wait until the socket is writable, then ask "
        "SO_ERROR: a refused connection shows there",
        (f"native: {native[0]}", f"web: {web[0]}"),
    )


def _said(call: Call) -> str:
    return call.error or str(call.result)


def _close_ends_both(case: Case) -> Semantic | None:
    """The JavaScript side answers a close by closing (RFC 6455 section 5.5.1)."""
    if case.posix:
        return None
    for one, other in zip(case.native.talks, case.web.talks, strict=False):
        more = one.to_server.size > other.to_server.size
        if more and one.ended_by == other.ended_by == "server":
            return Semantic(
                "close-ends-both",
                "the server ended its direction: TCP leaves the other one open, a WebSocket is "
                "closed in both",
                "send what is to be sent before the server may close, or have it wait for you",
                (
                    f"native: {one.to_server.size:,} bytes reached the server",
                    f"web: {other.to_server.size:,} bytes did",
                ),
            )
    return None


def _reset_reads_as_end(case: Case) -> Semantic | None:
    """A reset is a close like any other, SO_ERROR 0 (observed, all releases)."""
    native = [
        call
        for call in case.native.calls or ()
        if (call.reads or call.sends) and call.error in {"ECONNRESET", "EPIPE"}
    ]
    web = [call for call in case.web.calls or () if call.reads and call.result == 0]
    if case.posix or not native or (case.web.calls is not None and not web):
        return None
    return Semantic(
        "reset-reads-as-end",
        f"the connection was reset: {native[0].error} natively, an ordinary end (recv() = 0) for "
        "the web",
        "treat the end at a place where you still expect something as you treat a reset",
        (f"native: {native[0]}", *(f"web: {call}" for call in web[:1])),
    )


def _send_after_end(case: Case) -> Semantic | None:
    """send() after the end is ENOTCONN (library_sockfs.js, sendmsg)."""
    web = [call for call in case.web.calls or () if call.sends and call.error == "ENOTCONN"]
    native = [call for call in case.native.calls or () if call.sends]
    if not web or not native or native[-1].error == "ENOTCONN":
        return None
    return Semantic(
        "send-after-end",
        "send() after the end of the connection fails at once with ENOTCONN for the web; natively "
        "the first one succeeds and a later one fails with EPIPE or ECONNRESET",
        "take ENOTCONN, EPIPE and ECONNRESET all for the end",
        (f"native: {native[-1]}", f"web: {web[0]}"),
    )


def _send_takes_all(case: Case) -> Semantic | None:
    """send() never takes a part: what JavaScript cannot send yet it keeps (observed)."""
    partial = [
        call
        for call in case.native.calls or ()
        if call.sends and len(call.arguments) > 1 and 0 < call.result < call.arguments[1]
    ]
    if case.posix or not partial:
        return None
    return Semantic(
        "send-takes-all",
        "send() took a part natively, as a full buffer makes it; for the web it takes everything "
        "and keeps it in memory",
        "send the rest later, as you do; for the web also bound what you have on its way, for "
        "nothing else does",
        tuple(f"native: {call}" for call in partial[:_LINES]),
        frozenset({Aspect.MESSAGES, Aspect.ORDER}),
    )


def _unread_resets(case: Case) -> Semantic | None:
    """close() with unread data resets TCP (RFC 1122 section 4.2.2.13)."""
    for one, other in zip(case.native.talks, case.web.talks, strict=False):
        if one.reset and one.ended_by == "program" and not other.reset:
            return Semantic(
                "unread-data-resets",
                "the program left without reading all: TCP was reset natively, a WebSocket ends "
                "as always",
                "read to the end before close(), or what the server still sends may be lost",
                ("native: the server saw a reset",),
                frozenset({Aspect.ORDER, Aspect.TO_SERVER, Aspect.TO_PROGRAM}),
            )
    return None


RULES: tuple[Callable[[Case], Semantic | None], ...] = (  # in the order of their weight
    _stream_merging,
    _message_in_parts,
    _unfinished,
    _recv_never_blocks,
    _reset_reads_as_end,
    _close_ends_both,
    _send_after_end,
    _send_takes_all,
    _unread_resets,
    _stub(
        "shutdown",
        "ENOSYS",
        "say in your protocol that you have sent everything, or close(); the server cannot be "
        "told otherwise",
    ),
    _stub(
        "setsockopt",
        "ENOPROTOOPT",
        "go on when it fails: no option has a meaning for a WebSocket (messages are sent at once, "
        "as with TCP_NODELAY)",
    ),
    _getsockopt,
    _getsockname,
    _connect_result,
)
