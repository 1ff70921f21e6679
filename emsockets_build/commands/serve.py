"""``emsockets serve``: the live test server, the relay, static files, pages and the inspector."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from ssl import SSLContext

    from emsockets_build.server.behaviour import Behaviour
    from emsockets_build.server.certificate import Certificate
    from emsockets_build.server.gates import Gate

__all__ = ["populate_parser", "run"]


def populate_parser(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.description = (
        "Serve WebSocket clients in a chosen way, each behaviour on a port of its own; without a "
        "behaviour, echo, and the URL path chooses others: ws://HOST:PORT/close?after=3&code=1011. "
        "Prints `READY URL` on standard output for each port that accepts; Ctrl-C ends it."
    )
    parser.add_argument(
        "behaviour", nargs="*", metavar="BEHAVIOUR", help="such as echo or 'close?after=3'; --list"
    )
    parser.add_argument("--list", action="store_true", help="describe the behaviours and exit")
    parser.add_argument("--json", action="store_true", help="with --list: as one JSON object")
    _add_network(parser)
    page = parser.add_argument_group("page and inspector")
    page.add_argument(
        "--page",
        type=Path,
        metavar="FILE|DIR",
        help="serve this page, which reloads itself after a build; brings --inspect",
    )
    page.add_argument(
        "--inspect",
        action="store_true",
        help="show every connection live, and act on it, on a page of its own",
    )
    page.add_argument(
        "--open", action="store_true", help="open the page, else the inspector, in your browser"
    )
    relay = parser.add_argument_group("relay")
    relay.add_argument(
        "--relay",
        metavar="UPSTREAM",
        help="join clients to HOST:PORT, udp:HOST:PORT or unix:PATH, byte for byte",
    )
    relay.add_argument(
        "--origin",
        action="append",
        default=[],
        metavar="URL",
        help="an origin, beside this machine's, whose pages may connect; repeatable",
    )
    relay.add_argument("--token", default="", help="what URLs must carry as ?token=...")
    output = parser.add_argument_group("output")
    output.add_argument("--record", type=Path, metavar="FILE", help="append events as JSON lines")
    output.add_argument("-q", "--quiet", action="store_true", help="no live log")
    output.add_argument("-v", "--verbose", action="store_true", help="every frame in the live log")


def _add_network(parser: argparse.ArgumentParser) -> None:
    network = parser.add_argument_group("network")
    network.add_argument("--host", default="127.0.0.1", help="address to bind (default: loopback)")
    network.add_argument(
        "--port", type=int, default=0, help="the first port (default: 0, free ones)"
    )
    network.add_argument(
        "--subprotocol",
        action="append",
        metavar="NAME",
        help="a subprotocol that is spoken, repeatable; `none` for none (default: binary)",
    )
    network.add_argument("--static", type=Path, metavar="DIR", help="also serve these files")
    network.add_argument("--tls", action="store_true", help="wss, with a certificate made now")
    network.add_argument(
        "--ca-file", type=Path, metavar="FILE", help="with --tls: where to write what to trust"
    )
    network.add_argument("--cert", type=Path, metavar="FILE", help="wss, with this certificate")
    network.add_argument("--key", type=Path, metavar="FILE", help="the private key of --cert")


def run(arguments: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM."""
    from emsockets_build.errors import ExitCode
    from emsockets_build.server.reload import start_page
    from emsockets_build.server.service import Service, run_service

    if arguments.list:
        return _list(as_json=arguments.json)
    _check(arguments)
    tls = _tls(arguments)
    names = arguments.subprotocol or ["binary"]
    service = Service(
        behaviours=_behaviours(arguments),
        by_path=not arguments.behaviour and not arguments.relay,
        host=arguments.host,
        port=arguments.port,
        subprotocols=() if names == ["none"] else tuple(names),
        tls=tls,
        site=arguments.static,
        gate=_gate(arguments),
        record=arguments.record,
        log=not arguments.quiet,
        every_frame=arguments.verbose,
        page=start_page(arguments.page) if arguments.page is not None else None,
        inspect=arguments.inspect or arguments.page is not None,
    )
    first = "INSPECT" if arguments.page is None else "PAGE"
    interrupted = run_service(service, _announcer(first if arguments.open else ""))
    return int(ExitCode.INTERRUPTED if interrupted else ExitCode.OK)


def _list(*, as_json: bool) -> int:
    from emsockets_build.server import catalogue

    if as_json:
        import json

        record = {"schema": 1, "command": "serve", "behaviours": catalogue.as_json()}
        sys.stdout.write(json.dumps(record) + "\n")
    else:
        sys.stdout.write(catalogue.as_text())
    return 0


def _announcer(opened: str) -> Callable[[str, str], None]:
    """Return what prints each URL, and opens the one that is called ``opened``."""

    def announce(what: str, url: str) -> None:
        sys.stdout.write(f"{what} {url}\n")
        sys.stdout.flush()
        if what == opened:
            _open(url)

    return announce


def _open(url: str) -> None:
    """Open a page in the user's browser, which may take its time."""
    import threading
    import webbrowser

    def work() -> None:
        if not webbrowser.open(url):
            sys.stderr.write(f"no browser could be started; open {url} yourself\n")

    threading.Thread(target=work, daemon=True).start()


def _behaviours(arguments: argparse.Namespace) -> list[Behaviour]:
    from emsockets_build.server.behaviours import from_spec

    if not arguments.relay:
        return [from_spec(spec) for spec in arguments.behaviour or ["echo"]]
    from emsockets_build.server.relay import Relay
    from emsockets_build.server.upstream import parse_upstream

    upstream = parse_upstream(arguments.relay)
    upstream.check()
    return [Relay(upstream)]


def _check(arguments: argparse.Namespace) -> None:
    """Refuse arguments that contradict each other or would open what should stay shut."""
    from emsockets_build.errors import UsageError
    from emsockets_build.server.gates import is_loopback

    if arguments.relay and arguments.behaviour:
        raise UsageError(
            "--relay is a behaviour of its own",
            remedy="leave the other behaviours out, or start a second server for them",
        )
    if arguments.relay and not is_loopback(arguments.host) and not arguments.token:
        raise UsageError(
            f"a relay on {arguments.host} would be open to the network",
            where="--host",
            remedy="add --token SECRET, or leave --host out",
        )
    if not 0 <= arguments.port <= 65536 - max(1, len(arguments.behaviour)):
        raise UsageError(f"there is no port {arguments.port}", where="--port", remedy="1 to 65535")
    if arguments.static is not None and arguments.page is not None:
        raise UsageError("--page and --static both say what files are served", remedy="choose one")
    if arguments.open and not (arguments.page or arguments.inspect):
        raise UsageError("--open has nothing to open", remedy="add --page FILE or --inspect")
    if arguments.static is not None and not arguments.static.is_dir():
        raise UsageError(f"{arguments.static} is no folder", where="--static")


def _gate(arguments: argparse.Namespace) -> Gate:
    """Guard what would give others something: the relay and the files; echoes are harmless."""
    from emsockets_build.server.gates import Gate, host_name

    origin_hosts = (host_name(origin.partition("://")[2]) for origin in arguments.origin)
    files = arguments.static is not None or arguments.page is not None
    guarded = arguments.relay is not None or files
    return Gate(
        hosts=frozenset({arguments.host, *origin_hosts}) if guarded else None,
        origins=frozenset(arguments.origin) if arguments.relay or arguments.origin else None,
        token=arguments.token,
    )


def _tls(arguments: argparse.Namespace) -> SSLContext | Certificate | None:
    from emsockets_build.errors import UsageError
    from emsockets_build.server.certificate import LOCAL_NAMES, load_context, make_certificate

    if arguments.cert is not None:
        return load_context(arguments.cert, arguments.key)
    if not arguments.tls:
        if arguments.ca_file is not None or arguments.key is not None:
            raise UsageError("--ca-file needs --tls, and --key needs --cert", where="serve")
        return None
    certificate = make_certificate([*LOCAL_NAMES, arguments.host])
    _explain_trust(certificate, arguments.ca_file)
    return certificate


def _explain_trust(certificate: Certificate, ca_file: Path | None) -> None:
    from emsockets_build.storage import cache_dir, write_whole

    path = (ca_file or cache_dir() / "tls" / "authority.pem").absolute()
    write_whole(path, certificate.authority_pem)
    sys.stderr.write(
        f"trust it under Node with   NODE_EXTRA_CA_CERTS={path}\n"
        f"and in a throw-away Chrome with   --user-data-dir=$(mktemp -d) "
        f"--ignore-certificate-errors-spki-list={certificate.spki}\n"
    )
