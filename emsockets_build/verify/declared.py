"""Scenarios as CMake wrote them down: ``<build>/emsockets/scenarios.json``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from emsockets_build.errors import EmSocketsError, UsageError
from emsockets_build.server.behaviours import from_spec
from emsockets_build.verify.model import Expectations, Scenario, ServerCommand

__all__ = ["SCHEMA", "Declared", "load_scenarios"]

SCHEMA = 1
_DEFAULT_SECONDS = 60.0
_RELAYS: Mapping[str, Literal["", "tcp", "udp"]] = {"": "", "tcp": "tcp", "udp": "udp"}
# Behaviours that have a plain TCP twin, for native programs, which speak no WebSocket.
_NATIVE_SERVERS = {"echo": "raw-tcp", "raw-tcp": "raw-tcp"}


@dataclass(frozen=True, slots=True)
class Declared:
    """Everything in one file of scenarios.

    Attributes:
        path: The file.
        emscripten: The release that builds the programs; empty in a native build.
        configuration: CMake's configuration.
        scenarios: In the order of declaration.
        labels: The labels of each scenario, by its name.
        files: The file that declares each scenario, by its name.
        tests: The name that each scenario was declared with, by its own name: scenarios of one
            test differ in their runner only.
    """

    path: Path
    emscripten: str
    configuration: str
    scenarios: tuple[Scenario, ...]
    labels: Mapping[str, tuple[str, ...]]
    files: Mapping[str, str]
    tests: Mapping[str, str]


def load_scenarios(path: Path) -> Declared:
    """Read a file of scenarios.

    Args:
        path: ``scenarios.json`` of a build tree.

    Returns:
        The scenarios; every text in them has been checked.

    Raises:
        UsageError: The file is not there, not ours, of another version, or a scenario in it is
            wrong: an unknown behaviour, a broken regular expression.
    """
    try:
        document = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(
            "the project declares no scenarios",
            where=str(path),
            why=str(error),
            remedy="declare one with emsockets_add_test() in CMakeLists.txt and configure again",
        ) from error
    except ValueError as error:
        raise _not_ours(path, str(error)) from error
    if not isinstance(document, dict) or not isinstance(document.get("scenarios"), list):
        raise _not_ours(path, "it holds no list of scenarios")
    if document.get("schema") != SCHEMA:
        raise UsageError(
            "the scenarios were written by another version of this package",
            where=str(path),
            why=f"they have schema {document.get('schema')!r}; this version reads {SCHEMA}",
            remedy="configure the project again with this version",
        )
    entries = document["scenarios"]
    try:
        scenarios = tuple(_scenario(entry, path) for entry in entries)
        return Declared(
            path=path,
            emscripten=str(document.get("emscripten", "")),
            configuration=str(document.get("configuration", "")),
            scenarios=scenarios,
            labels={entry["name"]: tuple(entry["labels"]) for entry in entries},
            files={entry["name"]: entry["declared"] for entry in entries},
            tests={entry["name"]: str(entry.get("test", entry["name"])) for entry in entries},
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _not_ours(path, f"{type(error).__name__}: {error}") from error


def _not_ours(path: Path, why: str) -> UsageError:
    return UsageError(
        "the file of scenarios cannot be read",
        where=str(path),
        why=why,
        remedy="configure the project again, which writes it anew",
    )


def _scenario(entry: Mapping[str, Any], path: Path) -> Scenario:
    name = str(entry["name"])
    exit_code = entry["expect_exit"]
    subprotocol = entry["expect_subprotocol"]
    native = entry["runner"] == "native"
    scenario = Scenario(
        name=name,
        program=Path(entry["program"]),
        target=str(entry["target"]),
        backend=str(entry["backend"]),
        wait=str(entry["wait"]),
        runner=str(entry["runner"]),
        server=_server(entry, native=native),
        server_command=_server_command(entry.get("server_command")),
        client=int(entry["client"] or 0),
        arguments=tuple(map(str, entry["args"])),
        environment=dict(_pair(text) for text in entry["environment"]),
        timeout=float(entry["timeout"] or _DEFAULT_SECONDS),
        expectations=Expectations(
            exit_code=0 if exit_code is None else None if exit_code == "any" else int(exit_code),
            stdout=tuple(entry["expect_stdout"]),
            reject_stdout=tuple(entry["reject_stdout"]),
            close_code=entry["expect_close"],
            sent=entry["expect_sent"],
            received=entry["expect_received"],
            subprotocol={"": None, "NONE": ""}.get(subprotocol, subprotocol),
        ),
    )
    _check(scenario, f"{path}, scenario {name}")
    return scenario


def _server(entry: Mapping[str, Any], *, native: bool) -> str:
    name = entry["server"] or "echo"
    if name == "NONE" or entry["client"] or entry.get("server_command"):
        return ""
    if native:
        name = _NATIVE_SERVERS.get(name, name)
    parameters = [str(text).partition("=") for text in entry["server_args"]]
    query = "&".join(f"{key}={quote(value)}" for key, _, value in parameters)
    return f"{name}?{query}" if query else str(name)


def _server_command(entry: Mapping[str, Any] | None) -> ServerCommand | None:
    if entry is None:
        return None
    return ServerCommand(
        words=tuple(map(str, entry["words"])),
        program_file=Path(entry["program_file"]) if entry["program_file"] else None,
        directory=Path(entry["directory"]),
        ready=str(entry["ready"]),
        port_from=str(entry["port_from"]),
        relay=_RELAYS[entry["relay"]],
    )


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = str(text).partition("=")
    if not (name and equals):
        raise ValueError(f"{text!r} in ENVIRONMENT is not of the form NAME=VALUE")
    return name, value


def _check(scenario: Scenario, where: str) -> None:
    own = scenario.server_command
    for pattern in (
        *scenario.expectations.stdout,
        *scenario.expectations.reject_stdout,
        *((own.ready, own.port_from) if own else ()),
    ):
        try:
            re.compile(pattern)
        except re.error as error:
            raise UsageError(
                f"{pattern!r} is not a regular expression",
                where=where,
                why=str(error),
                remedy="mend it; in CMake a backslash is written twice, or use a bracket argument",
            ) from error
    if own is not None and own.port_from and not re.compile(own.port_from).groups:
        raise UsageError(
            f"SERVER_PORT_FROM {own.port_from!r} has no group",
            where=where,
            why="its first group is where the port stands",
            remedy='put the digits in brackets, such as "port ([0-9]+)"',
        )
    if scenario.server:
        try:
            from_spec(scenario.server)
        except EmSocketsError as error:
            raise UsageError(
                error.what, where=f"{where}: {scenario.server}", why=error.why, remedy=error.remedy
            ) from error
