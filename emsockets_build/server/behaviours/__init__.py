"""The table of behaviours: what can be named on a command line, in a URL path or in a test."""

from __future__ import annotations

from urllib.parse import quote

from emsockets_build.errors import UsageError
from emsockets_build.server.behaviour import Behaviour
from emsockets_build.server.behaviours.datagrams import Datagram
from emsockets_build.server.behaviours.endings import Abort, Close, HalfClose, MaxSize
from emsockets_build.server.behaviours.framing import Fragment, Garbage, Huge, Merge, Split
from emsockets_build.server.behaviours.handshakes import (
    NoSubprotocol,
    RawTcp,
    Refuse,
    RequireNone,
    SlowAccept,
    WrongSubprotocol,
)
from emsockets_build.server.behaviours.pacing import Freeze, Jitter, Latency, Ping, SlowRead
from emsockets_build.server.behaviours.plain import Chat, Echo, EchoText, Sink, Source
from emsockets_build.server.handshake import RefusedError, Request
from emsockets_build.server.parameters import closest, parse_parameters

__all__ = ["BEHAVIOURS", "from_request", "from_spec"]

BEHAVIOURS: dict[str, type[Behaviour]] = {
    kind.name: kind
    for kind in (
        Echo,
        EchoText,
        Sink,
        Source,
        Chat,
        Datagram,
        Refuse,
        NoSubprotocol,
        WrongSubprotocol,
        RequireNone,
        RawTcp,
        SlowAccept,
        SlowRead,
        Freeze,
        Latency,
        Jitter,
        Ping,
        Close,
        Abort,
        HalfClose,
        MaxSize,
        Split,
        Merge,
        Fragment,
        Huge,
        Garbage,
    )
}
"""Every behaviour by name, in the order of the documentation."""


def from_spec(spec: str) -> Behaviour:
    """Make a behaviour from its name and parameters.

    Args:
        spec: Such as ``echo`` or ``close?after=3&code=1011``.

    Returns:
        The behaviour.

    Raises:
        UsageError: An unknown name or parameter, or a value that does not fit.
    """
    name, _, query = spec.partition("?")
    kind = BEHAVIOURS.get(name)
    if kind is None:
        raise UsageError(
            f"there is no behaviour `{name}`{closest(name, BEHAVIOURS)}",
            where=spec,
            why=f"the behaviours are: {', '.join(BEHAVIOURS)}",
            remedy="choose one of them; `emsockets serve --list` describes each",
        )
    try:
        return kind(**parse_parameters(kind, query, where=spec))
    except ValueError as error:
        raise UsageError(f"`{spec}` does not fit together", where=spec, why=str(error)) from error


def from_request(request: Request, default: Behaviour) -> Behaviour:
    """Choose a behaviour by URL path; the path ``/`` has the default one.

    Args:
        request: The handshake.
        default: What ``/`` is treated with.

    Returns:
        The behaviour.

    Raises:
        RefusedError: 404 for a path that names no behaviour, 400 for parameters that do not fit.
    """
    name = request.path.strip("/")
    if not name:
        return default
    if name not in BEHAVIOURS:
        raise RefusedError(
            404, f"the path /{quote(name)} names no behaviour{closest(name, BEHAVIOURS)}"
        )
    try:
        return from_spec(f"{name}?{request.query}")
    except UsageError as error:
        detail = "; ".join(filter(None, (error.what, error.why, error.remedy)))
        raise RefusedError(400, detail) from error
