"""The debian provider against a signed archive on this machine's own disk."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from emsockets_build.errors import EmSocketsError, ExitCode, ToolMissingError, UsageError
from emsockets_build.toolchain import find_emscripten
from emsockets_build.toolchain.install import apt, debian, remove
from emsockets_build.toolchain.install.apt import machine_archive
from emsockets_build.toolchain.install.debian import install_debian
from emsockets_build.toolchain.install.relocate import relocate
from emsockets_build.toolchain.installed import installed, unfinished
from tests.toolchain.conftest import script
from tests.toolchain.install.archive import StandIn
from tests.toolchain.install.conftest import Log

pytestmark = pytest.mark.usefixtures("debian_machine")


def test_a_release_is_set_up_whole(archive: StandIn, log: Log, tmp_path: Path) -> None:
    entry = install_debian("9.1.69", log, archive=archive.archive)
    assert (entry.version, entry.provider, entry.facts["suite"]) == ("9.1.69", "debian", "trixie")
    assert log.steps["unpack"][1] == 4  # tzdata is left out
    assert "try a link" in log.steps
    assert "  building libc-mt.a" in log.said
    found = find_emscripten()
    assert (found.version, found.origin) == ((9, 1, 69), "cache")
    assert not (tmp_path / "cache" / "apt" / "trixie").exists()


def test_programs_get_their_own_loader_and_libraries(archive: StandIn, log: Log) -> None:
    folder = install_debian("9.1.6", log, archive=archive.archive).folder
    clang = folder / "prefix/usr/lib/llvm-99/bin/clang-99"
    assert subprocess.run([clang], check=False).returncode == 0
    shown = subprocess.run(
        [shutil.which("ldd") or "ldd", clang], capture_output=True, text=True, check=True
    )
    libc = next(line for line in shown.stdout.splitlines() if "libc.so.6 =>" in line)
    assert str(folder) in os.path.normpath(libc.split()[2])


def test_what_sockets_never_need_is_not_kept(archive: StandIn, log: Log) -> None:
    folder = install_debian("9.1.6", log, archive=archive.archive).folder
    names = {path.name for path in folder.rglob("*")}
    assert {"clang-99", "wasm-opt", "libc.a", "emcc", "em++", "acorn"} <= names
    assert not names & {"llvm-mca", "big.c", "libc-ww.a", "pic", "libunused.so.1"}
    assert any(said.startswith("kept ") for said in log.said)


def test_no_version_means_the_newest_suite(archive: StandIn, log: Log) -> None:
    assert install_debian(None, log, archive=archive.archive).version == "9.9.9"


def test_the_version_decides_not_the_suite(
    archive: StandIn, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table of suites says where to look first; when it is wrong, the others are asked."""
    monkeypatch.setattr(debian, "SUITES", {"bookworm": "9.9.9", "trixie": "1", "sid": "2"})
    entry = install_debian("9.9.9", log, archive=archive.archive)
    assert entry.facts["suite"] == "sid"


def test_an_unknown_version_names_those_that_are_to_be_had(archive: StandIn, log: Log) -> None:
    with pytest.raises(UsageError, match=r"no suite of Debian has Emscripten 1\.2\.3") as caught:
        install_debian("1.2.3", log, archive=archive.archive)
    assert "9.1.6 in bookworm, 9.1.69 in trixie, 9.9.9 in sid" in caught.value.why
    assert "--provider emsdk" in caught.value.remedy


def test_a_suite_that_is_gone_does_not_hide_the_others(archive: StandIn, log: Log) -> None:
    shutil.rmtree(archive.suite("bookworm"))
    assert install_debian("9.1.69", log, archive=archive.archive).version == "9.1.69"
    with pytest.raises(UsageError) as caught:
        install_debian("9.1.6", log, archive=archive.archive)
    assert "Debian bookworm cannot be read" in caught.value.why


def test_no_suite_at_all_is_said_as_such(archive: StandIn, log: Log) -> None:
    shutil.rmtree(archive.root / "dists")
    with pytest.raises(ToolMissingError, match="cannot be read") as caught:
        install_debian(None, log, archive=archive.archive)
    assert "network" in caught.value.remedy


def test_without_a_network_one_suite_is_tried_not_all(archive: StandIn, log: Log) -> None:
    with socket.socket() as listener:  # bound, but never listening: connections are refused
        listener.bind(("127.0.0.1", 0))
        mirror = f"http://127.0.0.1:{listener.getsockname()[1]}/debian"
        with pytest.raises(ToolMissingError, match="bookworm cannot be read") as caught:
            install_debian("9.1.6", log, archive=replace(archive.archive, mirror=mirror))
    assert "onnect" in caught.value.why
    assert [said for said in log.said if said.startswith("reading")] == [
        f"reading Debian bookworm from {mirror}"
    ]


def test_metadata_with_a_wrong_signature_is_refused(archive: StandIn, log: Log) -> None:
    path = archive.suite("sid") / "InRelease"
    path.write_text(path.read_text().replace("Origin: Debian", "Origin: Evil!!"))
    with pytest.raises(ToolMissingError) as caught:
        install_debian(None, log, archive=archive.archive)
    assert "sign" in caught.value.why.lower()


def test_unsigned_metadata_is_refused(archive: StandIn, log: Log) -> None:
    (archive.suite("sid") / "InRelease").unlink()
    with pytest.raises(ToolMissingError, match="cannot be read"):
        install_debian(None, log, archive=archive.archive)


def test_a_forged_package_is_refused(archive: StandIn, log: Log) -> None:
    path = archive.pool / "sid" / "clang-99.deb"
    data = bytearray(path.read_bytes())
    data[-1500] ^= 1
    path.write_bytes(data)
    with pytest.raises(ToolMissingError) as caught:
        install_debian(None, log, archive=archive.archive)
    assert caught.value.exit_code is ExitCode.TOOL_MISSING
    assert installed("emscripten") == ()


def test_an_interrupted_set_up_leaves_nothing_and_resumes(
    archive: StandIn, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(debian, "relocate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        install_debian("9.9.9", log, archive=archive.archive)
    assert (installed("emscripten"), unfinished("emscripten")) == ((), ())
    monkeypatch.setattr(debian, "relocate", relocate)
    shutil.rmtree(archive.pool)  # what had arrived is kept
    assert install_debian("9.9.9", log, archive=archive.archive).version == "9.9.9"


def test_a_set_up_that_was_killed_is_cleared_by_the_next(
    archive: StandIn, log: Log, tmp_path: Path
) -> None:
    remnant = tmp_path / "cache/emscripten/9.9.9/prefix/usr/share/emscripten"
    remnant.mkdir(parents=True)
    (remnant / "emscripten-version.txt").write_text('"0.0.1"')
    assert len(unfinished("emscripten")) == 1
    install_debian("9.9.9", log, archive=archive.archive)
    assert (remnant / "emscripten-version.txt").read_text() == '"9.9.9"\n'


def test_a_half_removed_toolchain_can_be_removed_and_set_up_again(
    archive: StandIn, log: Log
) -> None:
    entry = install_debian("9.9.9", log, archive=archive.archive)
    (entry.folder / "manifest.json").unlink()
    assert unfinished("emscripten") == (entry.folder,)
    remove("9.9.9", log)
    assert not entry.folder.exists()
    assert install_debian("9.9.9", log, archive=archive.archive).version == "9.9.9"


def test_the_second_time_it_is_there_already(archive: StandIn, log: Log) -> None:
    install_debian("9.9.9", log, archive=archive.archive)
    shutil.rmtree(archive.root)
    install_debian("9.9.9", log, archive=archive.archive)
    assert "set up already" in log.said[-1]


def test_too_little_room_is_refused_before_anything_is_fetched(
    archive: StandIn, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1000))
    with pytest.raises(ToolMissingError, match="disk is full") as caught:
        install_debian("9.9.9", log, archive=archive.archive)
    assert "EMSOCKETS_CACHE_DIR" in caught.value.remedy
    assert "unpack" not in log.steps


@pytest.mark.parametrize(
    ("number", "failure"),
    [
        (errno.ENOSPC, (ToolMissingError, "disk is full")),
        (errno.EROFS, (UsageError, "cache cannot be written")),
        (errno.EACCES, (UsageError, "cache cannot be written")),
        (errno.EIO, (EmSocketsError, "set-up failed")),
    ],
)
def test_a_disk_that_fails_while_unpacking(
    archive: StandIn,
    log: Log,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    failure: tuple[type[EmSocketsError], str],
) -> None:
    def fail(
        _packages: Sequence[Path], prefix: Path, _wanted: Callable[[str], bool], _log: Log
    ) -> None:
        prefix.mkdir(parents=True)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(debian, "unpack", fail)
    with pytest.raises(failure[0], match=failure[1]) as caught:
        install_debian("9.9.9", log, archive=archive.archive)
    assert caught.value.remedy
    assert (installed("emscripten"), unfinished("emscripten")) == ((), ())


def test_a_cache_that_cannot_be_written(
    archive: StandIn, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMSOCKETS_CACHE_DIR", "/sys/emsockets")  # nobody can, not even root
    with pytest.raises(UsageError, match="cache cannot be written") as caught:
        install_debian("9.9.9", log, archive=archive.archive)
    assert "EMSOCKETS_CACHE_DIR" in caught.value.remedy


def test_a_link_that_fails_is_no_set_up(
    archive: StandIn, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emsockets_build.toolchain.install.libraries._LINKS", (("-fail",),))
    with pytest.raises(ToolMissingError, match="cannot link") as caught:
        install_debian("9.9.9", log, archive=archive.archive)
    assert "this link fails" in caught.value.why


def test_a_link_that_hangs_is_ended(
    archive: StandIn, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emsockets_build.toolchain.install.libraries._LINKS", (("-hang",),))
    monkeypatch.setattr("emsockets_build.toolchain.install.libraries._TIMEOUT", 2.0)
    with pytest.raises(ToolMissingError, match="cannot link") as caught:
        install_debian("9.9.9", log, archive=archive.archive)
    assert "took longer than 2 s" in caught.value.why


def test_two_at_once_do_not_harm_each_other(archive: StandIn, tmp_path: Path) -> None:
    program = textwrap.dedent(f"""
        import sys
        from pathlib import Path
        from emsockets_build.toolchain.install.apt import Archive
        from emsockets_build.toolchain.install.debian import install_debian
        from emsockets_build.toolchain.install.progress import Lines
        archive = Archive({archive.archive.mirror!r}, {archive.archive.architecture!r},
                          Path({str(archive.archive.keyring)!r}))
        print(install_debian("9.9.9", Lines(sys.stderr), archive=archive).version)
    """)
    children = [
        subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(2)
    ]
    outputs = [child.communicate(timeout=120) for child in children]
    assert [output[0] for output in outputs] == [b"9.9.9\n"] * 2, outputs
    built = [b"relocate" in output[1] for output in outputs]
    assert sorted(built) == [False, True]
    assert len(installed("emscripten")) == 1
    assert tmp_path.is_dir()


@pytest.mark.parametrize(
    ("dpkg", "words"),
    [("echo riscv64", "does not know the architecture riscv64"), ("exit 1", "the architecture")],
)
def test_a_wrong_architecture_is_refused(tmp_path: Path, dpkg: str, words: str) -> None:
    script(tmp_path / "bin" / "dpkg", dpkg)
    with pytest.raises(ToolMissingError, match=words) as caught:
        machine_archive()
    assert "emsdk" in caught.value.remedy


def test_a_machine_without_apt_is_told_of_the_other_provider(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(ToolMissingError, match="apt-get") as caught:
        machine_archive()
    assert "--provider emsdk" in caught.value.remedy


def test_missing_keys_name_their_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apt, "_KEYRINGS", ("/no/such/keyring.gpg",))
    with pytest.raises(ToolMissingError) as caught:
        machine_archive()
    assert "debian-archive-keyring" in caught.value.remedy


def test_the_mirror_is_the_machines_own_or_the_one_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets = (
        "Other stable https://example.invalid/other/\\n"
        "Debian trixie-security http://security.example.invalid/\\n"
        "Debian trixie http://mirror.example.invalid/debian/\\n"
    )
    script(tmp_path / "bin" / "apt-get", f"printf '{targets}'")
    assert machine_archive().mirror == "http://mirror.example.invalid/debian"
    monkeypatch.setenv("EMSOCKETS_DEBIAN_MIRROR", "http://named.example.invalid/")
    assert machine_archive().mirror == "http://named.example.invalid"


def test_the_mirror_is_read_from_the_sources_before_apt_knows_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(tmp_path / "bin" / "apt-get", "true")
    folder = tmp_path / "apt" / "sources.list.d"
    folder.mkdir(parents=True)
    monkeypatch.setattr(apt, "_SOURCES", tmp_path / "apt")
    (folder / "other.list").write_text("deb https://other.example.invalid/apt stable main\n")
    with pytest.raises(ToolMissingError) as caught:
        machine_archive()
    assert "EMSOCKETS_DEBIAN_MIRROR" in caught.value.remedy
    assert not apt.serves_debian()
    (folder / "debian.sources").write_text(
        "# http://old.example.invalid/debian\nURIs: http://mirror.example.invalid/debian\n"
    )
    assert machine_archive().mirror == "http://mirror.example.invalid/debian"
    assert apt.serves_debian()
