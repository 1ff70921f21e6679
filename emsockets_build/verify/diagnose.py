"""Why a run failed: the first cause that the evidence supports, the most specific first."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable

from emsockets_build.verify.browsing import (
    browser_died,
    cannot_listen,
    file_not_served,
    forbidden_by_policy,
    mixed_content,
    not_isolated,
    not_loaded,
    opens_dialogs,
    reloads,
    still_loading,
)
from emsockets_build.verify.calling import (
    accepted_nothing,
    connect_misread,
    family_unsupported,
    ioctl_unsupported,
    socket_reused,
    suspended_twice,
)
from emsockets_build.verify.connecting import (
    connection_failed,
    not_connecting,
    ws_missing,
    ws_unfit,
)
from emsockets_build.verify.crashing import crashed, known_exception, node_refused
from emsockets_build.verify.evidence import Evidence
from emsockets_build.verify.hanging import blocked_event_loop, never_ends
from emsockets_build.verify.model import Cause
from emsockets_build.verify.talking import (
    closed_by_peer,
    closed_too_early,
    data_not_read,
    data_not_sent,
    exited_before_open,
    message_too_big,
    never_connected,
    protocol_error,
    text_dropped,
    websocket_missing,
    without_socket_emulation,
)

__all__ = ["diagnose"]

_COMPARED = 64 * 1024  # bytes of output
_LINES = 8

# What stopped the program from starting, then what nobody can wait for, then what the wire says,
# then how it ended. Each looks at evidence only: a text that the program printed never counts as
# the reason of a socket's failure.
_CAUSES: tuple[Callable[[Evidence], Cause | None], ...] = (
    node_refused,
    not_loaded,
    browser_died,
    reloads,
    forbidden_by_policy,
    mixed_content,
    not_isolated,
    file_not_served,
    opens_dialogs,
    ws_missing,
    suspended_twice,
    known_exception,
    still_loading,
    blocked_event_loop,
    cannot_listen,
    ws_unfit,
    websocket_missing,
    without_socket_emulation,
    family_unsupported,
    accepted_nothing,
    ioctl_unsupported,
    connect_misread,
    socket_reused,
    connection_failed,
    message_too_big,
    text_dropped,
    protocol_error,
    closed_by_peer,
    crashed,
    not_connecting,
    exited_before_open,
    data_not_sent,
    data_not_read,
    closed_too_early,
    never_ends,
    never_connected,
)


def diagnose(evidence: Evidence) -> Cause | None:
    """Find the cause of a failure.

    Args:
        evidence: What is known of the run; `Evidence.mismatches` says that it failed.

    Returns:
        The cause; None if nothing was expected in vain.
    """
    if not evidence.mismatches:
        return None
    for find in _CAUSES:
        cause = find(evidence)
        if cause is not None:
            return cause
    return _only_different(evidence)


def _only_different(evidence: Evidence) -> Cause:
    """Say what differs, where nothing went wrong that has a name of its own."""
    first = evidence.mismatches[0]
    shown = tuple(
        f"{miss.expectation}: expected {miss.expected}, found {miss.found}"
        for miss in evidence.mismatches
    )
    if first.expectation == "exit code":
        return Cause(
            "unexpected-exit-code",
            f"the program ended with {first.found} where {first.expected} was expected",
            "see its output; under ASYNCIFY the value that main() returns is lost: call exit()",
            evidence=shown + _tail(evidence),
        )
    if first.expectation == "standard output":
        return Cause(
            "output-mismatch",
            f"the program's output {_said(first.expected)}",
            "compare the lines: `-` is the expression, `+` the line that comes nearest to it",
            evidence=(*(_difference(evidence) or shown), *_tail(evidence)),
        )
    return Cause(
        "unexpected-traffic",
        f"{first.expectation}: expected {first.expected}, found {first.found}",
        "see the transcript of the run",
        evidence=(*shown, *evidence.server_lines()),
    )


def _said(expected: str) -> str:
    if expected.startswith("does not match"):
        return f"matches what it must not: {expected.removeprefix('does not match ')}"
    return f"nowhere {expected}"


def _tail(evidence: Evidence) -> tuple[str, ...]:
    """Return the last lines of output."""
    text = evidence.result.stdout[-_COMPARED:].decode("utf-8", "replace").splitlines()
    return tuple(f"printed: {line}" for line in text[-_LINES:])


def _difference(evidence: Evidence) -> tuple[str, ...]:
    """Put each expression beside the line that comes nearest to it."""
    lines = evidence.result.stdout[-_COMPARED:].decode("utf-8", "replace").splitlines()
    shown: list[str] = []
    for miss in evidence.mismatches:
        if miss.expectation == "standard output" and miss.expected.startswith("matches "):
            expression = miss.expected.removeprefix("matches ").strip("'\"")
            words = re.sub(r"\\(.)", r"\1", expression).strip("^$")
            nearest = difflib.get_close_matches(words, lines, n=1, cutoff=0.3)
            shown.append(f"- {expression}")
            shown += [f"+ {line}" for line in nearest]
    return tuple(shown)
