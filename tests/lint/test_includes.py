"""Functions in headers of the project are known where they are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from emsockets_build.lint.collect import collect
from emsockets_build.lint.engine import lint, read_file
from emsockets_build.lint.includes import Headers
from emsockets_build.lint.store import Store
from emsockets_build.lint.text import SourceText

HELPER = """\
#ifndef HELPER_H
#define HELPER_H
#include <poll.h>
#include <sys/socket.h>
static inline int is_writable(int fd) {
  struct pollfd one = {fd, POLLOUT, 0};
  return poll(&one, 1, 0) == 1;
}
#endif
"""
LOOP = """\
#include "helper.h"
void wait_open(int fd) {
  while (!is_writable(fd)) {
  }
}
"""


def found(folder: Path) -> list[str]:
    return [
        f"{Path(one.path).name}:{one.line} {one.rule}" for one in lint([folder], jobs=1).findings
    ]


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_h", ".h").replace("_c", ".c")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_a_loop_around_a_function_of_a_header_is_found_once(tmp_path: Path) -> None:
    write(tmp_path, helper_h=HELPER, main_c=LOOP, other_c=LOOP.replace("wait_open", "wait"))
    assert found(tmp_path) == ["main.c:3 ES016", "other.c:3 ES016"]


def test_a_header_of_a_header_counts_and_so_does_one_elsewhere(tmp_path: Path) -> None:
    write(
        tmp_path,
        include__net__helper_h=HELPER,
        include__all_h='#include "net/helper.h"\n',
        src__main_c=LOOP.replace('"helper.h"', '"all.h"'),
    )
    assert found(tmp_path) == ["main.c:3 ES016"]


@pytest.mark.parametrize(
    "changed",
    [
        {"main_c": LOOP.replace("is_writable(fd)", "others(fd)")},
        {"main_c": LOOP.replace('#include "helper.h"', "int is_writable(int);")},
        {"main_c": LOOP.replace("{\n  }", "{ nap(); }"),
         "helper_h": HELPER + "static inline void nap(void) { emscripten_sleep(1); }\n"},
        {"main_c": LOOP.replace('"helper.h"', '"net/helper.h"'), "a__helper_h": HELPER},
        {"helper_h": HELPER + "// " + "x" * 70_000},
    ],
    ids=["not called", "not included", "lets the event loop run", "not there", "too large"],
)  # fmt: skip
def test_what_a_header_does_not_show_is_not_found(changed: dict[str, str], tmp_path: Path) -> None:
    write(tmp_path, **{"helper_h": HELPER, "main_c": LOOP, **changed})
    assert found(tmp_path) == []


def test_of_two_headers_that_fit_none_is_taken(tmp_path: Path) -> None:
    write(tmp_path, one__helper_h=HELPER, two__helper_h=HELPER, src__main_c=LOOP)
    assert found(tmp_path) == []


def test_headers_that_include_each_other_end(tmp_path: Path) -> None:
    write(
        tmp_path,
        helper_h='#include "other.h"\n' + HELPER,
        other_h='#include "helper.h"\n#include "other.h"\n',
        main_c=LOOP,
    )
    assert found(tmp_path) == ["main.c:3 ES016"]


def test_only_what_is_called_is_given_to_a_checker(tmp_path: Path) -> None:
    write(tmp_path, helper_h=HELPER, plain_h="int x;\n", main_c='#include "plain.h"\n' + LOOP)
    sources = [read_file(file) for file in collect([tmp_path])]
    texts = [one for one in sources if isinstance(one, SourceText)]
    headers = Headers(texts)
    given = {Path(one.path).name: headers.of(one) for one in texts}
    assert given == {"main.c": (HELPER,), "helper.h": (), "plain.h": ()}


def test_a_header_that_changes_has_its_callers_checked_again(tmp_path: Path) -> None:
    write(tmp_path, helper_h=HELPER, main_c=LOOP)
    cache = tmp_path / "cache.json"
    assert len(lint([tmp_path], jobs=1, store=Store(cache)).findings) == 1
    write(tmp_path, helper_h=HELPER.replace("poll(&one, 1, 0) == 1", "emscripten_sleep(1), 1"))
    report = lint([tmp_path], jobs=1, store=Store(cache))
    assert (report.findings, report.cached) == ((), 0)
