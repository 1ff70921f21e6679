"""The relay beside websockify, a forwarder in C and plain TCP, all before one echo server in C.

Usage: python benchmarks/relay.py [--websockify PROGRAM] [--seconds S] [--rounds N]
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import subprocess

from server_load import Load, Peer, c_echo, c_forward, ours, table, wait_for

from emsockets_build.process import child_process

LOADS = (
    Load("32 bytes, one at a time", 32, 1),
    Load("32 bytes, 64 in flight", 32, 64),
    Load("64 KiB, 16 in flight", 65536, 16),
)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main() -> None:
    """Start everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--websockify", default="websockify", help="the program to compare with")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        echo, upstream = stack.enter_context(c_echo())
        mine, relay = stack.enter_context(ours("--relay", f"127.0.0.1:{upstream}"))
        forward, forwarder = stack.enter_context(c_forward(upstream))
        other = _free_port()
        command = [arguments.websockify, f"127.0.0.1:{other}", f"127.0.0.1:{upstream}"]
        quiet = subprocess.DEVNULL
        peer = stack.enter_context(child_process(command, stdout=quiet, stderr=quiet))
        wait_for(other)
        peers = {
            "emsockets relay": Peer(relay, mine.pid),
            "websockify": Peer(other, peer.pid),
            "TCP forwarder": Peer(forwarder, forward.pid, websocket=False),
            "plain TCP": Peer(upstream, echo.pid, websocket=False),
        }
        table("relay", peers, LOADS, rounds=arguments.rounds, seconds=arguments.seconds)


if __name__ == "__main__":
    main()
