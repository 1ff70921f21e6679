"""What a page's headers forbid its program: mixed content, policy, threads; no I/O.

Content-Security-Policy is read as far as headers tell (CSP level 3, section 6.7.2); a policy in a
``meta`` element is not seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from emsockets_build.probe.answer import Answer
from emsockets_build.probe.model import PageSeen
from emsockets_build.probe.target import Target

__all__ = ["connect_blocked", "is_mixed_content", "not_isolated", "policies", "wasm_blocked"]

_ISOLATING = {"require-corp", "credentialless"}
_WASM = {"'wasm-unsafe-eval'", "'unsafe-eval'"}
_OK = 200


def is_mixed_content(page_origin: str, target: Target) -> bool:
    """Tell whether browsers take the WebSocket for insecure content of a secure page.

    Args:
        page_origin: Such as ``https://example.org``.
        target: The WebSocket; this machine's own addresses are exempt.
    """
    return page_origin.startswith("https:") and not target.secure and not target.loopback


def policies(answer: Answer) -> Iterator[Mapping[str, tuple[str, ...]]]:
    """Read the policies of an answer.

    Args:
        answer: The page's.

    Yields:
        For each policy its directives with their values, in lower case but for paths.
    """
    for header in answer.all("Content-Security-Policy"):
        for policy in header.split(","):
            directives: dict[str, tuple[str, ...]] = {}
            for directive in policy.split(";"):
                name, *values = directive.split()[:100] or [""]
                if name:
                    directives.setdefault(name.lower(), tuple(values))
            if directives:
                yield directives


def connect_blocked(page: PageSeen, target: Target) -> str:
    """Return the directive that forbids the page to connect to the target; empty if none does."""
    for policy in policies(page.answer) if page.answer is not None else ():
        for name in ("connect-src", "default-src"):
            if name not in policy:
                continue
            if not any(_matches(source, page.target, target) for source in policy[name]):
                return " ".join((name, *policy[name]))
            break
    return ""


def wasm_blocked(page: PageSeen) -> str:
    """Return the directive that keeps WebAssembly from being compiled; empty if none does."""
    for policy in policies(page.answer) if page.answer is not None else ():
        for name in ("script-src", "default-src"):
            if name not in policy:
                continue
            if not _WASM & {value.lower() for value in policy[name]}:
                return " ".join((name, *policy[name]))
            break
    return ""


def _matches(source: str, page: Target, target: Target) -> bool:
    source = source.lower()
    if source == "'self'":
        # ws matches http and wss matches https of the same host and port (CSP 3, 6.7.2.8).
        same = (page.host, page.port) == (target.host, target.port)
        return same and (target.secure or not page.secure)
    if source.startswith("'") or source == "*":
        return source == "*"
    if source.endswith(":") and "/" not in source:
        return _scheme_matches(source[:-1], target)
    scheme, _, rest = source.rpartition("://")
    # Without a scheme the page's counts, of which ws is the equal.
    fits = _scheme_matches(scheme, target) if scheme else target.secure or not page.secure
    return fits and _place_matches(rest, target)


def _scheme_matches(scheme: str, target: Target) -> bool:
    return scheme == target.scheme or (scheme == "ws" and target.scheme == "wss")


def _place_matches(place: str, target: Target) -> bool:
    authority, slash, path = place.partition("/")
    try:
        parts = urlsplit(f"//{authority.replace(':*', '')}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if host.startswith("*."):
        named = target.host.lower().endswith(host[1:])
    else:
        named = host in {"*", target.host.lower()}
    if not authority.endswith(":*"):
        wanted = port or (443 if target.secure else 80)
        named = named and wanted == target.port
    if not slash or not path:
        return named
    mine = urlsplit(target.path).path
    wanted_path = f"/{path}"
    return named and (mine.startswith(wanted_path) if path.endswith("/") else mine == wanted_path)


def not_isolated(page: PageSeen) -> str:
    """Say what a page lacks for threads; empty if it has shared memory."""
    if page.answer is None:
        return ""
    missing = []
    if not page.target.secure and not page.target.loopback:
        missing.append("it comes by http from another machine, which is no secure context")
    opener = page.answer.header("Cross-Origin-Opener-Policy").partition(";")[0].strip()
    embedder = page.answer.header("Cross-Origin-Embedder-Policy").partition(";")[0].strip()
    if opener != "same-origin":
        missing.append(f"Cross-Origin-Opener-Policy is {opener or 'not sent'}")
    if embedder not in _ISOLATING:
        missing.append(f"Cross-Origin-Embedder-Policy is {embedder or 'not sent'}")
    return "; ".join(missing)
