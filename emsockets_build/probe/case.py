"""What the rules judge by, and what they say: a case, and findings in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from emsockets_build.probe.answer import handshake_fault
from emsockets_build.probe.fixes import Fix, fixes_for
from emsockets_build.probe.model import Observations, Request
from emsockets_build.probe.software import Software
from emsockets_build.reasons import BY_ID

__all__ = ["Asked", "Case", "Finding"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the verdicts must answer for.

    Attributes:
        clients: Which clients, by name.
        threads: Whether the program has threads, for which a page must be isolated.
        sizes: Whether the largest size that was tried is a demand.
        idle: Whether surviving the idle time is a demand.
    """

    clients: tuple[str, ...]
    threads: bool = False
    sizes: bool = False
    idle: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """A cause, as `check` names them too, with what mends it here.

    Attributes:
        id: The identifier.
        summary: What is wrong.
        remedy: What to do, whatever the server is.
        fixes: What to write, for the software that was recognised.
        evidence: What was seen.
    """

    id: str
    summary: str
    remedy: str
    fixes: tuple[Fix, ...] = ()
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """The observations with what the rules need of them at hand."""

    seen: Observations
    asked: Asked
    software: tuple[Software, ...]

    @property
    def request(self) -> Request:
        """What was asked for."""
        return self.seen.request

    def find(
        self,
        id_: str,
        *,
        summary: str = "",
        remedy: str = "",
        fix: str = "",
        evidence: Iterable[str] = (),
        **words: object,
    ) -> Finding:
        """Make a finding in the words that `check` uses, where nothing better is known."""
        reason = BY_ID[id_]
        names = self.request.subprotocols or ("binary",)
        filled: dict[str, object] = {
            "url": self.request.target.url,
            "port": self.request.target.port,
            "subprotocol": names[0],
            "origin": self.request.origin or self.request.target.origin,
            "limit": self.request.max_size,
            "offered": f"`{', '.join(names)}`",
            "message": "",
            "page": "",
            **words,
        }
        fixes = tuple(fixes_for(fix, self.software, **filled)) if fix else ()
        return Finding(
            id_,
            summary or reason.summary.format(**filled),
            remedy or reason.remedy.format(**{"what": "", "directive": "", **filled}),
            fixes,
            tuple(evidence),
        )

    def opens(self, name: str) -> bool:
        """Tell whether a handshake opened for a client that insists on its subprotocol."""
        one = self.seen.exchanges[name]
        if one.answer is None:
            return False
        return handshake_fault(one.offer, one.answer, one.accept) is None
