"""Observations judged: for each client whether it would work, and if not, why and what to write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from emsockets_build.probe.case import Asked, Case, Finding
from emsockets_build.probe.clients import CLIENTS, Client
from emsockets_build.probe.handshaking import by_handshake, not_a_websocket
from emsockets_build.probe.model import Exchange, Observations
from emsockets_build.probe.page import (
    connect_blocked,
    is_mixed_content,
    not_isolated,
    wasm_blocked,
)
from emsockets_build.probe.software import recognise
from emsockets_build.probe.talking import by_talk
from emsockets_build.probe.target import BLOCKED_PORTS

__all__ = ["Verdict", "judge"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one client would work.

    Attributes:
        client: Which.
        works: Whether it would.
        cause: Why not.
        condition: What the program must do for it, if it works only so.
    """

    client: Client
    works: bool
    cause: Finding | None = None
    condition: str = ""


def judge(seen: Observations, asked: Asked) -> tuple[Verdict, ...]:
    """Judge every client that is asked for.

    Args:
        seen: What was observed.
        asked: For whom, and what must be so.
    """
    case = Case(seen, asked, recognise(seen.exchanges))
    return tuple(_verdict(case, CLIENTS[name]) for name in asked.clients)


def _verdict(case: Case, client: Client) -> Verdict:
    for blocked in (_by_page(case, client), _by_network(case), _by_tls(case)):
        if (cause := next(blocked, None)) is not None:
            return Verdict(client, works=False, cause=cause)
    causes = []
    names = client.exchanges
    if client.chooses and not case.request.subprotocols:
        names = names[:1]
    for name in names:
        exchange = case.seen.exchanges[name]
        cause = next(by_handshake(case, client, exchange), None)
        if cause is None:
            cause = next(by_talk(case, client), None)
            condition = _condition(client, exchange)
            return Verdict(client, works=cause is None, cause=cause, condition=condition)
        causes.append(cause)
    return Verdict(client, works=False, cause=causes[-1])


def _condition(client: Client, exchange: Exchange) -> str:
    if not client.chooses or not exchange.offer.subprotocols:
        return ""
    names = ",".join(exchange.offer.subprotocols)
    return f'with attributes.protocols = "{names}"'


def _by_page(case: Case, client: Client) -> Iterator[Finding]:
    """What a browser forbids before anything is sent."""
    if not client.browser:
        return
    request, page = case.request, case.seen.page
    if request.target.port in BLOCKED_PORTS:
        yield case.find("port-blocked")
    origin = page.target.origin if page is not None else request.origin
    if is_mixed_content(origin, request.target):
        yield case.find("mixed-content", page=origin)
    if page is None:
        return
    if directive := connect_blocked(page, request.target):
        target = request.target
        yield case.find(
            "content-security-policy",
            what=f"it to connect to {target.url}",
            directive=directive,
            source=f"{target.scheme}://{target.authority}",
            name="connect-src",
        )
    if directive := wasm_blocked(page):
        yield case.find(
            "content-security-policy",
            what="it to compile WebAssembly",
            directive=directive,
            source="'wasm-unsafe-eval'",
            name="script-src",
        )
    if (case.asked.threads or client.proxy) and (missing := not_isolated(page)):
        yield case.find("shared-memory-missing", page=page.target.url, message=missing)


def _by_network(case: Case) -> Iterator[Finding]:
    """Name, address, TCP."""
    seen, target = case.seen, case.request.target
    if seen.resolve_fault:
        yield case.find("name-not-found", evidence=[f"{target.host}: {seen.resolve_fault}"])
    if seen.connected or seen.resolve_fault:
        return
    shown = [f"{one.address}: {one.fault}" for one in seen.attempts]
    others = [one for one in seen.other_family if not one.fault]
    if others:
        found = others[0]
        yield case.find(
            "server-not-listening",
            summary=f"nothing listens at {target.url}, but at {found.address} something does",
            remedy=_other_family_remedy(found.family, target.host),
            evidence=[*shown, f"{found.address}: connected"],
        )
    elif all(one.refused for one in seen.attempts):
        yield case.find("server-not-listening", evidence=shown)
    else:
        yield case.find("host-unreachable", evidence=shown, message=seen.attempts[0].fault)


def _other_family_remedy(family: str, host: str) -> str:
    if family == "IPv6":
        return (
            "let the server listen at IPv4 too (0.0.0.0, or :: with IPV6_V6ONLY off): it listens "
            f"at IPv6 alone, and a program that connects to {host} never gets there"
        )
    return f"connect to 127.0.0.1 instead of {host}, or let the server listen at IPv6 too"


def _by_tls(case: Case) -> Iterator[Finding]:
    seen, tls = case.seen, case.seen.tls
    if tls is None or not seen.connected:
        return
    if not tls.version:
        plain = seen.plain_on_tls
        if plain is not None and plain.answer is not None:
            said = f"without TLS it answers {plain.status} {plain.answer.phrase}"
            yield case.find("tls-to-plain-server", evidence=[f"TLS: {tls.fault}", said])
        elif seen.kind:
            yield not_a_websocket(case, f"{seen.kind}, without TLS", (f"TLS: {tls.fault}",))
        else:
            yield case.find("tls-to-plain-server", evidence=[f"TLS: {tls.fault}"])
    elif not tls.trusted and not case.request.insecure:
        yield case.find(
            "tls-certificate",
            message=tls.fault,
            remedy="use a certificate that clients trust for this name: Node takes an authority of "
            "yours with NODE_EXTRA_CA_CERTS=ca.pem, browsers want it in their own list; or use "
            "ws:// in tests",
        )
