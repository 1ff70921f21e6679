"""TCP, TLS and one HTTP exchange, every byte seen and every wait bounded: the edge of the room."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from emsockets_build.probe.answer import Answer, parse_answer
from emsockets_build.probe.model import Attempt, Exchange, Outcome
from emsockets_build.probe.offers import Offer, encode
from emsockets_build.probe.target import Target
from emsockets_build.server.frames import Opcode, encode_frame
from emsockets_build.server.handshake import accept_key

__all__ = ["Line", "attempt", "connection", "exchange", "read_for", "resolve", "words_of"]

MAX_HEAD = 256 * 1024
"""Bytes that the head of an answer may have: what Chromium takes."""

_MAX_BODY = 16 * 1024
_KEPT = 4096
_BODY_SECONDS = 0.5
_BANNER_SECONDS = 0.3
_MAX_ADDRESSES = 8
_CHUNK = 65536
_SWITCHING = 101
_LAST_CHUNK = b"0\r\n\r\n"


@dataclass(frozen=True)
class Line:
    """A way to the server.

    Attributes:
        target: Who is spoken to.
        address: The numeric address.
        context: The TLS that is spoken, if any.
        timeout: Seconds for each step.
        gate: How many connections there may be at a time.
    """

    target: Target
    address: str
    context: ssl.SSLContext | None
    timeout: float
    gate: asyncio.Semaphore


async def resolve(host: str, port: int, timeout: float) -> tuple[tuple[str, str], ...]:  # noqa: ASYNC109 - the thread cannot be cancelled
    """Look a name up.

    Returns:
        Addresses with ``IPv4`` or ``IPv6``, in the system's order.

    Raises:
        OSError: There is none, or no answer came in time.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[tuple[str, str]]] = loop.create_future()

    def settle(found: list[tuple[str, str]] | OSError) -> None:
        if answer.done():
            return
        if isinstance(found, OSError):
            answer.set_exception(found)
        else:
            answer.set_result(found)

    def look() -> None:
        found: list[tuple[str, str]] | OSError
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found = [
                (str(row[4][0]), "IPv6" if row[0] == socket.AF_INET6 else "IPv4") for row in rows
            ]
        except (OSError, UnicodeError) as error:
            found = error if isinstance(error, OSError) else OSError(str(error))
        with contextlib.suppress(RuntimeError):  # the loop is gone, nobody waits any more
            loop.call_soon_threadsafe(settle, found)

    # A thread of asyncio's pool would be waited for at exit, however long the resolver takes.
    threading.Thread(target=look, daemon=True).start()
    try:
        async with asyncio.timeout(timeout):
            return tuple(dict.fromkeys(await answer))[:_MAX_ADDRESSES]
    except TimeoutError as error:
        raise OSError(f"no answer from the resolver within {timeout:g} s") from error


async def attempt(target: Target, address: str, family: str, timeout: float) -> Attempt:  # noqa: ASYNC109 - a figure of the report
    """Connect to one address and disconnect."""
    started = time.monotonic()
    fault, refused = "", False
    try:
        async with asyncio.timeout(timeout):
            _, writer = await asyncio.open_connection(address, target.port)
            writer.close()
    except ConnectionResetError:
        pass  # it was there, and hung up at once
    except ConnectionRefusedError:
        fault, refused = "connection refused: nothing listens there", True
    except TimeoutError:
        fault = f"no answer within {timeout:g} s"
    except OSError as error:
        fault = words_of(error)
    return Attempt(address, family, time.monotonic() - started, fault, refused)


@contextlib.asynccontextmanager
async def connection(
    line: Line,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Connect, and be gone afterwards whatever happens.

    Raises:
        OSError: There is no connection; a TimeoutError if there was none in time.
    """
    name = line.target.host if line.context is not None else None
    async with line.gate:
        async with asyncio.timeout(line.timeout):
            reader, writer = await asyncio.open_connection(
                line.address, line.target.port, ssl=line.context, server_hostname=name,
                limit=1024 * 1024,
            )  # fmt: skip
        try:
            yield reader, writer
        finally:
            writer.transport.abort()


async def exchange(line: Line, offer: Offer) -> Exchange:
    """Send one request and take what comes.

    Args:
        line: The way to the server.
        offer: What to ask.

    Returns:
        What came; failures are outcomes, not exceptions.
    """
    key = base64.b64encode(os.urandom(16)).decode()
    started = time.monotonic()
    data, fault = b"", ""
    outcome = Outcome.UNREACHED
    answer: Answer | None = None
    try:
        async with connection(line) as (reader, writer):
            started = time.monotonic()
            outcome = Outcome.SILENT
            writer.write(encode(offer, line.target, key))
            async with asyncio.timeout(line.timeout):
                while (state := _state(data)) is None:
                    chunk = await reader.read(_CHUNK)
                    if not chunk:
                        state = Outcome.CUT if data else Outcome.CLOSED
                        break
                    data += chunk
            outcome, seconds = state, time.monotonic() - started
            answer = parse_answer(data) if outcome is Outcome.ANSWERED else None
            if answer is not None and answer.status == _SWITCHING:
                writer.write(encode_frame(Opcode.CLOSE, b"\x03\xe8", mask=os.urandom(4)))
                writer.close()
            elif answer is not None:
                data += await _body(reader, answer)
                answer = parse_answer(data)
            elif outcome is Outcome.NOT_HTTP:
                data += await read_for(reader, _BANNER_SECONDS, _KEPT)
    except TimeoutError:
        seconds = time.monotonic() - started
        outcome = Outcome.CUT if data and outcome is Outcome.SILENT else outcome
        fault = f"no answer within {line.timeout:g} s"
    except OSError as error:
        seconds = time.monotonic() - started
        fault = words_of(error)
        reset = isinstance(error, ConnectionResetError) or outcome is not Outcome.UNREACHED
        if reset and not data:
            outcome = Outcome.RESET
    if answer is not None:
        answer = Answer(answer.version, answer.status, answer.phrase, answer.headers,
                        answer.body[:_MAX_BODY])  # fmt: skip
    return Exchange(offer, outcome, accept_key(key), answer, data[:_KEPT], seconds, fault)


def _state(data: bytes) -> Outcome | None:
    """Tell what has come so far; None while it may still become an answer."""
    beginning = b"HTTP/"
    if not data.startswith(beginning[: len(data)]):
        return Outcome.NOT_HTTP
    if parse_answer(data) is not None:
        return Outcome.ANSWERED
    if b"\r\n\r\n" in data or b"\n\n" in data:
        return Outcome.NOT_HTTP
    return Outcome.TOO_LONG if len(data) > MAX_HEAD else None


async def _body(reader: asyncio.StreamReader, answer: Answer) -> bytes:
    """Read what the answer says that it has, within reason."""
    if "chunked" in answer.tokens("Transfer-Encoding"):
        return await read_for(reader, _BODY_SECONDS, _MAX_BODY - len(answer.body), _LAST_CHUNK)
    length = answer.header("Content-Length")
    wanted = int(length) if length.isdecimal() and len(length) < 10 else _MAX_BODY  # noqa: PLR2004 - more is not read anyway
    return await read_for(reader, _BODY_SECONDS, min(wanted, _MAX_BODY) - len(answer.body))


async def read_for(
    reader: asyncio.StreamReader, seconds: float, size: int, end: bytes = b""
) -> bytes:
    """Read until the end, for a time, up to a size or to certain bytes, whatever comes first."""
    data = b""
    with contextlib.suppress(TimeoutError, OSError):
        async with asyncio.timeout(seconds):
            while len(data) < size and not (end and data.endswith(end)):
                chunk = await reader.read(_CHUNK)
                if not chunk:
                    break
                data += chunk
    return data


def words_of(error: OSError) -> str:
    """Say what went wrong, without Python's tuples and file names."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return str(error.verify_message)
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).replace("_", " ").lower()
    if isinstance(error, socket.gaierror):
        return str(error.strerror or error)
    if error.errno:
        return os.strerror(error.errno)
    return str(error) or type(error).__name__
