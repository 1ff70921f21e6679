from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emsockets_build.cli import main
from emsockets_build.errors import UsageError
from emsockets_build.process import run_bounded
from emsockets_build.run.baked import BakedIn, scan_baked
from emsockets_build.run.inspect import inspect_program
from tests.generations import Tools

PROGRAM = """
#include <netinet/in.h>
#include <sys/socket.h>
int main(void) {
  struct sockaddr_in name = {.sin_family = AF_INET};
  return connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&name, sizeof name);
}
"""


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ('var url="ws:#".replace("#","//");', "ws://"),
        ("var url = 'wss:#'.replace('#', '//');", "wss://"),
        ('var url="ws://h/a?b=\\"c\\"".replace("#","//");', 'ws://h/a?b="c"'),
        ('var url="ws://h/";', None),
    ],
)
def test_a_url_is_read_as_the_program_will_read_it(text: str, url: str | None) -> None:
    found = scan_baked(text).url
    assert (found and found.text) == url


@given(st.text())
def test_any_text_can_be_scanned(text: str) -> None:
    assert isinstance(scan_baked(text), BakedIn)


@pytest.mark.parametrize("level", ["-O0", "-O2"])
def test_every_release_writes_its_settings_readably(
    tools: Tools, level: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As they were given to the linker, and as they are by default."""
    (tmp_path / "app.c").write_text(PROGRAM)
    chosen = [
        *("-sWEBSOCKET_URL=wss://game.example/x?y=1", "-sWEBSOCKET_SUBPROTOCOL=chat, binary"),
        *("-sENVIRONMENT=web", "-sSOCKET_DEBUG"),
    ]
    for name, options in (("plain", ["-sASYNCIFY"]), ("chosen", chosen)):
        done = run_bounded(
            [tools.emscripten.root / "emcc", "app.c", level, *options, "-o", f"{name}.js"],
            timeout=280,
            cwd=tmp_path,
            env={**os.environ, **tools.emscripten.environment},
        )
        assert done.returncode == 0, done.text
    files = [str(tmp_path / name) for name in ("plain.js", "chosen.wasm")]
    assert main(["inspect", "--json", *files]) == 0
    plain, changed = json.loads(capsys.readouterr().out)["programs"]
    old = tools.generation == "3.1.6"
    assert plain["backend"] == changed["backend"] == "websocket"
    assert (plain["url"], changed["url"]) == ("ws://", "wss://game.example/x?y=1")
    assert (plain["subprotocols"], changed["subprotocols"]) == ("binary", "chat, binary")
    assert (plain["wait"], changed["wait"]) == ("asyncify", "events")
    assert plain["environments"] == ["web", "worker", "node"]
    assert changed["environments"] == ["web"]
    assert (plain["socket_debug"], changed["socket_debug"]) == (False, True)
    assert (plain["needs"], changed["needs"]) == ("ws 1 or 2" if old else "ws 8", None)
    assert plain["wasm_bytes"] == (tmp_path / "plain.wasm").stat().st_size


def test_what_emcc_did_not_write_is_refused_in_words(tmp_path: Path) -> None:
    other = tmp_path / "jquery.js"
    other.write_text("(function(){})()")
    with pytest.raises(UsageError, match="no program that emcc wrote"):
        inspect_program(other)
    with pytest.raises(UsageError, match="cannot be read"):
        inspect_program(tmp_path / "nowhere.js")


def test_the_table_escapes_what_a_program_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "app.js"
    script.write_text('ENVIRONMENT_IS_WEB=true;var url="ws://\x1b[31m/".replace("#","//");')
    assert main(["inspect", str(script)]) == 0
    assert "\x1b" not in capsys.readouterr().out
