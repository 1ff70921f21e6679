"""nginx in front of a WebSocket server: with the upgrade, without, and with half of it."""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from emsockets_build.probe import Asked
from tests.probe.probing import WORKS, every, probe
from tests.probe.servers import announced, closed_port, nginx, program
from tests.processes import until

_UPGRADE = """proxy_http_version 1.1;
  proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";"""


@pytest.fixture(scope="module")
def upstream() -> Iterator[int]:
    """What nginx stands in front of."""
    with announced([sys.executable, program("websockets_server.py"), "binary"]) as port:
        yield port


def test_nginx_that_passes_the_upgrade_on_works(upstream: int, tmp_path: Path) -> None:
    location = f"location / {{ proxy_pass http://127.0.0.1:{upstream}; {_UPGRADE} }}"
    with nginx(tmp_path, location) as port:
        found = probe(port)
    assert found.causes == every(WORKS)
    assert found.checks["server"] == "nginx in front of Python's websockets"


def test_nginx_is_gone_afterwards_with_its_workers(tmp_path: Path) -> None:
    with nginx(tmp_path, "") as port:
        pass

    def refused() -> bool:
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED

    assert until(refused, 10)


def test_nginx_by_default_drops_the_upgrade(upstream: int, tmp_path: Path) -> None:
    location = f"location / {{ proxy_pass http://127.0.0.1:{upstream}; }}"
    with nginx(tmp_path, location) as port:
        found = probe(port)
    assert found.causes == every("handshake-refused")
    assert "nginx" in found.cause("chrome").summary
    assert "does not pass the upgrade on" in found.cause("chrome").summary
    lines = found.code("chrome").splitlines()
    assert "    proxy_set_header Upgrade $http_upgrade;" in lines
    assert '    proxy_set_header Connection "upgrade";' in lines


def test_the_lines_for_nginx_mend_it(upstream: int, tmp_path: Path) -> None:
    """What the remedy says is what nginx takes."""
    with nginx(
        tmp_path / "bad", f"location / {{ proxy_pass http://127.0.0.1:{upstream}; }}"
    ) as port:
        lines = probe(port).code("chrome")
    with nginx(tmp_path / "good", lines.replace("PORT", str(upstream))) as port:
        assert probe(port).causes == every(WORKS)


_HALF = {
    "no Connection header": "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade;",
    "HTTP/1.0": _UPGRADE.replace("proxy_http_version 1.1;", ""),
}


@pytest.mark.parametrize("half", _HALF)
def test_nginx_that_passes_half_of_the_upgrade_on(half: str, upstream: int, tmp_path: Path) -> None:
    location = f"location / {{ proxy_pass http://127.0.0.1:{upstream}; {_HALF[half]} }}"
    with nginx(tmp_path, location) as port:
        found = probe(port)
    assert found.causes == every("handshake-refused")
    assert "nginx" in found.cause("node").summary
    assert "does not pass the upgrade on" in found.cause("node").summary
    assert "    proxy_http_version 1.1;" in found.code("node").splitlines()


def test_nginx_that_ends_idle_connections_gets_its_line(upstream: int, tmp_path: Path) -> None:
    location = f"location / {{ proxy_pass http://127.0.0.1:{upstream}; {_UPGRADE} "
    with nginx(tmp_path, location + "proxy_read_timeout 1s; }") as port:
        found = probe(port, idle=10, asked=Asked(("chrome",), idle=True))
    assert found.causes == {"chrome": "connection-dropped"}
    assert "proxy_read_timeout 1h;" in found.code("chrome")


def test_nginx_without_anything_behind_it(tmp_path: Path) -> None:
    location = f"location / {{ proxy_pass http://127.0.0.1:{closed_port()}; }}"
    with nginx(tmp_path, location) as port:
        found = probe(port)
    assert found.causes == every("handshake-refused")
    assert "does not reach the server behind it" in found.cause("node").summary


def test_a_path_of_nginx_that_passes_is_found(upstream: int, tmp_path: Path) -> None:
    location = f"location /ws {{ proxy_pass http://127.0.0.1:{upstream}; {_UPGRADE} }}"
    with nginx(tmp_path, location) as port:
        found = probe(port)
    assert found.seen.elsewhere == "/ws"
    assert f"-sWEBSOCKET_URL=ws://127.0.0.1:{port}/ws" in found.cause("node").remedy
