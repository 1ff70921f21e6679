"""The order of the steps: what is asked at once, and what only if the answer calls for it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import urljoin

from emsockets_build.errors import UsageError
from emsockets_build.probe.answer import handshake_fault
from emsockets_build.probe.certificate import examine, trusting_nobody
from emsockets_build.probe.kinds import QUESTIONS, Question, kind_of
from emsockets_build.probe.model import (
    Attempt,
    Exchange,
    Observations,
    Outcome,
    PageSeen,
    Request,
    SizeSeen,
    TalkSeen,
    TlsSeen,
)
from emsockets_build.probe.offers import Dialect, Offer
from emsockets_build.probe.software import is_posix_proxy
from emsockets_build.probe.talk import ask_proxy, find_sizes, measure_idle, talk
from emsockets_build.probe.target import Target, parse_page
from emsockets_build.probe.wire import (
    Line,
    attempt,
    connection,
    exchange,
    read_for,
    resolve,
    words_of,
)

__all__ = ["LISTED", "offers_of", "survey"]

LISTED = ("base64", "binary")
"""A list in which `binary` is not the first, which some servers refuse."""

_CONNECTIONS_AT_ONCE = 12
_QUESTION_SECONDS = 1.0
_OTHER_PATHS = ("/", "/ws", "/websocket", "/websockify", "/socket")
_ELSEWHERE = "https://emsockets.invalid"
_MAX_REDIRECTS = 5
_SWITCHING = 101
_REDIRECTS = {301, 302, 303, 307, 308}


def offers_of(request: Request) -> tuple[Offer, ...]:
    """Return the handshakes that are tried at once.

    Args:
        request: What the program offers, and from which page.
    """
    names = request.subprotocols
    origin = request.origin or request.target.origin
    return (
        Offer("chrome", Dialect.CHROME, names, origin),
        Offer("firefox", Dialect.FIREFOX, names, origin),
        Offer("ws", Dialect.WS, names),
        Offer("undici", Dialect.UNDICI, names),
        Offer("none", Dialect.CHROME, (), origin),
        Offer("undici-none", Dialect.UNDICI, ()),
        Offer("list", Dialect.CHROME, LISTED, origin),
        Offer("list-without-blank", Dialect.WS, LISTED),
        Offer("elsewhere", Dialect.CHROME, names, _ELSEWHERE),
        Offer("plain", Dialect.NONE),
    )


async def survey(request: Request) -> Observations:
    """Find out everything that is asked for.

    Args:
        request: What to find out.

    Returns:
        What was seen. Whatever a server does is an observation, never an exception.
    """
    started = time.monotonic()
    async with asyncio.TaskGroup() as group:
        page = group.create_task(_page(request, request.page)) if request.page else None
        server = group.create_task(_server(request))
    seen = server.result()
    return replace(
        seen, page=page.result() if page is not None else None, seconds=time.monotonic() - started
    )


async def _server(request: Request) -> Observations:
    seen = Observations(request)
    target = request.target
    try:
        addresses = await resolve(target.host, target.port, request.timeout)
    except OSError as error:
        return replace(seen, resolve_fault=words_of(error))
    attempts = await _attempts(target, addresses, request.timeout)
    seen = replace(seen, attempts=attempts)
    reached = [one for one in attempts if not one.fault]
    if not reached:
        return replace(seen, other_family=await _other_family(request, attempts))
    line = Line(
        target=target,
        address=reached[0].address,
        context=trusting_nobody() if target.secure else None,
        timeout=request.timeout,
        gate=asyncio.Semaphore(_CONNECTIONS_AT_ONCE),
    )
    tls, exchanges, attempts = await asyncio.gather(
        _tls(line, request), _exchanges(line, request), _compare(line, request, attempts)
    )
    seen = replace(seen, attempts=attempts, tls=tls, exchanges=exchanges)
    opened = _opened(exchanges)
    if opened is not None:
        return await _open_connection(seen, line, opened)
    return await _no_websocket(seen, line)


async def _attempts(
    target: Target, addresses: Sequence[tuple[str, str]], seconds: float
) -> tuple[Attempt, ...]:
    return tuple(await asyncio.gather(*(attempt(target, *one, seconds) for one in addresses)))


async def _other_family(request: Request, tried: Sequence[Attempt]) -> tuple[Attempt, ...]:
    """Look at this machine's other addresses: a server on ::1 alone is a common mistake."""
    if not request.target.loopback:
        return ()
    known = {one.address for one in tried}
    pairs = [pair for pair in (("127.0.0.1", "IPv4"), ("::1", "IPv6")) if pair[0] not in known]
    return await _attempts(request.target, pairs, request.timeout)


async def _compare(
    line: Line, request: Request, attempts: tuple[Attempt, ...]
) -> tuple[Attempt, ...]:
    """Ask every address the same, for another server may listen at ::1 than at 127.0.0.1."""
    reached = [one for one in attempts if not one.fault]
    if len(reached) < 2:  # noqa: PLR2004 - nothing to compare
        return attempts
    offer = offers_of(request)[0]
    answers = await asyncio.gather(
        *(exchange(replace(line, address=one.address), offer) for one in reached)
    )
    statuses = {one.address: answer.status for one, answer in zip(reached, answers, strict=True)}
    return tuple(replace(one, status=statuses.get(one.address)) for one in attempts)


async def _tls(line: Line, request: Request) -> TlsSeen | None:
    return await examine(line, request.ca_file) if line.context is not None else None


async def _exchanges(line: Line, request: Request) -> Mapping[str, Exchange]:
    offers = offers_of(request)
    answers = await asyncio.gather(*(exchange(line, offer) for offer in offers))
    return {offer.name: answer for offer, answer in zip(offers, answers, strict=True)}


def _opened(exchanges: Mapping[str, Exchange]) -> Offer | None:
    """Return the first handshake that any client would call open, Firefox included."""
    for name in ("chrome", "ws", "firefox", "none", "undici", "list"):
        one = exchanges[name]
        if one.answer is not None and not handshake_fault(
            one.offer, one.answer, one.accept, insists=False
        ):
            return one.offer
    return None


async def _open_connection(seen: Observations, line: Line, offer: Offer) -> Observations:
    request = seen.request
    if is_posix_proxy(seen.exchanges):
        proxied = await ask_proxy(line, offer)
        return replace(seen, talk=TalkSeen(opened=True, proxied=proxied))
    talked, proxied, idle_end = await asyncio.gather(
        talk(line, offer),
        _bridge(line, seen.exchanges["none"].offer, request),
        _idle(line, offer, request),
    )
    sizes: tuple[SizeSeen, ...] = ()
    if request.max_size and talked.opened and not talked.early and not talked.silent:
        echoes = talked.echo == "same"
        sizes = await find_sizes(line, offer, request.max_size, echoes=echoes)
    return replace(seen, talk=replace(talked, proxied=proxied), sizes=sizes, idle_end=idle_end)


async def _bridge(line: Line, offer: Offer, request: Request) -> bool:
    return await ask_proxy(line, offer) if request.bridge else False


async def _idle(line: Line, offer: Offer, request: Request) -> float | None:
    return await measure_idle(line, offer, request.idle) if request.idle else None


async def _no_websocket(seen: Observations, line: Line) -> Observations:
    """Find out what it is instead."""
    request = seen.request
    if line.context is not None and seen.tls is not None and not seen.tls.version:
        plain = await exchange(replace(line, context=None), offers_of(request)[0])
        return replace(seen, plain_on_tls=plain, kind=kind_of([plain.raw] * (not plain.answer)))
    if any(one.answer is not None for one in seen.exchanges.values()):
        return replace(seen, elsewhere=await _elsewhere(seen, line))
    kind = kind_of(one.raw for one in seen.exchanges.values() if one.outcome is Outcome.NOT_HTTP)
    if line.context is not None or (kind and "TLS" not in kind):
        return replace(seen, kind=kind)
    speaks_tls, asked = await asyncio.gather(
        _speaks_tls(line), _ask(line) if not kind else asyncio.sleep(0, "")
    )
    return replace(seen, kind=kind or asked, tls_on_plain=speaks_tls)


async def _elsewhere(seen: Observations, line: Line) -> str:
    """Look for the WebSocket at the paths where people put it."""
    if seen.exchanges["chrome"].status == _SWITCHING:
        return ""
    first = seen.exchanges["chrome"].offer
    paths = [path for path in _OTHER_PATHS if path != seen.request.target.path]
    answers = await asyncio.gather(*(exchange(line, replace(first, path=path)) for path in paths))
    for path, answer in zip(paths, answers, strict=True):
        if answer.status == _SWITCHING:
            return path
    return ""


async def _speaks_tls(line: Line) -> bool:
    try:
        async with connection(
            replace(line, context=trusting_nobody(), timeout=min(line.timeout, _QUESTION_SECONDS))
        ):
            return True
    except OSError:
        return False


async def _ask(line: Line) -> str:
    """Ask the questions that certain servers answer."""

    async def answered(question: Question) -> bool:
        with contextlib.suppress(OSError):
            async with connection(line) as (reader, writer):
                writer.write(question.request)
                seconds = min(line.timeout, _QUESTION_SECONDS)
                return bool(question.pattern.match(await read_for(reader, seconds, 1)))
        return False

    answers = await asyncio.gather(*(answered(question) for question in QUESTIONS))
    return next((one.words for one, yes in zip(QUESTIONS, answers, strict=True) if yes), "")


async def _page(request: Request, target: Target) -> PageSeen:
    """Fetch the page, through redirects as a browser does."""
    for _ in range(_MAX_REDIRECTS):
        try:
            addresses = await resolve(target.host, target.port, request.timeout)
        except OSError as error:
            return PageSeen(target, fault=f"{target.host}: {words_of(error)}")
        # The first address that takes a connection, as browsers do.
        seen = Exchange(Offer("page", Dialect.NONE), Outcome.UNREACHED)
        for address, _family in addresses:
            line = Line(target, address, trusting_nobody() if target.secure else None,
                        request.timeout, asyncio.Semaphore(1))  # fmt: skip
            seen = await exchange(line, seen.offer)
            if seen.outcome is not Outcome.UNREACHED:
                break
        if seen.answer is None:
            return PageSeen(target, fault=seen.fault or seen.outcome.value)
        location = seen.answer.header("Location")
        if seen.status not in _REDIRECTS or not location:
            return PageSeen(target, seen.answer)
        try:
            target = parse_page(urljoin(target.url, location).partition("#")[0])
        except (UsageError, ValueError):
            return PageSeen(target, seen.answer, fault=f"it redirects to {location}")
    return PageSeen(target, fault=f"more than {_MAX_REDIRECTS} redirects")
