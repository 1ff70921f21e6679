"""Rules on handshakes: why a connection does not open."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from emsockets_build.probe.answer import Answer, Fault, handshake_fault, selected
from emsockets_build.probe.case import Case, Finding
from emsockets_build.probe.clients import Client
from emsockets_build.probe.model import Exchange, Observations, Outcome
from emsockets_build.probe.software import POSIX_PROXY
from emsockets_build.reasons import BY_ID

__all__ = ["by_handshake", "not_a_websocket"]

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SWITCHING = 101
_UNREACHABLE_UPSTREAM = {502, 503, 504}
_FORBIDDEN = {401, 403}
_NOT_FOUND = 404


def not_a_websocket(case: Case, what: str, evidence: Iterable[str] = ()) -> Finding:
    """Say what the server is instead."""
    return case.find("not-a-websocket-server", message=what, evidence=evidence)


def by_handshake(case: Case, client: Client, exchange: Exchange) -> Iterator[Finding]:
    """Find why a client's handshake does not open a connection; the first reason counts."""
    answer = exchange.answer
    if answer is None:
        yield from _without_answer(case, exchange)
        return
    head = sum(len(name) + len(value) + 4 for name, value in answer.headers)
    if client.max_head and head > client.max_head:
        said = f"the head of the answer has {head} bytes, and Node takes {client.max_head}"
        yield case.find("handshake-invalid", message=said)
    fault = handshake_fault(exchange.offer, answer, exchange.accept, insists=client.insists)
    if fault is None:
        return
    if fault.id == "handshake-refused":
        yield from _refused(case, exchange, answer, fault.message)
    elif fault.id.startswith("subprotocol-"):
        yield _subprotocol(case, exchange, answer, fault)
    elif POSIX_PROXY in case.software:
        yield _wrong_case(case)
    yield case.find("handshake-invalid", message=fault.message)


def _wrong_case(case: Case) -> Finding:
    return case.find(
        "handshake-invalid",
        message="websocket_to_posix_proxy finds no Sec-WebSocket-Key when header names come in "
        "lower case, as Node's own WebSocket writes them",
        remedy="under Node, lend the program the WebSocket of ws (`emsockets run` does), or use "
        "another bridge; browsers write the names as the proxy wants them",
    )


def _without_answer(case: Case, exchange: Exchange) -> Iterator[Finding]:
    """No HTTP came: what is it, then?"""
    seen, target = case.seen, case.request.target
    if seen.tls_on_plain:
        yield not_a_websocket(case, f"it speaks TLS: try wss://{target.authority}{target.path}")
    if seen.kind:
        yield not_a_websocket(case, seen.kind, _first_words(exchange))
    if any(one.status == _SWITCHING for one in seen.exchanges.values()):
        names = ", ".join(exchange.offer.subprotocols) or "none"
        yield case.find(
            "handshake-refused",
            summary=f"the server at {target.url} gives no answer to a client that offers the "
            f"subprotocols: {names} ({exchange.outcome.value})",
            remedy=_alternative(case, exchange) or "let the server accept what this client offers",
            fix="subprotocol",
        )
    if exchange.outcome in {Outcome.SILENT, Outcome.CUT}:
        yield case.find("handshake-unanswered", evidence=_first_words(exchange))
    if exchange.outcome is Outcome.TOO_LONG:
        yield case.find("handshake-invalid", message=exchange.outcome.value)
    yield not_a_websocket(case, exchange.outcome.value, _first_words(exchange))


def _first_words(exchange: Exchange) -> tuple[str, ...]:
    if not exchange.raw:
        return ()
    shown = exchange.raw[:100]
    return (f"it says: {shown.decode('utf-8', 'replace').strip()}",)


def _refused(case: Case, exchange: Exchange, answer: Answer, status: str) -> Iterator[Finding]:
    """An HTTP status other than 101: who gave it, and because of what."""
    seen, target = case.seen, case.request.target
    proxy = next((one.name for one in case.software if one.proxy), "")
    shown = _body_words(exchange)
    if seen.elsewhere:
        other = f"{target.scheme}://{target.authority}{seen.elsewhere}"
        yield case.find(
            "handshake-refused",
            status=status,
            remedy=f"the path {seen.elsewhere} opens: link with -sWEBSOCKET_URL={other}, since "
            "connect() cannot give a path",
            evidence=shown,
        )
    if answer.status in _FORBIDDEN and exchange.offer.origin and case.opens("ws"):
        yield case.find(
            "handshake-refused",
            summary=f"the server at {target.url} refuses pages from {exchange.offer.origin} "
            f"({status})",
            remedy="allow the origin of your page in the server; --origin says which to try",
            fix="origin",
            evidence=shown,
        )
    if remedy := _alternative(case, exchange):
        yield case.find(
            "handshake-refused", status=status, remedy=remedy, fix="subprotocol", evidence=shown
        )
    if proxy and answer.status in _UNREACHABLE_UPSTREAM:
        yield case.find(
            "handshake-refused",
            summary=f"{proxy} at {target.url} does not reach the server behind it ({status})",
            remedy="start the server behind the proxy, and see that the proxy names its port",
            fix="unreachable",
            evidence=shown,
            port="PORT",
        )
    if answer.status == _NOT_FOUND and not proxy:
        yield case.find(
            "handshake-refused",
            summary=f"the server at {target.url} knows no path {target.path} ({status})",
            remedy="give the path of the WebSocket: -sWEBSOCKET_URL with the full URL, since "
            "connect() cannot give one",
            evidence=shown,
        )
    if _same_without_upgrade(seen, exchange):
        yield _upgrade_ignored(case, proxy, status, shown)
    yield case.find("handshake-refused", status=status, evidence=shown)


def _upgrade_ignored(case: Case, proxy: str, status: str, shown: tuple[str, ...]) -> Finding:
    url = case.request.target.url
    same = "the answer is the same with and without the Upgrade header"
    if proxy:
        return case.find(
            "handshake-refused",
            summary=f"{proxy} at {url} does not pass the upgrade on ({status})",
            remedy="let the proxy pass Upgrade and Connection on for this path, by HTTP/1.1",
            fix="upgrade",
            evidence=(same, *shown),
            port="PORT",
        )
    return case.find(
        "handshake-refused",
        summary=f"the server at {url} speaks HTTP, but takes no notice of the upgrade to a "
        f"WebSocket ({status})",
        fix="upgrade",
        evidence=(same, *shown),
    )


def _same_without_upgrade(seen: Observations, exchange: Exchange) -> bool:
    plain = seen.exchanges["plain"].answer
    answer = exchange.answer
    if any(one.status == _SWITCHING for one in seen.exchanges.values()):
        return False  # it knows of upgrades, and refuses this one
    if plain is None or answer is None or plain.status != answer.status:
        return False
    # nginx pads its own pages for Chrome only.
    shared = min(len(plain.body), len(answer.body), 120)
    return plain.body[:shared] == answer.body[:shared]


def _body_words(exchange: Exchange) -> tuple[str, ...]:
    body = exchange.answer.body if exchange.answer is not None else b""
    text = body[:400].decode("utf-8", "replace").strip()
    return (f"it says: {' '.join(text.split())[:160]}",) if text and "<" not in text else ()


def _alternative(case: Case, exchange: Exchange) -> str:
    """Say what the program could offer instead, where that was seen to open."""
    offered = exchange.offer.subprotocols
    if len(offered) > 1 and case.opens("ws"):
        return (
            "put `binary` first in -sWEBSOCKET_SUBPROTOCOL, or offer nothing else: this server "
            "does not strip the blank that browsers write into the list"
        )
    if offered and case.opens("none"):
        return (
            "offer no subprotocol, which this server accepts: link with "
            "-sWEBSOCKET_SUBPROTOCOL=null; or let the server select what is offered"
        )
    wanted = _wanted(case)
    if wanted and wanted not in offered:
        return f"offer the subprotocol `{wanted}`, which this server wants"
    return ""


def _wanted(case: Case) -> str:
    """Return what the server selects of a list that it may choose from; empty for nothing."""
    answer = case.seen.exchanges["list"].answer
    return selected(answer) if answer is not None and case.opens("list") else ""


def _subprotocol(case: Case, exchange: Exchange, answer: Answer, fault: Fault) -> Finding:
    if POSIX_PROXY in case.software:
        return case.find("wrong-bridge")
    names = ", ".join(exchange.offer.subprotocols)
    words = {"offered": f"`{names}`" if names else "none"}
    remedy = BY_ID[fault.id].remedy
    if fault.id == "subprotocol-not-selected" and case.opens("none"):
        remedy += " (seen to open)"
    got = selected(answer)
    if fault.id == "subprotocol-unexpected" and _NAME.fullmatch(got):
        remedy = (
            f"let the server select one of the offered subprotocols, or offer its own with "
            f"-sWEBSOCKET_SUBPROTOCOL={got}"
        )
    return case.find(fault.id, remedy=remedy, fix="subprotocol", evidence=[fault.message], **words)
