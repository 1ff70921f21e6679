"""Servers that are no WebSocket servers: what they are, by what they say; no I/O.

Most say it by themselves, or complain of our HTTP request. The others are asked a question of their
own protocol that harms nothing: a ping, a version, a hello.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["QUESTIONS", "Question", "kind_of"]


@dataclass(frozen=True, slots=True)
class _Kind:
    words: str
    pattern: re.Pattern[bytes]


def _kind(words: str, pattern: bytes) -> _Kind:
    return _Kind(words, re.compile(pattern, re.DOTALL))


_KINDS = (
    _kind("a TCP echo server", rb"GET /[^\r\n]* HTTP/1\.1\r\n"),
    _kind("an SSH server", rb"SSH-\d"),
    _kind("an FTP server", rb"220[ -][^\n]*FTP"),
    _kind("an SMTP server", rb"220[ -][^\n]*(?:SMTP|[Pp]ostfix|[Ee]xim|Sendmail|mail)"),
    _kind("an SMTP or FTP server", rb"220[ -]"),
    _kind("a POP3 server", rb"\+OK "),
    _kind("an IMAP server", rb"\* (?:OK|PREAUTH|BYE) "),
    _kind(
        "a Redis server",
        rb"-ERR (?:unknown command|wrong number|Protocol)|\+PONG|-NOAUTH"
        rb"|-DENIED Redis",
    ),
    _kind("a MySQL or MariaDB server", rb"...\x00(?:\x0a\d+\.\d|\xff)"),
    _kind("a PostgreSQL server", rb"E\x00\x00.{2}S[A-Z]+\x00"),
    _kind("a MongoDB server", rb".*trying to access MongoDB over HTTP"),
    _kind("a Memcached server", rb"ERROR\r\n|VERSION \d"),
    _kind("a VNC server", rb"RFB \d{3}\.\d{3}\n"),
    _kind("an AMQP broker", rb"AMQP\x00"),
    _kind("a NATS server", rb"INFO \{"),
    _kind("a ZooKeeper or ZeroMQ server", rb"\xff\x00{7}.\x7f"),
    _kind("an IRC server", rb":[^ ]+ (?:NOTICE|\d{3}) |NOTICE "),
    _kind("a server that speaks HTTP/2 only", rb"\x00\x00.\x04\x00\x00\x00\x00\x00"),
    _kind("a server that speaks TLS", rb"\x15\x03[\x00-\x04]"),
    _kind("a telnet server", rb"\xff[\xfb-\xfe]"),
    _kind("a server that speaks another version of HTTP", rb"HTTP/"),
)


@dataclass(frozen=True, slots=True)
class Question:
    """What a silent server is asked.

    Attributes:
        words: What it is if it answers so.
        request: The bytes that are sent.
        pattern: What its answer begins with.
    """

    words: str
    request: bytes
    pattern: re.Pattern[bytes]


QUESTIONS = (
    # SSLRequest (PostgreSQL, Message Formats): one byte answers it, and nobody is logged in.
    Question(
        "a PostgreSQL server",
        b"\x00\x00\x00\x08\x04\xd2\x16\x2f",
        re.compile(rb"[SN]\Z"),
    ),
    # CONNECT of MQTT 3.1.1 with a clean session and no name, answered by CONNACK.
    Question(
        "an MQTT broker",
        b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x05\x00\x00",
        re.compile(rb"\x20\x02[\x00\x01][\x00-\x05]"),
    ),
    Question("a Redis server", b"PING\r\n", re.compile(rb"\+PONG|-NOAUTH|-ERR|-DENIED Redis")),
    Question("a Memcached server", b"version\r\n", re.compile(rb"VERSION \d")),
)
"""What a server is asked that closed the connection, or said nothing."""


def kind_of(answers: Iterable[bytes]) -> str:
    """Tell what kind of server it is.

    Args:
        answers: The first bytes of what it said to HTTP requests.

    Returns:
        Words with an article; empty if nothing is known of it.
    """
    for answer in filter(None, answers):
        for kind in _KINDS:
            if kind.pattern.match(answer):
                return kind.words
    return ""
