"""Which software answers, by its headers and by what it says of requests that it refuses; data.

Seen on Poco 1.11, ws 8.23, websockets 17.4, websockify 0.13, libwebsockets 4.1, nginx 1.22 and
Emscripten's websocket_to_posix_proxy; the others by the names that they give themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from emsockets_build.probe.answer import Answer
from emsockets_build.probe.model import Exchange

__all__ = ["FINGERPRINT", "POSIX_PROXY", "Software", "is_posix_proxy", "recognise"]

FINGERPRINT = "Kfh9QIsMVZcl6xEPYxPHzW8SZ8w="
"""The ``Sec-WebSocket-Accept`` of an empty key, which websocket_to_posix_proxy computes when header
names come in lower case."""

_SWITCHING = 101
# A header that the application may add or leave out says nothing of the library.
_OPTIONAL = {"sec-websocket-protocol", "sec-websocket-extensions"}


@dataclass(frozen=True, slots=True)
class Software:
    """One server software.

    Attributes:
        id: Its name in the table of fixes.
        name: Its name for people.
        proxy: Whether it stands in front of another server.
        named: What its ``Server``, ``Via`` or similar header matches.
        order: The headers of its 101, in its order and spelling, as ``Name`` or ``Name: value``.
        body: What the body of its errors matches.
    """

    id: str
    name: str
    proxy: bool = False
    named: str = ""
    order: tuple[str, ...] = ()
    body: str = ""


POSIX_PROXY = Software("posix-proxy", "Emscripten's websocket_to_posix_proxy")

_SOFTWARE = (
    Software("nginx", "nginx", proxy=True, named=r"(?:nginx|openresty|angie|tengine)\b"),
    Software("apache", "Apache httpd", proxy=True, named=r"apache(?:/|$)"),
    Software("caddy", "Caddy", proxy=True, named=r"(?:\d\.\d )?caddy\b"),
    Software("envoy", "Envoy", proxy=True, named=r"(?:istio-)?envoy\b"),
    Software("cloudflare", "Cloudflare", proxy=True, named=r"cloudflare\b"),
    Software("cloudfront", "CloudFront", proxy=True, named=r"(?:.*\(cloudfront\)|cloudfront$)"),
    Software("elb", "an AWS load balancer", proxy=True, named=r"aws(?:elb|alb)\b"),
    Software("varnish", "Varnish", proxy=True, named=r".*\bvarnish\b"),
    Software("lighttpd", "lighttpd", proxy=True, named=r"lighttpd\b"),
    Software("iis", "IIS", proxy=True, named=r"microsoft-iis\b"),
    Software(
        "haproxy", "HAProxy", proxy=True, named=r"haproxy\b",
        body=r"No server is available to handle this request",
    ),
    Software("websockify", "websockify", named=r"websockify\b"),
    Software("websockets", "Python's websockets", named=r"python/\S+ websockets/",
             body=r"Failed to open a WebSocket connection: "),
    Software("aiohttp", "aiohttp", named=r"python/\S+ aiohttp/"),
    Software("uvicorn", "uvicorn", named=r"uvicorn\b"),
    Software("tornado", "Tornado", named=r"tornadoserver\b",
             body=r"Can \"Upgrade\" only to \"WebSocket\""),
    Software("python-http", "Python's http.server", named=r"(?:simple|base)http/"),
    Software("websocketpp", "WebSocket++", named=r"websocket\+\+"),
    Software("beast", "Boost.Beast", named=r"boost\.beast"),
    Software("qt", "Qt WebSockets", named=r"qt ?websocket"),
    Software("drogon", "Drogon", named=r"drogon\b"),
    Software("crow", "Crow", named=r"crow/"),
    Software("kestrel", "ASP.NET Core's Kestrel", named=r"kestrel\b"),
    Software("jetty", "Jetty", named=r"jetty\b"),
    Software("uwebsockets", "uWebSockets", named=r"uws\b|uwebsockets: "),
    Software("cpp-httplib", "cpp-httplib", named=r"cpp-httplib"),
    Software(
        "poco", "Poco",
        order=("Date", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Accept"),
        body=r"\ANo WebSocket handshake",
    ),
    Software(
        "libwebsockets", "libwebsockets", named=r"libwebsockets|lwsws\b",
        order=("Upgrade: WebSocket", "Connection: Upgrade", "Sec-WebSocket-Accept"),
    ),
    Software("ws", "ws under Node", body=r"\AUpgrade Required\Z|\AInvalid Sec-WebSocket-"),
    Software("emsockets", "the test server of emsockets",
             body=r"\Athis is a WebSocket server, and the request asks for no WebSocket"),
)  # fmt: skip
_NAMING = ("Server", "Via", "X-Powered-By", "X-Served-By")


def recognise(exchanges: Mapping[str, Exchange]) -> tuple[Software, ...]:
    """Tell what answers: a proxy in front, if there is one, then the server.

    Args:
        exchanges: What was answered, by the name of the question.

    Returns:
        Proxies first; empty if nothing is known.
    """
    answers = [one.answer for one in exchanges.values() if one.answer is not None]
    if is_posix_proxy(exchanges):
        return (POSIX_PROXY,)
    found = [one for one in _SOFTWARE if _is_it(one, answers)]
    proxies = [one for one in found if one.proxy]
    servers = [one for one in found if not one.proxy]
    return (*proxies[:2], *servers[:1])


def is_posix_proxy(exchanges: Mapping[str, Exchange]) -> bool:
    """Tell websocket_to_posix_proxy by its answer to header names in lower case."""
    undici = exchanges.get("undici")
    answer = undici.answer if undici is not None else None
    return answer is not None and answer.header("Sec-WebSocket-Accept") == FINGERPRINT


def _is_it(software: Software, answers: Iterable[Answer]) -> bool:
    for answer in answers:
        names = [value for name in _NAMING for value in answer.all(name)]
        names += [f"{name}: {value}" for name, value in answer.headers if name == "uWebSockets"]
        if software.named and any(re.match(software.named, name, re.IGNORECASE) for name in names):
            return True
        if answer.status == _SWITCHING:
            if software.order and _in_order(answer, software.order):
                return True
        elif software.body and re.search(software.body, _unchunked(answer)):
            return True
    return False


def _in_order(answer: Answer, order: Iterable[str]) -> bool:
    """Tell whether exactly these headers came, optional ones apart, spelled and ordered so."""
    headers = [pair for pair in answer.headers if pair[0].lower() not in _OPTIONAL]
    wanted = [row.partition(": ") for row in order]
    return len(headers) == len(wanted) and all(
        name == row[0] and (not row[2] or value == row[2])
        for (name, value), row in zip(headers, wanted, strict=True)
    )


def _unchunked(answer: Answer) -> str:
    """Return the body as text, its first chunk if it comes in chunks."""
    text = answer.body.decode("utf-8", "replace")
    if "chunked" in answer.tokens("Transfer-Encoding"):
        size, _, rest = text.partition("\r\n")
        text = rest[: int(size, 16)] if re.fullmatch("[0-9a-fA-F]{1,8}", size) else text
    return text
