"""Why two builds differ: known semantics of sockets, held against the first calls that differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from emsockets_build.verify.conduct import Conduct
from emsockets_build.verify.parity import Comparison, Difference, Semantic, compare
from emsockets_build.verify.parity_case import Case, Setting
from emsockets_build.verify.parity_rules import RULES
from emsockets_build.verify.parity_shown import shown_by
from emsockets_build.verify.parting import Divergence, Parting, part

__all__ = ["explain"]

# Seen by the server, whatever the calls say.
_BY_TRAFFIC = frozenset({"close-ends-both", "unfinished-message-lost", "unread-data-resets"})
_BORNE = frozenset({"connect-result"})  # programs bear it more often than not


def explain(
    native: Conduct, web: Conduct, setting: Setting, remarks: Sequence[str] = ()
) -> Comparison:
    """Compare two builds and explain what differs.

    Args:
        native: What the native build did.
        web: What the web build did.
        setting: How the web build was made.
        remarks: What should be known of the comparison.

    Returns:
        The comparison; a difference that nothing known explains has no explanation.
    """
    case = Case(native, web, setting)
    semantics = tuple(
        semantic for rule in RULES for semantic in [rule(case)] if semantic is not None
    )
    watched = native.calls is not None and web.calls is not None
    parting = part(native, web) if watched else Parting()
    decisive = None
    if watched:
        decisive = {name for step in parting.decisive for name in _of_divergence(step)}
    differences = tuple(
        replace(found, because=tuple(_because(found, case, semantics, decisive)))
        for found in compare(native, web)
    )
    return Comparison(native, web, differences, semantics, (*remarks, *_ways(parting, differences)))


def _because(
    difference: Difference, case: Case, semantics: Sequence[Semantic], decisive: set[str] | None
) -> Iterator[Semantic]:
    """Choose what explains a difference.

    What it shows itself comes first, then the web build's own cause, then what the calls say.
    """
    shown = tuple(shown_by(difference, case))
    yield from shown
    if any(semantic.certain for semantic in shown) and (decisive or set()) <= _BORNE:
        return
    if case.web.cause is not None and case.native.cause is None:
        cause = case.web.cause
        yield Semantic(cause.id, cause.summary, cause.remedy, cause.evidence)
    fitting = [one for one in semantics if not one.aspects or difference.aspect in one.aspects]
    told = {semantic.id for semantic in shown}
    for semantic in fitting:
        by_calls = decisive is None or semantic.id in decisive | _BY_TRAFFIC
        if by_calls and semantic.id not in told:
            yield semantic


def _ways(parting: Parting, differences: Sequence[Difference]) -> Iterator[str]:
    """Say where the ways part, for differences that nothing known explains."""
    unexplained = any(one.matters and not one.because for one in differences)
    if not unexplained or not parting.decisive:
        return
    step = parting.decisive[-1]
    yield (
        f"the first calls that differ: natively {step.native or 'no more calls'}; "
        f"in the web build {step.web or 'no more calls'}"
    )


def _of_divergence(step: Divergence) -> tuple[str, ...]:
    """The rules that speak of a call that answered otherwise."""
    native, web = step.native, step.web
    if step.kind == "read" and native is not None and web is not None:
        if native.error or web.error or native.ends != web.ends:
            return (
                "reset-reads-as-end",
                "recv-never-blocks",
                "close-ends-both",
                "stream-merging",
                "message-in-parts",
                "unfinished-message-lost",
            )
        more = native.total > web.total
        return ("stream-merging", "recv-never-blocks") if more else ("message-in-parts",)
    ids = {
        "read": ("recv-never-blocks", "stream-merging", "message-in-parts"),
        "send": ("send-after-end", "send-takes-all", "close-ends-both"),
        "connect": ("connect-result",),
        "shutdown": ("shutdown-unsupported",),
        "setsockopt": ("setsockopt-unsupported",),
        "getsockopt": ("getsockopt-unsupported",),
        "getsockname": ("getsockname-empty",),
    }
    if step.kind == "exchange":
        return (*ids["read"], *ids["send"])
    return ids.get(step.kind, ())
