"""Pages that reload themselves after a build."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from emsockets_build.errors import UsageError
from emsockets_build.server.reload import Watch, start_page
from tests.inspector.serving import Serving, get, port_of, serving
from tests.server.rawclient import RawClient


class _Files:
    """Files whose signatures a test sets."""

    def __init__(self) -> None:
        self.now: dict[Path, tuple[int, int] | None] = {}

    def __call__(self, path: Path) -> tuple[int, int] | None:
        return self.now.get(path)


A, B = Path("a.js"), Path("a.wasm")


def test_a_build_counts_once_it_is_through() -> None:
    """Not while files still change, or are away; once, not again."""
    files = _Files()
    files.now = {A: (1, 1), B: (1, 1)}
    watch = Watch(files)
    watch.add(A)
    watch.add(B)
    assert [watch.changed() for _ in range(3)] == [False] * 3
    files.now[A] = (2, 1)
    assert not watch.changed()  # it may go on
    files.now[B] = None
    assert not watch.changed()
    assert not watch.changed()  # away
    files.now[B] = (3, 1)
    assert not watch.changed()
    assert watch.changed()
    assert not watch.changed()


def test_only_what_was_served_counts_and_only_so_many() -> None:
    """The cost of a look is bounded."""
    looked: list[Path] = []

    def look(path: Path) -> tuple[int, int]:
        looked.append(path)
        return 1, 1

    watch = Watch(look, limit=10)
    for number in range(100):
        watch.add(Path(f"{number}"))
    looked.clear()
    watch.changed()
    assert looked == [Path(f"{number}") for number in range(90, 100)]


def test_what_is_gone_for_good_does_not_keep_others_from_counting() -> None:
    """A file that no build makes any more."""
    files = _Files()
    files.now = {A: (1, 1), B: (1, 1)}
    watch = Watch(files)
    watch.add(A)
    watch.add(B)
    files.now = {A: (2, 2), B: None}
    assert any(watch.changed() for _ in range(300))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built program."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "my app.html").write_text("<title>app</title><script src=app.js></script>")
    (folder / "app.js").write_text("1;")
    return folder


@pytest.fixture(scope="module")
def server(site: Path) -> Iterator[Serving]:
    """It, served."""
    with serving("--page", str(site)) as running:
        yield running


def test_a_page_gets_our_script_and_other_files_do_not(server: Serving, site: Path) -> None:
    """Under every name of this machine that the browser may have used."""
    assert server.page.endswith("/my%20app.html")
    tools = port_of(server.inspect)
    for path in ("/", "/my%20app.html"):
        status, headers, body = get(server.port, path, host="localhost:1")
        assert status == 200
        assert headers["cross-origin-embedder-policy"] == "require-corp"
        assert body.startswith((site / "my app.html").read_bytes())
        assert f'<script src="http://localhost:{tools}/reload.js">' in body.decode()
    assert get(server.port, "/app.js")[2] == b"1;"
    status, headers, body = get(tools, "/reload.js")
    assert headers["cross-origin-resource-policy"] == "cross-origin"
    assert b"EventSource" in body


def test_from_another_machine_a_page_is_as_it_is(server: Serving, site: Path) -> None:
    """It could not reach our script; and a rebound name gets nothing."""
    page = (site / "my app.html").read_bytes()
    assert get(server.port, "/", host="192.168.7.7:80")[2] == page
    assert get(server.port, "/", host="evil.example")[0] == 403


def test_the_inspector_is_found_beside_the_page(server: Serving) -> None:
    """Under the address that people know, on a port that the page's scripts cannot read."""
    for path in ("/inspect", "/inspect/"):
        status, headers, _ = get(server.port, path)
        assert (status, headers["location"]) == (307, server.inspect)


def test_listeners_hear_of_a_build(server: Serving, site: Path) -> None:
    """Each of them, once the file that they loaded is another."""
    script = site / "app.js"
    get(server.port, "/app.js")
    with RawClient(port_of(server.inspect)) as one, RawClient(port_of(server.inspect)) as two:
        for client in (one, two):
            client.send(b"GET /reload HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            status, headers = client.read_head()
            assert (status, headers["content-type"]) == (200, "text/event-stream")
            assert headers["access-control-allow-origin"] == "*"
            assert client.read_exactly(8) == b": open\n\n"
        script.write_text("2;")
        os.utime(script, ns=(1, 1))
        for client in (one, two):
            assert client.read_exactly(6) == b"data: "


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["index.html", "a.html"], "index.html"),
        (["a.html", "a.js"], "a.html"),
        (["a.js"], None),
        (["a.html", "b.html"], None),
    ],
)
def test_a_folder_is_its_page(tmp_path: Path, names: list[str], chosen: str | None) -> None:
    """The index, or the only one there is."""
    for name in names:
        (tmp_path / name).touch()
    if chosen is not None:
        assert start_page(tmp_path) == (tmp_path, chosen)
    else:
        with pytest.raises(UsageError, match="page"):
            start_page(tmp_path)
