"""The exact line that mends a fault, for each software that is recognised; data.

``{subprotocol}``, ``{port}``, ``{origin}`` and ``{limit}`` are filled in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from emsockets_build.probe.software import Software

__all__ = ["Fix", "fixes_for"]

_NGINX = """\
location / {{
    proxy_pass http://127.0.0.1:{port};
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection "upgrade";
    proxy_set_header Host $host;
    proxy_read_timeout 1h;
}}"""

_FIXES: dict[str, dict[str, str]] = {
    "subprotocol": {
        "poco": 'response.set("Sec-WebSocket-Protocol", "{subprotocol}");  '
        "// before WebSocket ws(request, response)",
        "ws": "new WebSocketServer({{ port, handleProtocols: (offered) => "
        "offered.has('{subprotocol}') ? '{subprotocol}' : false }})",
        "websockets": 'serve(handler, host, port, subprotocols=["{subprotocol}"])',
        "libwebsockets": 'protocols[] = {{ {{ "{subprotocol}", callback, 0, 65536 }}, '
        "LWS_PROTOCOL_LIST_TERM }};  // closes without a word on names that it does not have",
        "websockify": "-sWEBSOCKET_SUBPROTOCOL=binary  // the program's: websockify knows no other",
        "aiohttp": 'web.WebSocketResponse(protocols=("{subprotocol}",))',
        "uvicorn": 'await websocket.accept(subprotocol="{subprotocol}")',
        "tornado": "def select_subprotocol(self, subprotocols): "
        'return "{subprotocol}" if "{subprotocol}" in subprotocols else None',
        "qt": 'server.setSupportedSubprotocols({{"{subprotocol}"}});  // Qt 6.4',
        "beast": "stream.set_option(websocket::stream_base::decorator([](auto& response) {{ "
        'response.set(http::field::sec_websocket_protocol, "{subprotocol}"); }}));',
        "websocketpp": 'server.get_con_from_hdl(hdl)->select_subprotocol("{subprotocol}");  '
        "// in the validate handler, which then returns true",
        "uwebsockets": "response->template upgrade<Data>({{}}, "
        'request->getHeader("sec-websocket-key"), "{subprotocol}", "", context);',
        "kestrel": 'await context.WebSockets.AcceptWebSocketAsync("{subprotocol}");',
        "jetty": 'response.setAcceptedSubProtocol("{subprotocol}");',
        "emsockets": "emsockets serve --subprotocol {subprotocol}",
    },
    "upgrade": {
        "nginx": _NGINX,
        "apache": "ProxyPass / http://127.0.0.1:{port}/ upgrade=websocket",
        "caddy": "reverse_proxy 127.0.0.1:{port}  # passes WebSockets on by itself",
        "haproxy": "timeout tunnel 1h  # WebSockets pass by themselves; is the backend up?",
        "envoy": "upgrade_configs: [{{ upgrade_type: websocket }}]  "
        "# in the http_connection_manager",
        "lighttpd": 'proxy.header = ( "upgrade" => "enable" )',
        "cloudflare": "turn WebSockets on: dashboard, Network, WebSockets",
        "elb": "use an application or network load balancer; the classic one has no WebSockets",
        "varnish": 'if (req.http.upgrade ~ "(?i)websocket") {{ return (pipe); }}  '
        "# and set bereq.http.upgrade in vcl_pipe",
        "iis": "Install-WindowsFeature Web-WebSockets",
        "cloudfront": "use an origin request policy that forwards Sec-WebSocket-* "
        "(Managed-AllViewer)",
        "python-http": "emsockets serve --static DIR  # serves files and WebSockets at one port",
    },
    "unreachable": {
        "nginx": "proxy_pass http://127.0.0.1:{port};  # must name the server's own port",
        "apache": "ProxyPass / http://127.0.0.1:{port}/ upgrade=websocket  # the server's own port",
        "haproxy": "server game 127.0.0.1:{port} check  # the server's own port",
    },
    "origin": {
        "websockets": 'serve(handler, host, port, origins=["{origin}", None])',
        "ws": "verifyClient: ({{ origin }}) => origin === '{origin}' || !origin",
        "tornado": 'def check_origin(self, origin): return origin == "{origin}"',
        "kestrel": 'options.AllowedOrigins.Add("{origin}");',
        "emsockets": "emsockets serve --origin {origin}",
    },
    "text": {
        "poco": "ws.sendFrame(data, size, WebSocket::FRAME_BINARY);",
        "ws": "socket.send(data, {{ binary: true }})",
        "websockets": "await connection.send(data.encode())  # bytes go out as binary",
        "libwebsockets": "lws_write(wsi, buffer + LWS_PRE, size, LWS_WRITE_BINARY);",
        "aiohttp": "await ws.send_bytes(data)",
        "uvicorn": "await websocket.send_bytes(data)",
        "tornado": "self.write_message(data, binary=True)",
        "qt": "socket->sendBinaryMessage(data);",
        "beast": "stream.binary(true);",
        "websocketpp": "server.send(hdl, data, websocketpp::frame::opcode::binary);",
        "uwebsockets": "ws->send(data, uWS::OpCode::BINARY);",
        "kestrel": "await socket.SendAsync(data, WebSocketMessageType.Binary, true, token);",
    },
    "size": {
        "poco": "Poco::Buffer<char> buffer(0); ws.receiveFrame(buffer, flags);  "
        "// grows; a char[] ends the connection at a larger frame",
        "ws": "new WebSocketServer({{ port, maxPayload: {limit} }})",
        "websockets": "serve(handler, host, port, max_size={limit})",
        "aiohttp": "web.WebSocketResponse(max_msg_size={limit})",
        "uvicorn": "uvicorn --ws-max-size {limit}",
        "tornado": "Application(..., websocket_max_message_size={limit})",
        "qt": "socket->setMaxAllowedIncomingMessageSize({limit});",
        "beast": "stream.read_message_max({limit});",
        "websocketpp": "server.set_max_message_size({limit});",
        "uwebsockets": ".maxPayloadLength = {limit}",
    },
    "idle": {
        "nginx": "proxy_read_timeout 1h;  # 60 s if it is not set",
        "apache": "ProxyTimeout 3600",
        "haproxy": "timeout tunnel 1h",
        "websockets": "serve(handler, host, port, ping_interval=20)  # pings keep proxies awake",
        "ws": "setInterval(() => server.clients.forEach((socket) => socket.ping()), 20000)",
    },
}


@dataclass(frozen=True, slots=True)
class Fix:
    """What to write where.

    Attributes:
        software: The software's name for people.
        code: The line, or lines, of its code or configuration.
    """

    software: str
    code: str


def fixes_for(fault: str, software: Iterable[Software], **words: object) -> Iterator[Fix]:
    """Find the lines that mend a fault.

    Args:
        fault: ``subprotocol``, ``upgrade``, ``unreachable``, ``origin``, ``text``, ``size`` or
            ``idle``.
        software: What was recognised.
        words: What is filled in.
    """
    for one in software:
        code = _FIXES[fault].get(one.id)
        if code is not None:
            yield Fix(one.name, code.format(**words))
