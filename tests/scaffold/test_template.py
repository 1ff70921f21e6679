from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emsockets_build.errors import UsageError
from emsockets_build.scaffold import (
    CI_SYSTEMS,
    Template,
    find_template,
    list_templates,
    project_files,
    refuse_inside_project,
)
from emsockets_build.scaffold.record import RECORD, parse_record
from emsockets_build.server.behaviours import from_spec
from emsockets_build.settings import load_catalogue

EVERY = pytest.mark.parametrize("template", list_templates(), ids=lambda template: template.name)


@EVERY
@pytest.mark.parametrize("ci", CI_SYSTEMS)
def test_no_placeholder_is_left_behind(template: Template, ci: str) -> None:
    """A file with a placeholder but without the suffix ``.in`` would be copied as it is."""
    for file in project_files(template, {"NAME": "sample"}, ci=ci):
        assert not re.search(rb"@[A-Z]+@", file.content), file.path


@EVERY
def test_a_project_is_complete(template: Template) -> None:
    paths = {str(file.path) for file in project_files(template, {"NAME": "sample"}, ci="github")}
    assert {
        "CMakeLists.txt",
        "CMakePresets.json",
        "README.md",
        ".gitignore",
        ".editorconfig",
        ".clang-format",
        ".github/workflows/check.yml",
        ".emsockets.json",
    } <= paths
    assert "template.json" not in paths


@EVERY
def test_choices_are_words_that_exist(template: Template) -> None:
    """A template may not offer a wait, a backend or a behaviour that nobody knows."""
    options = load_catalogue().options
    assert set(template.choices.get("WAIT", ())) <= set(options["wait"])
    assert set(template.choices.get("BACKEND", ())) <= set(options["backend"])
    for server in template.choices.get("SERVER", ()):
        from_spec(server)


@EVERY
def test_the_source_has_a_target_and_a_scenario(template: Template) -> None:
    files = {str(file.path): file.content for file in project_files(template, {"NAME": "sample"})}
    assert b"emsockets_target(" in files["CMakeLists.txt"]
    assert b"emsockets_add_test(" in files["CMakeLists.txt"]


@EVERY
def test_the_readme_lists_the_exit_codes_of_the_source(template: Template) -> None:
    """Each that the program has by itself; 0 goes without saying where nothing else ends it."""
    files = {str(file.path): file.content for file in project_files(template, {"NAME": "sample"})}
    sources = b"".join(text for path, text in files.items() if path.startswith("src/"))
    in_source = re.findall(rb"^(?:    |constexpr int )\w+ = (2\d)[,;]", sources, re.MULTILINE)
    in_readme = re.findall(rb"^\| (2\d) \|", files["README.md"], re.MULTILINE)
    assert in_source
    assert in_readme == sorted(in_source)


@pytest.mark.parametrize("ci", ["github", "gitlab"])
@EVERY
def test_ci_installs_what_the_native_build_needs(template: Template, ci: str) -> None:
    """And calls no package manager for nothing."""
    files = project_files(template, {"NAME": "sample"}, ci=ci)
    path = ".gitlab-ci.yml" if ci == "gitlab" else ".github/workflows/check.yml"
    (workflow,) = (file.content for file in files if str(file.path) == path)
    assert (b"apt-get install" in workflow) == bool(template.requires)
    assert all(package.encode() in workflow for package in template.requires)


def test_a_file_that_templates_share_is_the_same_in_both() -> None:
    """The template that takes it has no copy that could grow old."""
    template = find_template("poco-server")
    files = {str(file.path): file.content for file in project_files(template, {"NAME": "sample"})}
    assert template.takes
    for to, source in template.takes.items():
        assert files[to] == (template.folder.parent / source).read_bytes()
        assert not (template.folder / to).exists()


@pytest.mark.parametrize(
    ("ci", "path", "command"),
    [
        ("github", ".github/workflows/check.yml", b"emsockets check --github"),
        ("gitlab", ".gitlab-ci.yml", b"emsockets check --junit"),
    ],
)
def test_ci_checks_natively_only_what_has_native_scenarios(
    ci: str, path: str, command: bytes
) -> None:
    for template in list_templates():
        files = project_files(template, {"NAME": "sample"}, ci=ci)
        (workflow,) = (file for file in files if str(file.path) == path)
        assert (command.split(b" --")[0] + b" --native" in workflow.content) is template.native


@pytest.mark.parametrize(
    ("ci", "path", "command"),
    [
        ("github", ".github/workflows/check.yml", b"emsockets check --github"),
        ("gitlab", ".gitlab-ci.yml", b"emsockets check --junit"),
    ],
)
def test_ci_runs_the_check(ci: str, path: str, command: bytes) -> None:
    files = project_files(find_template("socket-echo"), {"NAME": "sample"}, ci=ci)
    (workflow,) = (file for file in files if str(file.path) == path)
    assert command in workflow.content


@pytest.mark.parametrize("name", ["a b", "a;b", 'a"b', "$a", "@NAME@", "größe", "test", "", "CON"])
def test_a_name_that_cannot_be_a_target_is_refused(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        project_files(find_template("socket-echo"), {"NAME": name})
    assert caught.value.remedy


@pytest.mark.parametrize(
    "given", [{"WAIT": "sleep"}, {"BACKEND": "proxy"}, {"SERVER": "$(x)"}, {"OTHER": "x"}]
)
def test_a_word_that_the_template_does_not_offer_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(UsageError) as caught:
        project_files(find_template("socket-echo"), {"NAME": "sample", **given})
    assert "WAIT".lower() in caught.value.remedy or "choose one of" in caught.value.remedy


def test_an_unknown_template_is_an_error_that_names_the_others() -> None:
    with pytest.raises(UsageError) as caught:
        find_template("soket")
    assert "socket-echo" in caught.value.remedy


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1, "choices": {"WAIT": []}}'])
def test_broken_metadata_is_an_error_that_names_the_file(tmp_path: Path, text: str) -> None:
    file = tmp_path / "mine" / "template.json"
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        list_templates(tmp_path)
    assert caught.value.where == str(file)


def test_a_destination_inside_another_project_is_refused(tmp_path: Path) -> None:
    refuse_inside_project(tmp_path / "new")
    (tmp_path / "CMakeLists.txt").touch()
    with pytest.raises(UsageError, match="inside another project"):
        refuse_inside_project(tmp_path / "sub" / "new")


def test_the_record_tells_everything_that_the_project_was_made_from() -> None:
    *files, last = project_files(find_template("socket-echo"), {"NAME": "sample"}, ci="gitlab")
    assert str(last.path) == RECORD
    record = parse_record(last.content.decode(), where="here")
    assert record.template == "socket-echo"
    assert record.ci == "gitlab"
    assert record.answers["WAIT"] == "asyncify"
    assert record.base == {str(file.path): file.content for file in files}


def _record() -> str:
    *_, last = project_files(find_template("socket-echo"), {"NAME": "sample"})
    return last.content.decode()


@pytest.mark.parametrize(
    "change",
    [
        {"base": {"../evil": "eJwDAAAAAAE="}},
        {"base": {"/evil": "eJwDAAAAAAE="}},
        {"base": {"a": "no base64"}},
        {"base": {"a": "AAAA"}},
        {"base": {"a": "eJwD"}},
        {"base": []},
        {"answers": None},
        {"version": "new"},
        {"schema": None},
        {"schema": float("inf")},
        {"answers": {"WAIT": "events"}},
        {"answers": ["NAME"]},
    ],
)
def test_a_damaged_record_is_an_error(change: dict[str, object]) -> None:
    document = json.loads(_record()) | change
    with pytest.raises(UsageError, match="damaged"):
        parse_record(json.dumps(document), where="here")


@given(st.data())
def test_whatever_happens_to_a_record_is_an_error_of_ours(data: st.DataObject) -> None:
    """A piece is cut out, or something else is put in."""
    text = _record()
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
    put = data.draw(st.sampled_from(["", "[", "}", "null", "1e999", "<<<<<<< yours\n", "[" * 3000]))
    with contextlib.suppress(UsageError):
        parse_record(text[:start] + put + text[end:], where="here")


def test_a_record_of_a_newer_schema_asks_for_a_newer_release() -> None:
    with pytest.raises(UsageError) as caught:
        parse_record(json.dumps(json.loads(_record()) | {"schema": 2}), where="here")
    assert "--upgrade" in caught.value.remedy
