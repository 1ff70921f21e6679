"""Rules on open connections: what spoils them for a client."""

from __future__ import annotations

from collections.abc import Iterator

from emsockets_build.probe.case import Case, Finding
from emsockets_build.probe.clients import Client
from emsockets_build.probe.model import TalkSeen
from emsockets_build.probe.software import POSIX_PROXY

__all__ = ["by_talk"]


def by_talk(case: Case, client: Client) -> Iterator[Finding]:
    """What spoils an open connection for this client."""
    seen, talk = case.seen, case.seen.talk
    if POSIX_PROXY in case.software or client.proxy:
        yield from _by_bridge(case, client)
        return
    if talk is None or not talk.opened:
        return
    if talk.fault:
        # What is no text in a text frame was meant to be a binary one.
        fix = "text" if talk.fault.startswith("text ") else ""
        yield case.find("protocol-error", message=talk.fault, fix=fix)
    if talk.early:
        yield _ended_early(case, talk)
    if talk.silent:
        yield case.find("server-silent", evidence=["neither ping nor close frame was answered"])
    texts = talk.echo == "text" or any(kind == "text" for kind, _ in talk.greeting)
    binary = talk.echo in {"same", "other"} or any(kind == "binary" for kind, _ in talk.greeting)
    if client.drops_text and texts and not binary:
        yield case.find("text-frames-dropped", fix="text")
    if case.asked.sizes:
        yield from _too_big(case)
    if case.asked.idle and seen.idle_end is not None:
        yield _idle(case, seen.idle_end)


def _by_bridge(case: Case, client: Client) -> Iterator[Finding]:
    talk = case.seen.talk
    if not client.proxy:
        yield case.find("wrong-bridge")
    elif talk is None or not talk.proxied:
        yield _no_bridge(case)


def _no_bridge(case: Case) -> Finding:
    return case.find(
        "wrong-bridge",
        summary=f"the server at {case.request.target.url} does not speak the protocol of "
        "BACKEND proxy: a call of socket() got no answer",
        remedy="start websocket_to_posix_proxy at this port, or build with BACKEND websocket",
    )


def _ended_early(case: Case, talk: TalkSeen) -> Finding:
    at_once = "it ended as soon as the connection was open"
    if talk.reset:
        return case.find("connection-reset", evidence=[at_once])
    if talk.end == 1006:  # noqa: PLR2004 - no close frame came
        return case.find("connection-dropped", evidence=[at_once])
    said = f', saying "{talk.end_reason}"' if talk.end_reason else ""
    return case.find("closed-by-server", code=f"{talk.end}{said}", evidence=[at_once])


def _too_big(case: Case) -> Iterator[Finding]:
    """A message of a size that was tried was not taken."""
    failed = next((one for one in case.seen.sizes if not one.taken), None)
    if failed is None or failed.late:
        return
    taken = [one.size for one in case.seen.sizes if one.taken]
    shown = [f"{max(taken)} bytes were taken"] if taken else []
    yield case.find(
        "message-too-big", fix="size", evidence=shown, code=failed.code, size=failed.size
    )


def _idle(case: Case, seconds: float) -> Finding:
    return case.find(
        "connection-dropped",
        summary=f"the server at {case.request.target.url} ends a connection that was idle for "
        f"{seconds:.1f} s",
        remedy="send something now and then, or raise the time-out of the server or of the proxy "
        "before it",
        fix="idle",
    )
