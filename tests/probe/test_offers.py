"""Handshakes are those that the clients themselves were recorded to send."""

from __future__ import annotations

import pytest

from emsockets_build.probe.offers import Dialect, Offer, encode
from emsockets_build.probe.target import parse_target

# Recorded from Chromium 156, Firefox 153, ws 8.23 and Node 24.19, without languages.
_RECORDED = {
    Dialect.CHROME: """\
GET /x HTTP/1.1
Host: 127.0.0.1:9000
Connection: Upgrade
Pragma: no-cache
Cache-Control: no-cache
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
Chrome/156.0.0.0 Safari/537.36
Upgrade: websocket
Origin: http://127.0.0.1:8000
Sec-WebSocket-Version: 13
Accept-Encoding: gzip, deflate, br, zstd
Sec-WebSocket-Key: KEY
Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits
Sec-WebSocket-Protocol: base64, binary
""",
    Dialect.FIREFOX: """\
GET /x HTTP/1.1
Host: 127.0.0.1:9000
User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0
Accept: */*
Accept-Encoding: gzip, deflate, br, zstd
Sec-WebSocket-Version: 13
Origin: http://127.0.0.1:8000
Sec-WebSocket-Protocol: base64, binary
Sec-WebSocket-Extensions: permessage-deflate
Sec-WebSocket-Key: KEY
Connection: Upgrade
Sec-Fetch-Dest: empty
Sec-Fetch-Mode: websocket
Sec-Fetch-Site: same-site
Pragma: no-cache
Cache-Control: no-cache
Upgrade: websocket
""",
    Dialect.WS: """\
GET /x HTTP/1.1
Sec-WebSocket-Version: 13
Sec-WebSocket-Key: KEY
Connection: Upgrade
Upgrade: websocket
Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits
Sec-WebSocket-Protocol: base64,binary
Host: 127.0.0.1:9000
""",
    Dialect.UNDICI: """\
GET /x HTTP/1.1
host: 127.0.0.1:9000
connection: upgrade
upgrade: websocket
sec-websocket-key: KEY
sec-websocket-version: 13
sec-websocket-protocol: base64, binary
sec-websocket-extensions: permessage-deflate; client_max_window_bits
accept: */*
accept-language: *
sec-fetch-mode: websocket
user-agent: node
pragma: no-cache
cache-control: no-cache
accept-encoding: gzip, deflate
""",
}


@pytest.mark.parametrize("dialect", _RECORDED)
def test_a_handshake_is_the_recorded_one(dialect: Dialect) -> None:
    browser = dialect in {Dialect.CHROME, Dialect.FIREFOX}
    origin = "http://127.0.0.1:8000" if browser else ""
    offer = Offer("x", dialect, ("base64", "binary"), origin)
    sent = encode(offer, parse_target("ws://127.0.0.1:9000/x"), "KEY")
    assert sent.decode().replace("\r\n", "\n") == _RECORDED[dialect] + "\n"


def test_no_subprotocol_is_no_header() -> None:
    sent = encode(Offer("x", Dialect.WS), parse_target("ws://127.0.0.1:9000"), "KEY")
    assert b"Protocol" not in sent
