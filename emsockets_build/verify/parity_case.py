"""What the rules on parity look at, and what more than one of them says."""

from __future__ import annotations

from dataclasses import dataclass

from emsockets_build.verify.conduct import Conduct
from emsockets_build.verify.parity import Aspect, Semantic

__all__ = ["OUTPUT", "Case", "Setting", "own_address"]

OUTPUT = frozenset({Aspect.STDOUT, Aspect.STDERR})
"""The aspects that are lines of text."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How the web build was made.

    Attributes:
        backend: The profile's backend.
        wait: The profile's wait.
    """

    backend: str = "websocket"
    wait: str = "asyncify"


@dataclass(frozen=True, slots=True)
class Case:
    """What a rule looks at: both builds, and how the web build was made."""

    native: Conduct
    web: Conduct
    setting: Setting

    @property
    def posix(self) -> bool:
        """Whether the web build's calls are as those of TCP: real ones, or those of POSIX ON."""
        return self.setting.backend == "node" or self.web.posix


def own_address(case: Case) -> Semantic:
    """Explain that a WebSocket does not tell its own address (library_sockfs.js, getname).

    Args:
        case: Where that made a difference.
    """
    known = [call for call in case.native.named("getsockname") if call.port]
    return Semantic(
        "getsockname-empty",
        "getsockname() told the socket's own address natively; for the web it is always 0.0.0.0:0",
        "do not use the local address or port for anything; let the server tell what it sees",
        (*(f"native: port {call.port}" for call in known[:1]), "web: 0.0.0.0:0"),
        OUTPUT,
    )
