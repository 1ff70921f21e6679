"""Which scenarios are compared with which, and what is said of them as a whole."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emsockets_build.verify.conduct import Conduct
from emsockets_build.verify.model import Scenario, ServerCommand
from emsockets_build.verify.parity import Comparison
from emsockets_build.verify.parity_run import Parities, pair_up, port_given


@pytest.mark.parametrize(
    ("arguments", "command", "port"),
    [
        (("{host}", "{port}"), ("node", "a.js", "127.0.0.1", "4711"), 4711),
        (("a", "{host}:{port}/x"), ("a", "127.0.0.1:4711/x"), 4711),
        (("{url}",), ("ws://127.0.0.1:4711/",), 4711),
        (("plain",), ("a", "plain"), 0),
        ((), ("a",), 0),
    ],
)
def test_the_port_of_the_projects_own_server_is_in_the_arguments(
    arguments: tuple[str, ...], command: tuple[str, ...], port: int
) -> None:
    """Wherever they have it."""
    assert port_given(Scenario("one", Path("a"), arguments=arguments), command) == port


def test_pairs_and_those_that_cannot_be() -> None:
    """Each with a reason; arguments that the native build declares are its own."""

    def scenario(name: str, **changes: Any) -> Scenario:
        made = Scenario(name, Path("a.js"), target="a", backend="websocket", arguments=("web",))
        return replace(made, **changes)

    web = [
        scenario("one"),
        scenario("two"),
        scenario("elsewhere", target="b"),
        scenario("server", client=3),
        scenario("proxy", backend="proxy"),
        scenario("garbage", server="garbage"),
        scenario("raw", backend="node", server="raw-tcp"),
        scenario("none", server=""),
        scenario("relayed", server="", server_command=ServerCommand(("a",), relay="tcp")),
        scenario("datagrams", server="", server_command=ServerCommand(("a",), relay="udp")),
        scenario("websocket", server="", server_command=ServerCommand(("a",))),
    ]
    natives = [scenario("one", program=Path("own"), arguments=("native",))]
    pairs, rest = pair_up(web, natives, {"a": Path("a")})
    assert [pair.web.name for pair in pairs] == ["one", "two", "server", "raw", "none", "relayed"]
    assert [pair.native.program for pair in pairs[:2]] == [Path("own"), Path("a")]
    assert [pair.native.arguments for pair in pairs[:2]] == [("native",), ("web",)]
    assert all(pair.native.runner == "native" for pair in pairs)
    left = ["elsewhere", "proxy", "garbage", "datagrams", "websocket"]
    assert [one.name for one in rest] == left
    assert all(one.why for one in rest)


def test_nothing_compared_is_no_proof() -> None:
    """A project whose every scenario is left out does not pass."""
    assert not Parities().equal
    equal = (Scenario("one", Path("a")), Comparison(Conduct(), Conduct()))
    assert Parities((equal,)).equal
    assert not Parities((equal,), interrupted=True).equal


def test_the_page_explains_every_semantic() -> None:
    """docs/parity.md has a line for each identifier that a report may name."""
    root = Path(__file__).parents[2]
    rules = (root / "emsockets_build/verify").glob("parity_*.py")
    source = "".join(path.read_text("utf-8") for path in rules)
    names = set(re.findall(r'Semantic\(\s*"([a-z-]+)"', source))
    names |= {f"{name}-unsupported" for name in re.findall(r'_stub\(\s*"(\w+)"', source)}
    assert len(names) > 12
    page = (root / "docs/parity.md").read_text("utf-8")
    assert names == set(re.findall(r"`([a-z]+-[a-z-]+)`", page.split("## What explains")[1]))
