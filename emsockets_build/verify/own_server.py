"""What a server of the project's own has to do with a verdict: was it ready, did it live."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence

from emsockets_build.server import ConnectionRecord
from emsockets_build.verify.model import Cause, Mismatch, ServerCommand, ServerReport

__all__ = ["PORT_TAKEN", "server_cause", "server_mismatches"]

PORT_TAKEN = re.compile(rb"address (is )?already in use|EADDRINUSE|WSAEADDRINUSE", re.IGNORECASE)
"""How servers say that somebody else has their port."""

_TAIL = 16 * 1024  # bytes of output
_LINES = 12
_UNREACHABLE = "cannot be reached"
_BUFFERED = (
    "a program whose output is a pipe keeps it back until there is much of it: flush it (std::endl,"
    " fflush(stdout), print(..., flush=True))"
)


def server_mismatches(report: ServerReport | None) -> tuple[Mismatch, ...]:
    """Hold what became of the server against what a server must do.

    Args:
        report: The server's; None if the scenario has no server of its own.
    """
    if report is None or not report.failed:
        return ()
    if report.ready:
        return (Mismatch("server", "at work until the program ends", _ending(report)),)
    found = _ending(report) if _ended(report) else f"not after {report.seconds:.1f} s"
    return (Mismatch("server", "ready", found),)


def server_cause(
    command: ServerCommand | None,
    report: ServerReport | None,
    connections: Sequence[ConnectionRecord],
) -> Cause | None:
    """Find out whether a failure is the server's, which comes before everything that follows of it.

    Args:
        command: What was to be started.
        report: What became of it.
        connections: What stood between the program and the server saw.

    Returns:
        The cause; None if the server did what it must.
    """
    if command is None or report is None:
        return None
    if _ended(report) and report.failed:
        return _died(report)
    if not report.ready:
        return _not_ready(command, report)
    unreachable = [
        text
        for record in connections
        for text in (record.fault, record.refusal)
        if _UNREACHABLE in text
    ]
    if unreachable:
        return Cause(
            "server-unreachable",
            f"the server was ready but took no connection on 127.0.0.1:{report.port}",
            "have it say that it is ready (SERVER_READY) only when it listens, on 127.0.0.1",
            evidence=(unreachable[0], *_output(report)),
        )
    return None


def _died(report: ServerReport) -> Cause:
    when = "while the program ran" if report.ready else "before it was ready"
    if not report.ready and PORT_TAKEN.search(report.output):
        return Cause(
            "server-port-taken",
            "the server could not listen: somebody else has its port",
            "let it take the port that it is given ({port} in its arguments), or choose one itself "
            "(port 0) and print it for SERVER_PORT_FROM",
            evidence=_output(report),
        )
    return Cause(
        "server-died",
        f"the server {_ending(report)} {when}",
        "see its output; run the command by hand to see it alone",
        evidence=_output(report),
    )


def _not_ready(command: ServerCommand, report: ServerReport) -> Cause:
    summary, remedy = _missing(command, report)
    return Cause("server-not-ready", summary, remedy, evidence=_output(report))


def _missing(command: ServerCommand, report: ServerReport) -> tuple[str, str]:
    """Say what the server did not do, and what to do about it."""
    waited = f"within {report.seconds:.1f} s"
    no_line = f"no line of the server's output matched {{}} {waited}"
    compare = f"compare it with the lines; {_BUFFERED}"
    if report.port_text and not report.port:
        found = f"what SERVER_PORT_FROM found in the server's output, {report.port_text!r},"
        remedy = "let its first group match the digits alone, such as 'port ([0-9]+)'"
        return f"{found} is no port", remedy
    if command.port_from and not report.port:
        return no_line.format(f"SERVER_PORT_FROM {command.port_from!r}"), compare
    if command.ready:
        summary = no_line.format(f"SERVER_READY {command.ready!r}")
        if report.accepts:
            summary += f", although it listens on 127.0.0.1:{report.port}"
            compare = f"mend the expression or leave it out; {_BUFFERED}"
        return summary, compare
    listen = f"the server did not listen on 127.0.0.1:{report.port} {waited}"
    remedy = (
        "see whether it uses the port that {port} gives it, listens on 127.0.0.1 (not on ::1 "
        "alone), and is that fast; TIMEOUT bounds its start, too"
    )
    return listen, remedy


def _ended(report: ServerReport) -> bool:
    return report.returncode is not None


def _ending(report: ServerReport) -> str:
    code = report.returncode or 0
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = str(-code)
    return f"ended by signal {name}"


def _output(report: ServerReport) -> tuple[str, ...]:
    """Return the command and the last lines of what it printed."""
    lines = report.output[-_TAIL:].decode("utf-8", "backslashreplace").splitlines()
    shown = [f"server: {line[:400]}" for line in lines[-_LINES:]] or ["server: (no output)"]
    return (f"command: {' '.join(report.command)}", *shown)
