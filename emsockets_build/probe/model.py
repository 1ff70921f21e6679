"""What was observed of a server, as frozen data: the input of every judgement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from emsockets_build.probe.answer import Answer
from emsockets_build.probe.offers import Offer
from emsockets_build.probe.target import Target

__all__ = [
    "Attempt",
    "CertificateSeen",
    "Exchange",
    "Observations",
    "Outcome",
    "PageSeen",
    "Request",
    "SizeSeen",
    "TalkSeen",
    "TlsSeen",
]


class Outcome(Enum):
    """How an exchange ended; the value says it in words."""

    ANSWERED = "answered"
    NOT_HTTP = "the answer is no HTTP"
    TOO_LONG = "the head of the answer is too long"
    CUT = "the connection ended within the head of the answer"
    CLOSED = "the connection was closed without an answer"
    RESET = "the connection was reset"
    SILENT = "no answer came"
    UNREACHED = "no connection"


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be found out.

    Attributes:
        target: The server.
        subprotocols: What the program offers; empty for none.
        origin: The origin of the page that the program is in; empty if unknown.
        page: The page, if it is known.
        max_size: Bytes of the largest message that is tried; 0 for none.
        idle: Seconds for which the connection is left idle; 0 for not at all.
        bridge: Whether the protocol of BACKEND proxy is tried.
        timeout: Seconds that each step may take.
        ca_file: A PEM file of authorities that are trusted beside the system's.
        insecure: Whether an untrusted certificate counts as trusted.
    """

    target: Target
    subprotocols: tuple[str, ...] = ("binary",)
    origin: str = ""
    page: Target | None = None
    max_size: int = 1024 * 1024
    idle: float = 0.0
    bridge: bool = False
    timeout: float = 5.0
    ca_file: str = ""
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """One TCP connection to one address.

    Attributes:
        address: The numeric address.
        family: ``IPv4`` or ``IPv6``.
        seconds: How long it took.
        fault: Why it failed, in the system's words; empty if it did not.
        refused: Whether nothing listens there.
        status: What this address answered a handshake: the HTTP status, 0 if it was no HTTP.
    """

    address: str
    family: str
    seconds: float
    fault: str = ""
    refused: bool = False
    status: int | None = None


@dataclass(frozen=True, slots=True)
class CertificateSeen:
    """What a certificate says of itself.

    Attributes:
        subject: Its common name, or what it has instead.
        issuer: Who signed it.
        names: Names and addresses that it is for.
        not_before: When it begins to be good, in seconds since 1970.
        not_after: When it ends.
        self_signed: Whether it is its own issuer.
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: float
    not_after: float
    self_signed: bool


@dataclass(frozen=True, slots=True)
class TlsSeen:
    """A TLS handshake.

    Attributes:
        version: Such as ``TLSv1.3``; empty if there was no handshake at all.
        fault: Why it failed or is not trusted; empty if all is well.
        trusted: Whether the certificate is trusted for this name.
        certificate: What it says, trusted or not.
        seconds: How long the handshake took.
    """

    version: str = ""
    fault: str = ""
    trusted: bool = False
    certificate: CertificateSeen | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what came back.

    Attributes:
        offer: What was asked.
        outcome: How it ended.
        accept: The right ``Sec-WebSocket-Accept`` for the key that was sent.
        answer: The HTTP answer, if it was one.
        raw: The first bytes that came, whatever they are.
        seconds: Until the answer was there.
        fault: The system's words, if it failed.
    """

    offer: Offer
    outcome: Outcome
    accept: str = ""
    answer: Answer | None = None
    raw: bytes = b""
    seconds: float = 0.0
    fault: str = ""

    @property
    def status(self) -> int:
        """The HTTP status; 0 if there was none."""
        return self.answer.status if self.answer is not None else 0


@dataclass(frozen=True, slots=True)
class SizeSeen:
    """One message of one size, on a connection of its own.

    Attributes:
        size: Bytes.
        taken: Whether the server took it: it echoed it, or answered the ping behind it.
        echoed: Whether it came back whole.
        code: The close code if the connection ended; 1006 without a close frame.
        late: Whether nothing came in time.
        seconds: How long it took.
    """

    size: int
    taken: bool
    echoed: bool = False
    code: int | None = None
    late: bool = False
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class TalkSeen:
    """How the server behaves once the connection is open.

    Attributes:
        opened: Whether the connection opened for the talk.
        echo: What came in reply to a binary message: ``same`` bytes, ``other`` bytes, ``text`` or
            nothing.
        echo_seconds: How long the reply took.
        greeting: Messages that came before anything was said: kinds and sizes.
        pings: Pings that the server sent.
        ponged: Whether a ping was answered; None if the connection ended before.
        closed_well: Whether our close frame was answered.
        end: How the server ended the connection by itself: a close code, 1006 without a close
            frame; None if it did not.
        end_reason: The reason in its close frame.
        early: Whether that was before anything was said to it, without having served its purpose.
        reset: Whether TCP was reset.
        fault: What was wrong in the frames that came.
        proxied: Whether a call of BACKEND proxy was answered as it should be.
    """

    opened: bool = False
    echo: str = ""
    echo_seconds: float = 0.0
    greeting: tuple[tuple[str, int], ...] = ()
    pings: int = 0
    ponged: bool | None = None
    closed_well: bool | None = None
    end: int | None = None
    end_reason: str = ""
    early: bool = False
    reset: bool = False
    fault: str = ""
    proxied: bool = False

    @property
    def silent(self) -> bool:
        """Whether the server kept the connection open and answered neither ping nor close."""
        return (
            self.opened
            and self.ponged is False
            and not self.echo
            and not self.greeting
            and self.closed_well is False
            and self.end is None
        )


@dataclass(frozen=True, slots=True)
class PageSeen:
    """A page as its headers tell of it.

    Attributes:
        target: Where it was found, after redirects.
        answer: The answer, None if there was none.
        fault: Why not, in words.
    """

    target: Target
    answer: Answer | None = None
    fault: str = ""


@dataclass(frozen=True)
class Observations:
    """Everything that was seen.

    Attributes:
        request: What was asked for.
        resolve_fault: Why the name could not be resolved; empty if it could.
        attempts: One for every address.
        other_family: Attempts at this machine's address of the other family, if nothing listens at
            the one that was named.
        tls: The TLS handshake, of ``wss``.
        tls_on_plain: Whether a port that was addressed by ``ws`` speaks TLS.
        plain_on_tls: What a port that was addressed by ``wss`` answers without TLS.
        exchanges: Handshakes and plain requests by name.
        kind: What kind of server it is, if no WebSocket server.
        elsewhere: Another path of the same server that opens a WebSocket.
        talk: What happened once a connection was open.
        sizes: Messages of growing sizes.
        idle_end: Seconds after which the idle connection was ended by the server; None if not.
        page: The page.
        seconds: The whole time.
    """

    request: Request
    resolve_fault: str = ""
    attempts: tuple[Attempt, ...] = ()
    other_family: tuple[Attempt, ...] = ()
    tls: TlsSeen | None = None
    tls_on_plain: bool = False
    plain_on_tls: Exchange | None = None
    exchanges: Mapping[str, Exchange] = field(default_factory=dict)
    kind: str = ""
    elsewhere: str = ""
    talk: TalkSeen | None = None
    sizes: tuple[SizeSeen, ...] = ()
    idle_end: float | None = None
    page: PageSeen | None = None
    seconds: float = 0.0

    @property
    def connected(self) -> bool:
        """Whether any address took a TCP connection."""
        return any(not attempt.fault for attempt in self.attempts)

    @property
    def spoken(self) -> bool:
        """Whether requests could be sent."""
        return any(item.outcome is not Outcome.UNREACHED for item in self.exchanges.values())
