"""What a person sees of verdicts: tables that line up, and every failure explained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from emsockets_build.quoting import terminal_escape
from emsockets_build.report.console import fit, plain_table
from emsockets_build.report.words import failure_text
from emsockets_build.transcript.event import Kind
from emsockets_build.transcript.sequence import draw_sequence
from emsockets_build.transcript.socket_debug import parse_line
from emsockets_build.verify import Batch, Outcome
from emsockets_build.verify.timeline import timeline_of

__all__ = ["outcome_table", "print_batch", "print_failures", "print_sequence", "socket_table"]

_WORTH_RANKING = 5
_SOCKET_COUNTS = ("sent_messages", "sent_bytes", "received_messages", "received_bytes")
_SHOWN_SOCKETS = 20


def outcome_table(document: Mapping[str, Any]) -> Table:
    """Draw one row per outcome, with what the server itself measured.

    Messages and bytes are those that our side, the test server or the client of a server program,
    received and those that it sent.

    Args:
        document: A report as `document.report_document` writes it.
    """
    table = plain_table("name", "verdict", "subprotocol")
    for heading in ("messages", "bytes", "js+wasm kB", "seconds"):
        table.add_column(heading, justify="right", no_wrap=True)
    for run in document["runs"]:
        sizes = run["sizes"]
        passed = run["verdict"] == "pass"
        table.add_row(
            Text(terminal_escape(run["name"])),
            Text("pass" if passed else "FAIL", style="green" if passed else "bold red"),
            Text(terminal_escape(run["subprotocol"] or "-")),
            *_counts(run),
            "+".join(f"{size / 1000:.0f}" for size in sizes.values()) or "-",
            f"{run['seconds']:.2f}",
        )
    return table


def _counts(run: Mapping[str, Any]) -> tuple[str, str]:
    """Write messages and bytes as our side counted them: into it and out of it."""
    saw, visit = run["server_saw"], run["client_saw"]
    if run["url"] and not saw["connections"]:  # only the page itself tells
        totals = {key: sum(socket[key] for socket in run["sockets"]) for key in _SOCKET_COUNTS}
        return (
            f"{totals['sent_messages']:,}/{totals['received_messages']:,}",
            f"{totals['sent_bytes']:,}/{totals['received_bytes']:,}",
        )
    if visit is not None:
        return (
            f"{visit['messages_echoed']:,}/{visit['messages_sent']:,}",
            f"{visit['bytes_echoed']:,}/{visit['bytes_sent']:,}",
        )
    return (
        f"{saw['messages_in']:,}/{saw['messages_out']:,}",
        f"{saw['bytes_in']:,}/{saw['bytes_out']:,}",
    )


def socket_table(document: Mapping[str, Any]) -> Table:
    """Draw one row for each WebSocket that the runs made.

    Args:
        document: A report as `document.report_document` writes it.
    """
    table = plain_table("WebSocket", "state", "subprotocol")
    for heading in ("sent/received", "bytes"):
        table.add_column(heading, justify="right", no_wrap=True)
    for socket in [one for run in document["runs"] for one in run["sockets"]][:_SHOWN_SOCKETS]:
        table.add_row(
            Text(terminal_escape(socket["url"])),
            Text(terminal_escape(socket["state"])),
            Text(terminal_escape(socket["subprotocol"] or "-")),
            f"{socket['sent_messages']:,}/{socket['received_messages']:,}",
            f"{socket['sent_bytes']:,}/{socket['received_bytes']:,}",
        )
    return table


def print_failures(out: Console, outcomes: Sequence[Outcome], *, output: bool = True) -> None:
    """Say of each failed outcome what was expected, why it failed, and what to do.

    Args:
        out: Where to.
        outcomes: Those that passed are left out.
        output: Whether to show the end of what the program printed.
    """
    for outcome in outcomes:
        if outcome.passed:
            continue
        out.print()
        out.print(Text(f"{terminal_escape(outcome.scenario.name)} failed", style="bold red"))
        for line in failure_text(outcome):
            out.print(Text(f"  {terminal_escape(line)}"), soft_wrap=True)
        if output:
            _print_tail(out, "stdout", outcome.result.stdout)
            _print_tail(out, "stderr", outcome.result.stderr)
            if outcome.own_server is not None and not outcome.own_server.failed:
                _print_tail(out, "server", outcome.own_server.output)


def print_batch(out: Console, batch: Batch, document: Mapping[str, Any]) -> None:
    """Show a batch: the table, every failure, the slowest runs, and the count.

    Args:
        out: Where to.
        batch: The results.
        document: The same as `document.batch_document` writes it.
    """
    if batch.outcomes:
        out.print()
        out.print(outcome_table(document))
    print_failures(out, batch.outcomes)
    for broken in batch.broken:
        out.print()
        out.print(Text(f"{broken.scenario.name} could not be run", style="bold red"))
        out.print(Text(terminal_escape(f"  {broken.error}")), soft_wrap=True)
    out.print()
    if len(batch.outcomes) >= _WORTH_RANKING:
        slowest = sorted(batch.outcomes, key=lambda outcome: -outcome.result.seconds)[:3]
        ranked = ", ".join(f"{o.scenario.name} {o.result.seconds:.2f} s" for o in slowest)
        out.print(Text(f"slowest: {ranked}", style="dim"))
    passed = sum(outcome.passed for outcome in batch.outcomes)
    failed = len(batch.outcomes) - passed
    counts = [f"{passed} passed", f"{failed} failed"]
    counts += [f"{len(batch.broken)} could not be run"] if batch.broken else []
    counts += [f"{len(batch.not_run)} not reached"] if batch.not_run else []
    counts += ["interrupted"] if batch.interrupted else []
    out.print(Text(", ".join(counts), style="bold green" if batch.passed else "bold red"))


def print_sequence(out: Console, outcome: Outcome) -> None:
    """Draw what happened in a run: the program, the network, the server, with times and sizes.

    Args:
        out: Where to.
        outcome: The run.
    """
    out.print()
    for line in draw_sequence(timeline_of(outcome.result, outcome.connections), width=out.width):
        out.print(Text(line), soft_wrap=True)


def _print_tail(out: Console, name: str, output: bytes) -> None:
    lines = [
        line
        for line in output.decode("utf-8", "backslashreplace").splitlines()
        if parse_line(line).kind is not Kind.NOISE
    ]
    if not lines:
        return
    kept = lines[-12:]
    out.print(Text(f"  {name}" + (f", the last {len(kept)} lines" if kept != lines else "")))
    for line in kept:
        out.print(Text(f"    {terminal_escape(fit(line, 400))}", style="dim"))
