"""The options of a profile on the command line, spelled like the keywords of the CMake command."""

from __future__ import annotations

import argparse

from emsockets_build.settings import Profile

__all__ = ["add_profile_options", "profile_from"]

_SWITCH = {"on": True, "off": False}


def add_profile_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--backend``, ``--wait`` and the others to a command."""
    group = parser.add_argument_group("profile", "what emsockets_target() takes")
    group.add_argument("--backend", help="websocket (default), proxy, node or websocket-api")
    group.add_argument("--wait", help="events (default), asyncify, jspi or pthread")
    group.add_argument("--url", help="ws:// or wss:// for the scheme alone, or a full URL")
    group.add_argument(
        "--subprotocol",
        action="append",
        metavar="NAME",
        help="a subprotocol to offer, repeatable; NONE for none (default: Emscripten's binary)",
    )
    group.add_argument(
        "--debug", choices=_SWITCH, help="log socket calls (default: in Debug builds)"
    )
    group.add_argument(
        "--environment",
        action="append",
        metavar="PLACE",
        help="where it runs: web, webview, worker, node, shell; repeatable (default: everywhere)",
    )
    group.add_argument("--module", help="classic (default) or es6")
    group.add_argument("--exit-runtime", choices=_SWITCH, help="end when main() returns")
    group.add_argument("--posix", choices=_SWITCH, help="socket calls wait as POSIX has it")


def profile_from(arguments: argparse.Namespace) -> Profile:
    """Gather the profile that was given."""
    subprotocols = None if arguments.subprotocol is None else tuple(arguments.subprotocol)
    return Profile(
        backend=arguments.backend,
        wait=arguments.wait,
        url=arguments.url,
        subprotocols=() if subprotocols == ("NONE",) else subprotocols,
        debug=_SWITCH.get(arguments.debug),
        environment=tuple(arguments.environment or ()),
        module=arguments.module,
        exit_runtime=_SWITCH.get(arguments.exit_runtime),
        posix=_SWITCH.get(arguments.posix),
    )
