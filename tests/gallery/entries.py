"""The gallery: real mistakes, each with the cause that must be found.

Numbers in the notes are issues of emscripten-core/emscripten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from emsockets_build.run.hang import HangKind
from emsockets_build.run.model import Version
from emsockets_build.verify import Expectations

__all__ = ["ENTRIES", "Entry"]

_ALWAYS: Version = (99,)
_LOCAL = ("{host}", "{port}")


@dataclass(frozen=True)
class Entry:
    """One mistake.

    Attributes:
        name: Its name in tests and in the documentation.
        cause: The identifier that must be found.
        mistake: What the user did, or what was wrong around the program.
        source: The program's source in ``programs``.
        flags: Link and compile flags besides ``-O1``.
        server: The server's behaviour; empty for none.
        arguments: The program's arguments.
        seconds: Time limit; a hang is looked into at its end.
        since: The first release that it is shown with.
        until: The first release that it is not shown with any more.
        ws: ``fitting``, ``none`` or ``8`` (whatever the release wants).
        function: The function that must be named; its line is marked ``HERE`` in the source.
        hang: The way in which it must hang.
        expectations: What was expected of the run.
        environment: Variables of the program.
        suffix: The suffix of the program's file.
        needs: What the Node must lack: ``jspi`` or ``websocket``.
        spoil: A file beside the program that is deleted before the run.
    """

    name: str
    cause: str
    mistake: str
    source: str = "events.c"
    flags: tuple[str, ...] = ()
    server: str = "echo"
    arguments: tuple[str, ...] = _LOCAL
    seconds: float = 15.0
    since: Version = (3,)
    until: Version = _ALWAYS
    ws: str = "fitting"
    function: str = ""
    hang: HangKind | None = None
    expectations: Expectations = field(default_factory=Expectations)
    environment: Mapping[str, str] = field(default_factory=dict)
    suffix: str = ".js"
    needs: str = ""
    spoil: str = ""


_PTHREAD = ("-pthread", "-sPROXY_TO_PTHREAD")
_WIRE = (
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
        arguments=(*_LOCAL, "2000000"),
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
_SETUP = (
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
_HANGS = (
    Entry(
        "select-loop",
        "busy-wait-main",
        "waits in select() on the main thread (17385)",
        source="busy_select.cpp",
        flags=("-g",),
        seconds=2,
        function="waitWritable(int)",
        hang=HangKind.BUSY_MAIN,
    ),
    Entry(
        "select-loop-optimised",
        "busy-wait-main",
        "the same without debug information",
        source="busy_select.cpp",
        flags=("-O2",),
        seconds=2,
        hang=HangKind.BUSY_MAIN,
    ),
    Entry(
        "select-loop-source-map",
        "busy-wait-main",
        "the same with a source map",
        source="busy_select.cpp",
        flags=("-gsource-map",),
        seconds=2,
        hang=HangKind.BUSY_MAIN,
    ),
    Entry(
        "poll-loop",
        "busy-wait-main",
        "waits in poll() by way of a helper (16434)",
        source="busy_poll.c",
        flags=("-g",),
        seconds=2,
        function="wait_open",
        hang=HangKind.BUSY_MAIN,
    ),
    Entry(
        "sleep-loop",
        "busy-wait-main",
        "sleeps between two looks (18381)",
        source="busy_sleep.c",
        flags=("-g",),
        seconds=2,
        function="wait_patiently",
        hang=HangKind.BUSY_MAIN,
    ),
    Entry(
        "recv-loop",
        "busy-wait-main",
        "expects recv() to block (16047)",
        source="busy_recv.c",
        flags=("-g",),
        seconds=2,
        function="read_answer",
        hang=HangKind.BUSY_MAIN,
    ),
    Entry(
        "ready-state-loop",
        "busy-wait-main",
        "waits for the ready state on the main thread (13075)",
        source="busy_ready_state.c",
        flags=("-g", "-lwebsocket.js"),
        seconds=2,
        function="wait_ready",
        hang=HangKind.BUSY_MAIN,
    ),
    Entry(
        "flag-loop",
        "busy-loop-main",
        "waits for a flag that a callback would set",
        source="busy_flag.c",
        flags=("-g",),
        server="",
        seconds=2,
        function="wait_for_flag",
        hang=HangKind.BUSY_MAIN,
    ),
    Entry(
        "answer-that-never-comes-pthread",
        "busy-wait-pthread",
        "waits on a pthread for a server that says nothing",
        source="pthread_recv.c",
        flags=("-g", *_PTHREAD, "-sEXIT_RUNTIME"),
        server="sink",
        seconds=3,
        function="wait_answer",
        hang=HangKind.BUSY_WORKER,
    ),
    Entry(
        "lost-wake-up",
        "pthread-blocked",
        "notifies before the other thread waits",
        source="lost_wake_up.cpp",
        flags=("-g", *_PTHREAD, "-sEXIT_RUNTIME"),
        server="",
        seconds=3,
        function="waitForNews()",
        hang=HangKind.BLOCKED_WORKER,
    ),
    Entry(
        "answer-that-never-comes-asyncify",
        "still-waiting",
        "waits under ASYNCIFY for a server that says nothing",
        source="asyncify_wait.c",
        flags=("-g", "-sASYNCIFY"),
        server="sink",
        seconds=2,
        function="wait_answer",
        hang=HangKind.SUSPENDED,
    ),
    Entry(
        "socket-left-open",
        "open-socket-keeps-alive",
        "forgets to close its socket (12801)",
        source="leaves_open.c",
        seconds=2,
        hang=HangKind.IDLE,
    ),
    Entry(
        "listener-left-open",
        "listener-keeps-alive",
        "a server that never ends",
        source="server.c",
        server="",
        arguments=("127.0.0.1", "0"),
        seconds=2,
        hang=HangKind.IDLE,
    ),
    Entry(
        "pthread-program-without-exit-runtime",
        "pthread-without-exit-runtime",
        "-sPROXY_TO_PTHREAD without -sEXIT_RUNTIME (12945)",
        source="pthread_returns.c",
        flags=_PTHREAD,
        server="",
        seconds=2,
        hang=HangKind.IDLE,
    ),
    Entry(
        "main-loop-left-running",
        "never-exits",
        "leaves its main loop running",
        source="loops_for_ever.c",
        server="",
        seconds=2,
        hang=HangKind.IDLE,
    ),
)
_ENDS = (
    Entry(
        "exits-before-open",
        "exited-before-open",
        "-sEXIT_RUNTIME ends the program with main() (25190)",
        source="leaves_open.c",
        flags=("-sEXIT_RUNTIME",),
        expectations=Expectations(connected=True),
        server="slow-accept?delay=2",
    ),
    Entry(
        "exits-after-send",
        "data-not-sent",
        "exits as soon as send() has taken everything",
        source="sends_and_exits.c",
        server="freeze",
        until=(3, 1, 69),
        expectations=Expectations(sent=4 << 20),
        flags=("-sEXIT_RUNTIME", "-sINITIAL_MEMORY=64MB"),
    ),
    Entry(
        "reads-a-part",
        "data-left-unread",
        "takes the first recv() for the whole answer",
        source="reads_a_part.c",
        flags=("-sSOCKET_DEBUG", "-sEXIT_RUNTIME"),
    ),
    Entry(
        "gives-up-over-an-option",
        "never-connected",
        "exits because setsockopt() fails, which it always does (17010)",
        source="insists_on_option.c",
        expectations=Expectations(connected=True),
    ),
    Entry(
        "port-in-use",
        "port-in-use",
        "listens at a port that is taken; bind() and listen() say 0",
        source="server.c",
        expectations=Expectations(stdout=("a client came",)),
    ),
    Entry(
        "accepts-too-early",
        "accept-without-connection",
        "accept() without a pending connection (16047)",
        source="server.c",
        server="",
        arguments=("127.0.0.1", "0", "accept"),
        until=(3, 1, 8),
    ),
    Entry(
        "ioctl-nonblocking",
        "unsupported-ioctl",
        "ioctl(FIONBIO) in an old release (24641)",
        source="nonblocking.c",
        until=(3, 1, 10),
    ),
    Entry(
        "sleeps-without-asyncify",
        "asyncify-missing",
        "emscripten_sleep() without -sASYNCIFY",
        source="sleeps.c",
    ),
    Entry(
        "loses-its-exit-code",
        "unexpected-exit-code",
        "returns 3 from main() under ASYNCIFY",
        source="asyncify_return.c",
        flags=("-sASYNCIFY",),
        expectations=Expectations(exit_code=3),
    ),
    Entry(
        "trap", "crash", "a trap", source="traps.cpp", flags=("-g",), arguments=("1",), server=""
    ),
    Entry(
        "abort", "crash", "abort()", source="traps.cpp", flags=("-g",), arguments=("2",), server=""
    ),
    Entry(
        "uncaught",
        "crash",
        "a C++ exception that nobody catches",
        source="traps.cpp",
        arguments=("3",),
        server="",
    ),
    Entry(
        "wild-pointer",
        "crash",
        "reads through a wild pointer",
        source="traps.cpp",
        flags=("-g",),
        arguments=("4",),
        server="",
    ),
    Entry(
        "endless-recursion",
        "stack-overflow",
        "calls itself for ever",
        source="recursion.c",
        server="",
    ),
    Entry(
        "too-much-memory",
        "out-of-memory",
        "wants 100 MB without -sALLOW_MEMORY_GROWTH",
        source="hoards.c",
        flags=("-sABORTING_MALLOC",),
        server="",
    ),
    Entry(
        "says-something-else",
        "output-mismatch",
        "prints another result",
        source="says.c",
        server="",
        expectations=Expectations(stdout=("echo ok",)),
    ),
)
ENTRIES: tuple[Entry, ...] = (*_WIRE, *_SETUP, *_HANGS, *_ENDS)
