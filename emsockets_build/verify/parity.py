"""Whether a native build and a web build did the same, and why not; pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from emsockets_build.verify.conduct import Conduct, Direction, Talk

__all__ = ["Aspect", "Comparison", "Difference", "Row", "Semantic", "compare", "side_by_side"]


class Aspect(StrEnum):
    """What is compared."""

    EXIT = "exit"
    STDOUT = "standard output"
    STDERR = "standard error"
    CONNECTIONS = "connections"
    TO_SERVER = "bytes to the server"
    TO_PROGRAM = "bytes to the program"
    MESSAGES = "messages to the server"
    ORDER = "order of events"


@dataclass(frozen=True, slots=True)
class Semantic:
    """Something known that the two builds' sockets do differently, and that was seen here.

    Attributes:
        id: A stable identifier, such as ``stream-merging``.
        summary: What differs, in a sentence.
        remedy: What to do.
        evidence: The lines that show it.
        aspects: What it can make differ; empty for everything.
        certain: Whether the difference itself shows that this made it.
    """

    id: str
    summary: str
    remedy: str
    evidence: tuple[str, ...] = ()
    aspects: frozenset[Aspect] = frozenset()
    certain: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that the two builds did not do alike.

    Attributes:
        aspect: What.
        native: What the native build did.
        web: What the web build did.
        matters: Whether it makes the builds unequal; what TCP and time may decide does not.
        because: What explains it, the likeliest first.
    """

    aspect: Aspect
    native: str
    web: str
    matters: bool = True
    because: tuple[Semantic, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two builds of one program, side by side.

    Attributes:
        native: What the native build did.
        web: What the web build did.
        differences: What differs, what matters first.
        semantics: Every known difference of the sockets that the program met, with or without
            effect.
        remarks: What should be known of the comparison itself.
    """

    native: Conduct
    web: Conduct
    differences: tuple[Difference, ...] = ()
    semantics: tuple[Semantic, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def equal(self) -> bool:
        """Whether nothing that matters differs."""
        return not any(difference.matters for difference in self.differences)


def compare(native: Conduct, web: Conduct) -> tuple[Difference, ...]:
    """List what two builds did not do alike.

    Args:
        native: What the native build did.
        web: What the web build did.

    Returns:
        Differences without explanations, what matters first.
    """
    found = [*_ending(native, web), *_output(native, web), *_traffic(native, web)]
    if not any(difference.matters for difference in found):
        found += _order(native, web)
    return tuple(sorted(found, key=lambda difference: not difference.matters))


def _ending(native: Conduct, web: Conduct) -> Iterator[Difference]:
    if native.ending != web.ending:
        yield Difference(Aspect.EXIT, native.ending, web.ending)


def _output(native: Conduct, web: Conduct) -> Iterator[Difference]:
    for aspect, here, there in (
        (Aspect.STDOUT, native.stdout, web.stdout),
        (Aspect.STDERR, native.stderr, web.stderr),
    ):
        if here == there:
            continue
        place = next(
            (n for n, (one, other) in enumerate(zip(here, there, strict=False)) if one != other),
            min(len(here), len(there)),
        )
        yield Difference(aspect, _line(here, place), _line(there, place))


def _line(lines: Sequence[str], place: int) -> str:
    if place < len(lines):
        return f"line {place + 1}: {lines[place]}"
    return f"no line {place + 1}" if lines else "nothing"


def _traffic(native: Conduct, web: Conduct) -> Iterator[Difference]:
    here, there = len(native.talks), len(web.talks)
    if here != there:
        yield Difference(Aspect.CONNECTIONS, f"{here} opened", f"{there} opened")
    for number, (one, other) in enumerate(zip(native.talks, web.talks, strict=False), 1):
        where = f"connection {number}: " if max(here, there) > 1 else ""
        for aspect, mine, yours in (
            (Aspect.TO_SERVER, one.to_server, other.to_server),
            (Aspect.TO_PROGRAM, one.to_program, other.to_program),
        ):
            if not _same_size(mine, yours):
                yield Difference(aspect, f"{where}{mine.size:,}", f"{where}{yours.size:,}")
            elif _other_bytes(mine, yours):
                said = f"{where}{mine.size:,} bytes, SHA-256"
                yield Difference(
                    aspect, f"{said} {mine.digest[:12]}", f"{said} {yours.digest[:12]}"
                )


def _same_size(here: Direction, there: Direction) -> bool:
    """Whether the same was sent; what of it came before the server's end is a matter of time."""
    return max(here.size, there.size) <= min(here.size + here.late, there.size + there.late)


def _other_bytes(here: Direction, there: Direction) -> bool:
    return here.size == there.size and bool(
        here.digest and there.digest and here.digest != there.digest
    )


def _order(native: Conduct, web: Conduct) -> Iterator[Difference]:
    """What happened in another order although the same happened; time has a say in it."""
    for number, (one, other) in enumerate(zip(native.talks, web.talks, strict=False), 1):
        here, there = _story(one), _story(other)
        if here != there:
            where = f"connection {number}: " if len(native.talks) > 1 else ""
            yield Difference(Aspect.ORDER, where + here, where + there, matters=False)
    if _overlaps(native.talks) != _overlaps(web.talks):
        yield Difference(Aspect.ORDER, _overlaps(native.talks), _overlaps(web.talks), matters=False)
    sessions = native.sessions
    for number, (session, other) in enumerate(zip(sessions, web.talks, strict=False), 1):
        sends, messages = len(session.sends), len(other.to_server.pieces)
        if sends and sends != messages:
            where = f"connection {number}: " if len(sessions) > 1 else ""
            yield Difference(
                Aspect.MESSAGES,
                f"{where}{sends} sends",
                f"{where}{messages} messages",
                matters=False,
            )


def _story(talk: Talk) -> str:
    """Who spoke first, and who ended it."""
    first = {">": "the program speaks first, ", "<": "the server speaks first, "}
    end = f"the {talk.ended_by} ends it" if talk.ended_by else "nobody ends it"
    return f"{first.get(talk.turns[:1], 'nobody speaks, ')}{end}{' with a reset' * talk.reset}"


def _overlaps(talks: Sequence[Talk]) -> str:
    """Which connections stood at the same time; ends within one another's reach are no order."""
    words = [
        f"connection {number} begins {'before' if talk.began < before.ended else 'after'} "
        f"connection {number - 1} ends"
        for number, (before, talk) in enumerate(pairwise(talks), 2)
    ]
    return ", ".join(words)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the two builds side by side.

    Attributes:
        label: What it is about.
        native: What the native build did.
        web: What the web build did.
        differs: Whether a difference that matters is about it.
    """

    label: str
    native: str
    web: str
    differs: bool = False


def side_by_side(comparison: Comparison) -> tuple[Row, ...]:
    """Put what both builds did beside each other.

    Args:
        comparison: Two builds.

    Returns:
        A line for each thing that is compared, also for what is equal.
    """
    aspects = {one.aspect for one in comparison.differences if one.matters}
    return tuple(
        Row(label, native, web, differs=bool(aspects.intersection(about)))
        for (label, native, about), (_, web, _) in zip(
            _rows(comparison.native), _rows(comparison.web), strict=True
        )
    )


def _rows(conduct: Conduct) -> Iterator[tuple[str, str, tuple[Aspect, ...]]]:
    talks = conduct.talks
    refused = f", {conduct.refused} refused" if conduct.refused else ""
    yield "ending", conduct.ending, (Aspect.EXIT,)
    yield "standard output", _count(len(conduct.stdout), "line"), (Aspect.STDOUT,)
    yield "standard error", _count(len(conduct.stderr), "line"), (Aspect.STDERR,)
    yield "connections", f"{len(talks)}{refused}", (Aspect.CONNECTIONS,)
    sent = sum(talk.to_server.size for talk in talks)
    got = sum(talk.to_program.size for talk in talks)
    yield "bytes to the server", f"{sent:,}", (Aspect.TO_SERVER,)
    yield "bytes to the program", f"{got:,}", (Aspect.TO_PROGRAM,)
    sessions = conduct.sessions
    for label, counts in (
        ("sends", [len(session.sends) for session in sessions]),
        ("reads", [len(session.reads) for session in sessions]),
    ):
        yield label, f"{sum(counts):,}" if conduct.calls is not None else "not watched", ()
    yield "ended by", ", ".join(talk.ended_by or "nobody" for talk in talks[:4]) or "-", ()


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"
