"""What is wrong with the values of the socket settings, wherever they stand."""

from __future__ import annotations

import re

from emsockets_build.settings import load_catalogue

__all__ = ["subprotocols_fault", "url_fault"]

_TEXT_FRAMES = (
    "a subprotocol is a name that the server selects: frames stay binary with `text`, and "
    "websockify refuses it; write binary"
)
_BINARY_BEHIND = (
    "websockify does not find `binary` behind a comma, because browsers write a blank there, and "
    "answers 400; write binary first"
)
_SWITCH = re.compile(r"0|1|true|false|on|off|yes|no", re.IGNORECASE)


def url_fault(value: str) -> str | None:
    """Say what is wrong with a WEBSOCKET_URL (ES001); None if nothing is."""
    pattern = load_catalogue().patterns["url"]
    if pattern.accepts(value):
        return None
    if _SWITCH.fullmatch(value):
        return (
            f"WEBSOCKET_URL is a URL, not a switch: with {value} every connect() fails with "
            "EHOSTUNREACH; leave it out, or write ws://, wss:// or a whole URL"
        )
    if re.match(r"https?://", value):
        return (
            f"WEBSOCKET_URL must begin with ws:// or wss://, not with {value.partition(':')[0]}://"
        )
    if not re.match(r"wss?://", value):
        return (
            f"WEBSOCKET_URL must begin with ws:// or wss://, and {value or 'an empty text'} does "
            "not: every connect() fails with EHOSTUNREACH"
        )
    return f"WEBSOCKET_URL does not take {value}: {pattern.why}; {pattern.remedy}"


def subprotocols_fault(value: str) -> tuple[str, str] | None:
    """Say what is wrong with a WEBSOCKET_SUBPROTOCOL, behind the rule that it breaks.

    Args:
        value: The setting: names behind commas, or ``null``.

    Returns:
        ES003 or ES032, and why; None if nothing is wrong.
    """
    if not value:
        return "ES032", "emcc cannot read an empty WEBSOCKET_SUBPROTOCOL; write null to offer none"
    if value == "null":
        return None
    names = [name.strip() for name in value.split(",")]
    for name in names:
        why = _no_subprotocol(name)
        if why is not None:
            return "ES032", why
    if "text" in names:
        return "ES003", _TEXT_FRAMES
    return ("ES003", _BINARY_BEHIND) if "binary" in names[1:] else None


def _no_subprotocol(name: str) -> str | None:
    if _SWITCH.fullmatch(name):
        return (
            f"WEBSOCKET_SUBPROTOCOL is a list of names, not a switch: the server must select "
            f"{name!r}; leave it out to offer binary, or write null to offer none"
        )
    pattern = load_catalogue().patterns["subprotocol"]
    if pattern.accepts(name):
        return None
    return f"WEBSOCKET_SUBPROTOCOL does not take {name!r}: {pattern.why}; {pattern.remedy}"
