from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from emsockets_build.errors import UsageError
from emsockets_build.process import run_bounded
from emsockets_build.resources import cmake_dir
from emsockets_build.settings import (
    Catalogue,
    Profile,
    format_version,
    load_catalogue,
    parse_version,
    resolve,
)
from emsockets_build.settings.catalogue import FACTS
from tests.cmake.configuring import CMAKE

VERSIONS = ("3.1.6", "3.1.69", "4.0.10", "6.0.5", "6.0.8")

# The whole product. "-" leaves the option out; URLs stand for the three kinds that flags tell
# apart: a scheme alone, one that fits on a command line, one that must go through a file.
DIMENSIONS = (
    ("-", "websocket", "proxy", "node", "websocket-api"),
    ("-", "events", "asyncify", "jspi", "pthread"),
    ("-", "wss://", "ws://127.0.0.1:9000/", "ws://h/?a=1&b=2"),
    ("-", "NONE", "binary", "binary,chat"),
    ("-", "ON", "OFF"),
    ("-", "web", "node,worker"),
    ("-", "es6"),
    ("-", "ON", "OFF"),
    ("-", "ON", "OFF"),
)


OPTIONS = (
    "backend",
    "wait",
    "url",
    "subprotocols",
    "debug",
    "environment",
    "module",
    "exit_runtime",
    "posix",
)


def _apart(words: tuple[str, ...]) -> bool:
    """Tell whether a profile with POSIX leaves out what POSIX has nothing to do with."""
    _, _, url, subprotocols, debug, _, module, _, posix = words
    return posix == "-" or {url, subprotocols, debug, module} == {"-"}


def _profile(words: tuple[str, ...]) -> Profile:
    def text(word: str) -> str | None:
        return None if word == "-" else word

    def switch(word: str) -> bool | None:
        return None if word == "-" else word == "ON"

    backend, wait, url, subprotocols, debug, environment, module, exit_runtime, posix = words
    names = () if subprotocols == "NONE" else tuple(subprotocols.split(","))
    return Profile(
        backend=text(backend),
        wait=text(wait),
        url=text(url),
        subprotocols=None if subprotocols == "-" else names,
        debug=switch(debug),
        environment=() if environment == "-" else tuple(environment.split(",")),
        module=text(module),
        exit_runtime=switch(exit_runtime),
        posix=switch(posix),
    )


def _expected_line(words: tuple[str, ...], version: str, catalogue: Catalogue) -> str:
    """Write down Python's answer the way resolve_all.cmake writes CMake's."""
    try:
        resolved = resolve(_profile(words), parse_version(version), catalogue)
    except UsageError as error:
        why = f"\n  why: {error.why}" if error.why else ""
        fields = [f"{error.what}{why}\n  remedy: {error.remedy}", *_facts_only(words, catalogue)]
    else:
        link = [
            f"$<$<CONFIG:{option.configuration}>:{option.token}>"
            if option.configuration
            else option.token
            for option in resolved.link
        ]
        fields = [
            "",
            "".join(f"<{fact}={resolved.facts[fact]}>" for fact in FACTS),
            ";".join(resolved.compile),
            ";".join(link),
            ";".join(resolved.define),
            resolved.suffix,
            ";".join(resolved.needs),
            ";".join(resolved.source),
            ";".join(f"{caveat.text}\n  remedy: {caveat.remedy}" for caveat in resolved.caveats),
        ]
    line = f"{version} {' '.join(words)} |" + "|".join(fields)
    return line.replace("\n", "\\n")


def _facts_only(words: tuple[str, ...], catalogue: Catalogue) -> list[str]:
    from emsockets_build.settings.resolve import _facts

    facts = _facts(_profile(words), catalogue)
    return ["".join(f"<{fact}={facts[fact]}>" for fact in FACTS), *[""] * 7]


def _resolve_in_cmake(
    folder: Path, profiles: list[tuple[str, ...]], versions: tuple[str, ...]
) -> list[str]:
    folder.mkdir()
    (folder / "profiles").write_text("".join(" ".join(words) + "\n" for words in profiles))
    done = run_bounded(
        [
            CMAKE,
            f"-DCMAKE_DIR={cmake_dir()}",
            f"-DINPUT={folder / 'profiles'}",
            f"-DOUTPUT={folder / 'resolved'}",
            f"-DVERSIONS={';'.join(versions)}",
            "-P",
            Path(__file__).parent / "resolve_all.cmake",
        ],
        timeout=280,
    )
    assert done.returncode == 0, done.text
    return (folder / "resolved").read_text("utf-8").splitlines()


def _compare(folder: Path, profiles: list[tuple[str, ...]], versions: tuple[str, ...]) -> int:
    """Hold both readers together; half of the profiles at a time, one CMake for each half."""
    catalogue = load_catalogue()
    halves = [profiles[0::2], profiles[1::2]]
    with ThreadPoolExecutor(len(halves)) as pool:
        answers = list(
            pool.map(
                lambda number: _resolve_in_cmake(folder / f"{number}", halves[number], versions),
                range(len(halves)),
            )
        )
    compared = 0
    for half, lines in zip(halves, answers, strict=True):
        expected = (
            _expected_line(words, version, catalogue) for words in half for version in versions
        )
        for line, wanted in zip(lines, expected, strict=True):
            assert line == wanted
            compared += 1
    return compared


@pytest.mark.slow
def test_both_readers_agree_on_every_profile_and_version(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """CMake and Python give the same flags, facts, needs, refusals and caveats, word for word."""
    compared = _compare(tmp_path, [*filter(_apart, itertools.product(*DIMENSIONS))], VERSIONS)
    with capsys.disabled():
        print(f"\n{compared} combinations of profile and version compared")  # noqa: T201 - asked for


def test_both_readers_agree_at_every_turning_point(tmp_path: Path) -> None:
    """At each release where a row begins or ends to apply, both readers see it."""
    points = tuple(format_version(point) for point in load_catalogue().turning_points)
    deciding = {"backend", "wait", "environment", "module", "posix"}
    profiles = itertools.product(
        *(
            values if name in deciding else ("-",)
            for name, values in zip(OPTIONS, DIMENSIONS, strict=True)
        )
    )
    assert _compare(tmp_path, [*filter(_apart, profiles)], points) == 300 * len(points)
