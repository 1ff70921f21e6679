"""The observations as a table of checks, one line each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from emsockets_build.probe.answer import handshake_fault, selected
from emsockets_build.probe.model import Exchange, Observations, Outcome, TalkSeen
from emsockets_build.probe.page import connect_blocked, not_isolated, wasm_blocked
from emsockets_build.probe.software import recognise

__all__ = ["Check", "checks_of"]

_SLOW_SECONDS = 0.5
_DAY = 86400
_SOON_DAYS = 21
_SWITCHING = 101
_UPGRADES = (
    ("chrome", "as Chrome"),
    ("firefox", "as Firefox"),
    ("ws", "as Node's ws"),
    ("undici", "as Node's own"),
)


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the table.

    Attributes:
        name: What was looked at.
        state: ``ok``, ``note``, ``warning`` or ``fail``; no verdict rests on it.
        detail: What was found, in words; may hold text of the server.
    """

    name: str
    state: str
    detail: str


def checks_of(seen: Observations) -> tuple[Check, ...]:
    """Write the table."""
    return (
        *_network(seen),
        *_tls(seen),
        *_http(seen),
        *_handshakes(seen),
        *_connection(seen),
        *_page(seen),
    )


def _network(seen: Observations) -> Iterator[Check]:
    host = seen.request.target.host
    if seen.resolve_fault:
        yield Check("name", "fail", f"{host}: {seen.resolve_fault}")
        return
    addresses = ", ".join(one.address for one in seen.attempts)
    if addresses != host:
        yield Check("name", "ok", f"{host} is {addresses}")
    reached = seen.connected
    for one in (*seen.attempts, *seen.other_family):
        state = "ok" if not one.fault else "warning" if reached else "fail"
        detail = one.fault or f"connected in {_ms(one.seconds)}"
        yield Check(f"TCP {one.family}", state, f"{one.address}: {detail}")
    if reached and any(one.fault for one in seen.attempts):
        yield Check(
            "families", "warning",
            "browsers and Node 20 try every address; others may take the first alone and fail",
        )  # fmt: skip
    statuses = {one.status for one in seen.attempts if one.status is not None}
    if len(statuses) > 1:
        said = ", ".join(f"{one.address}: {one.status or 'no HTTP'}" for one in seen.attempts)
        yield Check("families", "warning", f"different servers answer: {said}")


def _tls(seen: Observations) -> Iterator[Check]:
    tls = seen.tls
    if tls is None or not seen.connected:
        return
    if not tls.version:
        yield Check("TLS", "fail", tls.fault)
        return
    trusted = f"{tls.version}, trusted" if tls.trusted else tls.fault
    yield Check("TLS", "ok" if tls.trusted else "fail", trusted)
    certificate = tls.certificate
    if certificate is None:
        return
    by = "itself" if certificate.self_signed else certificate.issuer
    names = ", ".join(certificate.names[:8]) or certificate.subject
    yield Check("certificate", "note", f"for {names}; signed by {by}")
    days = (certificate.not_after - time.time()) / _DAY
    until = time.strftime("%Y-%m-%d", time.gmtime(certificate.not_after))
    if days < 0:
        yield Check("expiry", "fail", f"expired {-days:.0f} days ago, on {until}")
    elif certificate.not_before > time.time():
        begin = time.strftime("%Y-%m-%d", time.gmtime(certificate.not_before))
        yield Check("expiry", "fail", f"not valid before {begin}")
    else:
        yield Check(
            "expiry", "ok" if days > _SOON_DAYS else "warning", f"in {days:.0f} days, {until}"
        )


def _http(seen: Observations) -> Iterator[Check]:
    if not seen.exchanges:
        return
    names = " in front of ".join(one.name for one in recognise(seen.exchanges))
    if names:
        yield Check("server", "note", names)
    elif seen.kind:
        yield Check("server", "fail", seen.kind)
    if seen.tls_on_plain:
        yield Check("server", "fail", "it speaks TLS: wss:// instead of ws://")
    plain = seen.exchanges["plain"]
    if plain.answer is not None:
        said = f"{plain.status} {plain.answer.phrase}".strip()
        yield Check("plain HTTP", "note", f"{said}{_body(plain)}")
    if seen.elsewhere:
        yield Check("path", "note", f"{seen.elsewhere} opens a WebSocket")


def _handshakes(seen: Observations) -> Iterator[Check]:
    exchanges = seen.exchanges
    if not exchanges:
        return
    offered = ",".join(seen.request.subprotocols) or "none"
    for name, words in _UPGRADES:
        state, detail = _upgrade(exchanges[name], insists=name != "firefox")
        yield Check(f"{offered}, {words}", state, detail)
    if not any(one.status == _SWITCHING for one in exchanges.values()):
        return
    if seen.request.subprotocols:
        _, detail = _upgrade(exchanges["none"])
        yield Check("none offered", "note", detail)
    for name, words in (("list", "base64, binary"), ("list-without-blank", "base64,binary")):
        _, detail = _upgrade(exchanges[name])
        yield Check(words, "note", detail)
    yield from _origins(seen)
    answer = exchanges["chrome"].answer
    if answer is not None and answer.status == _SWITCHING:
        extensions = answer.header("Sec-WebSocket-Extensions")
        yield Check("extensions", "ok", extensions or "none, so no compression")


def _origins(seen: Observations) -> Iterator[Check]:
    mine, other = seen.exchanges["chrome"], seen.exchanges["elsewhere"]
    if mine.status != _SWITCHING:
        return
    if other.status == _SWITCHING:
        yield Check("other origins", "note", "pages from anywhere may connect")
        return
    said = f"{other.status}" if other.status else other.outcome.value
    yield Check("other origins", "note", f"refused ({said}), {mine.offer.origin} is allowed")


def _upgrade(exchange: Exchange, *, insists: bool = True) -> tuple[str, str]:
    answer = exchange.answer
    if answer is None:
        said = exchange.fault if exchange.outcome is Outcome.UNREACHED else exchange.outcome.value
        return "fail", said
    fault = handshake_fault(exchange.offer, answer, exchange.accept, insists=insists)
    if fault is not None:
        return "fail", fault.message + _body(exchange)
    names = selected(answer)
    choice = f"`{names}` selected" if names else "no subprotocol selected"
    late = exchange.seconds > _SLOW_SECONDS
    took = f", after {exchange.seconds:.1f} s" if late else ""
    return "warning" if late else "ok", f"101, {choice}{took}"


def _body(exchange: Exchange) -> str:
    body = exchange.answer.body if exchange.answer is not None else b""
    if exchange.status == _SWITCHING or not body:
        return ""
    text = " ".join(body[:400].decode("utf-8", "replace").split())
    return "" if text.startswith("<") else f": {text[:100]}"


def _connection(seen: Observations) -> Iterator[Check]:
    talk = seen.talk
    if talk is None or not talk.opened:
        return
    if talk.proxied:
        yield Check("proxy call", "ok", "socket() was answered, as BACKEND proxy needs it")
    if talk.fault:
        yield Check("frames", "fail", talk.fault)
    if talk.greeting:
        shown = ", ".join(f"{kind} of {size:,} bytes" for kind, size in talk.greeting[:4])
        yield Check("unasked", "note", f"it speaks first: {shown}")
    if talk.end is not None and not talk.fault:
        yield _ended(talk)
    if talk.echo or talk.ponged is not None:
        yield _echo(talk)
    if talk.ponged is not None:
        said = "answered" if talk.ponged else "not answered"
        yield Check("ping", "ok" if talk.ponged else "warning", said)
    yield from _sizes(seen)
    if talk.closed_well is not None:
        said = "answered" if talk.closed_well else "not answered in time"
        yield Check("close", "ok" if talk.closed_well else "warning", said)
    if seen.request.idle:
        kept = seen.idle_end is None
        said = f"kept for {seen.request.idle:g} s" if kept else f"ended after {seen.idle_end:.1f} s"
        yield Check("idle", "ok" if kept else "warning", said)


def _ended(talk: TalkSeen) -> Check:
    how = "reset" if talk.reset else f"closed with {talk.end}"
    how = "ended without a close frame" if talk.end == 1006 and not talk.reset else how  # noqa: PLR2004 - RFC 6455 7.4.1
    said = f' ("{talk.end_reason}")' if talk.end_reason else ""
    when = "at once" if talk.early else "after what it said" if talk.greeting else "at a message"
    return Check("end", "fail" if talk.early else "warning", f"{how}{said} {when}")


def _echo(talk: TalkSeen) -> Check:
    took = f"in {_ms(talk.echo_seconds)}"
    state, said = {
        "same": ("ok", f"a binary message came back {took}"),
        "other": ("ok", f"a binary message was answered {took}, with other bytes"),
        "text": ("warning", f"a binary message was answered by a text frame {took}"),
        "": ("note", "a message got no answer; it need not be an echo server"),
    }[talk.echo]
    return Check("echo", state, said)


def _sizes(seen: Observations) -> Iterator[Check]:
    if not seen.sizes:
        return
    taken = [one.size for one in seen.sizes if one.taken]
    failed = next((one for one in seen.sizes if not one.taken), None)
    if failed is None:
        yield Check("size", "ok", f"{max(taken):,} bytes in one message")
        return
    before = f"{max(taken):,} bytes are taken; " if taken else ""
    how = f"at {failed.size:,} the connection is closed ({failed.code})"
    if failed.late:
        how = f"{failed.size:,} got no answer within {seen.request.timeout:g} s"
    yield Check("size", "warning", before + how)


def _page(seen: Observations) -> Iterator[Check]:
    page = seen.page
    if page is None:
        return
    if page.answer is None:
        yield Check("page", "warning", f"{page.target.url}: {page.fault}")
        return
    state = "ok" if page.answer.status == 200 and not page.fault else "warning"  # noqa: PLR2004 - OK
    yield Check("page", state, f"{page.target.url}: {page.fault or page.answer.status}")
    missing = not_isolated(page)
    yield Check(
        "isolation", "warning" if missing else "ok",
        f"no threads: {missing}" if missing else "COOP and COEP are there, threads can be used",
    )  # fmt: skip
    for directive in filter(None, (connect_blocked(page, seen.request.target), wasm_blocked(page))):
        yield Check("policy", "fail", f"Content-Security-Policy: {directive}")


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"
