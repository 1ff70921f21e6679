from __future__ import annotations

import io
import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import xmlschema
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

import emsockets_build.report
from emsockets_build.errors import UsageError
from emsockets_build.report.document import batch_document
from emsockets_build.report.github import github_annotations
from emsockets_build.report.junit import junit_xml
from emsockets_build.report.terminal import print_batch
from emsockets_build.verify import Batch, Broken, Cause, Mismatch, Outcome, Scenario
from tests.verify.observed import a_connection, a_run

SCHEMA = Path(emsockets_build.report.__file__).with_name("report.schema.json")
JUNIT = xmlschema.XMLSchema(Path(__file__).with_name("junit.xsd"))
HOSTILE = "\x1b[2J\x00]]>&<\ud800% \u202e:,"


def a_batch(text: str = HOSTILE) -> Batch:
    """Return a batch with one of everything, all of whose free text is ``text``."""
    scenario = Scenario(name="one", program=Path("game.js"))
    run = a_run(stdout=text.encode("utf-8", "surrogatepass"), stderr=b"\xff\xfe")
    cause = Cause("some-cause", text, text, "a.cpp:1", (text,), (text,))
    failed = Outcome(
        Scenario(name="two", program=Path("game.js")),
        run,
        (a_connection(status=400, refusal=text),),
        (Mismatch("exit code", "0", text),),
        cause,
    )
    return Batch(
        outcomes=(Outcome(scenario, run, (a_connection(),), ()), failed),
        broken=(Broken(Scenario("three", Path("x")), UsageError(text, why=text)),),
        not_run=(Scenario("four", Path("x")),),
        interrupted=True,
    )


@given(st.text())
def test_junit_is_well_formed_whatever_programs_print(text: str) -> None:
    """The document keeps to its schema, and counts what the batch holds."""
    document = junit_xml(a_batch(text + HOSTILE), suite="s", files={"two": text})
    JUNIT.validate(document)
    suite = ET.fromstring(document)  # noqa: S314 - our own
    assert [suite.get(key) for key in ("tests", "failures", "errors", "skipped")] == list("4111")
    assert [case.get("name") for case in suite.iter("testcase")] == ["one", "two", "three", "four"]
    failure = next(suite.iter("failure"))
    assert failure.get("type") == "some-cause"


def test_json_is_one_object_with_the_agreed_fields() -> None:
    """It keeps to the published schema, and every field that the contract names is there."""
    document = batch_document("check", a_batch("text"), {"emscripten": "6.0.5"})
    jsonschema.validate(document, json.loads(SCHEMA.read_text()))
    assert json.loads(json.dumps(document)) == document
    assert (document["schema"], document["command"], document["verdict"]) == (1, "check", "fail")
    fields = (
        "name target backend wait runner server verdict exit_code cause subprotocol server_saw "
        "stdout stderr seconds"
    )
    for run in document["runs"]:
        assert set(fields.split()) <= set(run)
        assert set(run["server_saw"]) >= {
            *("connections", "messages_in", "bytes_in", "messages_out", "bytes_out", "close_code")
        }
    cause = document["runs"][1]["cause"]
    assert set(cause) == {"id", "summary", "location", "stack", "evidence", "remedy"}
    assert document["runs"][0]["cause"] is None


@given(st.text())
def test_github_annotations_are_one_line_each(text: str) -> None:
    """No text can begin a second workflow command or end a property early."""
    lines = list(github_annotations(a_batch(text + HOSTILE), {"two": f"a:b,{text}"}))
    assert len(lines) == 2
    for line in lines:
        assert re.fullmatch(r"::error (file=[^:,\r\n]*,)?title=[^:,\r\n]*::[^\r\n]*", line)


def test_terminal_shows_hostile_output_without_obeying_it() -> None:
    """Nothing that a program or a peer said reaches the terminal as a control."""
    stream = io.StringIO()
    batch = a_batch()
    print_batch(Console(file=stream, width=120), batch, batch_document("check", batch, {}))
    shown = stream.getvalue()
    assert not set(shown) & set("\x1b\x00\u202e\ud800")
    assert "\\x1b[2J" in shown
    assert "1 passed, 1 failed, 1 could not be run, 1 not reached, interrupted" in shown
    assert "[some-cause]" in shown
