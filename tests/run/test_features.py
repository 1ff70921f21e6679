"""What the text of a program tells, shown with the words that Emscripten writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emsockets_build.errors import UsageError
from emsockets_build.run.features import ModuleKind, WsStyle, read_features, scan_features

OLD_WS = 'opts={"protocol":s};w=require("ws");p.on("message",function(d,flags){if(!flags.binary)'
NEW_WS = 'w=require("ws");p.on("message",function(d,isBinary){if(!isBinary)return'
OLD_FETCH = "typeof WebAssembly.instantiateStreaming=='function'&&typeof fetch=='function'"
NEW_FETCH = (
    "typeof WebAssembly.instantiateStreaming=='function'&&!ENVIRONMENT_IS_NODE&&"
    "typeof fetch=='function'"
)


@pytest.mark.parametrize(
    ("text", "version", "style"),
    [
        (OLD_WS, None, WsStyle.OLD),
        (NEW_WS, None, WsStyle.NEW),
        ("require('ws')", None, WsStyle.NEW),
        ("require('ws')", (3, 1, 9), WsStyle.OLD),
        ("require('ws')", (3, 1, 10), WsStyle.NEW),
        (NEW_WS, (3, 1, 6), WsStyle.NEW),
        ("require('wsx')", None, None),
        (NEW_WS + " NodeSockFS", None, None),
    ],
)
def test_which_ws(text: str, version: tuple[int, ...] | None, style: WsStyle | None) -> None:
    """The text decides, then the release; the minifier leaves both kinds of quotes."""
    assert scan_features(text, version=version).ws is style


def test_who_waits_with_posix_on() -> None:
    """Our half in JavaScript tells; closure leaves the words of its abort."""
    assert scan_features("function _emsockets_receive(call) {").posix
    assert scan_features("abort('emsockets: ASYNCIFY suspends one call at a time").posix
    assert not scan_features("function ___syscall_recvfrom(fd) {").posix


@pytest.mark.parametrize(
    ("text", "version", "expected"),
    [
        (OLD_FETCH, None, True),
        (NEW_FETCH, None, False),
        (OLD_FETCH, (3, 1, 12), False),
        ("", (3, 1, 6), False),
    ],
)
def test_who_calls_fetch_on_a_file(
    text: str, version: tuple[int, ...] | None, *, expected: bool
) -> None:
    """Releases before 3.1.12, unless the code is compiled out."""
    assert scan_features(text, version=version).fetch_file is expected


@pytest.mark.parametrize(
    ("text", "module", "kind"),
    [
        ("var Module=typeof Module!='undefined'?Module:{};", False, ModuleKind.SCRIPT),
        ("if(typeof module!='undefined'){module['exports']=Module}", False, ModuleKind.SCRIPT),
        ("var Module=(()=>{})();module.exports=Module;", False, ModuleKind.FACTORY),
        ("var Module=(()=>{})();export default Module;", False, ModuleKind.ES_MODULE),
        ("async function Module(){}export{Module as default};", False, ModuleKind.ES_MODULE),
        ("anything", True, ModuleKind.ES_MODULE),
    ],
)
def test_how_it_is_started(text: str, kind: ModuleKind, *, module: bool) -> None:
    """By the end of the text, and by the name."""
    assert scan_features(text, module=module).kind is kind


def test_jspi_is_not_taken_for_asyncify() -> None:
    """Its runtime has an object of that name too."""
    jspi = scan_features("Asyncify={};new WebAssembly.Suspending(f)")
    assert (jspi.jspi, jspi.asyncify) == (True, False)
    assert scan_features("Asyncify={}").asyncify


def test_the_bridge_to_the_proxy_shows_in_the_wasm_file(tmp_path: Path) -> None:
    """The JavaScript is that of <emscripten/websocket.h>."""
    (tmp_path / "p.js").write_text("function _emscripten_websocket_new(){}")
    assert not read_features(tmp_path / "p.js").proxy
    (tmp_path / "p.wasm").write_bytes(b"\0asm Received corrupt WebSocket result message with")
    assert read_features(tmp_path / "p.js").proxy


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    """With the remedy: build it."""
    with pytest.raises(UsageError, match="cannot be read"):
        read_features(tmp_path / "absent.js")
    (tmp_path / "broken.mjs").write_bytes(b"\xff\xfe")
    assert read_features(tmp_path / "broken.mjs").kind is ModuleKind.ES_MODULE


@given(st.text())
def test_no_text_breaks_the_scan(text: str) -> None:
    """Any JavaScript may be given."""
    scan_features(text)
