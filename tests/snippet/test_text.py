from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from emsockets_build.errors import UsageError
from emsockets_build.settings import Profile, load_catalogue, parse_version
from emsockets_build.snippet import check_target_name, module_snippet, standalone_snippet
from tests.cmake.configuring import Target, configure

CATALOGUE = load_catalogue()

PROFILES = {
    "default": Profile(),
    "asyncify": Profile(wait="asyncify", debug=True),
    "jspi": Profile(wait="jspi", environment=("node", "web")),
    "pthread": Profile(wait="pthread", environment=("web",), exit_runtime=False),
    "proxy": Profile(backend="proxy"),
    "websocket-api": Profile(backend="websocket-api", module="es6"),
    "url": Profile(url="ws://h:1/?a=$b;c&d=%20", subprotocols=("binary", "x.y")),
    "none": Profile(url="wss://", subprotocols=()),
}


def _alone(folder: Path, text: str, version: str, build_type: str) -> Target:
    result = configure(
        folder,
        "add_executable(game main.cpp)\n" + text,
        emscripten=version,
        build_type=build_type,
        preamble="",
    )
    assert result.returncode == 0, result.stderr
    return result.targets["game"]


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("version", ["3.1.69", "6.0.5"])
def test_every_style_gives_the_same_flags(tmp_path: Path, name: str, version: str) -> None:
    """The module's call, text for one release and text for all releases mean the same to CMake."""
    profile = PROFILES[name]
    module = module_snippet(["game"], profile, CATALOGUE)
    standalone = {
        "one": standalone_snippet(["game"], profile, CATALOGUE, version=parse_version(version)),
        "all": standalone_snippet(["game"], profile, CATALOGUE),
    }
    for build_type in ("Debug", "Release"):
        expected = _module(tmp_path, module, version, build_type)
        for style, text in standalone.items():
            found = _alone(tmp_path / f"{style}-{build_type}", text, version, build_type)
            assert _comparable(found) == _comparable(expected)


def _module(folder: Path, text: str, version: str, build_type: str) -> Target:
    result = configure(
        folder / f"module-{build_type}",
        "add_executable(game main.cpp)\n" + text,
        emscripten=version,
        build_type=build_type,
    )
    assert result.returncode == 0, result.stderr
    return result.targets["game"]


def _comparable(target: Target) -> tuple[object, ...]:
    """Leave out where the URL's file lies, but not what it holds."""
    link = [token.partition("=@")[0] for token in target.link]
    return (target.file_name, target.compile, target.define, link, target.url)


@pytest.mark.parametrize("style", ["module", "standalone"])
def test_library_passes_options_on_in_both_styles(tmp_path: Path, style: str) -> None:
    """A library's link options reach the program that links it."""
    profile = Profile(wait="pthread", url="ws://h/?a")
    text = (
        module_snippet(["net"], profile, CATALOGUE)
        if style == "module"
        else standalone_snippet(["net"], profile, CATALOGUE, library=True)
    )
    result = configure(
        tmp_path,
        "add_library(net STATIC main.cpp)\nadd_executable(game main.cpp)\n"
        "target_link_libraries(game PRIVATE net)\n" + text,
    )
    assert result.returncode == 0, result.stderr
    assert "-sPROXY_TO_PTHREAD=1" in result.targets["game"].link
    assert result.targets["game"].compile == ("-pthread",)
    assert result.targets["game"].url == "ws://h/?a"


def test_text_for_all_releases_refuses_those_that_cannot(tmp_path: Path) -> None:
    """Where the module would stop the configure run, the standalone text does so too."""
    text = standalone_snippet(["game"], Profile(backend="node"), CATALOGUE)
    result = configure(
        tmp_path, "add_executable(game main.cpp)\n" + text, emscripten="3.1.69", preamble=""
    )
    assert result.returncode != 0
    assert "BACKEND node needs Emscripten 6.0.2 or newer" in " ".join(result.stderr.split())


def test_text_for_a_release_that_cannot_is_refused() -> None:
    """Text for one release is never written if that release cannot do it."""
    with pytest.raises(UsageError, match="6\\.0\\.2 or newer"):
        standalone_snippet(
            ["game"], Profile(backend="node"), CATALOGUE, version=parse_version("3.1.69")
        )


@given(st.text(max_size=20))
@example("a b")
@example('a")\nmessage(FATAL_ERROR "')
@example("${HOME}")
@example("-n")
@example("all")
def test_target_name_is_harmless_or_refused(name: str) -> None:
    """A name that is let through needs no quoting anywhere."""
    try:
        assert check_target_name(name) == name
    except UsageError:
        return
    assert name.isascii()
    assert not set(name) & set(" \t\r\n\"'()#\\$;@<>&|")


_URL_TAIL = st.text(st.sampled_from("az09-._~:/?[]@!$&()*+,;=%"), max_size=40)


@settings(max_examples=25, deadline=None)
@given(_URL_TAIL)
@example("$ENV$$x$(y)")
@example("a;b;;c")
@example("[;]")
def test_any_url_that_is_taken_arrives_unchanged(
    tmp_path_factory: pytest.TempPathFactory, tail: str
) -> None:
    """Through both styles, what CMake hands to emcc is the URL, byte for byte."""
    folder = tmp_path_factory.mktemp("url")
    url = f"ws://h/{tail}"
    text = module_snippet(["game"], Profile(url=url), CATALOGUE)
    assert _module(folder, text, "6.0.5", "Release").url == url
    alone = standalone_snippet(["game"], Profile(url=url), CATALOGUE)
    assert _alone(folder / "alone", alone, "6.0.5", "Release").url == url


@given(st.text())
def test_url_is_taken_whole_or_refused(tail: str) -> None:
    """No URL leaves the text that it stands in."""
    url = "ws://h/" + tail
    try:
        text = standalone_snippet(["game"], Profile(url=url), CATALOGUE)
    except UsageError:
        return
    assert not set(url) & set("\"'\\<>{} \t\r\n#`^|")
    assert url.replace("$", "\\$") in text
