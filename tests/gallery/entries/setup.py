"""What is wrong around the program: Node, `ws`, files, the way it was built."""

from __future__ import annotations

from tests.gallery.entry import Entry

__all__ = ["SETUP"]

SETUP = (
    Entry(
        "ws-not-installed", "ws-missing", "no npm package `ws` above the program (26191)", ws="none"
    ),
    Entry(
        "ws-of-another-major",
        "ws-wrong-major",
        "ws 8 beside a program of Emscripten before 3.1.10, ws 3 to 7 beside a newer one (16720)",
        ws="unfit",
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
        why="there is no JSPI before 3.1.59",
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
        only_script=True,
    ),
    Entry(
        "odd-node-options",
        "node-option-refused",
        "NODE_OPTIONS holds what this Node does not know",
        source="says.c",
        environment={"NODE_OPTIONS": "--no-such-option-anywhere"},
    ),
    Entry(
        "websocket-library-forgotten",
        "websocket-library-not-linked",
        "<emscripten/websocket.h> without -lwebsocket.js (17625, 8061)",
        source="message_api.c",
        builds=False,
    ),
    Entry(
        "setting-invented",
        "setting-unknown-to-release",
        "-sWEBSOCKIFY=1, which no release knows",
        flags=("-sWEBSOCKIFY=1",),
        builds=False,
    ),
    Entry(
        "raw-sockets-too-early",
        "setting-unknown-to-release",
        "-sNODERAWSOCKETS before 6.0.2 (27080)",
        flags=("-sNODERAWSOCKETS",),
        builds=False,
        until=(6, 0, 2),
        why="it is known since 6.0.2",
    ),
    Entry(
        "url-is-a-switch-refused",
        "setting-of-another-type",
        "-sWEBSOCKET_URL=1, as many build scripts have it",
        flags=("-sWEBSOCKET_URL=1",),
        builds=False,
        since=(3, 1, 24),
        why="earlier releases link it, and the program fails",
    ),
    Entry(
        "sockets-in-wasmfs",
        "wasmfs-without-sockets",
        "-sWASMFS, whose socket() is ENOSYS (22907)",
        source="makes_socket.c",
        flags=("-sWASMFS",),
        arguments=("4",),
        server="",
        since=(3, 1, 30),
        why="earlier releases refuse to link it",
    ),
)
