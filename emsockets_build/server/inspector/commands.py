"""What a page may ask for, as text: parsed and checked without sockets."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emsockets_build.errors import UsageError
from emsockets_build.server.controls import Control
from emsockets_build.server.inspector.feed import Key

__all__ = ["ACTIONS", "Command", "parse_command", "perform"]

_ID = re.compile(r"(\d{1,6})\.(\d{1,12})")
_HEX = re.compile(r"[0-9a-fA-F\s]*")
_MAX_NUMBER = 1 << 53  # what JavaScript counts exactly

ACTIONS = frozenset(
    {"close", "abort", "freeze", "thaw", "delay", "split", "send-text", "send-hex", "ping"}
)
"""What acts on a connection."""

_QUESTIONS = frozenset({"watch", "payload", "export"})


@dataclass(frozen=True, slots=True)
class Command:
    """One request of a page.

    Attributes:
        id: The page's number for it, which the answer repeats.
        do: What.
        connection: Which connection it is about; None for all or none.
        values: The rest.
    """

    id: int
    do: str
    connection: Key | None
    values: Mapping[str, Any]

    def text(self, name: str) -> str:
        """Return a value that must be text; empty if it is missing."""
        value = self.values.get(name, "")
        if not isinstance(value, str):
            raise UsageError(f"{name} is no text")
        return value

    def number(self, name: str) -> float:
        """Return a value that must be a number.

        Raises:
            UsageError: It is missing or none.
        """
        value = self.values.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise UsageError(f"{name} is no number")
        return value

    def whole(self, name: str) -> int:
        """Return a value that must be a whole number.

        Raises:
            UsageError: It is missing or none.
        """
        value = self.number(name)
        if not abs(value) < _MAX_NUMBER or value != int(value):
            raise UsageError(f"{name} is no whole number")
        return int(value)


def parse_command(text: str) -> Command:
    """Read a request.

    Args:
        text: One JSON object: ``id``, ``do``, ``connection`` such as ``"0.3"``, and values.

    Raises:
        UsageError: It is none.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError("the request is no JSON", why=str(error)) from error
    if not isinstance(values, dict):
        raise UsageError("the request is no JSON object")
    number, do, where = values.get("id", 0), values.get("do"), values.get("connection")
    if isinstance(number, bool) or not isinstance(number, int):
        raise UsageError("the request's id is no number")
    if not isinstance(do, str) or do not in ACTIONS | _QUESTIONS:
        raise UsageError(f"nobody can {str(do)[:40]!r} here")
    found = _ID.fullmatch(where) if isinstance(where, str) else None
    if where is not None and found is None:
        raise UsageError("the request names no connection")
    if do in ACTIONS | {"payload"} and found is None:
        raise UsageError(f"{do} needs a connection")
    key = (int(found[1]), int(found[2])) if found else None
    return Command(number, do, key, values)


def perform(command: Command, control: Control) -> None:
    """Act on a connection.

    Args:
        command: One of `ACTIONS`.
        control: The connection.

    Raises:
        UsageError: It cannot be done.
    """
    match command.do:
        case "close":
            control.close(command.whole("code"), command.text("reason"))
        case "abort":
            control.abort()
        case "freeze":
            control.freeze()
        case "thaw":
            control.thaw()
        case "delay":
            control.delay(command.number("seconds"))
        case "split":
            control.split(command.whole("size"))
        case "send-text":
            control.send_text(command.text("text"))
        case "send-hex":
            control.send_bytes(_bytes(command.text("text")))
        case _:
            control.ping()


def _bytes(text: str) -> bytes:
    digits = "".join(text.split())
    if not _HEX.fullmatch(text) or len(digits) % 2:
        raise UsageError(
            "the bytes are not in hex", remedy="two digits a byte, blanks between them if you like"
        )
    return bytes.fromhex(digits)
