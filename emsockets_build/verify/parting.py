"""Where the ways of two builds part: the first of their socket calls that answered otherwise.

A program decides what to do by the answers of its calls, so with equal answers both builds do the
same. What a call answers in time alone (EAGAIN, how often a loop polls, how TCP cut the bytes of
several reads) is left out of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from emsockets_build.verify.conduct import Call, Conduct

__all__ = ["STUBS", "Answer", "Divergence", "Parting", "part"]

STUBS = frozenset({"setsockopt", "shutdown"})
"""Calls that Emscripten's libc refuses without asking JavaScript, so that nobody sees them
(system/lib/libc/emscripten_syscall_stubs.c)."""

_TOLD = frozenset(
    {"accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen"}
)
_BORNE = STUBS | {"connect", "getsockopt"}
_PASSING = frozenset({"EAGAIN", "EALREADY", "EINTR", "EISCONN"})


@dataclass(frozen=True, slots=True)
class Answer:
    """One call, or all reads and sends in a row on one socket.

    A program that polls reads and sends in any order, as time has it; what it read and what it
    sent until its next other call is compared.

    Attributes:
        kind: ``exchange``, ``send``, ``read`` or the call's name.
        descriptor: The socket.
        calls: The calls.
    """

    kind: str
    descriptor: int
    calls: tuple[Call, ...]

    @property
    def total(self) -> int:
        """Bytes of all of them."""
        return sum(max(call.result, 0) for call in self.calls)

    @property
    def error(self) -> str:
        """The error of the last; empty if there is none."""
        return self.calls[-1].error if self.calls else ""

    def only(self, kind: str) -> Answer:
        """Return its reads or its sends alone."""
        chosen = tuple(
            call for call in self.calls if (call.reads if kind == "read" else call.sends)
        )
        return Answer(kind, self.descriptor, chosen)

    @property
    def ends(self) -> bool:
        """Whether the last read found the end."""
        return self.kind == "read" and bool(self.calls) and self.calls[-1].result == 0

    def __str__(self) -> str:
        if not self.calls:
            return f"no {self.kind}"
        return ", ".join(map(str, self.calls[:4])) + (", ..." if len(self.calls) > 4 else "")  # noqa: PLR2004 - a line


@dataclass(frozen=True, slots=True)
class Divergence:
    """A call that answered otherwise.

    Attributes:
        native: In the native build; None if that does not make it.
        web: In the web build; None if that does not make it, or it cannot be seen there.
    """

    native: Answer | None
    web: Answer | None

    @property
    def kind(self) -> str:
        """Which call."""
        answer = self.native or self.web
        return "" if answer is None else answer.kind


@dataclass(frozen=True, slots=True)
class Parting:
    """How far two builds went the same way.

    Attributes:
        divergences: The calls that answered otherwise while they did, in order; without those
            whose failure both were seen to bear.
        decisive: Those that can have made a difference. If the ways part, that is what answered
            otherwise since the last call that answered alike, for with that both went on.
        parted: Whether the calls themselves differ after that.
    """

    divergences: tuple[Divergence, ...] = ()
    decisive: tuple[Divergence, ...] = ()
    parted: bool = False


def part(native: Conduct, web: Conduct) -> Parting:
    """Compare the answers that both builds got, until their ways part.

    Args:
        native: The native build, its calls watched.
        web: The web build.
    """
    divergences: list[Divergence] = []
    borne = 0  # how many of them the last call that answered alike came after
    there = list(_answers(web.calls or (), stubs=False))
    place = 0
    for here in _answers(native.calls or (), stubs=True):
        if here.kind in STUBS:
            if not here.error:
                divergences.append(Divergence(here, None))
            continue
        other = there[place] if place < len(there) else None
        if other is None or other.kind != here.kind:
            return _parted(divergences, borne, Divergence(here, other))
        place += 1
        # Both went on to the same call, so they bore the failures of calls that only fail.
        divergences = [step for step in divergences if step.kind not in _BORNE]
        borne = min(borne, len(divergences))
        mine, yours = _unlike_part(here, other) if here.kind == "exchange" else (here, other)
        if _alike(mine, yours):
            borne = len(divergences)
        else:
            divergences.append(Divergence(mine, yours))
    if place < len(there):
        return _parted(divergences, borne, Divergence(None, there[place]))
    return Parting(tuple(divergences), tuple(divergences))


def _parted(divergences: Sequence[Divergence], borne: int, last: Divergence) -> Parting:
    return Parting(tuple(divergences), tuple(divergences[borne:]) or (last,), parted=True)


def _unlike_part(here: Answer, there: Answer) -> tuple[Answer, Answer]:
    """Take the reads of an exchange or, if these are alike, its sends."""
    reads = here.only("read"), there.only("read")
    if not _alike(*reads):
        return reads
    return here.only("send"), there.only("send")


def _alike(here: Answer, there: Answer) -> bool:
    if here.kind in {"send", "read"}:
        return (here.total, here.error, here.ends) == (there.total, there.error, there.ends)
    if here.kind == "getsockname":
        return False  # never anything but 0.0.0.0:0; the number 0 that it returns tells nothing
    return (here.calls[-1].result < 0, here.error) == (there.calls[-1].result < 0, there.error)


def _answers(calls: Iterable[Call], *, stubs: bool) -> Iterator[Answer]:
    """Join reads and sends in a row, and leave out what passes."""
    joined: Answer | None = None
    connected: set[int] = set()
    for call in calls:
        descriptor = call.arguments[0] if call.arguments else -1
        if call.name in {"close", "socket"}:  # the one in native builds, the other for the web
            connected.discard(call.result if call.name == "socket" else descriptor)
        kind = "exchange" if call.sends or call.reads else call.name
        if not _counts(call, kind, descriptor, connected, stubs=stubs):
            continue
        same = joined is not None and (joined.kind, joined.descriptor) == (kind, descriptor)
        if joined is not None and same and kind == "exchange":
            joined = replace(joined, calls=(*joined.calls, call))
            continue
        if joined:
            yield joined
        joined = Answer(kind, descriptor, (call,))
    if joined:
        yield joined


def _counts(call: Call, kind: str, descriptor: int, connected: set[int], *, stubs: bool) -> bool:
    if kind == "exchange":
        return call.error not in _PASSING
    if call.name == "connect":  # the first of each socket; others ask how it goes
        first = descriptor not in connected
        connected.add(descriptor)
        return first
    if call.name in STUBS:
        return stubs
    return call.name in _TOLD and call.error not in _PASSING
