"""Causes that lie between an open WebSocket and the program's end: data, closings, early exits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from emsockets_build.reasons import BY_ID
from emsockets_build.server.events import FrameSeen
from emsockets_build.transcript.event import Event, Kind
from emsockets_build.verify.calling import reads_less
from emsockets_build.verify.evidence import Evidence
from emsockets_build.verify.model import Cause

__all__ = [
    "closed_by_peer",
    "closed_too_early",
    "data_not_read",
    "data_not_sent",
    "exited_before_open",
    "message_too_big",
    "never_connected",
    "protocol_error",
    "text_dropped",
    "websocket_missing",
    "without_socket_emulation",
]

_NORMAL = {1000, 1005}
_GOING_AWAY, _NO_CLOSE_FRAME, _TOO_BIG = 1001, 1006, 1009
_DATA_OPCODES = {0, 1, 2}  # continuation, text, binary (RFC 6455, section 5.2)
_MEANINGS = {
    1001: "it is going away",
    1002: "a protocol error",
    1003: "it does not take this kind of data",
    1007: "text that is no UTF-8",
    1008: "a policy was violated",
    1011: "an error of its own",
    1012: "it restarts",
    1013: "try again later",
}


def text_dropped(evidence: Evidence) -> Cause | None:
    """Under Node the emulation ignores text frames; browsers deliver them."""
    features = evidence.result.features
    texts = [event for event in evidence.of(Kind.MESSAGE) if event.detail.get("binary") is False]
    if features is None or not features.drops_text or not texts:
        return None
    size = sum(event.size or 0 for event in texts)
    return Cause(
        "text-frames-dropped",
        f"the server sent {len(texts)} text frames ({size} bytes); under Node, Emscripten's "
        "sockets drop text frames without a word",
        BY_ID["text-frames-dropped"].remedy,
        evidence=(*evidence.lines(texts), *evidence.server_lines()),
    )


def message_too_big(evidence: Evidence) -> Cause | None:
    """One side closed with 1009."""
    closes = [event for event in evidence.closes if event.detail.get("code") == _TOO_BIG]
    records = [record for record in evidence.connections if record.close_code == _TOO_BIG]
    if not closes and not records:
        return None
    by_program = any(record.closed_by == "client" for record in records)
    largest = max((event.size or 0 for event in evidence.of(Kind.SEND)), default=0)
    return Cause(
        "message-too-big",
        "the connection was closed with 1009: a message was larger than the "
        f"{'client' if by_program else 'server'} takes"
        + (f" (the largest that was sent has {largest} bytes)" if not by_program else ""),
        BY_ID["message-too-big"].remedy,
        evidence=(*evidence.lines(closes), *evidence.server_lines()),
    )


def closed_by_peer(evidence: Evidence) -> Cause | None:
    """The server ended the connection in another way than by a normal close."""
    for close in evidence.closes:
        code = close.detail.get("code")
        if (
            close.socket in _closed_by_program(evidence)
            or not isinstance(code, int)
            or close.detail.get("raw")
        ):
            continue
        shown = (*evidence.lines([*evidence.errors, close]), *evidence.server_lines())
        if (cut := _cut_in_half(evidence)) is not None:
            return replace(cut, evidence=(*cut.evidence, *shown))
        if code == _NO_CLOSE_FRAME:
            return _dropped(evidence, shown)
        if code not in _NORMAL:
            meaning = f" ({_MEANINGS[code]})" if code in _MEANINGS else ""
            reason = f', saying "{close.detail["reason"]}"' if close.detail.get("reason") else ""
            return Cause(
                "closed-by-server",
                f"the server closed the connection with code {code}{meaning}{reason}",
                BY_ID["closed-by-server"].remedy,
                evidence=shown,
            )
    return None


def _cut_in_half(evidence: Evidence) -> Cause | None:
    """The server's last data frame was not the last of its message."""
    for record in evidence.connections:
        sent = [
            event
            for event in record.events
            if isinstance(event, FrameSeen)
            and event.sender == "server"
            and event.opcode in _DATA_OPCODES
        ]
        if sent and not sent[-1].fin and record.closed_by == "server":
            return Cause(
                "closed-in-mid-message",
                f"the server closed the connection ({record.close_code}) in the middle of a "
                "message; what had arrived of it is lost",
                "let the server send the whole message before it closes; the program sees recv() "
                "return 0 as after any other close",
                evidence=(f"server: half a message sent, {sent[-1].size} bytes, and no more",),
            )
    return None


def _closed_by_program(evidence: Evidence) -> set[str]:
    """The sockets that the program closed, not just in answer to the server's close frame.

    What exit() closes may have ended before.
    """
    closed: set[str] = set()
    ended: set[str] = set()
    for event in evidence.of(Kind.NOTE, Kind.CLOSE):
        if event.kind is Kind.CLOSE:
            ended.add(event.socket)
        elif event.detail.get("report") == "closing" and not event.detail.get("answering"):
            closed |= {event.socket} - ended
    return closed


def closed_too_early(evidence: Evidence) -> Cause | None:
    """The server closed in good order, but the program was not done."""
    closes = [
        event
        for event in evidence.closes
        if event.detail.get("code") in _NORMAL
        and event.socket not in _closed_by_program(evidence)
        and not event.detail.get("raw")
    ]
    if not closes:
        return None
    return Cause(
        "closed-by-server",
        f"the server closed the connection normally ({closes[0].detail['code']}), and the program "
        "did not get what it waited for",
        "see why the server closed it so early; after a close recv() returns 0 and send() fails "
        "with ENOTCONN",
        evidence=(*evidence.lines(closes), *evidence.server_lines()),
    )


def protocol_error(evidence: Evidence) -> Cause | None:
    """The server sent what is no WebSocket; TCP's own errors have a code, those of ws 2 none."""
    errors = [
        event
        for event in evidence.errors
        if event.socket in evidence.opened
        and (not event.detail.get("code") or str(event.detail["code"]).startswith("WS_ERR_"))
    ]
    # To Firefox a reset is an error without a code, too.
    if not errors or any(record.reset for record in evidence.connections):
        return None
    return Cause(
        "protocol-error",
        f"the server sent what is no valid WebSocket frame: {errors[0].text}",
        BY_ID["protocol-error"].remedy,
        evidence=(*evidence.lines(errors), *evidence.server_lines()),
    )


def _dropped(evidence: Evidence, shown: tuple[str, ...]) -> Cause:
    reset = any(record.reset for record in evidence.connections) or any(
        event.detail.get("code") in {"ECONNRESET", "EPIPE"} for event in evidence.errors
    )
    if reset:
        return Cause(
            "connection-reset",
            "the TCP connection was reset",
            BY_ID["connection-reset"].remedy,
            evidence=shown,
        )
    return Cause(
        "connection-dropped",
        "the connection ended without a WebSocket close frame (1006)",
        BY_ID["connection-dropped"].remedy,
        evidence=shown,
    )


def _sockets_at_exit(evidence: Evidence) -> list[dict[str, object]]:
    exits = evidence.of(Kind.EXIT)
    sockets = exits[-1].detail.get("sockets") if exits else None
    return [one for one in sockets if isinstance(one, dict)] if isinstance(sockets, list) else []


def exited_before_open(evidence: Evidence) -> Cause | None:
    """The program ended while its WebSocket was still connecting."""
    made = evidence.of(Kind.CONNECT)
    # In a page exit() has closed its sockets by the time that it is seen.
    states = {"connecting", "closing"} if evidence.in_page else {"connecting"}
    early = [one for one in _sockets_at_exit(evidence) if one.get("state") in states]
    closed = [event for event in evidence.errors if "closed before the connection" in event.text]
    if not made or evidence.opened or not (early or closed):
        return None
    features = evidence.result.features
    remedy = (
        "main() returned and took the runtime with it: link without -sEXIT_RUNTIME "
        "(emsockets_target EXIT_RUNTIME OFF), or wait with ASYNCIFY, JSPI or pthreads"
    )
    if features is not None and features.posix:
        remedy = (
            "a non-blocking connect(), or one whose SO_SNDTIMEO was too short for the server, has "
            "only begun: wait with poll() until the socket is writable, then read SO_ERROR"
        )
    return Cause(
        "exited-before-open",
        f"the program exited before its WebSocket to {made[0].text} was open",
        remedy,
        evidence=(*evidence.lines(evidence.of(Kind.CONNECT, Kind.EXIT)), *evidence.server_lines()),
    )


def data_not_sent(evidence: Evidence) -> Cause | None:
    """The program ended with bytes that had not left yet."""
    full = [one for one in _sockets_at_exit(evidence) if one.get("buffered")]
    if not full:
        return None
    waiting = sum(int(str(one["buffered"])) for one in full)
    return Cause(
        "data-not-sent",
        f"the program exited while {waiting} bytes still waited to be sent",
        "send() only queues: let the event loop turn until the peer has answered, and close() "
        "before exiting",
        evidence=(*evidence.lines(evidence.of(Kind.EXIT)), *evidence.server_lines()),
    )


def data_not_read(evidence: Evidence) -> Cause | None:
    """Bytes arrived that the program never read, as its calls of recv() or its log tell."""
    counted = reads_less(evidence)
    if counted is None and any(event.kind is Kind.READ for event in evidence.log):
        back = _sum(event for event in evidence.log if event.kind is Kind.PUT_BACK)
        counted = (
            _sum(event for event in evidence.log if event.kind is Kind.MESSAGE),
            _sum(event for event in evidence.log if event.kind is Kind.READ) - back,
        )
    if counted is None or counted[0] <= counted[1]:
        return None
    arrived, read = counted
    return Cause(
        "data-left-unread",
        f"{arrived - read} of the {arrived} bytes that arrived were never read",
        "read until recv() returns EAGAIN or 0; one recv() never returns more than one message",
        evidence=(f"{arrived} bytes arrived, {read} were read", *evidence.server_lines()),
    )


def _sum(events: Iterable[Event]) -> int:
    return sum(event.size or 0 for event in events)


def websocket_missing(evidence: Evidence) -> Cause | None:
    """``<emscripten/websocket.h>`` and the proxy need a global WebSocket (issue 11627)."""
    features, starts = evidence.result.features, evidence.of(Kind.START)
    if features is None or not features.web_socket or evidence.of(Kind.CONNECT):
        return None
    if not starts or starts[0].detail.get("web_socket") is not False:
        return None
    return Cause(
        "websocket-missing",
        f"the program uses <emscripten/websocket.h>, and Node {starts[0].text} has no WebSocket",
        "use Node 22 or newer, or run it with `emsockets run`, which lends it that of `ws`",
        evidence=evidence.lines(starts),
    )


def without_socket_emulation(evidence: Evidence) -> Cause | None:
    """-sWASMFS has a file system of its own, and no sockets (issue 22907)."""
    features = evidence.result.features
    if features is None or not features.wasmfs or evidence.of(Kind.CONNECT, Kind.LISTEN):
        return None
    if any(event.detail.get("call") != "exit" for event in evidence.of(Kind.CALL)):
        return None
    return Cause(
        "wasmfs-without-sockets",
        "the program was linked with -sWASMFS, which leaves the socket emulation out: every "
        "socket call fails with ENOSYS",
        "link without -sWASMFS, or use <emscripten/websocket.h> (BACKEND websocket-api)",
        evidence=("the program's text shows WASMFS; no socket call left WebAssembly",),
    )


def never_connected(evidence: Evidence) -> Cause | None:
    """Nothing was ever connected, though a connection was expected."""
    wanted = [miss for miss in evidence.mismatches if miss.expectation == "connection"]
    if not wanted or evidence.of(Kind.CONNECT, Kind.LISTEN) or evidence.connections:
        return None
    return Cause(
        "never-connected",
        "the program never made a WebSocket",
        "see that it calls connect() and with which address; connect() must not be skipped "
        "because an earlier call (setsockopt, getaddrinfo, ioctl) reported an error"
        + ("; nobody is there who clicks, if the page waits for that" if evidence.in_page else ""),
        evidence=evidence.lines(evidence.of(Kind.START, Kind.EXIT)),
    )
