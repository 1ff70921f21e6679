"""Servers that other people wrote, each with its verdict, its name and the line that mends it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emsockets_build.probe import DEFAULT_CLIENTS, Asked
from emsockets_build.toolchain import find_emscripten, find_node, find_ws
from tests.generations import Tools
from tests.probe.probing import WORKS, Probed, every, probe
from tests.probe.servers import (
    announced,
    closed_port,
    compiled,
    listening,
    program,
    redis,
    say,
    websockify_modules,
)

_TEMPLATES = Path(__file__).parents[2] / "templates"
_NOT_SELECTED = every("subprotocol-not-selected") | {
    "firefox": WORKS,
    "websocket-api": WORKS,
    "websocket-api-node": WORKS,
}


def _names(found: Probed) -> str:
    return found.checks.get("server", "")


@pytest.fixture(scope="module")
def poco(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Poco server, compiled."""
    libraries = ("-lPocoNet", "-lPocoFoundation")
    return compiled([program("poco_server.cpp")], tmp_path_factory.mktemp("poco"), *libraries)


def test_poco_that_selects_binary_works(poco: Path) -> None:
    with announced([poco, "binary"]) as port:
        found = probe(port)
    assert found.causes == every(WORKS)
    # It selects `binary` for a WebSocket that offers nothing, too, which no client accepts.
    conditions = {one.condition for one in found.verdicts if one.client.chooses}
    assert conditions == {'with attributes.protocols = "binary"'}
    assert _names(found) == "Poco"
    assert "65,536 bytes are taken; at 131,072 the connection is closed" in found.checks["size"]


def test_poco_that_selects_nothing_gets_its_line(poco: Path) -> None:
    with announced([poco, "-"]) as port:
        found = probe(port)
    assert found.causes == _NOT_SELECTED
    assert 'response.set("Sec-WebSocket-Protocol", "binary");' in found.code("chrome")


def test_the_limit_of_pocos_buffer_has_a_line_too(poco: Path) -> None:
    with announced([poco, "binary"]) as port:
        found = probe(port, asked=Asked(("node",), sizes=True))
    assert found.causes == {"node": "message-too-big"}
    assert "Poco::Buffer<char>" in found.code("node")


@pytest.fixture(scope="module")
def template_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The server that `emsockets init --template poco-server` writes."""
    sources = sorted((_TEMPLATES / "poco-server" / "src" / "server").glob("*.cpp"))
    libraries = ("-lPocoNet", "-lPocoFoundation")
    server = compiled(sources, tmp_path_factory.mktemp("template"), *libraries)
    with announced([server, "127.0.0.1", "0"], words=r"listening on 127\.0\.0\.1:(\d+)") as port:
        yield port


def test_the_templates_server_works_for_every_client_at_every_size(template_server: int) -> None:
    found = probe(template_server, max_size=2 << 20, asked=Asked(DEFAULT_CLIENTS, sizes=True))
    assert found.causes == every(WORKS)
    assert _names(found) == "Poco"
    assert found.checks["size"] == "2,097,152 bytes in one message"
    assert found.checks["ping"] == found.checks["close"] == "answered"


def test_the_templates_server_tells_strangers_what_it_wants(template_server: int) -> None:
    found = probe(template_server, subprotocols=("chat",))
    assert found.causes == every("handshake-refused")
    assert "the client must offer the subprotocol `binary`" in found.cause("node").evidence[0]
    assert found.cause("node").remedy == "offer the subprotocol `binary`, which this server wants"


@contextmanager
def _ws(how: str) -> Iterator[int]:
    modules = find_ws().path
    command: list[str | Path] = [find_node().path, program("ws_server.cjs"), how]
    with announced(command, {"NODE_PATH": str(modules)}) as port:
        yield port


@pytest.mark.node
@pytest.mark.usefixtures("newest_tools")
def test_ws_8_works() -> None:
    with _ws("echo") as port:
        found = probe(port)
    assert found.causes == every(WORKS)
    assert _names(found) == "ws under Node"


@pytest.mark.node
@pytest.mark.usefixtures("newest_tools")
def test_ws_8_that_selects_nothing_gets_its_line() -> None:
    with _ws("none") as port:
        found = probe(port)
    assert found.causes == _NOT_SELECTED
    assert "handleProtocols" in found.code("node")


@pytest.mark.node
@pytest.mark.usefixtures("newest_tools")
def test_ws_8_that_answers_text_is_lost_under_node_alone() -> None:
    with _ws("text") as port:
        found = probe(port)
    assert found.causes == every(WORKS) | {"node": "text-frames-dropped"}
    assert found.code("node") == "socket.send(data, { binary: true })"


@pytest.mark.node
@pytest.mark.usefixtures("newest_tools")
def test_ws_8_with_a_small_limit() -> None:
    with _ws("small") as port:
        found = probe(port, asked=Asked(("node",), sizes=True))
    assert found.causes == {"node": "message-too-big"}
    assert "maxPayload: 1048576" in found.code("node")
    assert "(1009)" in found.checks["size"]


def test_websockets_with_binary_works() -> None:
    with announced([sys.executable, program("websockets_server.py"), "binary"]) as port:
        found = probe(port)
    assert found.causes == every(WORKS)
    assert _names(found) == "Python's websockets"


def test_websockets_without_subprotocols_gets_its_line() -> None:
    with announced([sys.executable, program("websockets_server.py")]) as port:
        found = probe(port)
    assert found.causes == _NOT_SELECTED
    assert found.code("chrome") == 'serve(handler, host, port, subprotocols=["binary"])'


def test_websockets_takes_less_than_a_byte_more_than_a_mebibyte() -> None:
    with announced([sys.executable, program("websockets_server.py"), "binary"]) as port:
        found = probe(port, max_size=1024 * 1024 + 1, asked=Asked(("firefox",), sizes=True))
    assert found.causes == {"firefox": "message-too-big"}
    assert found.code("firefox") == "serve(handler, host, port, max_size=1048577)"


@pytest.fixture(scope="module")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A plain TCP service."""
    with redis(tmp_path_factory.mktemp("redis")) as port:
        yield port


@pytest.fixture(scope="module")
def websockify(redis_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The usual bridge in front of it."""
    modules = websockify_modules(tmp_path_factory.getbasetemp())
    port = closed_port()
    command = [sys.executable, "-m", "websockify", f"127.0.0.1:{port}", f"127.0.0.1:{redis_port}"]
    with listening(command, port, {"PYTHONPATH": str(modules)}):
        yield port


def test_redis_is_a_plain_tcp_service(redis_port: int) -> None:
    found = probe(redis_port)
    assert found.causes == every("not-a-websocket-server")
    assert "a Redis server" in found.cause("chrome").summary
    assert "emsockets serve --relay" in found.cause("chrome").remedy


@pytest.mark.slow
def test_websockify_before_redis_works(websockify: int) -> None:
    found = probe(websockify, max_size=0)
    assert found.causes == every(WORKS)
    assert _names(found) == "websockify"
    assert found.checks["base64, binary"].startswith("400 Invalid protocol selected")
    assert found.checks["base64,binary"] == "101, `binary` selected"


@pytest.mark.slow
def test_websockify_refuses_a_list_that_browsers_write_with_a_blank(websockify: int) -> None:
    found = probe(websockify, subprotocols=("base64", "binary"), max_size=0)
    assert found.causes["node"] == WORKS
    assert found.causes["chrome"] == "handshake-refused"
    assert "put `binary` first" in found.cause("chrome").remedy


@pytest.mark.slow
def test_websockify_knows_no_other_name(websockify: int) -> None:
    found = probe(websockify, subprotocols=("chat",), max_size=0)
    assert found.causes["node"] == "handshake-refused"
    assert "-sWEBSOCKET_SUBPROTOCOL=binary" in found.code("node")


@pytest.fixture(scope="module", params=["3.1.6", "3.1.69", "6"])
def posix_proxy(
    newest_tools: Tools, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[int]:
    """Emscripten's own bridge, built from each generation's sources."""
    source = find_emscripten(request.param).root / "tools" / "websocket_to_posix_proxy"
    folder = tmp_path_factory.mktemp("proxy")
    cmake, ninja = newest_tools.whole.cmake, newest_tools.whole.ninja
    assert cmake is not None
    assert ninja is not None
    # Those of old releases ask for a CMake that new ones no longer imitate.
    with_ninja = ["-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={ninja.path}",
                  "-DCMAKE_POLICY_VERSION_MINIMUM=3.5"]  # fmt: skip
    for words in (["-S", str(source), "-B", str(folder), *with_ninja], ["--build", str(folder)]):
        subprocess.run([str(cmake.path), *words], check=True, capture_output=True)
    port = closed_port()
    with listening([folder / "websocket_to_posix_proxy", str(port)], port):
        yield port


@pytest.mark.emcc
def test_emscriptens_proxy_is_for_backend_proxy_alone(posix_proxy: int) -> None:
    found = probe(posix_proxy)
    assert found.causes == every("wrong-bridge") | {"websocket-api-node": "handshake-invalid"}
    assert _names(found) == "Emscripten's websocket_to_posix_proxy"
    assert probe(posix_proxy, asked=Asked(("proxy",))).causes == {"proxy": WORKS}


@pytest.fixture(scope="module")
def libwebsockets() -> Iterator[int]:
    """Its own test server, which knows `lws-mirror-protocol` and others, and not `binary`."""
    port = closed_port()
    with listening(["libwebsockets-test-server", f"--port={port}"], port):
        yield port


def test_libwebsockets_hangs_up_on_names_that_it_does_not_know(libwebsockets: int) -> None:
    found = probe(libwebsockets)
    assert found.causes == every("handshake-refused") | {
        "websocket-api": WORKS, "websocket-api-node": WORKS,
    }  # fmt: skip
    assert _names(found) == "libwebsockets"
    assert "gives no answer to a client that offers the subprotocols: binary" in (
        found.cause("chrome").summary
    )
    assert '{ "binary", callback, 0, 65536 }' in found.code("chrome")
    assert probe(libwebsockets, subprotocols=()).causes == every(WORKS)


def test_libwebsockets_that_counts_in_text_is_lost_under_node_alone(libwebsockets: int) -> None:
    found = probe(libwebsockets, subprotocols=("dumb-increment-protocol",))
    assert found.causes == every(WORKS) | {"node": "text-frames-dropped"}
    assert "LWS_WRITE_BINARY" in found.code("node")


def test_libwebsockets_that_sends_bytes_back_as_text_gets_its_line(libwebsockets: int) -> None:
    """Every client fails a connection whose text is not UTF-8 (RFC 6455, section 8.1)."""
    found = probe(libwebsockets, subprotocols=("lws-mirror-protocol",))
    assert found.causes == every("protocol-error")
    assert "text that is not UTF-8" in found.cause("firefox").summary
    assert "LWS_WRITE_BINARY" in found.code("firefox")


def test_mosquitto_without_websockets_is_an_mqtt_broker() -> None:
    port = closed_port()
    with listening(["/usr/sbin/mosquitto", "-p", str(port)], port):
        found = probe(port)
    assert found.causes == every("not-a-websocket-server")
    assert "an MQTT broker" in found.cause("node").summary


def test_a_folder_of_files_takes_no_notice_of_the_upgrade(tmp_path: Path) -> None:
    port = closed_port()
    command = [sys.executable, "-m", "http.server", "-b", "127.0.0.1", "-d", str(tmp_path)]
    with listening([*command, str(port)], port):
        found = probe(port)
    assert found.causes == every("handshake-refused")
    assert "takes no notice of the upgrade" in found.cause("chrome").summary


_GREETINGS = {
    "an SSH server": b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
    "an SMTP server": b"220 mail.example ESMTP Postfix\r\n",
    "an FTP server": b"220 (vsFTPd 3.0.3)\r\n",
    "a POP3 server": b"+OK Dovecot ready.\r\n",
    "an IMAP server": b"* OK [CAPABILITY IMAP4rev1] ready\r\n",
    "a MySQL or MariaDB server": b"\x4a\x00\x00\x00\x0a8.0.36\x00\x08\x00\x00\x00abcdefgh\x00",
    "a Memcached server": b"ERROR\r\n",
    "a VNC server": b"RFB 003.008\n",
    "an AMQP broker": b"AMQP\x00\x00\x09\x01",
    "a NATS server": b'INFO {"server_id":"x"}\r\n',
}


@pytest.mark.parametrize("kind", _GREETINGS)
def test_plain_services_are_known_by_their_greeting(kind: str) -> None:
    """Recorded from real ones; only what they say first counts."""
    with say(_GREETINGS[kind], close=True) as port:
        found = probe(port)
    assert found.causes == every("not-a-websocket-server")
    assert kind in found.cause("chrome").summary
