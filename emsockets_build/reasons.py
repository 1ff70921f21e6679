"""What keeps a WebSocket from working, in words that stay the same everywhere.

`verify` finds these causes in what a program did, `probe` in what a server answered; both say them
with the same identifiers and remedies.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "BY_ID",
    "CONNECTING",
    "PAGES",
    "REFUSED",
    "TALKING",
    "UNANSWERED",
    "Reason",
]


@dataclass(frozen=True, slots=True)
class Reason:
    """One way to fail.

    Attributes:
        id: The cause identifier, which stays the same.
        codes: Error codes of Node, and of Firefox, that tell of it.
        message: A regular expression for the messages that tell of it.
        summary: What is wrong; ``{url}`` and other words in braces are filled in.
        remedy: What to do about it, whatever the server is.
    """

    id: str
    codes: frozenset[str]
    message: str
    summary: str
    remedy: str


def _reason(id_: str, codes: str, message: str, summary: str, remedy: str) -> Reason:
    return Reason(id_, frozenset(codes.split()), message, summary, remedy)


def _plain(id_: str, summary: str, remedy: str) -> Reason:
    return _reason(id_, "", "(?!)", summary, remedy)


CONNECTING = (
    _reason(
        "server-not-listening",
        "ECONNREFUSED NS_ERROR_CONNECTION_REFUSED",
        "ECONNREFUSED|ERR_CONNECTION_REFUSED",
        "nothing listens at {url}",
        "start the server, or give the program the address that it listens at; the port must be "
        "that of the WebSocket server or bridge, not of the TCP server behind it",
    ),
    _reason(
        "subprotocol-not-selected",
        "",
        r"sent no subprotocol|header but no response was received",
        "the server at {url} selected no subprotocol although {offered} was offered",
        "let the server answer with `Sec-WebSocket-Protocol: binary` (Emscripten always offers "
        "`binary`), or link with -sWEBSOCKET_SUBPROTOCOL=null",
    ),
    _reason(
        "subprotocol-unexpected",
        "",
        r"sent a subprotocol|invalid (?:sub)?protocol|but none was requested|"
        r"in response does not match any of sent values",
        "the server at {url} selected a subprotocol that was not offered ({offered} was)",
        "let the server select one of the offered subprotocols, or offer the server's with "
        "-sWEBSOCKET_SUBPROTOCOL=NAME",
    ),
    _reason(
        "tls-certificate",
        "DEPTH_ZERO_SELF_SIGNED_CERT SELF_SIGNED_CERT_IN_CHAIN UNABLE_TO_VERIFY_LEAF_SIGNATURE "
        "UNABLE_TO_GET_ISSUER_CERT UNABLE_TO_GET_ISSUER_CERT_LOCALLY CERT_HAS_EXPIRED "
        "CERT_NOT_YET_VALID ERR_TLS_CERT_ALTNAME_INVALID",
        r"certificate|ERR_CERT_|_PKIX_ERROR_|SEC_ERROR_",
        "the TLS certificate of {url} is not trusted: {message}",
        "use a certificate that Node (NODE_EXTRA_CA_CERTS=ca.pem) or the browser trusts, or ws:// "
        "in tests",
    ),
    _reason(
        "tls-to-plain-server",
        "EPROTO ERR_SSL_WRONG_VERSION_NUMBER ERR_SSL_PACKET_LENGTH_TOO_LONG",
        r"wrong version number|packet length too long|ssl3_get_record",
        "{url} asks for TLS, but the server does not speak it",
        "use ws:// (-sWEBSOCKET_URL=ws://), or give the server a certificate",
    ),
    _reason(
        "handshake-invalid",
        "",
        r"in(?:valid|correct).{0,12}(?:Sec-WebSocket-Accept|server key|upgrade header)",
        "the answer of {url} is no valid WebSocket handshake: {message}",
        "mend the server's handshake (RFC 6455, section 4.2.2); a proxy that reads header names "
        "case-sensitively answers so too",
    ),
    _reason(
        "name-not-found",
        "ENOTFOUND EAI_AGAIN",
        r"getaddrinfo|ERR_NAME_NOT_RESOLVED|NS_ERROR_UNKNOWN_HOST",
        "the host name in {url} cannot be resolved",
        "check the name; Emscripten resolves names only when the WebSocket is made",
    ),
    _reason(
        "host-unreachable",
        "ETIMEDOUT EHOSTUNREACH ENETUNREACH",
        r"ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|handshake has timed out|ERR_ADDRESS_UNREACHABLE|"
        r"ERR_(?:CONNECTION_)?TIMED_OUT|NS_ERROR_NET_TIMEOUT",
        "{url} cannot be reached: {message}",
        "check address, route and firewall",
    ),
    _reason(
        "invalid-url",
        "ERR_INVALID_URL",
        r"invalid url|the URL '.*' is invalid|invalid or illegal string|URL's scheme must be",
        "{url} is no URL that a WebSocket can be made of",
        "give a full URL with a scheme, such as -sWEBSOCKET_URL=ws://127.0.0.1:9000/",
    ),
    _reason(
        "not-a-websocket-server",
        "HPE_INVALID_CONSTANT HPE_INVALID_VERSION HPE_INVALID_STATUS ECONNRESET "
        "HPE_CR_EXPECTED HPE_LF_EXPECTED HPE_INVALID_HEADER_TOKEN",
        r"Parse Error|does not match the HTTP|socket hang up|ECONNRESET|non-101|bad response|"
        r"ERR_INVALID_HTTP_RESPONSE|ERR_EMPTY_RESPONSE|ERR_CONNECTION_(?:CLOSED|RESET)|"
        r"before receiving a handshake response|NS_ERROR_NET_RESET|NS_ERROR_NET_INTERRUPT",
        "what listens at {url} is no WebSocket server: {message}",
        "Emscripten's sockets speak WebSocket, not TCP: put a bridge before the TCP server "
        "(`emsockets serve --relay HOST:PORT`, or websockify), or under Node build with BACKEND "
        "node; if the server speaks TLS, use wss://",
    ),
)
"""Why a WebSocket does not open; the first that fits counts. The words are those of ws 2, of ws 8,
of Node's own WebSocket, of Chromium (net/base/net_error_list.h, net/websockets) and of Firefox
(xpcom/base/ErrorList.py)."""

REFUSED = _plain(
    "handshake-refused",
    "the server at {url} refused the WebSocket with HTTP status {status}",
    "let the server upgrade this path; WebSockets do not follow redirects, and websockify "
    "refuses a subprotocol other than `binary` as the first one with 400",
)
UNANSWERED = _plain(
    "handshake-unanswered",
    "the server at {url} took the TCP connection, but never answered the WebSocket handshake",
    "a plain TCP server behaves so: put a bridge before it (`emsockets serve --relay HOST:PORT`, "
    "or websockify); or the server is stuck",
)

TALKING = (
    _plain(
        "text-frames-dropped",
        "the server at {url} answers with text frames; under Node, Emscripten's sockets drop text "
        "frames without a word",
        "let the server send binary frames (opcode 2); browsers deliver text frames, so the same "
        "program works there",
    ),
    _plain(
        "message-too-big",
        "the server at {url} ends the connection ({code}) at a message of {size} bytes",
        "send smaller messages (one send() is one message), or raise the limit; Python's "
        "`websockets` takes 1 MiB by default",
    ),
    _plain(
        "closed-by-server",
        "the server at {url} closes the connection with code {code}",
        "see why the server closed it; the C program only sees recv() return 0, never "
        "code and reason",
    ),
    _plain(
        "connection-reset",
        "the TCP connection to {url} was reset",
        "the server crashed, was killed, or closed with unread data; see its log",
    ),
    _plain(
        "connection-dropped",
        "the connection to {url} ended without a WebSocket close frame (1006)",
        "the server, or a proxy between, closed TCP without closing the WebSocket; see its log",
    ),
    _plain(
        "protocol-error",
        "the server at {url} sent what is no valid WebSocket frame: {message}",
        "mend the server; check for another program that writes into the same TCP connection",
    ),
    _plain(
        "wrong-bridge",
        "at {url} is Emscripten's websocket_to_posix_proxy, whose protocol only programs with "
        "BACKEND proxy speak",
        "build with BACKEND proxy (-sPROXY_POSIX_SOCKETS), or put another bridge before the TCP "
        "server: `emsockets serve --relay HOST:PORT`",
    ),
    _plain(
        "server-silent",
        "the server at {url} keeps the connection open and answers nothing",
        "see why the server does not answer, and give the wait a bound; if there is no answer "
        "to come, close() the socket when the work is done",
    ),
)
"""What spoils a WebSocket that is open."""

PAGES = (
    _plain(
        "mixed-content",
        "the page {page} comes by https, and browsers let it open no insecure WebSocket such as "
        "{url}",
        "serve the WebSocket by wss:// and link with -sWEBSOCKET_URL=wss:// (a server on this "
        "machine, 127.0.0.1 or localhost, is exempt)",
    ),
    _plain(
        "content-security-policy",
        "the page's Content-Security-Policy forbids {what}: {directive}",
        "add {source} to {name} in the page's Content-Security-Policy",
    ),
    _plain(
        "shared-memory-missing",
        "the page {page} is not cross-origin isolated, so that it has no SharedArrayBuffer, which "
        "pthreads need: {message}",
        "serve the page with the headers Cross-Origin-Opener-Policy: same-origin and "
        "Cross-Origin-Embedder-Policy: require-corp, as `emsockets serve --static` does",
    ),
    _plain(
        "port-blocked",
        "browsers open no WebSocket to port {port}, which belongs to another protocol",
        "let the server listen at another port (https://fetch.spec.whatwg.org/#port-blocking)",
    ),
)
"""What a browser forbids because of the page or the address."""

BY_ID = {reason.id: reason for reason in (*CONNECTING, REFUSED, UNANSWERED, *TALKING, *PAGES)}
"""All of them."""
