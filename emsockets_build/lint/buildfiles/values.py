"""Values of the socket settings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from emsockets_build.lint.buildfiles.flags import Option, Setting, Unit
from emsockets_build.lint.buildfiles.read import BuildFile
from emsockets_build.lint.finding import Finding
from emsockets_build.settings import load_catalogue

__all__ = ["check_values"]

_SWITCH = re.compile(r"0|1|true|false|on|off|yes|no", re.IGNORECASE)
_FULL_URL = re.compile(r"(?P<scheme>wss?)://(?P<host>\[[^\]]*\]|[^/:?]+)")
_LOOPBACK = re.compile(r"localhost|127\.\d+\.\d+\.\d+|\[::1\]|0\.0\.0\.0", re.IGNORECASE)
_DEBUG_SWITCHES = ("SOCKET_DEBUG", "WEBSOCKET_DEBUG")
_TYPED_SINCE = (3, 1, 69)  # observed there: `expects bool but got int`; 3.1.6 takes a number


def check_values(file: BuildFile) -> Iterator[Finding]:
    """ES001, ES002, ES003, ES032, ES035."""
    for option, setting in file.settings():
        if not setting.known and setting.name != "WEBSOCKET_SUBPROTOCOL":
            continue
        if setting.name == "WEBSOCKET_URL":
            yield from _url(file, option, setting)
        elif setting.name == "WEBSOCKET_SUBPROTOCOL" and setting.known:
            yield from _subprotocol(file, option, setting)
        elif setting.name in _DEBUG_SWITCHES and setting.value.isdigit():
            version = file.context.version
            if setting.value not in {"0", "1"} and (version is None or version >= _TYPED_SINCE):
                yield file.at(
                    "ES035",
                    option,
                    f"{setting.name} is a switch, and emcc refuses {setting.value}; write 1",
                    file.replacement(setting.value_word, "1", f"write {setting.name}=1")
                    if setting.value_word
                    else None,
                )


def _url(file: BuildFile, option: Option, setting: Setting) -> Iterator[Finding]:
    pattern = load_catalogue().patterns["url"]
    value = setting.value
    if not pattern.accepts(value):
        yield file.at("ES001", option, _not_a_url(value))
        return
    full = _FULL_URL.match(value)
    if full is None or option.debug_only or (full["scheme"] == "wss" and not _local(full)):
        return
    if all(_node_only(unit) for unit in file.units if option in unit.options):
        return
    if _local(full):
        message = (
            f"every connection of the program goes to {value}, whatever it gives to connect(): "
            "that is the user's own machine once the page is published; leave the URL to the page "
            "(Module.websocket.url), or to connect() with a plain ws:// or wss://"
        )
    else:
        message = (
            f"every connection goes to {value}, and a page from https:// must not open ws://; "
            "write wss:// where the page is published"
        )
    yield file.at("ES002", option, message)


def _local(match: re.Match[str]) -> bool:
    return _LOOPBACK.fullmatch(match["host"]) is not None


def _node_only(unit: Unit) -> bool:
    return unit.value("ENVIRONMENT") == "node"


def _not_a_url(value: str) -> str:
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
    pattern = load_catalogue().patterns["url"]
    return f"WEBSOCKET_URL does not take {value}: {pattern.why}; {pattern.remedy}"


def _subprotocol(file: BuildFile, option: Option, setting: Setting) -> Iterator[Finding]:
    value = setting.value
    if not value:
        yield file.at(
            "ES032",
            option,
            "emcc cannot read an empty WEBSOCKET_SUBPROTOCOL; write null to offer none",
        )
        return
    names = [name.strip() for name in value.split(",")]
    pattern = load_catalogue().patterns["subprotocol"]
    if value == "null":
        return
    for name in names:
        if _SWITCH.fullmatch(name):
            yield file.at(
                "ES032",
                option,
                f"WEBSOCKET_SUBPROTOCOL is a list of names, not a switch: the server must select "
                f"{name!r}; leave it out to offer binary, or write null to offer none",
            )
            return
        if not pattern.accepts(name):
            yield file.at(
                "ES032",
                option,
                f"WEBSOCKET_SUBPROTOCOL does not take {name!r}: {pattern.why}; {pattern.remedy}",
            )
            return
    if "text" in names:
        yield file.at(
            "ES003",
            option,
            "a subprotocol is a name that the server selects: frames stay binary with `text`, and "
            "websockify refuses it; write binary",
        )
    elif "binary" in names[1:]:
        yield file.at(
            "ES003",
            option,
            "websockify does not find `binary` behind a comma, because browsers write a blank "
            "there, and answers 400; write binary first",
        )
