"""What came back: bytes read as an HTTP answer, leniently, and judged as a handshake; no I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from emsockets_build.probe.offers import Offer

__all__ = ["Answer", "Fault", "handshake_fault", "parse_answer", "selected"]

_STATUS_LINE = re.compile(rb"HTTP/(\d\.\d) (\d{3})(?: ([^\r\n]*))?\r?\n")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_DEFLATE_PARAMETERS = frozenset(
    {
        "server_no_context_takeover",
        "client_no_context_takeover",
        "server_max_window_bits",
        "client_max_window_bits",
    }
)
_SWITCHING = 101
_MAX_HEADERS = 256  # what Chromium and Node take, roughly, by size


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer.

    Attributes:
        version: Such as ``1.1``.
        status: The HTTP status.
        phrase: What stands behind the status.
        headers: Names, as they were written, and values, in order.
        body: The beginning of the body, or the first bytes of a WebSocket.
    """

    version: str
    status: int
    phrase: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def all(self, name: str) -> tuple[str, ...]:
        """Return the values of every header of this name."""
        return tuple(value for key, value in self.headers if key.lower() == name.lower())

    def header(self, name: str) -> str:
        """Return a header's values joined by commas; empty if there is none."""
        return ", ".join(self.all(name))

    def tokens(self, name: str) -> set[str]:
        """Return a header's list in lower case."""
        return {token.strip().lower() for token in self.header(name).split(",")}


def parse_answer(data: bytes) -> Answer | None:
    """Read an answer.

    Args:
        data: What has come so far.

    Returns:
        The answer; None if the head is not whole, or this is no HTTP.
    """
    first = _STATUS_LINE.match(data)
    end = re.search(rb"\r?\n\r?\n", data)
    if first is None or end is None:
        return None
    headers = []
    for line in data[first.end() : end.start()].splitlines()[:_MAX_HEADERS]:
        name, colon, value = line.decode("latin-1").partition(":")
        if colon:
            headers.append((name.strip(), value.strip()))
    return Answer(
        version=first[1].decode(),
        status=int(first[2]),
        phrase=(first[3] or b"").decode("latin-1"),
        headers=tuple(headers),
        body=data[end.end() :],
    )


class Fault(NamedTuple):
    """Why a handshake fails: a cause's identifier and what was seen."""

    id: str
    message: str


def selected(answer: Answer) -> str:
    """Return the subprotocol that the server selected; empty for none."""
    return answer.header("Sec-WebSocket-Protocol")


def handshake_fault(
    offer: Offer, answer: Answer, accept: str, *, insists: bool = True
) -> Fault | None:
    """Judge an answer as a client does (RFC 6455 section 4.1).

    Args:
        offer: What was asked.
        answer: What came.
        accept: The right ``Sec-WebSocket-Accept``.
        insists: Whether the client refuses a server that selects none of what was offered, or
            something where nothing was: all but Firefox do.

    Returns:
        The reason why the client fails the connection; None if it opens.
    """
    if answer.status != _SWITCHING:
        location = answer.header("Location")
        to = f" to {location}" if location else ""
        return Fault("handshake-refused", f"{answer.status} {answer.phrase}".strip() + to)
    return _upgrade_fault(answer, accept) or _subprotocol_fault(offer, answer, insists=insists)


def _upgrade_fault(answer: Answer, accept: str) -> Fault | None:
    got = answer.header("Sec-WebSocket-Accept")
    if answer.tokens("Upgrade") != {"websocket"}:
        return Fault("handshake-invalid", "101, but no `Upgrade: websocket` header")
    if "upgrade" not in answer.tokens("Connection"):
        return Fault("handshake-invalid", "101, but no `Connection: Upgrade` header")
    if got != accept:
        return Fault("handshake-invalid", f"Sec-WebSocket-Accept is `{got}`, not `{accept}`")
    for extension in filter(None, answer.header("Sec-WebSocket-Extensions").split(",")):
        name, *parameters = (part.strip() for part in extension.split(";"))
        if name != "permessage-deflate":
            return Fault("handshake-invalid", f"the extension `{name}` was not offered")
        for parameter in parameters:
            if parameter.partition("=")[0].strip() not in _DEFLATE_PARAMETERS:
                return Fault("handshake-invalid", f"permessage-deflate with `{parameter}`")
    return None


def _subprotocol_fault(offer: Offer, answer: Answer, *, insists: bool) -> Fault | None:
    names = answer.all("Sec-WebSocket-Protocol")
    if not offer.subprotocols and not insists:
        return None  # Firefox 153 takes no notice of a selection where nothing was offered
    if not names:
        missing = Fault("subprotocol-not-selected", "no Sec-WebSocket-Protocol header came")
        return missing if offer.subprotocols and insists else None
    if len(names) > 1:
        return Fault("subprotocol-unexpected", f"Sec-WebSocket-Protocol came {len(names)} times")
    if names[0] in offer.subprotocols:
        return None
    words = f"`{names[0]}` was selected"
    if not _TOKEN.fullmatch(names[0]):
        words = f"`{names[0]}` was sent, which is not one name"
    elif names[0].lower() in map(str.lower, offer.subprotocols):
        words += ", which differs by case"
    return Fault("subprotocol-unexpected", words)
