"""Mistakes that show on the wire, and set-ups that keep a program from starting."""

from __future__ import annotations

from tests.gallery.entry import LOCAL, Entry

__all__ = ["SETUP", "WIRE"]

WIRE = (
    Entry(
        "nobody-listens",
        "server-not-listening",
        "the server is not running (26191)",
        server="",
        arguments=("127.0.0.1", "1"),
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
        tls=True,
    ),
    Entry(
        "plain-to-a-tls-server",
        "not-a-websocket-server",
        "ws:// in the URL, TLS in the server",
        tls=True,
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
)
SETUP = (
    Entry(
        "ws-not-installed", "ws-missing", "no npm package `ws` above the program (26191)", ws="none"
    ),
    Entry(
        "ws-too-new",
        "ws-wrong-major",
        "ws 8 beside a program of Emscripten before 3.1.10 (16720)",
        until=(3, 1, 10),
        ws="8",
        seconds=4,
    ),
    Entry(
        "built-for-the-web",
        "wrong-environment",
        "-sENVIRONMENT=web, run under Node",
        flags=("-sENVIRONMENT=web", "-sASSERTIONS"),
    ),
    Entry(
        "jspi-on-an-old-node",
        "jspi-unsupported",
        "built with JSPI, run on a Node without it",
        source="asyncify_wait.c",
        flags=("-sJSPI",),
        since=(3, 1, 59),
        needs="jspi",
    ),
    Entry(
        "no-global-websocket",
        "websocket-missing",
        "<emscripten/websocket.h> on a Node without WebSocket (11627)",
        source="message_api.c",
        flags=("-lwebsocket.js",),
        ws="none",
        needs="websocket",
    ),
    Entry(
        "wasm-left-behind",
        "wasm-not-found",
        "only the .js file was copied",
        source="says.c",
        spoil=".wasm",
    ),
    Entry(
        "odd-node-options",
        "node-option-refused",
        "NODE_OPTIONS holds what this Node does not know",
        source="says.c",
        environment={"NODE_OPTIONS": "--no-such-option-anywhere"},
    ),
)
