"""Emscripten's SOCKET_DEBUG lines as events, in the formats of all releases.

Before 3.1.69 the lines say ``websocket send (14 bytes): D`` and ``Socket open fd = 3`` (on standard
output before 3.1.24), since then ``websocket: send (14 bytes): D`` and ``websocket: open fd = 3``
(library_sockfs.js, library_websocket.js). D is the whole payload as decimal bytes on one line, so a
megabyte is a line of 3.7 MB: lines are cut while they are read. From 3.1.69 on SOCKET_DEBUG also
turns on RUNTIME_DEBUG, whose lines are noise here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from types import MappingProxyType

from emsockets_build.transcript.event import Event, Kind, Source

__all__ = ["LogReader", "parse_line", "read_log"]

_KEPT_OF_LINE = 8192  # characters; more than any line of interest has before its payload
_PREVIEW = 16  # bytes of payload kept

# Threads of debug builds put their number before each line (dbg(), since 3.1.24).
_THREAD = re.compile(r"w:\d+,t:0x[0-9a-fA-F]+: ")
_NEW, _OLD = "websocket: ", "websocket "
_PAYLOADS = {
    "send": Kind.SEND,
    "queuing": Kind.QUEUE,
    "sending queued data": Kind.SEND,
    "handle message": Kind.MESSAGE,
    "read": Kind.READ,
}
# Lines that older releases print without `websocket` before them; a program could print the like,
# so they must fit in full.
_BARE_OLD = re.compile(
    r"connect: [a-z]+://\S+, \S*$|listen: \S+:\d+$|received connection from: \S+:\d+$"
)
_NOISE = re.compile(
    r"locateFile: .* scriptDirectory: .*|(?:a)?synchronously preparing wasm|receiveInstance"
    r"|run\(\) called, but dependencies remain, so not running|assigning exports|initRuntime"
    r"|updateMemoryViews: first=\w+ size=\d+|done __wasm_call_ctors|done ATPOSTCTORS"
    r"|proc_exit: -?\d+(?: \(keepRuntimeAlive=\w+\))?|handleException: unwinding: .*"
    r"|maybeExit: (?:user callback done: runtimeKeepaliveCounter=\d+|calling exit\(\) implicitly.*)"
    r"|main loop exiting|exitRuntime|emscripten_force_exit|runtimeKeepalive(?:Push|Pop) -> counter="
    r"\d+|async poll (?:start|done|end).*|worker: Pthread 0x[0-9a-f]+ completed its main entry .*"
    r"|__syscall_getsockname \d+|socket sendmsg called while socket is still connecting\."
)


def parse_line(line: str, number: int = 0) -> Event:
    """Read one line of a log.

    Args:
        line: The line without its end; it may be cut within a payload.
        number: Its number, from 1.

    Returns:
        What it says; `Kind.NOISE` for RUNTIME_DEBUG, and `Kind.OUTPUT` with the line itself for
        everything that is not Emscripten's.
    """
    thread = _THREAD.match(line)
    text = line[thread.end() :] if thread is not None else line
    if text.startswith(_NEW):
        event = _parse(text[len(_NEW) :], number)
    elif text.startswith(_OLD):
        event = _parse(text[len(_OLD) :], number)
    elif text.startswith("Socket "):
        event = _parse(text[len("Socket ") :], number)
    elif _BARE_OLD.match(text):
        event = _parse(text, number)
    else:
        event = None
    if event is not None:
        return event
    kind = Kind.NOISE if _NOISE.fullmatch(text) else Kind.OUTPUT
    return Event(kind, Source.LOG, text=line, line=number)


def _parse(text: str, number: int) -> Event | None:
    for pattern, read in _READERS:
        if found := pattern.match(text):
            return read(found, number)
    return None


def _read_payload(found: re.Match[str], number: int) -> Event:
    detail: dict[str, object] = {"log": found[1], "payload": _first_bytes(found[3])}
    kind, size = _PAYLOADS[found[1]], int(found[2])
    return Event(kind, Source.LOG, size=size, detail=MappingProxyType(detail), line=number)


def _read_callback(found: re.Match[str], number: int) -> Event:
    # Only a close has no other line of its own; the rest repeat what another line says.
    kind = Kind.CLOSE if found[1] == "close" else Kind.CALLBACK
    return Event(kind, Source.LOG, socket=_socket(found[2]), text=found[1], line=number)


def _read_error(found: re.Match[str], number: int) -> Event:
    detail: dict[str, object] = {"errno": int(found[2])}
    return Event(
        Kind.ERROR,
        Source.LOG,
        socket=_socket(found[1]),
        text=found[3],
        detail=MappingProxyType(detail),
        line=number,
    )


def _read_connect(found: re.Match[str], number: int) -> Event:
    detail: dict[str, object] = {"protocols": found[2]}
    return Event(
        Kind.CONNECT, Source.LOG, text=found[1], detail=MappingProxyType(detail), line=number
    )


def _read_put_back(found: re.Match[str], number: int) -> Event:
    return Event(Kind.PUT_BACK, Source.LOG, size=int(found[1]), line=number)


def _plain(kind: Kind, before: str = "") -> Callable[[re.Match[str], int], Event]:
    def read(found: re.Match[str], number: int) -> Event:
        return Event(kind, Source.LOG, text=before + found[1], line=number)

    return read


def _socket(descriptor: str) -> str:
    """Name a socket; an own close() is reported with ``null``."""
    return f"fd {descriptor}" if descriptor.isdigit() else ""


_READERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], int], Event]], ...] = (
    (
        re.compile(rf"({'|'.join(_PAYLOADS)}) \((\d+) bytes\): ?((?:\d+,?)*)$"),
        _read_payload,
    ),
    (re.compile(r"(open|message|close|listen|connection) fd = (\d+|null)$"), _read_callback),
    (re.compile(r"error (\d+|null),(\d+),(.*)$"), _read_error),
    (re.compile(r"connect: (.+?), ([^ ].*|)$"), _read_connect),
    (re.compile(r"read: put back (\d+) bytes$"), _read_put_back),
    (re.compile(r"adding peer: (.*)$"), _plain(Kind.NOTE, "adding peer ")),
    (re.compile(r"handle open()$"), _plain(Kind.OPEN)),
    (re.compile(r"listen: (.*)$"), _plain(Kind.LISTEN)),
    (re.compile(r"received connection from: (.*)$"), _plain(Kind.ACCEPT)),
    (re.compile(r"queuing port message \(port (\d+)\)$"), _plain(Kind.NOTE, "port message ")),
    (re.compile(r"error connecting: (.*)$"), _plain(Kind.ERROR)),
)


def _first_bytes(decimals: str) -> bytes:
    values = decimals[: 4 * _PREVIEW].split(",")[:_PREVIEW]
    return bytes(int(value) for value in values if value and int(value) < 256)  # noqa: PLR2004


class LogReader:
    """Reads a log in pieces of any size, one event for each line, in constant memory.

    A line that is too long is cut; what it says comes before its payload. The pieces may end
    anywhere, also inside a UTF-8 character.
    """

    def __init__(self) -> None:
        self._rest = bytearray()
        self._omitted = 0
        self._number = 0

    def feed(self, data: bytes) -> Iterator[Event]:
        """Take bytes and yield the events of the lines that they complete."""
        start = 0
        while (end := data.find(b"\n", start)) >= 0:
            self._keep(data[start:end])
            yield self._line()
            start = end + 1
        self._keep(data[start:])

    def finish(self) -> Iterator[Event]:
        """Yield the event of a last line without an end."""
        if self._rest or self._omitted:
            yield self._line()

    def _keep(self, data: bytes) -> None:
        room = _KEPT_OF_LINE - len(self._rest)
        self._rest += data[: max(0, room)]
        self._omitted += max(0, len(data) - max(0, room))

    def _line(self) -> Event:
        text = bytes(self._rest).removesuffix(b"\r").decode("utf-8", "backslashreplace")
        omitted = self._omitted
        self._rest.clear()
        self._omitted = 0
        self._number += 1
        event = parse_line(text, self._number)
        if omitted and event.kind is Kind.OUTPUT:
            said = f"{text}… ({omitted} more bytes)"
            return Event(Kind.OUTPUT, Source.LOG, text=said, line=self._number)
        return event


def read_log(pieces: Iterable[bytes]) -> Iterator[Event]:
    """Read a whole log.

    Args:
        pieces: Its bytes, in pieces of any size.

    Yields:
        One event for each line.
    """
    reader = LogReader()
    for piece in pieces:
        yield from reader.feed(piece)
    yield from reader.finish()
