"""Probes a port and returns what each client would get."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from emsockets_build.probe import (
    DEFAULT_CLIENTS,
    Asked,
    Observations,
    Request,
    Verdict,
    checks_of,
    judge,
    parse_target,
    survey,
)

__all__ = ["WORKS", "Probed", "every", "probe"]

WORKS = "works"


@dataclass(frozen=True)
class Probed:
    """What a probe found.

    Attributes:
        seen: The observations.
        verdicts: For each client.
        seconds: How long it took.
    """

    seen: Observations
    verdicts: tuple[Verdict, ...]
    seconds: float

    @property
    def causes(self) -> dict[str, str]:
        """For each client ``works``, or why it fails."""
        return {one.client.id: one.cause.id if one.cause else WORKS for one in self.verdicts}

    @property
    def checks(self) -> dict[str, str]:
        """The table of checks; of several with one name the last."""
        return {one.name: one.detail for one in checks_of(self.seen)}

    def cause(self, client: str) -> Any:
        """Return the finding for one client."""
        return next(one.cause for one in self.verdicts if one.client.id == client)

    def code(self, client: str) -> str:
        """Return what the finding says to write."""
        return "\n".join(fix.code for fix in self.cause(client).fixes)


def every(cause: str) -> dict[str, str]:
    """All default clients with one result."""
    return dict.fromkeys(DEFAULT_CLIENTS, cause)


def probe(address: str | int, *, asked: Asked | None = None, **how: Any) -> Probed:
    """Probe an address or a port of 127.0.0.1; ``how`` are fields of `Request`."""
    asked = asked or Asked(DEFAULT_CLIENTS)
    how.setdefault("bridge", "proxy" in asked.clients)
    target = parse_target(f"127.0.0.1:{address}" if isinstance(address, int) else address)
    started = time.monotonic()
    seen = asyncio.run(survey(Request(target, **how)))
    verdicts = judge(seen, asked)
    return Probed(seen, verdicts, time.monotonic() - started)
