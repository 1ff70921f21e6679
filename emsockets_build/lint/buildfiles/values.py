"""Values of the socket settings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from emsockets_build.lint.buildfiles.flags import Option, Setting, Unit
from emsockets_build.lint.buildfiles.read import BuildFile
from emsockets_build.lint.finding import Finding
from emsockets_build.lint.socket_values import subprotocols_fault, url_fault

__all__ = ["check_values"]

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
    value = setting.value
    fault = url_fault(value)
    if fault is not None:
        yield file.at("ES001", option, fault)
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


def _subprotocol(file: BuildFile, option: Option, setting: Setting) -> Iterator[Finding]:
    fault = subprotocols_fault(setting.value)
    if fault is not None:
        rule, message = fault
        yield file.at(rule, option, message)
