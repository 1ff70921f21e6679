"""Close codes and the payload of a close frame (RFC 6455 sections 5.5.1 and 7.4), without I/O."""

from __future__ import annotations

from emsockets_build.server.frames import CONTROL_LIMIT, ProtocolError

__all__ = [
    "ABNORMAL",
    "CLOSE_CODES",
    "NO_STATUS",
    "close_payload",
    "parse_close_payload",
    "sendable",
]

NO_STATUS = 1005
ABNORMAL = 1006

CLOSE_CODES = {
    1000: "normal closure",
    1001: "going away",
    1002: "protocol error",
    1003: "unsupported data",
    1005: "no status received",
    1006: "abnormal closure",
    1007: "invalid payload data",
    1008: "policy violation",
    1009: "message too big",
    1010: "mandatory extension",
    1011: "internal error",
    1012: "service restart",
    1013: "try again later",
    1014: "bad gateway",
    1015: "TLS handshake failed",
}
"""What the registered codes mean (IANA's WebSocket Close Code Number Registry)."""

_NEVER_SENT = frozenset({NO_STATUS, ABNORMAL, 1015})


def sendable(code: int) -> bool:
    """Tell whether a close frame may carry this code (RFC 6455 section 7.4.2)."""
    return (code in CLOSE_CODES and code not in _NEVER_SENT) or 3000 <= code <= 4999  # noqa: PLR2004


def close_payload(code: int, reason: str = "") -> bytes:
    """Write a close frame's payload.

    Args:
        code: The close code; `NO_STATUS` for an empty payload. Not checked otherwise, since some
            callers break the rules on purpose.
        reason: Words for the peer; cut at a character's end so that the frame stays legal.

    Returns:
        At most 125 bytes.
    """
    if code == NO_STATUS:
        return b""
    words = reason.encode("utf-8", "replace")[: CONTROL_LIMIT - 2]
    return code.to_bytes(2, "big") + words.decode("utf-8", "ignore").encode()


def parse_close_payload(payload: bytes) -> tuple[int, str]:
    """Read a close frame's payload.

    Args:
        payload: As received, unmasked.

    Returns:
        The code (`NO_STATUS` when there is none) and the reason.

    Raises:
        ProtocolError: One byte, a code that nobody may send, or a reason that is not UTF-8.
    """
    if not payload:
        return NO_STATUS, ""
    if len(payload) == 1:
        raise ProtocolError(1002, "close frame of one byte")
    code = int.from_bytes(payload[:2], "big")
    if not sendable(code):
        raise ProtocolError(1002, f"close code {code}, which no peer may send")
    try:
        return code, payload[2:].decode("utf-8")
    except UnicodeDecodeError as error:
        raise ProtocolError(1007, "close reason that is not UTF-8") from error
