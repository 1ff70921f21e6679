from __future__ import annotations

import os
import shutil
import sys
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from emsockets_build import __version__
from emsockets_build.process import Completed, run_bounded
from emsockets_build.resources import cmake_dir
from tests.cmake.configuring import CMAKE, FAKE_TOOLCHAIN

pytestmark = [pytest.mark.packaging, pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).parent.parent
UNPACKED_FROM_GIT = ("git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard")

CONSUMER_PROJECT = """
[build-system]
requires = ["scikit-build-core>=1.0", "emsockets-build"]
build-backend = "scikit_build_core.build"
[project]
name = "consumer"
version = "1.0"
"""

CONSUMER_LISTS = """
cmake_minimum_required(VERSION 3.22)
project(consumer LANGUAGES CXX)
{find}
add_executable(game main.cpp)
emsockets_target(game WAIT asyncify)
get_target_property(options game LINK_OPTIONS)
message(STATUS "link options: ${{options}}")
install(TARGETS game DESTINATION .)
"""


def _source_files(*folders: str) -> set[str]:
    """List the project's files in these folders, those that git ignores left out."""
    done = run_bounded([*UNPACKED_FROM_GIT, "--", *folders], timeout=30)
    assert done.returncode == 0, done.text
    return {line for line in done.stdout.decode().splitlines() if (ROOT / line).is_file()}


def _check(done: Completed) -> Completed:
    assert done.returncode == 0, f"{' '.join(done.command)}\n{done.text}"
    return done


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Build the sdist, and the wheel from the sdist, as a release would."""
    out = tmp_path_factory.mktemp("dist")
    _check(
        run_bounded(
            [sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT], timeout=300
        )
    )
    (sdist,) = out.glob("*.tar.gz")
    (wheel,) = out.glob("*.whl")
    return sdist, wheel


def test_wheel_holds_exactly_the_package(distributions: tuple[Path, Path]) -> None:
    """Every Python, CMake and template file, the metadata, and nothing else."""
    _, wheel = distributions
    info = f"emsockets_build-{__version__}.dist-info"
    expected = _source_files("emsockets_build")
    expected |= {f"emsockets_build/{name}" for name in _source_files("cmake", "templates")}
    expected |= {
        f"{info}/{name}"
        for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")
    }
    with zipfile.ZipFile(wheel) as archive:
        assert {name for name in archive.namelist() if not name.endswith("/")} == expected
        assert (
            archive.read("emsockets_build/_version.py")
            .decode()
            .strip()
            .endswith(f'__version__ = "{__version__}"')
        )
    assert wheel.name == f"emsockets_build-{__version__}-py3-none-any.whl"


def test_sdist_holds_exactly_what_builds_and_tests(distributions: tuple[Path, Path]) -> None:
    """The sdist is the repository without the chores of its development."""
    sdist, _ = distributions
    top = f"emsockets_build-{__version__}"
    excluded = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["scikit-build"][
        "sdist"
    ]["exclude"]
    expected = {
        f"{top}/{name}"
        for name in _source_files(".")
        if not any(name == entry or name.startswith(f"{entry}/") for entry in excluded)
    }
    with tarfile.open(sdist) as archive:
        found = {member.name for member in archive.getmembers() if member.isfile()}
    assert found == expected | {f"{top}/PKG-INFO"}


def test_two_builds_give_the_same_bytes(distributions: tuple[Path, Path], tmp_path: Path) -> None:
    """A wheel can be checked against its sources by building it again."""
    sdist, wheel = distributions
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = (entry for entry in tmp_path.iterdir() if entry.is_dir())
    command: Sequence[str | Path] = [
        sys.executable,
        "-m",
        "build",
        "-w",
        "--no-isolation",
        "-o",
        tmp_path,
        source,
    ]
    _check(run_bounded(command, timeout=300))
    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()


class Environment:
    """A fresh virtual environment."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=True)
        self.bin = folder / ("Scripts" if os.name == "nt" else "bin")
        self.python = self.bin / "python"

    def pip(self, *arguments: str | Path) -> None:
        """Install something."""
        command: list[str | Path] = [self.python, "-m", "pip", "install", "-q", *arguments]
        _check(run_bounded(command, timeout=300))

    def emsockets(self, *arguments: str | Path) -> str:
        """Run our command and return what it printed."""
        done = run_bounded([self.bin / "emsockets", *arguments], timeout=60)
        return _check(done).stdout.decode().strip()


@pytest.fixture(scope="module", params=["wheel", "editable"])
def installed(
    request: pytest.FixtureRequest,
    distributions: tuple[Path, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Environment]:
    """The project installed from its wheel, and as an editable checkout."""
    folder = tmp_path_factory.mktemp(f"installed-{request.param}")
    environment = Environment(folder / "environment")
    if request.param == "wheel":
        environment.pip(distributions[1])
    else:
        environment.pip("-e", ROOT)
    environment.pip("scikit-build-core>=1.0")
    yield environment
    shutil.rmtree(folder, ignore_errors=True)


def _consumer(folder: Path, find: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "main.cpp").write_text("int main() {}\n")
    (folder / "CMakeLists.txt").write_text(CONSUMER_LISTS.format(find=find))
    (folder / "pyproject.toml").write_text(CONSUMER_PROJECT)
    return folder


def _configure(source: Path, build: Path, *arguments: str, emscripten: bool) -> str:
    toolchain = [f"-DCMAKE_TOOLCHAIN_FILE={FAKE_TOOLCHAIN}"] if emscripten else []
    environment = {**os.environ, "FAKE_EMSCRIPTEN_VERSION": "6.0.5"}
    command: Sequence[str | Path] = (
        CMAKE,
        "-S",
        source,
        "-B",
        build,
        "-G",
        "Ninja",
        *toolchain,
        *arguments,
    )
    done = run_bounded(command, timeout=120, env=environment)
    return _check(done).stdout.decode()


FLAGS = "link options: -sASYNCIFY=1"


@pytest.mark.parametrize("emscripten", [False, True], ids=["native", "emscripten"])
def test_plain_cmake_finds_the_installed_package(
    installed: Environment, tmp_path: Path, emscripten: bool
) -> None:
    """-DEmSockets_DIR="$(emsockets cmakedir)" is all that a CMake project needs."""
    source = _consumer(tmp_path / "source", "find_package(EmSockets 0.1 REQUIRED)")
    output = _configure(
        source,
        tmp_path / "build",
        f"-DEmSockets_DIR={installed.emsockets('cmakedir')}",
        emscripten=emscripten,
    )
    assert (FLAGS in output) is emscripten


@pytest.mark.parametrize("emscripten", [False, True], ids=["native", "emscripten"])
def test_scikit_build_core_project_finds_the_installed_package(
    installed: Environment, tmp_path: Path, emscripten: bool
) -> None:
    """A Python project names us in build-system.requires and needs nothing else."""
    source = _consumer(tmp_path / "source", "find_package(EmSockets REQUIRED)")
    script = (
        "import sys; from scikit_build_core.build import build_wheel;"
        "build_wheel(sys.argv[1], {'build-dir': sys.argv[2], 'logging.level': 'INFO',"
        "'build.targets': 'help'})"
    )
    environment = {**os.environ, "FAKE_EMSCRIPTEN_VERSION": "6.0.5"}
    environment["PATH"] = os.pathsep.join([str(installed.bin), environment.get("PATH", "")])
    if emscripten:
        environment["CMAKE_TOOLCHAIN_FILE"] = str(FAKE_TOOLCHAIN)
    done = run_bounded(
        [installed.python, "-c", script, tmp_path, tmp_path / "build"],
        timeout=120,
        cwd=source,
        env=environment,
    )
    # With the fake toolchain nothing can be compiled: what counts is how it was configured.
    assert (FLAGS in done.text) is emscripten, done.text
    assert (tmp_path / "build" / "build.ninja").is_file(), done.text


FETCH_CONTENT = f"""
include(FetchContent)
FetchContent_Declare(EmSockets SOURCE_DIR "{ROOT.as_posix()}")
FetchContent_MakeAvailable(EmSockets)
"""


@pytest.mark.parametrize(
    "find",
    [FETCH_CONTENT, f'add_subdirectory("{ROOT.as_posix()}" emsockets)'],
    ids=["FetchContent", "add_subdirectory"],
)
@pytest.mark.parametrize("emscripten", [False, True], ids=["native", "emscripten"])
def test_checkout_serves_without_python(tmp_path: Path, find: str, emscripten: bool) -> None:
    """A CMake project can take the commands straight from a checkout."""
    source = _consumer(tmp_path / "source", find)
    output = _configure(source, tmp_path / "build", emscripten=emscripten)
    assert (FLAGS in output) is emscripten


def test_cmake_install_gives_a_package(tmp_path: Path) -> None:
    """`cmake --install` puts down a package that find_package() finds by its prefix."""
    _check(run_bounded([CMAKE, "-S", ROOT, "-B", tmp_path / "tree", "-G", "Ninja"], timeout=60))
    prefix = tmp_path / "prefix"
    _check(run_bounded([CMAKE, "--install", tmp_path / "tree", "--prefix", prefix], timeout=60))
    source = _consumer(tmp_path / "source", "find_package(EmSockets REQUIRED)")
    folder = prefix / "share" / "cmake" / "EmSockets"
    assert {path.name for path in folder.iterdir()} == {path.name for path in cmake_dir().iterdir()}
    output = _configure(source, tmp_path / "build", f"-DEmSockets_DIR={folder}", emscripten=True)
    assert FLAGS in output


@pytest.mark.parametrize(("wanted", "found"), [("0.1", True), ("0.2", False), ("1.0", False)])
def test_version_is_compatible_within_a_minor_release(
    tmp_path: Path, wanted: str, found: bool
) -> None:
    """Before 1.0, a project that asks for another minor release does not get this one."""
    source = _consumer(tmp_path / "source", f"find_package(EmSockets {wanted} QUIET)\nreturn()")
    (source / "CMakeLists.txt").write_text(
        (source / "CMakeLists.txt")
        .read_text()
        .replace("return()", 'message(STATUS "found: ${EmSockets_FOUND}")\nreturn()')
    )
    output = _configure(
        source, tmp_path / "build", f"-DEmSockets_DIR={cmake_dir()}", emscripten=True
    )
    assert f"found: {1 if found else 0}" in output


def test_entry_points_load_in_the_installed_environment(installed: Environment) -> None:
    """An entry point that fails to import would break every build of that environment."""
    script = (
        "from importlib.metadata import entry_points\n"
        "from importlib.resources import files\n"
        "for group in ('cmake.module', 'cmake.prefix', 'cmake.root'):\n"
        "    point, = [p for p in entry_points(group=group)\n"
        "              if p.value == 'emsockets_build.cmake']\n"
        "    assert files(point.load()).joinpath('EmSocketsConfig.cmake').is_file()\n"
    )
    # Not from the checkout: its own package would be found first.
    command: Sequence[str | Path] = [installed.python, "-W", "error", "-c", script]
    _check(run_bounded(command, timeout=60, cwd=installed.bin))
