from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emsockets_build.errors import BuildFailedError, UsageError
from emsockets_build.scaffold import Template, find_template, project_files, write, write_project
from emsockets_build.scaffold.follow import apply_update, prepare_update
from emsockets_build.scaffold.record import RECORD, read_record
from emsockets_build.scaffold.update import Change, Kind, Merge, git_merge, plan_update
from emsockets_build.storage import write_whole

TEXTS = st.none() | st.sampled_from([b"", b"a\n", b"b\n", b"c\n", b"\0"])


def no_merge(*_: bytes) -> None:
    """Stand for a machine without git."""


def refuse_merge(*_: bytes) -> Merge:
    raise AssertionError("nothing was to be merged")


@pytest.mark.parametrize(
    ("base", "mine", "new", "kind"),
    [
        (b"a", b"a", b"a", None),
        (b"a", b"b", b"a", None),
        (b"a", None, b"a", None),
        (b"a", b"b", b"b", None),
        (b"a", None, None, None),
        (None, b"b", b"b", None),
        (b"a", b"a", b"b", Kind.REPLACED),
        (None, None, b"b", Kind.ADDED),
        (b"a", b"a", None, Kind.REMOVED),
        (b"a", None, b"b", Kind.KEPT),
        (b"a", b"b", None, Kind.KEPT),
        (b"a", b"\0", b"b", Kind.BESIDE),
    ],
)
def test_each_case_of_three_texts(
    base: bytes | None, mine: bytes | None, new: bytes | None, kind: Kind | None
) -> None:
    texts = [{} if text is None else {"f": text} for text in (base, mine, new)]
    changes = plan_update(texts[0], texts[1], texts[2], refuse_merge)
    assert [change.kind for change in changes] == ([] if kind is None else [kind])


@given(base=TEXTS, mine=TEXTS, new=TEXTS)
def test_nothing_that_people_wrote_is_lost(
    base: bytes | None, mine: bytes | None, new: bytes | None
) -> None:
    """Without a merge: what differs from the template's text stays where it is."""
    texts = [{} if text is None else {"f": text} for text in (base, mine, new)]
    changes = plan_update(texts[0], texts[1], texts[2], no_merge)
    touched = [change for change in changes if change.path == "f" and change.kind is not Kind.KEPT]
    assert not touched or mine == base


def test_git_joins_changes_in_different_places() -> None:
    base = b"".join(b"line %d\n" % n for n in range(20))
    mine = base.replace(b"line 2\n", b"line 2, mine\n")
    new = base.replace(b"line 17\n", b"line 17, new\n")
    merged = git_merge(mine, base, new)
    assert merged == Merge(
        base.replace(b"line 2\n", b"line 2, mine\n").replace(b"line 17\n", b"line 17, new\n"), 0
    )


def test_git_marks_what_both_changed() -> None:
    merged = git_merge(b"mine\n", b"base\n", b"new\n")
    assert merged is not None
    assert merged.conflicts == 1
    assert merged.content == (
        b"<<<<<<< yours\nmine\n||||||| the template before\nbase\n=======\nnew\n"
        b">>>>>>> the template now\n"
    )


def test_a_git_that_fails_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git = tmp_path / "git"
    git.write_text("#!/bin/sh\necho broken >&2\nexit 255\n")
    git.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda _: str(git))
    with pytest.raises(BuildFailedError, match="broken"):
        git_merge(b"", b"", b"")


def test_without_git_there_is_no_merge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert git_merge(b"a", b"b", b"c") is None


@pytest.fixture
def template(tmp_path: Path) -> Template:
    """A small template that the tests can change."""
    folder = tmp_path / "templates" / "small"
    (folder / "src").mkdir(parents=True)
    (folder / "template.json").write_text(
        '{"version": 1, "description": "small", "native": true, "requires": [], '
        '"choices": {"WAIT": ["events"]}}'
    )
    lines = "".join(f"line {n} of @NAME@\n" for n in range(12))
    (folder / "main.txt.in").write_text(lines)
    (folder / "src/other.txt").write_text("other\n")
    (folder / "src/dropped.txt").write_text("dropped\n")
    return find_template("small", folder.parent)


@pytest.fixture
def project(tmp_path: Path, template: Template) -> Path:
    """A project of it, in a folder with a name as bad as can be."""
    folder = tmp_path / "größe's $@NAME@; (1)"
    write_project(project_files(template, {"NAME": "sample"}), folder)
    return folder


def newer(template: Template) -> Template:
    """Make the template's second version."""
    metadata = template.folder / "template.json"
    metadata.write_text(metadata.read_text().replace('"version": 1', '"version": 2'))
    main = template.folder / "main.txt.in"
    main.write_text(main.read_text().replace("line 10 of", "line ten of"))
    (template.folder / "src/dropped.txt").unlink()
    (template.folder / "src/added.txt").write_text("added\n")
    return find_template("small", template.folder.parent)


def update(project: Path, template: Template) -> dict[str, Kind]:
    changes, record = prepare_update(project, template, git_merge)
    apply_update(project, changes, record)
    return {change.path: change.kind for change in changes}


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_an_unchanged_project_becomes_what_the_template_makes_today(
    project: Path, template: Template
) -> None:
    now = newer(template)
    assert update(project, now) == {
        "main.txt": Kind.REPLACED,
        "src/added.txt": Kind.ADDED,
        "src/dropped.txt": Kind.REMOVED,
    }
    fresh = {str(f.path): f.content for f in project_files(now, {"NAME": "sample"})}
    assert contents(project) == fresh
    assert update(project, now) == {}


def test_a_template_may_drop_a_choice_and_add_one(project: Path, template: Template) -> None:
    newer(template)
    metadata = template.folder / "template.json"
    metadata.write_text(metadata.read_text().replace('{"WAIT": ["events"]}', '{"SIZE": ["big"]}'))
    update(project, find_template("small", template.folder.parent))
    assert read_record(project).answers == {"NAME": "sample", "SIZE": "big"}


def test_edits_in_other_places_are_kept(project: Path, template: Template) -> None:
    main = project / "main.txt"
    main.write_text(main.read_text().replace("line 1 of", "my line of"))
    (project / "src/other.txt").write_text("mine\n")
    (project / "src/own.txt").write_text("own\n")
    kinds = update(project, newer(template))
    assert kinds["main.txt"] is Kind.MERGED
    assert "my line of" in main.read_text()
    assert "line ten of" in main.read_text()
    assert (project / "src/other.txt").read_text() == "mine\n"
    assert (project / "src/own.txt").read_text() == "own\n"
    assert read_record(project).version == 2


def test_edits_in_the_same_place_are_marked_and_must_be_resolved(
    project: Path, template: Template
) -> None:
    main = project / "main.txt"
    main.write_text(main.read_text().replace("line 10 of", "my line of"))
    now = newer(template)
    assert update(project, now)["main.txt"] is Kind.CONFLICT
    text = main.read_text()
    assert "<<<<<<< yours\nmy line of sample\n" in text
    assert "=======\nline ten of sample\n>>>>>>> the template now\n" in text
    with pytest.raises(UsageError, match="conflicts of an earlier merge") as caught:
        update(project, now)
    assert caught.value.why == "main.txt"
    assert main.read_text() == text
    main.write_text("resolved\n")
    assert update(project, now) == {}
    assert main.read_text() == "resolved\n"


def test_what_cannot_be_merged_is_put_beside(project: Path, template: Template) -> None:
    main = project / "main.txt"
    main.write_text("mine\n")
    changes, record = prepare_update(project, newer(template), no_merge)
    apply_update(project, changes, record)
    assert main.read_text() == "mine\n"
    assert "line ten of" in (project / "main.txt.template").read_text()


def test_a_file_of_the_users_own_at_a_new_path_is_not_replaced(
    project: Path, template: Template
) -> None:
    (project / "src/added.txt").write_text("mine\n")
    assert update(project, newer(template))["src/added.txt"] is Kind.CONFLICT
    assert b"mine\n" in (project / "src/added.txt").read_bytes()


def test_planning_writes_nothing(project: Path, template: Template) -> None:
    before = contents(project)
    prepare_update(project, newer(template), git_merge)
    assert contents(project) == before


def test_an_interrupted_update_leaves_everything_as_it_was(
    project: Path, template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(project)
    now = newer(template)

    def fail_at_the_record(path: Path, content: str | bytes) -> None:
        if path.name == RECORD:
            raise KeyboardInterrupt
        write_whole(path, content)

    monkeypatch.setattr(write, "write_whole", fail_at_the_record)
    with pytest.raises(KeyboardInterrupt):
        update(project, now)
    assert contents(project) == before


def test_a_project_of_a_newer_template_is_left_alone(project: Path, template: Template) -> None:
    record = project / RECORD
    record.write_text(json.dumps(json.loads(record.read_text()) | {"version": 9}))
    with pytest.raises(UsageError) as caught:
        update(project, template)
    assert "--upgrade" in caught.value.remedy


def test_a_link_in_the_place_of_a_file_is_not_followed(project: Path, template: Template) -> None:
    outside = project.parent / "outside.txt"
    outside.write_bytes((project / "main.txt").read_bytes())
    (project / "main.txt").unlink()
    (project / "main.txt").symlink_to(outside)
    before = outside.read_bytes()
    with pytest.raises(UsageError, match="in the way"):
        update(project, newer(template))
    assert outside.read_bytes() == before


@pytest.mark.parametrize("path", ["main.txt", "src/other.txt"])
def test_a_folder_in_the_place_of_a_file_is_an_error(
    project: Path, template: Template, path: str
) -> None:
    """Nothing is written, and the folder stays."""
    (project / path).unlink()
    (project / path).mkdir()
    before = contents(project)
    with pytest.raises(UsageError, match="cannot be read") as caught:
        update(project, newer(template))
    assert path in caught.value.where
    assert caught.value.remedy
    assert contents(project) == before


def test_a_file_in_the_place_of_a_folder_is_an_error(project: Path, template: Template) -> None:
    """The template's new file would have to go below it."""
    shutil.rmtree(project / "src")
    (project / "src").write_text("mine")
    with pytest.raises(UsageError):
        update(project, newer(template))
    assert (project / "src").read_text() == "mine"


def test_a_change_says_what_to_look_at() -> None:
    (change,) = plan_update({"f": b"a"}, {"f": b"b"}, {}, refuse_merge)
    assert change == Change("f", Kind.KEPT, why="you changed it; the template has it no more")
