"""Static files: the right headers, and nothing from outside the folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from emsockets_build.server import TestServer
from emsockets_build.server.gates import Gate, check_same_origin, is_loopback
from emsockets_build.server.handshake import RefusedError, Request, parse_request
from emsockets_build.server.site import content_type, find_file
from tests.server.rawclient import Frame, RawClient, frame, handshake

_WITH_TOKEN = Gate(token="known")  # noqa: S106 - made up for the test
_WITH_BOTH = Gate(hosts=frozenset(), token="known")  # noqa: S106 - likewise


def _get(
    port: int, path: str, *, host: str = "127.0.0.1", method: str = "GET"
) -> tuple[int, dict[str, str], bytes]:
    with RawClient(port) as client:
        client.send(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        status, headers = client.read_head()
        return status, headers, client.read_all()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with a secret beside it."""
    (tmp_path / "secret.txt").write_text("secret")
    root = tmp_path / "site"
    (root / "sub").mkdir(parents=True)
    (root / "index.html").write_text("<p>index")
    (root / "game.wasm").write_bytes(bytes(range(256)) * 3000)
    (root / "sub" / "index.html").write_text("<p>sub")
    (root / "name with blank.mjs").write_text("export {}")
    (root / "leak").symlink_to(tmp_path / "secret.txt")
    return root


@pytest.fixture
def server(root: Path) -> Iterator[TestServer]:
    """An echo with files beside it, guarded against rebinding."""
    with TestServer("echo", site=root, gate=Gate(hosts=frozenset())) as running:
        yield running


def test_a_page_is_cross_origin_isolated(server: TestServer) -> None:
    """What SharedArrayBuffer needs, on every file."""
    status, headers, body = _get(server.port, "/")
    assert (status, body) == (200, b"<p>index")
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-embedder-policy"] == "require-corp"
    assert headers["content-type"] == "text/html; charset=utf-8"


def test_a_large_file_arrives_whole(server: TestServer) -> None:
    """With the type that streaming compilation insists on."""
    status, headers, body = _get(server.port, "/game.wasm?v=3")
    assert (status, body) == (200, bytes(range(256)) * 3000)
    assert headers["content-type"] == "application/wasm"
    assert int(headers["content-length"]) == len(body)


def test_head_sends_no_body(server: TestServer) -> None:
    """Only its length."""
    status, headers, body = _get(server.port, "/game.wasm", method="HEAD")
    assert (status, headers["content-length"], body) == (200, "768000", b"")


@pytest.mark.parametrize(
    ("path", "body"),
    [("/sub/", b"<p>sub"), ("/sub", b"<p>sub"), ("/name%20with%20blank.mjs", b"export {}")],
)
def test_folders_and_encoded_names(server: TestServer, path: str, body: bytes) -> None:
    """A folder is its index."""
    assert _get(server.port, path)[2] == body


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt", "/%2e%2e/secret.txt", "/sub/../../secret.txt", "/..%2fsecret.txt",
        "/%2e%2e%2fsecret.txt", "/leak", "/..\\secret.txt", "/%5c..%5csecret.txt", "/C:/x",
        "/missing", "/%00", "/" + "a" * 5000, "//etc/passwd", "/sub/missing",
    ],
)  # fmt: skip
def test_nothing_outside_the_folder(server: TestServer, path: str) -> None:
    """By no spelling, nor through a link."""
    status, _, body = _get(server.port, path)
    assert status == 404
    assert b"secret\n" not in body.replace(b"secret.txt", b"")


@given(st.text(max_size=40))
def test_no_path_ever_leaves_the_folder(path: str) -> None:
    """For any text at all that a request can have as its path (`//[` is refused before)."""
    assume(not path.startswith("/"))
    root = Path(__file__).parent
    try:
        found = find_file(root, Request("GET", "/" + path, "HTTP/1.1", ()))
    except RefusedError:
        return
    assert found.is_relative_to(root)


def test_other_methods_are_refused(server: TestServer) -> None:
    """Nothing can be written."""
    assert _get(server.port, "/", method="DELETE")[0] == 405


def test_a_rebound_name_is_refused(server: TestServer) -> None:
    """A page that made its own name point here still sends that name."""
    assert _get(server.port, "/", host="evil.example")[0] == 403
    assert _get(server.port, "/", host="localhost:1234")[0] == 200
    assert _get(server.port, "/", host="[::1]:80")[0] == 200


def test_the_websocket_is_still_there(server: TestServer) -> None:
    """On the same port."""
    with RawClient(server.port) as client:
        client.open("/anything")
        client.send(frame(2, b"x"))
        assert client.read_frame() == Frame(2, b"x")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.wasm", "application/wasm"),
        ("a.mjs", "text/javascript; charset=utf-8"),
        ("A.JS", "text/javascript; charset=utf-8"),
        ("a.worker.js", "text/javascript; charset=utf-8"),
        ("a.unknown-thing", "application/octet-stream"),
        ("a.png", "image/png"),
    ],
)
def test_types(name: str, expected: str) -> None:
    """Independent of the machine where it matters."""
    assert content_type(name) == expected


@pytest.mark.parametrize(
    ("gate", "path", "extra", "good"),
    [
        (Gate(), "/", {"Origin": "https://evil.example"}, True),
        (Gate(origins=frozenset()), "/", {}, True),
        (Gate(origins=frozenset()), "/", {"Origin": "http://localhost:8000"}, True),
        (Gate(origins=frozenset()), "/", {"Origin": "https://evil.example"}, False),
        (Gate(origins=frozenset()), "/", {"Origin": "null"}, False),
        (Gate(origins=frozenset()), "/", {"Origin": "https://localhost.evil.example"}, False),
        (Gate(origins=frozenset({"https://a.b"})), "/", {"Origin": "https://a.b"}, True),
        (_WITH_TOKEN, "/", {}, False),
        (_WITH_TOKEN, "/?token=wrong", {}, False),
        (_WITH_TOKEN, "/?x=1&token=known", {}, True),
        (Gate(hosts=frozenset()), "/", {"Host": "evil.example"}, False),
        (Gate(hosts=frozenset()), "/", {"Host": "10.0.0.5:8080"}, True),
        (_WITH_BOTH, "/", {"Host": "evil.example"}, False),
        (_WITH_BOTH, "/?token=known", {"Host": "lan.example"}, True),
        (Gate(hosts=frozenset({"game.example"})), "/", {"Host": "game.example:80"}, True),
    ],
)
def test_gates(gate: Gate, path: str, extra: dict[str, str], *, good: bool) -> None:
    """Host, origin and token, each alone."""
    request = parse_request(handshake(path, extra=extra).removesuffix(b"\r\n\r\n"))
    if good:
        gate(request)
    else:
        with pytest.raises(RefusedError) as refused:
            gate(request)
        assert refused.value.status == 403


def test_a_token_does_not_open_the_files_to_rebound_names(root: Path) -> None:
    """Files are not asked for the token, so their Host is looked at all the same."""
    with TestServer("echo", site=root, gate=_WITH_BOTH) as server:
        assert _get(server.port, "/", host="evil.example")[0] == 403
        assert _get(server.port, "/?token=known", host="evil.example")[0] == 403
        assert _get(server.port, "/")[0] == 200


@pytest.mark.parametrize(
    ("origin", "good"),
    [
        (None, True),
        ("http://127.0.0.1:80", True),
        ("http://127.0.0.1:81", False),
        ("http://localhost:80", False),
        ("null", False),
    ],
)
def test_the_same_origin_is_host_and_port(origin: str | None, *, good: bool) -> None:
    """Another port of this machine is somebody else."""
    extra = {"Host": "127.0.0.1:80"} | ({} if origin is None else {"Origin": origin})
    request = parse_request(handshake("/", extra=extra).removesuffix(b"\r\n\r\n"))
    if good:
        check_same_origin(request)
    else:
        with pytest.raises(RefusedError):
            check_same_origin(request)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True), ("LOCALHOST.", True), ("a.localhost", True), ("127.0.0.1", True),
        ("127.9.9.9", True), ("::1", True), ("0.0.0.0", False), ("example.org", False), ("", False),
    ],
)  # fmt: skip
def test_what_is_this_machine(host: str, *, expected: bool) -> None:
    """Names and addresses that nobody else can own."""
    assert is_loopback(host) is expected
