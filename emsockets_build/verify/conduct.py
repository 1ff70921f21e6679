"""What a program did, told in the same words for its native build and its web build."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from itertools import pairwise

from emsockets_build.run.model import RunResult
from emsockets_build.server import ConnectionRecord
from emsockets_build.server.events import Event as ServerEvent
from emsockets_build.server.events import FrameSeen, HalfClosed, RawBytes
from emsockets_build.server.frames import Opcode
from emsockets_build.transcript.event import Event, Kind
from emsockets_build.transcript.socket_debug import parse_line
from emsockets_build.verify.model import Cause, ClientRecord, Outcome

__all__ = ["WASI_ERRORS", "Call", "Conduct", "Direction", "Session", "Talk", "conduct_of"]

# The numbers of Emscripten's libc are those of WASI, which counts by the alphabet
# (system/lib/libc/musl/arch/emscripten/bits/errno.h; __WASI_ERRNO_* in wasi/api.h).
_NAMES = """
OK E2BIG EACCES EADDRINUSE EADDRNOTAVAIL EAFNOSUPPORT EAGAIN EALREADY EBADF EBADMSG EBUSY
ECANCELED ECHILD ECONNABORTED ECONNREFUSED ECONNRESET EDEADLK EDESTADDRREQ EDOM EDQUOT
EEXIST EFAULT EFBIG EHOSTUNREACH EIDRM EILSEQ EINPROGRESS EINTR EINVAL EIO EISCONN EISDIR
ELOOP EMFILE EMLINK EMSGSIZE EMULTIHOP ENAMETOOLONG ENETDOWN ENETRESET ENETUNREACH ENFILE
ENOBUFS ENODEV ENOENT ENOEXEC ENOLCK ENOLINK ENOMEM ENOMSG ENOPROTOOPT ENOSPC ENOSYS
ENOTCONN ENOTDIR ENOTEMPTY ENOTRECOVERABLE ENOTSOCK ENOTSUP ENOTTY ENXIO EOVERFLOW
EOWNERDEAD EPERM EPIPE EPROTO EPROTONOSUPPORT EPROTOTYPE ERANGE EROFS ESPIPE ESRCH ESTALE
ETIMEDOUT ETXTBSY EXDEV
"""
WASI_ERRORS = tuple(_NAMES.split())
"""The name of each error of a web build, by its number."""

_SENDING = frozenset({"sendto", "sendmsg", "write"})
_READING = frozenset({"recvfrom", "recvmsg", "read"})


@dataclass(frozen=True, slots=True)
class Call:
    """One socket call of the C program.

    Attributes:
        name: As the system call is called; ``recv()`` is ``recvfrom``.
        result: What it returned; -1 for an error.
        error: The error's name; empty if there was none.
        arguments: The descriptor and the first two numbers after it, as far as they are known:
            the size for what sends and reads in a native build.
        port: The port in the address that it returned or took, where it is known.
        time: `time.monotonic` when it returned.
    """

    name: str
    result: int
    error: str = ""
    arguments: tuple[int, ...] = ()
    port: int | None = None
    time: float | None = None

    @property
    def sends(self) -> bool:
        """Whether it sends."""
        return self.name in _SENDING

    @property
    def reads(self) -> bool:
        """Whether it reads."""
        return self.name in _READING

    def __str__(self) -> str:
        name = {"sendto": "send", "recvfrom": "recv", "accept4": "accept"}.get(self.name, self.name)
        given = ", ".join(map(str, self.arguments))
        if self.sends or self.reads:
            given = f"{self.arguments[1]} bytes" if len(self.arguments) > 1 else ""
        return f"{name}({given}) = {self.result}{f' {self.error}' if self.error else ''}"


@dataclass(frozen=True, slots=True)
class Direction:
    """What went one way on one connection.

    Attributes:
        size: Bytes of payload.
        digest: SHA-256 of them; empty where not all of them were kept.
        pieces: Sizes of the messages; with TCP of the pieces that it was delivered in.
        unfinished: Bytes of a message whose end never came.
        late: Further bytes, that came after the server had ended its direction.
    """

    size: int = 0
    digest: str = ""
    pieces: tuple[int, ...] = ()
    unfinished: int = 0
    late: int = 0


@dataclass(frozen=True, slots=True)
class Talk:
    """One connection, as the server saw it.

    Attributes:
        to_server: What the program sent.
        to_program: What the server sent.
        turns: Who spoke, each time it changed: ``>`` for the program, ``<`` for the server.
        ended_by: ``program``, ``server`` or empty.
        reset: Whether TCP was reset.
        began: When it was opened, in seconds of the server.
        ended: When it was gone.
    """

    to_server: Direction = Direction()
    to_program: Direction = Direction()
    turns: str = ""
    ended_by: str = ""
    reset: bool = False
    began: float = 0.0
    ended: float = 0.0


@dataclass(frozen=True, slots=True)
class Session:
    """The calls on one connection, from connect() or accept() on.

    Attributes:
        calls: In order.
    """

    calls: tuple[Call, ...]

    @property
    def reads(self) -> tuple[Call, ...]:
        """The reads that brought something."""
        return tuple(call for call in self.calls if call.reads and call.result > 0)

    @property
    def sends(self) -> tuple[Call, ...]:
        """The sends that took something."""
        return tuple(call for call in self.calls if call.sends and call.result > 0)


@dataclass(frozen=True, slots=True)
class Conduct:
    """What a program did.

    Attributes:
        ending: ``exit code 0`` and the like.
        exit_code: The exit code, if it has one.
        stdout: Its lines.
        stderr: Its lines, without those of SOCKET_DEBUG.
        talks: The connections that were opened, in order.
        refused: How many were not.
        calls: Its socket calls; None if they were not watched.
        posix: Whether its calls are those of POSIX ON, which do not show.
        cause: Why it failed, in the words of the verdict, if it did and that is known.
    """

    ending: str = "exit code 0"
    exit_code: int | None = 0
    stdout: tuple[str, ...] = ()
    stderr: tuple[str, ...] = ()
    talks: tuple[Talk, ...] = ()
    refused: int = 0
    calls: tuple[Call, ...] | None = None
    posix: bool = False
    cause: Cause | None = None

    def named(self, *names: str) -> tuple[Call, ...]:
        """Return the calls of these names."""
        return tuple(call for call in self.calls or () if call.name in names)

    @property
    def sessions(self) -> tuple[Session, ...]:
        """The calls of each connection that the program began or took, in order."""
        begun: list[list[Call]] = []
        current: dict[int, list[Call]] = {}
        for call in self.calls or ():
            descriptor = call.arguments[0] if call.arguments else -1
            if call.name in {"close", "socket"}:
                current.pop(call.result if call.name == "socket" else descriptor, None)
                continue
            if call.name in {"accept", "accept4"} and call.result >= 0:
                descriptor = call.result
                current.pop(descriptor, None)
            elif call.name != "connect" and descriptor not in current:
                continue
            if descriptor not in current:
                current[descriptor] = []
                begun.append(current[descriptor])
            current[descriptor].append(call)
        return tuple(Session(tuple(calls)) for calls in begun)


def conduct_of(outcome: Outcome, port: int, *, half_closes: bool = False) -> Conduct:
    """Tell what a program did.

    Args:
        outcome: Its run; the server kept whole payloads.
        port: The server's port, whose number is written ``{port}`` in output.
        half_closes: Whether the server goes on to take bytes after it has ended its direction;
            else they are nobody's.

    Returns:
        The same kind of thing for both builds.
    """
    result = outcome.result
    posix = result.features is not None and result.features.posix
    opened = [record for record in outcome.connections if _is_open(record)]
    return Conduct(
        ending=_ending(result),
        exit_code=result.exit_code,
        stdout=_lines(result, result.stdout, port),
        stderr=_lines(result, result.stderr, port),
        talks=tuple(_talk(record, half_closes=half_closes) for record in opened)
        or tuple(_visit(outcome.client)),
        refused=len(outcome.connections) - len(opened),
        calls=tuple(_calls(result.events)) if result.events and not posix else None,
        posix=posix,
        cause=outcome.cause,
    )


def _is_open(record: ConnectionRecord) -> bool:
    # Plain TCP has no status.
    return record.status in {None, HTTPStatus.SWITCHING_PROTOCOLS}


def _ending(result: RunResult) -> str:
    if result.timed_out:
        return "did not end: killed"
    if result.signal is not None:
        return f"signal {result.signal}"
    return "stopped" if result.exit_code is None else f"exit code {result.exit_code}"


def _lines(result: RunResult, output: bytes, port: int) -> tuple[str, ...]:
    """Decode lines; what differs between any two runs is taken out of them."""
    text = output.decode("utf-8", "backslashreplace").replace("\r\n", "\n")
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    if result.features is not None:
        debug = result.features.socket_debug
        lines = [line for line in lines if not _is_noise(line, debug=debug)]
    return tuple(line.replace(str(port), "{port}") for line in lines) if port else tuple(lines)


def _is_noise(line: str, *, debug: bool) -> bool:
    """Whether Emscripten says it, not the program; getsockname() does so before 3.1.35."""
    if line.startswith("__syscall_"):
        return parse_line(line).kind is Kind.NOISE
    return debug and parse_line(line).kind is not Kind.OUTPUT


def _talk(record: ConnectionRecord, *, half_closes: bool) -> Talk:
    spoken = list(_spoken(record, half_closes=half_closes))
    late = sum(size for by_client, size, _, _ in _spoken(record, half_closes=True) if by_client)
    turns = "".join(">" if by_client else "<" for by_client, _, _, _ in spoken)
    to_server = _direction(record, spoken, by_client=True)
    return Talk(
        to_server=replace(to_server, late=max(0, late - to_server.size)),
        to_program=_direction(record, spoken, by_client=False),
        turns=turns[:1] + "".join(after for before, after in pairwise(turns) if before != after),
        ended_by={"client": "program", "server": "server"}.get(record.closed_by or "", ""),
        reset=record.reset,
        began=record.events[0].at if record.events else 0.0,
        ended=record.events[-1].at if record.events else 0.0,
    )


def _visit(client: ClientRecord | None) -> Iterator[Talk]:
    """Tell what our client saw of a program that is a server."""
    if client is not None:
        back = Direction(client.bytes_echoed, pieces=client.sizes_back)
        yield Talk(back, Direction(client.bytes_sent, pieces=client.sizes_sent))


_Said = tuple[bool, int, bytes, bool]


def _spoken(record: ConnectionRecord, *, half_closes: bool) -> Iterator[_Said]:
    """Who said how much and what, and whether a message ended with it."""
    for event in record.events:
        if not half_closes and _is_last_word(event):
            return
        if isinstance(event, RawBytes):
            yield event.sender == "client", event.size, event.payload, True
        elif isinstance(event, FrameSeen) and event.opcode <= Opcode.BINARY:
            yield event.sender == "client", event.size, event.payload, event.fin


def _is_last_word(event: ServerEvent) -> bool:
    """Whether the server has ended its direction with it."""
    if isinstance(event, FrameSeen):
        return event.sender == "server" and event.opcode == Opcode.CLOSE
    return isinstance(event, HalfClosed) and event.sender == "server"


def _direction(record: ConnectionRecord, spoken: Sequence[_Said], *, by_client: bool) -> Direction:
    pieces: list[int] = []
    digest, begun = hashlib.sha256(), 0
    total, whole = 0, record.events_omitted == 0
    for _, size, payload, ends in (said for said in spoken if said[0] is by_client):
        digest.update(payload)
        whole = whole and len(payload) == size
        begun += size
        total += size
        if ends:
            pieces.append(begun)
            begun = 0
    if record.events_omitted:  # then the counts are all there is
        sent, got = record.bytes_out + record.raw_out, record.bytes_in + record.raw_in
        total = got if by_client else sent
    return Direction(total, digest.hexdigest() if whole else "", tuple(pieces), begun)


def _calls(events: Iterable[Event]) -> Iterator[Call]:
    for event in events:
        if event.kind is not Kind.CALL:
            continue
        result, error = event.detail.get("result"), str(event.detail.get("error", ""))
        number = result if isinstance(result, int) else 0
        if number < 0 and not error:
            error = WASI_ERRORS[-number] if -number < len(WASI_ERRORS) else f"error {-number}"
        name, given = str(event.detail.get("call", "")), event.detail.get("arguments")
        numbers = tuple(given) if isinstance(given, list) else ()
        if "error" not in event.detail and name in {"sendto", "recvfrom"}:
            numbers = (*numbers[:1], *numbers[2:3])  # the web's second one is an address in memory
        port = event.detail.get("port")
        yield Call(
            name=name,
            result=max(number, -1),
            error=error,
            arguments=numbers,
            port=port if isinstance(port, int) else None,
            time=event.time,
        )
