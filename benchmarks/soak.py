"""Memory over time: an echo and a relay under mixed load, with clients that come and go.

Usage: python benchmarks/soak.py [--minutes M]
"""

from __future__ import annotations

import argparse
import contextlib
import random
import time

from server_load import Client, Load, c_echo, ours, resident

_LOADS = (Load("", 32, 1), Load("", 32, 64), Load("", 65536, 8), Load("", 1 << 20, 2))


def main() -> None:
    """Load both in turn, and print their memory along the way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    arguments = parser.parse_args()
    chance = random.Random(1)  # noqa: S311 - repeatable, not secret
    with contextlib.ExitStack() as stack:
        _, upstream = stack.enter_context(c_echo())
        servers = {
            "echo": stack.enter_context(ours("echo")),
            "relay": stack.enter_context(ours("--relay", f"127.0.0.1:{upstream}")),
        }
        start = time.monotonic()
        step = arguments.minutes * 60 / 10
        due = step / 5  # the first sample after warming up
        connections = messages = 0.0
        while (now := time.monotonic() - start) < arguments.minutes * 60 + step / 2:
            for _, port in servers.values():
                client = Client(port)
                messages += client.run(chance.choice(_LOADS), 0.2)[0] * 0.2
                for _ in range(20):
                    Client(port).close()  # without a word
                client.close()
                connections += 21
            if now >= due:
                due += step
                held = ", ".join(
                    f"{name} {resident(process.pid) / 1e6:.1f} MB"
                    for name, (process, _) in servers.items()
                )
                print(f"{now:6.0f} s  {held}   {connections:,.0f} connections, "
                      f"{messages:,.0f} messages", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
