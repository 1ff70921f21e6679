"""Native and web builds of real programs, compared by the command itself."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from emsockets_build.cli import main
from tests.generations import Tools

PROJECT = Path(__file__).with_name("project")

# What the newest generation makes of each habit: what differs, and the first explanation.
DIFFERENT = {
    "merges": ({"exit", "standard output"}, "stream-merging"),
    "blocks": ({"exit", "standard output"}, "recv-never-blocks"),
    "shuts-down": ({"exit", "standard output"}, "shutdown-unsupported"),
    "sets-option": ({"exit", "standard output"}, "setsockopt-unsupported"),
    "names-itself": ({"standard output"}, "getsockname-empty"),
    "returns": ({"exit"}, "exit-code-lost"),
    "numbers": ({"standard output"}, "errno-numbers"),
    "takes-all": ({"exit", "standard output"}, "message-in-parts"),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project, in a folder of this worker: the native build is made once for all."""
    folder = tmp_path_factory.mktemp("parity") / "habits"
    shutil.copytree(PROJECT, folder)
    return folder


def _parity(
    project: Path, tools: Tools, options: list[str], capsys: pytest.CaptureFixture[str]
) -> tuple[int, dict[str, Any]]:
    node, release = str(tools.node.path), tools.emscripten.version_text
    capsys.readouterr()
    code = main(
        ["parity", str(project), "--json", "--emscripten", release, "--node", node, *options]
    )
    out, err = capsys.readouterr()
    assert out, err
    return code, json.loads(out)


def _by_name(document: dict[str, Any]) -> dict[str, Any]:
    return {one["name"]: one for one in document["compared"]}


def test_habits_of_native_programs_are_found_and_explained(
    project: Path, newest_tools: Tools, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each difference names what makes it; a program that bears everything is equal."""
    code, document = _parity(project, newest_tools, ["-j", "2"], capsys)
    assert code == 1
    assert document["verdict"] == "fail"
    found = _by_name(document)
    for name, (aspects, identifier) in DIFFERENT.items():
        differences = [one for one in found[name]["differences"] if one["matters"]]
        assert {one["aspect"] for one in differences} == aspects, found[name]
        assert all(one["because"][0] == identifier for one in differences), found[name]
        explanations = {one["id"]: one for one in found[name]["explanations"]}
        assert explanations[identifier]["remedy"]
        assert any(line.startswith("native:") for line in explanations[identifier]["evidence"]) or (
            identifier == "errno-numbers"
        )
    assert {name for name, one in found.items() if one["equal"]} == {
        *("behaves", "trusts-connect", "blocks-with-posix"),
    }
    assert "setsockopt-unsupported" in found["behaves"]["met"]
    assert [one["name"] for one in document["not_compared"]] == ["not-compared"]
    merges = {one["id"]: one for one in found["merges"]["explanations"]}["stream-merging"]
    assert "server: sent messages of 3, 2, 4 bytes" in merges["evidence"]
    assert "native: recv(64 bytes) = 9" in merges["evidence"]
    assert "web: recv(64 bytes) = 3" in merges["evidence"]


def test_merging_and_connect_in_every_generation(
    project: Path, tools: Tools, capsys: pytest.CaptureFixture[str]
) -> None:
    """Messages stay apart in all; what connect() returns changed with 3.1.69."""
    code, document = _parity(project, tools, ["-k", "merges or trusts"], capsys)
    assert code == 1
    found = _by_name(document)
    assert found["merges"]["differences"][0]["because"] == ["stream-merging"]
    early = tools.emscripten.version < (3, 1, 69)
    assert found["trusts-connect"]["equal"] is not early
    if early:
        differences = found["trusts-connect"]["differences"]
        assert {one["because"][0] for one in differences} == {"connect-result"}


def test_the_view_for_people(
    project: Path, newest_tools: Tools, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both builds side by side, what differs, why, and what to do."""
    release = newest_tools.emscripten.version_text
    options = ["--emscripten", release, "--node", str(newest_tools.node.path)]
    assert main(["parity", str(project), "-k", "merges or not-compared", *options]) == 1
    shown = capsys.readouterr().err
    assert "native and web: 0 equal, 1 different, 1 not compared" in shown
    assert "cause:  one recv() took the bytes of several messages natively" in shown
    assert "remedy: read in a loop" in shown
    assert "not-compared: what breaks WebSocket's rules" in shown
    ending = next(line for line in shown.splitlines() if line.startswith("  ending"))
    assert " ".join(ending.split()) == "ending exit code 0 exit code 31"


def test_socket_echo_is_equal(
    tmp_path: Path, newest_tools: Tools, capsys: pytest.CaptureFixture[str]
) -> None:
    """The template does the same natively and for the web, also when the server closes."""
    folder = tmp_path / "my echo"
    assert main(["init", str(folder), "--template", "socket-echo", "--name", "echo"]) == 0
    code, document = _parity(folder, newest_tools, [], capsys)
    assert code == 0, document
    found = _by_name(document)
    assert set(found) == {"echo-echoes", "echo-notices-a-close"}
    for one in found.values():
        assert one["equal"]
        assert not any(difference["matters"] for difference in one["differences"])
        (native,), (web,) = one["native"]["connections"], one["web"]["connections"]
        assert native["sha256_to_server"] == web["sha256_to_server"] is not None
        assert native["sha256_to_program"] == web["sha256_to_program"] is not None
    native, web = (found["echo-echoes"][side]["connections"][0] for side in ("native", "web"))
    assert native["bytes_to_server"] == web["bytes_to_server"] == 74_242


@pytest.mark.parametrize("backend", ["websocket", "node"])
def test_programs_that_are_servers_are_equal(
    tmp_path: Path, newest_tools: Tools, capsys: pytest.CaptureFixture[str], backend: str
) -> None:
    """Visited over TCP and by WebSocket, as each build speaks; the calls are those of accept()."""
    folder = tmp_path / "server"
    assert main(["init", str(folder), "--template", "server-in-wasm", "--name", "server"]) == 0
    lists = folder / "CMakeLists.txt"
    lists.write_text(lists.read_text().replace("BACKEND websocket", f"BACKEND {backend}"))
    code, document = _parity(folder, newest_tools, [], capsys)
    assert code == 0, document
    assert set(_by_name(document)) == {
        f"server-{name}" for name in ("echoes", "echoes-long-messages", "wants-a-port")
    }
    for side in ("native", "web"):
        (connection,) = _by_name(document)["server-echoes"][side]["connections"]
        assert connection["bytes_to_server"] == connection["bytes_to_program"] == 66_787


def test_check_compares_too(
    project: Path, newest_tools: Tools, capsys: pytest.CaptureFixture[str]
) -> None:
    """A scenario that passes for itself fails with --parity if the native build does otherwise."""
    node, release = str(newest_tools.node.path), newest_tools.emscripten.version_text
    options = ["--emscripten", release, "--node", node, "--json", "--parity"]
    capsys.readouterr()
    assert main(["check", str(project), "--exact", "behaves", *options]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["parity"]["verdict"] == document["verdict"] == "pass"
    assert main(["check", str(project), "--exact", "merges", *options]) == 1
    document = json.loads(capsys.readouterr().out)
    assert [run["verdict"] for run in document["runs"]] == ["pass"]
    assert document["parity"]["verdict"] == document["verdict"] == "fail"


@pytest.mark.parametrize("other", [["--native"], ["--scenarios", "x.json"]])
def test_parity_does_not_go_with_one_build(
    other: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Said before anything is built."""
    assert main(["check", "--parity", *other]) == 2
    assert "do not go together" in capsys.readouterr().err
    assert main(["parity", "-j", "0"]) == 2
