"""The load of the server's benchmarks: one blocking client, and the servers as child processes.

The client is the same for every peer and as light as Python can make it: frames are written once
and sent again and again, answers are counted by their headers.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from emsockets_build.process import child_process
from emsockets_build.server.frames import Opcode, encode_frame

__all__ = [
    "Client",
    "Load",
    "Peer",
    "c_echo",
    "c_forward",
    "child",
    "ours",
    "resident",
    "table",
    "wait_for",
]

_HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: binary\r\n\r\n"
)
_C_ECHO = r"""
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
static void *serve(void *at) {
  static __thread char buffer[1 << 18];
  int fd = (int)(long)at, on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  for (;;) {
    ssize_t got = read(fd, buffer, sizeof buffer);
    if (got <= 0) break;
    for (ssize_t done = 0, step; done < got; done += step) {
      step = write(fd, buffer + done, got - done);
      if (step <= 0) { close(fd); return 0; }
    }
  }
  close(fd);
  return 0;
}
int main(void) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof a;
  int s = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(s, (void *)&a, sizeof a) || listen(s, 128)) return 1;
  getsockname(s, (void *)&a, &length);
  printf("READY %d\n", ntohs(a.sin_port));
  fflush(stdout);
  for (;;) {
    pthread_t t;
    int fd = accept(s, 0, 0);
    if (fd >= 0 && !pthread_create(&t, 0, serve, (void *)(long)fd)) pthread_detach(t);
  }
}
"""
# The least that a relay can do: read and write, in one thread for each direction.
_C_FORWARD = r"""
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
struct pair { int from, to; };
static struct sockaddr_in upstream = {.sin_family = AF_INET};
static void *copy(void *argument) {
  struct pair *pair = argument;
  char *buffer = malloc(1 << 18);
  for (;;) {
    ssize_t got = read(pair->from, buffer, 1 << 18);
    ssize_t done = 0, step;
    for (; done < got; done += step)
      if ((step = write(pair->to, buffer + done, got - done)) <= 0) break;
    if (got <= 0 || done < got) break;
  }
  shutdown(pair->to, SHUT_WR);
  free(buffer);
  free(pair);
  return 0;
}
static void start(int from, int to) {
  int on = 1;
  pthread_t t;
  struct pair *pair = malloc(sizeof *pair);
  *pair = (struct pair){from, to};
  setsockopt(to, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (!pthread_create(&t, 0, copy, pair)) pthread_detach(t);
}
int main(int argc, char **argv) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof a;
  int s = socket(AF_INET, SOCK_STREAM, 0);
  upstream.sin_addr = a.sin_addr;
  upstream.sin_port = htons(argc > 1 ? atoi(argv[1]) : 0);
  if (bind(s, (void *)&a, sizeof a) || listen(s, 128)) return 1;
  getsockname(s, (void *)&a, &length);
  printf("READY %d\n", ntohs(a.sin_port));
  fflush(stdout);
  for (;;) {
    int fd = accept(s, 0, 0), up = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(up, (void *)&upstream, sizeof upstream)) return 1;
    start(fd, up);
    start(up, fd);
  }
}
"""


@dataclass(frozen=True, slots=True)
class Load:
    """One way to load a server.

    Attributes:
        name: For the table.
        size: Payload bytes in a message.
        window: Messages in flight.
    """

    name: str
    size: int
    window: int


class Client:
    """Sends messages and counts what comes back.

    Args:
        port: Where the server listens.
        websocket: Whether to speak WebSocket; else plain TCP.
    """

    def __init__(self, port: int, *, websocket: bool = True) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._websocket = websocket
        self._buffer = memoryview(bytearray(1 << 18))
        self._rest = b""
        self._skip = 0
        if websocket:
            self._socket.sendall(_HANDSHAKE)
            answer = b""
            while b"\r\n\r\n" not in answer:
                part = self._socket.recv(4096)
                assert part, answer
                answer += part
            assert answer.startswith(b"HTTP/1.1 101"), answer
            self._rest = answer.split(b"\r\n\r\n", 1)[1]

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def message(self, size: int) -> bytes:
        """Return one message as it goes over the wire."""
        payload = bytes(size)
        if not self._websocket:
            return payload
        return encode_frame(Opcode.BINARY, payload, mask=b"\x37\xfa\x21\x3d")

    def read(self) -> int:
        """Read once; return how many payload bytes came."""
        count = self._socket.recv_into(self._buffer)
        assert count, "the server ended the connection"
        return self._payload(self._buffer[:count]) if self._websocket else count

    def _payload(self, view: memoryview) -> int:
        if self._rest:
            view = memoryview(self._rest + view)
            self._rest = b""
        total = place = 0
        end = len(view)
        while place < end:
            if self._skip:
                step = min(self._skip, end - place)
                self._skip -= step
                total += step
                place += step
                continue
            short = view[place + 1] if end - place > 1 else 0
            header = 2 if short < 126 else 4 if short == 126 else 10  # noqa: PLR2004 - the format
            if end - place < header:
                self._rest = bytes(view[place:])
                break
            self._skip = short if header == 2 else int.from_bytes(view[place + 2 : place + header])  # noqa: PLR2004
            place += header
        return total

    def run(self, load: Load, seconds: float) -> tuple[float, list[float]]:
        """Load the server.

        Args:
            load: How.
            seconds: For how long.

        Returns:
            Messages a second, and the round trips in seconds if one message is in flight.
        """
        message = self.message(load.size)
        if load.window == 1:
            return self._one_at_a_time(message, load.size, seconds)
        batch = message * load.window
        start = time.perf_counter()
        sent = load.window
        received = 0
        self._socket.sendall(batch)
        while (now := time.perf_counter()) - start < seconds:
            received += self.read()
            due = received // load.size + load.window - sent
            if due > 0:
                self._socket.sendall(batch[: len(message) * due])
                sent += due
        rate = received / load.size / (now - start)
        while received < sent * load.size:
            received += self.read()
        return rate, []

    def _one_at_a_time(
        self, message: bytes, size: int, seconds: float
    ) -> tuple[float, list[float]]:
        trips = []
        end = time.perf_counter() + seconds
        before = time.perf_counter()
        while before < end:
            self._socket.sendall(message)
            left = size
            while left > 0:
                left -= self.read()
            now = time.perf_counter()
            trips.append(now - before)
            before = now
        return len(trips) / sum(trips), trips


@contextlib.contextmanager
def child(
    command: Sequence[str | Path], env: dict[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start a server that prints ``READY ...PORT``; yield it and its port."""
    with child_process(command, stderr=subprocess.DEVNULL, env=env) as process:
        assert process.stdout is not None
        line = process.stdout.readline().decode().strip(" /\n")
        assert line.startswith("READY"), f"{command[0]} did not start: {line!r}"
        yield process, int(line.replace(" ", ":").rsplit(":", 1)[1])


def ours(*arguments: str) -> contextlib.AbstractContextManager[tuple[subprocess.Popen[bytes], int]]:
    """Start ``emsockets serve``."""
    return child([sys.executable, "-m", "emsockets_build", "serve", *arguments, "--quiet"])


def c_echo() -> contextlib.AbstractContextManager[tuple[subprocess.Popen[bytes], int]]:
    """Start a TCP echo server in C; yield it and its port."""
    return _compiled(_C_ECHO)


def c_forward(
    upstream: int,
) -> contextlib.AbstractContextManager[tuple[subprocess.Popen[bytes], int]]:
    """Start a plain forwarder from TCP to TCP in C; yield it and its port."""
    return _compiled(_C_FORWARD, str(upstream))


@contextlib.contextmanager
def _compiled(text: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    compiler = shutil.which("cc")
    assert compiler, "a C compiler is needed for the peers in C"
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder, "server.c"), Path(folder, "server")
        source.write_text(text)
        subprocess.run([compiler, "-O2", "-pthread", "-o", program, source], check=True)
        with child([program, *arguments]) as started:
            yield started


def wait_for(port: int, seconds: float = 10.0) -> None:
    """Wait until somebody listens, for servers that do not say so."""
    end = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < end, f"nobody listens on port {port}"
            time.sleep(0.05)
        else:
            return


def resident(process: int) -> int:
    """Return the bytes of memory that a process holds (Linux)."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(group: int) -> float:
    """Return the processor time that a process group has used so far (Linux).

    On a machine with other work this tells peers apart better than the clock does.
    """
    total = 0
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = entry.read_text().rpartition(")")[2].split()
            if int(fields[2]) == group:
                total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Peer:
    """A server to load.

    Attributes:
        port: Where it listens.
        group: Its process group, whose processor time is counted.
        websocket: Whether it speaks WebSocket.
    """

    port: int
    group: int
    websocket: bool = True


def table(
    title: str, peers: dict[str, Peer], loads: Sequence[Load], *, rounds: int, seconds: float
) -> None:
    """Load every peer in turn, several times, and print medians and ratios to the first."""
    print(f"{title} ({rounds} interleaved rounds of {seconds:g} s, medians)")
    for load in loads:
        print(f"  {load.name}")
        rates: dict[str, list[float]] = {name: [] for name in peers}
        costs: dict[str, list[float]] = {name: [] for name in peers}
        trips: dict[str, list[float]] = {name: [] for name in peers}
        for _ in range(rounds):
            for name, peer in peers.items():
                client = Client(peer.port, websocket=peer.websocket)
                before = cpu_seconds(peer.group)
                rate, times = client.run(load, seconds)
                costs[name].append((cpu_seconds(peer.group) - before) / (rate * seconds) * 1e6)
                client.close()
                rates[name].append(rate)
                trips[name] += times
        first = statistics.median(rates[next(iter(peers))])
        for name in peers:
            rate = statistics.median(rates[name])
            line = f"    {name:<16} {rate:10,.0f} msg/s {rate * load.size / 1e6:8.1f} MB/s"
            line += f"  cpu {statistics.median(costs[name]):6.1f} us/msg"
            if trips[name]:
                p50, p99 = (_quantile(trips[name], part) * 1e6 for part in (0.5, 0.99))
                line += f"  p50 {p50:3.0f} us  p99 {p99:5.0f} us"
            print(f"{line}  ours/this {first / rate:5.2f}", flush=True)


def _quantile(values: list[float], part: float) -> float:
    return sorted(values)[int(part * (len(values) - 1))]
