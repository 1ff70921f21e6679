"""What CMake's File API says of a build tree (cmake-file-api(7), codemodel version 2)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emsockets_build.errors import BuildFailedError
from emsockets_build.storage import write_whole

__all__ = ["BuiltTarget", "ask_for_codemodel", "read_targets"]

_API = Path(".cmake", "api", "v1")


@dataclass(frozen=True, slots=True)
class BuiltTarget:
    """A target of the project.

    Attributes:
        name: Its name in CMake.
        kind: ``EXECUTABLE``, ``STATIC_LIBRARY`` and so on.
        artifacts: The files that it is built into, absolute; the program itself first.
    """

    name: str
    kind: str
    artifacts: tuple[Path, ...]


def ask_for_codemodel(build: Path) -> None:
    """Make the next configure run describe the targets.

    Raises:
        UsageError: The build folder cannot be written to.
    """
    write_whole(build / _API / "query" / "client-emsockets" / "codemodel-v2", "")


def read_targets(build: Path) -> tuple[BuiltTarget, ...]:
    """Read the targets of a configured build tree, in CMake's order.

    Args:
        build: The build folder.

    Raises:
        BuildFailedError: The folder has not been configured by us.
    """
    reply = build / _API / "reply"
    indices = sorted(reply.glob("index-*.json"))
    if not indices:
        raise BuildFailedError(
            f"{build} holds no description of its targets",
            where=str(reply),
            why="CMake writes one when it configures a tree that was asked for it",
            remedy="run `emsockets build` for this project first",
        )
    index = _read(indices[-1])
    (model_file,) = (
        entry["jsonFile"] for entry in index["objects"] if entry["kind"] == "codemodel"
    )
    configuration = _read(reply / model_file)["configurations"][0]
    return tuple(
        _target(_read(reply / entry["jsonFile"]), build) for entry in configuration["targets"]
    )


def _read(path: Path) -> Any:  # noqa: ANN401 - JSON has no better type
    return json.loads(path.read_text("utf-8"))


def _target(data: dict[str, Any], build: Path) -> BuiltTarget:
    artifacts = [build / entry["path"] for entry in data.get("artifacts", ())]
    return BuiltTarget(data["name"], data["type"], tuple(artifacts))
