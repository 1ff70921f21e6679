"""Causes that only pages have: what the browser forbids, what is not served, pages that die."""

from __future__ import annotations

import re
from dataclasses import dataclass

from emsockets_build.reasons import BY_ID
from emsockets_build.run.hang import HangKind
from emsockets_build.transcript.event import Event, Kind
from emsockets_build.verify.evidence import Evidence
from emsockets_build.verify.model import Cause

__all__ = [
    "MANY_DIALOGS",
    "browser_died",
    "cannot_listen",
    "file_not_served",
    "forbidden_by_policy",
    "mixed_content",
    "not_isolated",
    "not_loaded",
    "opens_dialogs",
    "reloads",
    "still_loading",
]

_CERTIFICATE = re.compile(r"ERR_CERT_|_PKIX_ERROR_|SEC_ERROR_|insecure certificate")
# Chromium says it in its log, Firefox only by the exception that the constructor throws.
_MIXED = re.compile(
    r"^Mixed Content:|An insecure WebSocket connection may not be initiated|"
    r"^The operation is insecure"
)
_POLICY = re.compile(
    r"violates the following Content Security [Pp]olicy|blocked by CSP|Content-Security-Policy:|"
    r"NS_ERROR_CONTENT_BLOCKED"
)
MANY_DIALOGS = 3
"""So many dialogs stop a page in earnest."""


def _told(evidence: Evidence, pattern: re.Pattern[str]) -> list[Event]:
    """Return what says so: the browser's log, exceptions, and constructors that threw."""
    events = [*evidence.noted("log", "abort"), *evidence.exceptions, *evidence.errors]
    return [e for e in events if pattern.search(str(e.detail.get("message") or e.text))]


def _page(evidence: Evidence) -> str:
    """Return the address of the page."""
    return next((str(event.detail.get("url")) for event in evidence.of(Kind.START)), "")


def not_loaded(evidence: Evidence) -> Cause | None:
    """The page itself could not be loaded."""
    failed = evidence.noted("navigation-failed")
    if not failed:
        return None
    if _CERTIFICATE.search(failed[0].text):
        return Cause(
            "tls-certificate",
            f"the browser does not trust the TLS certificate of the page: {failed[0].text}",
            "use a certificate that the browser trusts, or http:// on this machine",
            evidence=evidence.lines(failed),
        )
    return Cause(
        "page-not-loaded",
        f"the page could not be loaded: {failed[0].text}",
        "see that its server runs, and that the address is right",
        evidence=evidence.lines(failed),
    )


@dataclass(frozen=True, slots=True)
class _Message:
    """A word of the browser that has one meaning."""

    id: str
    report: str
    summary: str
    remedy: str


def _message(id_: str, report: str, summary: str, remedy: str) -> _Message:
    return _Message(id_, report, summary, remedy)


_DEATHS = (
    _message(
        "browser-died",
        "browser-lost",
        "the browser died",
        "the machine may be out of memory; the next scenario gets a new browser",
    ),
    _message(
        "page-crashed",
        "page-crashed",
        "the page's process died, as in a tab that crashed",
        "most often memory: see how much the program allocates (-sMAXIMUM_MEMORY)",
    ),
    _message(
        "page-closed",
        "page-closed",
        "the page closed itself, or somebody closed it",
        "do not call window.close() before the program has ended",
    ),
)


def browser_died(evidence: Evidence) -> Cause | None:
    """The page's process, or the whole browser, is gone."""
    for death in _DEATHS:
        found = evidence.noted(death.report)
        if found:
            words = f" ({found[0].text})" if found[0].text else ""
            return Cause(
                death.id,
                f"{death.summary}{words}",
                death.remedy,
                evidence=(*evidence.lines(found), *evidence.server_lines()),
            )
    return None


def reloads(evidence: Evidence) -> Cause | None:
    """The page loads itself again and again."""
    found = evidence.noted("page-reloads")
    if not found:
        return None
    return Cause(
        "page-reloads",
        f"the page never comes to rest: {found[0].text}",
        "find what calls location.reload(), or where two pages send the browser to each other",
        evidence=evidence.lines(found),
    )


def forbidden_by_policy(evidence: Evidence) -> Cause | None:
    """The page's Content-Security-Policy forbids the connection, or WebAssembly itself."""
    violated, told = evidence.noted("policy"), _told(evidence, _POLICY)
    if not violated and not told:
        return None
    directive = str(violated[0].detail.get("directive", "")) if violated else ""
    words = told[0].text if told else ""
    if not directive:
        directive = "connect-src" if "connect-src" in words else "script-src"
    what = violated[0].text if violated else ""
    forbidden = "WebAssembly" if directive.startswith("script-src") else what or "the connection"
    known = BY_ID["content-security-policy"]
    scripts = directive.startswith("script-src")
    return Cause(
        known.id,
        known.summary.format(what=forbidden, directive=directive),
        known.remedy.format(
            name="script-src" if scripts else "connect-src",
            source="'wasm-unsafe-eval'" if scripts else what or "the server",
        ),
        evidence=evidence.lines([*violated, *told]),
    )


def mixed_content(evidence: Evidence) -> Cause | None:
    """A page of https asks for ws."""
    told = _told(evidence, _MIXED)
    if not told:
        return None
    urls = [str(event.detail["url"]) for event in told if event.detail.get("url")]
    known = BY_ID["mixed-content"]
    return Cause(
        known.id,
        known.summary.format(
            page=_page(evidence), url=next((url for url in urls if url.startswith("ws:")), "this")
        ),
        known.remedy,
        evidence=evidence.lines(told),
    )


def not_isolated(evidence: Evidence) -> Cause | None:
    """A program with threads in a page without COOP and COEP; some releases print nothing."""
    features, starts = evidence.result.features, evidence.of(Kind.START)
    if features is None or not features.pthreads or not starts:
        return None
    if starts[-1].detail.get("isolated") is not False:
        return None
    known = BY_ID["shared-memory-missing"]
    return Cause(
        known.id,
        known.summary.format(page=_page(evidence), message="crossOriginIsolated is false"),
        known.remedy,
        evidence=evidence.lines([*starts[-1:], *evidence.exceptions]),
    )


def file_not_served(evidence: Evidence) -> Cause | None:
    """A script that the page needs is not there."""
    failed = [
        event
        for event in evidence.noted("load-failed")
        if event.detail.get("tag") in {"script", "worker"}
    ]
    if not failed:
        return None
    url = str(failed[0].detail.get("url"))
    return Cause(
        "file-not-served",
        f"the page could not load {url}",
        "keep the files that emcc wrote together, and serve all of them, with the type "
        "text/javascript for scripts",
        evidence=evidence.lines([*failed, *evidence.noted("log")]),
    )


def cannot_listen(evidence: Evidence) -> Cause | None:
    """A server in a page: listen() and bind() say ENOTSUP there."""
    calls = [e for e in evidence.of(Kind.CALL) if e.detail.get("call") in {"listen", "accept4"}]
    failed = [event for event in calls if _result(event) < 0]
    if not evidence.in_page or not failed or evidence.of(Kind.CONNECT):
        return None
    return Cause(
        "page-cannot-listen",
        "the program is a server, and a page cannot listen: listen() fails with ENOTSUP",
        "run the server under Node (RUNNER node), or as a native program",
        evidence=evidence.lines(failed),
    )


def _result(event: Event) -> int:
    result = event.detail.get("result")
    return result if isinstance(result, int) else 0


def opens_dialogs(evidence: Evidence) -> Cause | None:
    """The page asks somebody who is not there."""
    dialogs = evidence.noted("dialog")
    awaited = any(miss.expectation == "dialog" for miss in evidence.mismatches)
    if not (evidence.result.timed_out or awaited) or len(dialogs) < MANY_DIALOGS:
        return None
    return Cause(
        "page-opens-dialogs",
        f"the page opened {len(dialogs)} dialogs or more, which were dismissed: {dialogs[0].text}",
        "do not call alert(), confirm() or prompt(): each stops the page, and with it every "
        "socket, until somebody answers",
        evidence=evidence.lines(dialogs),
    )


def still_loading(evidence: Evidence) -> Cause | None:
    """The program never began: what it is made of was not there in time."""
    hang = evidence.hang
    if not evidence.in_page or hang is None or evidence.of(Kind.CONNECT, Kind.CALL):
        return None
    if hang.kind not in {HangKind.IDLE, HangKind.SUSPENDED}:
        return None
    if "something that is still being loaded" not in hang.handles:
        return None
    return Cause(
        "page-still-loading",
        "the program has not begun: the page still waits for something that it loads, such as the "
        ".wasm file",
        "see that the server answers every request of the page, and how large the files are",
        evidence=evidence.lines([*evidence.noted("log"), *evidence.of(Kind.START)]),
    )
