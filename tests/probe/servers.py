"""Real servers of others, each on a free port of this machine and gone afterwards."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from tests.processes import SCALE

__all__ = [
    "announced",
    "answering",
    "closed_port",
    "compiled",
    "endless",
    "listening",
    "nginx",
    "program",
    "redis",
    "say",
    "websockify_modules",
]

PROGRAMS = Path(__file__).parent / "programs"
_SECONDS = 20 * SCALE


def program(name: str) -> str:
    """Return the path of a server's source."""
    return str(PROGRAMS / name)


def compiled(sources: Sequence[str | Path], folder: Path, *libraries: str) -> Path:
    """Compile a server with the machine's own compiler."""
    target = folder / "server"
    words = ["g++", "-std=c++17", "-O0", *sources, "-o", target, *libraries, "-pthread"]
    subprocess.run(words, check=True, capture_output=True)
    return target


@contextlib.contextmanager
def _running(
    command: Sequence[str | Path],
    environment: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env={**os.environ, **(environment or {})}, start_new_session=True,
    ) as child:  # fmt: skip
        try:
            yield child
        finally:
            # With what it has started: nginx's workers outlive their master, and go on serving.
            os.killpg(child.pid, signal.SIGKILL)


@contextlib.contextmanager
def announced(
    command: Sequence[str | Path],
    environment: Mapping[str, str] | None = None,
    words: str = r"READY (\d+)",
) -> Iterator[int]:
    """Run a server whose first line has its port in it, as ``words`` says; return the port."""
    with _running(command, environment) as child:
        assert child.stdout is not None
        line = child.stdout.readline().decode().strip()
        said = re.fullmatch(words, line)
        assert said, f"{command[0]} said: {line}"
        yield int(said[1])


@contextlib.contextmanager
def listening(
    command: Sequence[str | Path], port: int, environment: Mapping[str, str] | None = None
) -> Iterator[int]:
    """Run a server that is told its port, and wait until it accepts."""
    with _running(command, environment) as child:
        deadline = time.monotonic() + _SECONDS
        while True:
            assert child.poll() is None, f"{command[0]} ended with {child.returncode}"
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            assert time.monotonic() < deadline, f"{command[0]} does not listen"
            time.sleep(0.02)
        yield port


def closed_port() -> int:
    """Return a port at which nothing listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[int]:
    """Run Redis without a disk."""
    port = closed_port()
    words = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir"]
    with listening([*words, str(folder)], port):
        yield port


def websockify_modules(folder: Path) -> Path:
    """Install websockify alone: numpy, jwcrypto, redis and requests it needs for options only."""
    modules = folder / "websockify-modules"
    if not modules.is_dir():
        words = ["-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check"]
        aside = folder / "websockify-aside"
        subprocess.run(
            [sys.executable, *words, "--target", str(aside), "websockify==0.13.0"], check=True
        )
        aside.rename(modules)
    return modules


_NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 1;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    root {folder};
    {location}
  }}
}}
"""


@contextlib.contextmanager
def nginx(folder: Path, location: str) -> Iterator[int]:
    """Run Debian's nginx with a configuration of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    port = closed_port()
    file = folder / "nginx.conf"
    file.write_text(_NGINX.format(folder=folder, port=port, location=location))
    found = shutil.which("nginx", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    assert found is not None
    words = [found, "-c", str(file), "-p", str(folder), "-e", str(folder / "error.log")]
    with listening(words, port):
        yield port


@contextlib.contextmanager
def answering(answer: Callable[[str], bytes], address: str = "127.0.0.1") -> Iterator[int]:
    """Be a server that answers each request by a function of the request's head."""

    def treat(one: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head and (chunk := one.recv(65536)):
            head += chunk
        one.sendall(answer(head.decode("latin-1")))
        while one.recv(65536):
            pass
        one.close()

    with _serving(treat, address) as port:
        yield port


@contextlib.contextmanager
def _serving(treat: Callable[[socket.socket], None], address: str = "127.0.0.1") -> Iterator[int]:
    """Accept connections, each on a thread of its own, until the test is done."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.create_server((address, 0), family=family)
    held: list[socket.socket] = []
    over = threading.Event()

    def guarded(one: socket.socket) -> None:
        with contextlib.suppress(OSError):
            treat(one)

    def serve() -> None:
        while not over.is_set():
            with contextlib.suppress(OSError):
                one, _ = listener.accept()
                held.append(one)
                threading.Thread(target=guarded, args=(one,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for one in held:
            one.close()
        thread.join(_SECONDS)


@contextlib.contextmanager
def endless(answer: Callable[[str], bytes], more: bytes) -> Iterator[int]:
    """Be a server that answers a request, and then says the same for as long as it is heard."""

    def treat(one: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head and (chunk := one.recv(65536)):
            head += chunk
        one.sendall(answer(head.decode("latin-1")))
        while True:
            one.sendall(more)

    with _serving(treat) as port:
        yield port


@contextlib.contextmanager
def say(*chunks: bytes, close: bool = False, hold: float = 0.0) -> Iterator[int]:
    """Be a TCP server that says the same to everyone, whatever they send.

    Args:
        chunks: What it says, at once.
        close: Whether it then closes.
        hold: Seconds between two chunks.
    """

    def treat(one: socket.socket) -> None:
        for chunk in chunks:
            one.sendall(chunk)
            time.sleep(hold)
        if close:
            one.shutdown(socket.SHUT_WR)
            one.recv(65536)
            one.close()

    with _serving(treat) as port:
        yield port
