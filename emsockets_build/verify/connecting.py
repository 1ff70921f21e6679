"""Causes that keep a WebSocket from opening.

To the C program they all look alike: SO_ERROR is ECONNREFUSED, or connect() says EHOSTUNREACH
(emscripten issues 26191, 20921, 19100). The hook saw the true reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

from emsockets_build.reasons import BY_ID, CONNECTING, REFUSED, UNANSWERED, Reason
from emsockets_build.transcript.event import Event, Kind
from emsockets_build.verify.evidence import Evidence
from emsockets_build.verify.model import Cause

__all__ = ["connection_failed", "not_connecting", "ws_missing", "ws_unfit"]


_CLOSED_BEFORE = re.compile(r"closed before the connection (?:is|was) established")
_SWITCHING = 101
_STATUS = re.compile(r"response(?: code)?:? \(?(\d{3})")
_UNAUTHORIZED = "HTTP Authentication failed"  # Chromium does not say the status then
_PORT_BLOCKED = "ERR_UNSAFE_PORT"  # Firefox says nothing of the kind
# What browsers say when a server drops the client hello that it does not understand.
_HELLO_DROPPED = re.compile(
    r"ERR_CONNECTION_CLOSED|ERR_SSL_PROTOCOL_ERROR|NS_ERROR_NET_RESET|SSL_ERROR_RX_RECORD_TOO_LONG"
)


def ws_missing(evidence: Evidence) -> Cause | None:
    """The npm package ``ws`` is not there (issue 26191)."""
    missing = [event for event in evidence.of(Kind.WS) if event.detail.get("file") is None]
    found = [event for event in evidence.of(Kind.WS) if event.detail.get("file")]
    if not missing or found:
        return None
    return Cause(
        "ws-missing",
        "the program's sockets need the npm package `ws` under Node, and it cannot be found from "
        "where the program lies",
        "run `npm install ws` in a folder above the program, or `emsockets setup`",
        evidence=evidence.lines(missing),
    )


def ws_unfit(evidence: Evidence) -> Cause | None:
    """The package ``ws`` has an interface that the program does not know (issue 16720)."""
    unfit = [
        event
        for event in evidence.of(Kind.WS)
        if event.detail.get("file") and event.detail.get("fits") is False
    ]
    if not unfit:
        return None
    features = evidence.result.features
    wanted = features.ws if features is not None else None
    return Cause(
        "ws-wrong-major",
        f"the npm package `ws` {unfit[0].text} does not fit the Emscripten release that built the "
        "program: messages are dropped, or the subprotocol is not sent",
        f"install ws@{wanted or '8'} beside the program (ws 2 for Emscripten before 3.1.10, ws 8 "
        "since), or `emsockets setup`",
        evidence=tuple(f"ws {event.text} in {event.detail['file']}" for event in unfit),
    )


def connection_failed(evidence: Evidence) -> Cause | None:
    """A WebSocket, or a socket of BACKEND node, did not open, and says why."""
    for error in evidence.errors:
        # An end that the program brought about is told by `exited_before_open`.
        if error.socket in evidence.opened or _CLOSED_BEFORE.search(error.text):
            continue
        if error.detail.get("server"):
            return _listening_failed(evidence, error)
        return _refused(evidence, error) or _by_reason(evidence, error)
    return None


def _context(evidence: Evidence, error: Event) -> Mapping[str, str]:
    made = next((e for e in evidence.of(Kind.CONNECT) if e.socket == error.socket), error)
    protocols = made.detail.get("protocols")
    offered = ", ".join(map(str, protocols)) if isinstance(protocols, list) else ""
    url = made.text if made is not error else str(error.detail.get("url") or "the server")
    message = str(error.detail.get("cause") or error.detail.get("message") or error.text)
    return {"url": url, "offered": f"`{offered}`" if offered else "none", "message": message}


def _refused(evidence: Evidence, error: Event) -> Cause | None:
    """The server answered the handshake with an HTTP status other than 101."""
    context = _context(evidence, error)
    answers = [e for e in evidence.of(Kind.HANDSHAKE) if e.socket == error.socket]
    found = _STATUS.search(context["message"])
    status = answers[-1].detail.get("status") if answers else None
    if status in {None, 0, _SWITCHING}:
        status = int(found[1]) if found else error.detail.get("status")
    if _UNAUTHORIZED in context["message"]:
        status = HTTPStatus.UNAUTHORIZED.value
    if status in {None, 0, _SWITCHING}:
        return None
    location = answers[-1].detail.get("location") if answers else None
    to = f" to {location}" if location else ""
    return Cause(
        REFUSED.id,
        REFUSED.summary.format(**context, status=f"{status}{to}"),
        REFUSED.remedy,
        evidence=(*evidence.lines([*answers, error]), *evidence.server_lines()),
    )


def _by_reason(evidence: Evidence, error: Event) -> Cause:
    context = _context(evidence, error)
    code = str(error.detail.get("code") or "")
    shown = (*evidence.lines([error]), *evidence.server_lines())
    if context["url"].startswith("wss:") and _HELLO_DROPPED.search(context["message"]):
        return _found(BY_ID["tls-to-plain-server"], context, shown)
    if _PORT_BLOCKED in context["message"]:
        port = urlsplit(context["url"]).port
        return _found(BY_ID["port-blocked"], {**context, "port": str(port)}, shown)
    for reason in CONNECTING:
        if code in reason.codes or re.search(reason.message, context["message"], re.IGNORECASE):
            return _found(reason, context, shown)
    return _by_server(evidence, context, shown) or Cause(
        "connection-failed",
        f"the connection to {context['url']} failed: {context['message']}",
        "see the evidence; to the program every such failure is ECONNREFUSED",
        evidence=shown,
    )


def _found(reason: Reason, context: Mapping[str, str], shown: tuple[str, ...]) -> Cause:
    return Cause(reason.id, reason.summary.format(**context), reason.remedy, evidence=shown)


def _by_server(
    evidence: Evidence, context: Mapping[str, str], shown: tuple[str, ...]
) -> Cause | None:
    """Ask the server's record where the client gives no reason, as Node's own WebSocket does."""
    reasons = {reason.id: reason for reason in CONNECTING}
    for record in evidence.connections:
        if record.status != _SWITCHING or not record.offered:
            continue
        if record.subprotocol not in record.offered:
            found = "subprotocol-unexpected" if record.subprotocol else "subprotocol-not-selected"
            return _found(reasons[found], context, shown)
        if evidence.in_page:
            # Firefox takes back a WebSocket whose first frame is wrong before the page sees it.
            return _found(BY_ID["protocol-error"], context, shown)
    return None


def _listening_failed(evidence: Evidence, error: Event) -> Cause:
    message = str(error.detail.get("message") or error.text)
    if error.detail.get("code") == "EADDRINUSE":
        return Cause(
            "port-in-use",
            "the program cannot listen: the port is taken",
            "end the other server, or listen on another port; bind() and listen() report no "
            "error, the program only gets an error callback",
            evidence=evidence.lines([error]),
        )
    return Cause(
        "cannot-listen",
        f"the program cannot listen: {message}",
        "check address and port",
        evidence=evidence.lines([error]),
    )


def not_connecting(evidence: Evidence) -> Cause | None:
    """The handshake was never answered, though the program waited properly."""
    waiting = [
        event
        for event in evidence.of(Kind.CONNECT)
        if event.socket not in evidence.opened
        and not any(error.socket == event.socket for error in evidence.errors)
    ]
    awaited = any(miss.expectation == "WebSocket" for miss in evidence.mismatches)
    if not waiting or not (evidence.result.timed_out or awaited):
        return None
    return Cause(
        UNANSWERED.id,
        UNANSWERED.summary.format(url=waiting[0].text),
        UNANSWERED.remedy,
        evidence=(*evidence.lines(waiting), *evidence.server_lines()),
    )
