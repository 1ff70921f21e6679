"""The echo beside that of Node's ``ws``, and what 5,000 idle connections cost either.

Usage: python benchmarks/echo.py --ws FOLDER [--node NODE] [--seconds S] [--rounds N] [--idle N]
where FOLDER is a node_modules that holds ``ws``.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from server_load import Client, Load, Peer, child, ours, resident, table

LOADS = (
    Load("32 bytes, one at a time", 32, 1),
    Load("32 bytes, 64 in flight", 32, 64),
    Load("64 KiB, 16 in flight", 65536, 16),
    Load("1 MiB, 2 in flight", 1 << 20, 2),
)
_SETTLE = 1.0


def _idle(name: str, pid: int, port: int, count: int) -> None:
    """Print what idle connections cost a server."""
    before = resident(pid)
    start = time.perf_counter()
    clients = [Client(port) for _ in range(count)]
    seconds = time.perf_counter() - start
    time.sleep(_SETTLE)
    each = (resident(pid) - before) / count / 1024
    print(
        f"    {name:<22} {each:6.1f} KiB a connection; {count / seconds:,.0f} handshakes a second"
    )
    for client in clients:
        client.close()


def main() -> None:
    """Start both and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ws", type=Path, required=True, help="the node_modules that holds ws")
    parser.add_argument("--node", default="node")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--idle", type=int, default=5000)
    arguments = parser.parse_args()
    env = {**os.environ, "NODE_PATH": str(arguments.ws.absolute())}
    script = Path(__file__).with_name("ws_echo.cjs")
    with ours("echo") as (mine, port), child([arguments.node, script], env=env) as (peer, other):
        peers = {"emsockets echo": Peer(port, mine.pid), "Node ws": Peer(other, peer.pid)}
        table("echo", peers, LOADS, rounds=arguments.rounds, seconds=arguments.seconds)
    with ours("echo") as (mine, port), child([arguments.node, script], env=env) as (peer, other):
        print(f"  {arguments.idle} idle connections")
        _idle("emsockets echo", mine.pid, port, arguments.idle)
        _idle("Node ws", peer.pid, other, arguments.idle)


if __name__ == "__main__":
    main()
