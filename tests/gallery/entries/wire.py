"""What is wrong between the program and its server."""

from __future__ import annotations

from emsockets_build.run.hang import HangKind
from tests.gallery.entry import LOCAL, Entry

__all__ = ["WIRE"]

WIRE = (
    Entry(
        "nobody-listens",
        "server-not-listening",
        "the server is not running (26191)",
        stage="closed-port",
    ),
    Entry(
        "plain-tcp-server",
        "not-a-websocket-server",
        "a TCP server, without a bridge before it (11623)",
        server="raw-tcp?banner=hello",
    ),
    Entry(
        "silent-tcp-server",
        "handshake-unanswered",
        "a TCP server that waits for its own protocol (17972)",
        source="leaves_open.c",
        server="raw-tcp?reply=nothing",
        seconds=2,
    ),
    Entry(
        "server-refuses",
        "handshake-refused",
        "the server does not upgrade this path",
        server="refuse?status=403",
    ),
    Entry(
        "server-without-subprotocols",
        "subprotocol-not-selected",
        "the server does not select `binary` (5776, 12745)",
        server="no-subprotocol",
    ),
    Entry(
        "server-of-another-subprotocol",
        "subprotocol-unexpected",
        "the server selects its own subprotocol",
        server="wrong-subprotocol",
    ),
    Entry(
        "server-that-refuses-subprotocols",
        "handshake-refused",
        "websockify and others answer 400 to `binary`",
        server="require-none",
    ),
    Entry(
        "tls-to-a-plain-server",
        "tls-to-plain-server",
        "wss:// in the URL, no TLS in the server (19100)",
        flags=("-sWEBSOCKET_URL=wss://",),
    ),
    Entry(
        "certificate-of-ones-own",
        "tls-certificate",
        "a self-made certificate that Node does not trust",
        flags=("-sWEBSOCKET_URL=wss://",),
        stage="tls",
    ),
    Entry(
        "plain-to-a-tls-server",
        "not-a-websocket-server",
        "ws:// in the URL, TLS in the server",
        stage="tls",
    ),
    Entry(
        "url-without-scheme",
        "invalid-url",
        "-sWEBSOCKET_URL=192.168.31.242",
        flags=("-sWEBSOCKET_URL=192.168.31.242",),
    ),
    Entry(
        "text-server",
        "text-frames-dropped",
        "the server answers with text frames",
        server="echo-text",
        seconds=2,
    ),
    Entry(
        "message-above-the-limit",
        "message-too-big",
        "a message of 2 MB for a server that takes 1 MiB",
        server="max-size",
        arguments=(*LOCAL, "2000000"),
    ),
    Entry("server-crashes", "connection-reset", "the server dies", server="abort?after=1"),
    Entry(
        "proxy-drops",
        "connection-dropped",
        "a proxy closes TCP without a close frame",
        server="half-close",
    ),
    Entry(
        "server-fails",
        "closed-by-server",
        "the server closes with 1011",
        server="close?code=1011",
    ),
    Entry(
        "server-closes-early",
        "closed-by-server",
        "the server closes in good order before it answers",
        server="close?code=1000",
    ),
    Entry(
        "server-breaks-the-protocol",
        "protocol-error",
        "the server sends what is no WebSocket frame",
        server="garbage?kind=reserved",
    ),
    Entry(
        "server-closes-in-mid-message",
        "closed-in-mid-message",
        "the server closes when half of its message is out",
        server="close?after=1&mid-message=yes&code=1011&reason=out of memory",
        seconds=4,
    ),
    Entry(
        "server-stops-answering",
        "server-silent",
        "the server hangs: its TCP connection stands, but nothing comes",
        server="freeze",
        seconds=3,
        hang=HangKind.IDLE,
    ),
    Entry(
        "url-of-the-author",
        "server-not-listening",
        "a full URL built in, which no connect() can change (2610, 16435)",
        flags=("-sWEBSOCKET_URL=ws://127.0.0.1:1/",),
    ),
    Entry(
        "url-is-a-switch",
        "invalid-url",
        "-sWEBSOCKET_URL=1, as many build scripts have it",
        flags=("-sWEBSOCKET_URL=1",),
        until=(3, 1, 24),
        why="later releases refuse to link it",
    ),
    Entry(
        "listens-at-the-other-loopback",
        "server-not-listening",
        "the server listens at ::1 alone, the program connects to 127.0.0.1",
        stage="ipv6",
    ),
    Entry(
        "writable-is-not-connected",
        "server-not-listening",
        "never reads SO_ERROR: a failed connection is writable too (22818)",
        source="ignores_error.c",
        stage="closed-port",
        seconds=3,
    ),
    Entry(
        "connects-twice",
        "socket-reused",
        "connects the same socket again after the server has closed it",
        source="connects_again.c",
        server="close?code=1000",
    ),
)
