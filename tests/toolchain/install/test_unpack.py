"""Packages are streamed into a prefix, and nothing leaves it."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from emsockets_build.errors import ToolMissingError
from emsockets_build.toolchain.install.trim import is_wanted_file, is_wanted_package
from emsockets_build.toolchain.install.unpack import unpack
from tests.toolchain.install.conftest import Log


def _deb(folder: Path, members: list[tarfile.TarInfo]) -> Path:
    """Build a package by hand: dpkg-deb itself would refuse to build these."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for member in members:
            content = b"content" if member.isfile() else b""
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    control = io.BytesIO()
    with tarfile.open(fileobj=control, mode="w"):
        pass
    parts = {"debian-binary": b"2.0\n", "control.tar": control.getvalue(),
             "data.tar": data.getvalue()}  # fmt: skip
    path = folder / "package.deb"
    with path.open("wb") as file:
        file.write(b"!<arch>\n")
        for name, content in parts.items():
            file.write(f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode())
            file.write(content + b"\n" * (len(content) % 2))
    return path


def _member(name: str, *, link: str = "", kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.mode = kind, link, 0o755
    return member


def _unpack(tmp_path: Path, *members: tarfile.TarInfo) -> Path:
    prefix = tmp_path / "prefix"
    unpack([_deb(tmp_path, list(members))], prefix, lambda _name: True, Log())
    return prefix


def test_files_links_and_modes(tmp_path: Path) -> None:
    prefix = _unpack(
        tmp_path,
        _member("./lib/x/a.so.1"),
        _member("./usr/bin/tool", link="../lib/x/a.so.1", kind=tarfile.SYMTYPE),
        _member("./usr/bin/hard", link="./lib/x/a.so.1", kind=tarfile.LNKTYPE),
        _member("./usr/bin/absolute", link="/lib/x/a.so.1", kind=tarfile.SYMTYPE),
    )
    assert (prefix / "usr/lib/x/a.so.1").read_bytes() == b"content"
    for name in ("tool", "hard", "absolute"):
        assert (prefix / "usr/bin" / name).resolve().read_bytes() == b"content"
        assert os.access(prefix / "usr/bin" / name, os.X_OK)
    assert not os.path.isabs(os.readlink(prefix / "usr/bin/absolute"))  # noqa: PTH115, PTH117 - the text


@pytest.mark.parametrize(
    "members",
    [
        [_member("../outside")],
        [_member("./usr/../../outside")],
        [_member("./usr/a", link="../../..", kind=tarfile.SYMTYPE), _member("./usr/a/outside")],
    ],
)
def test_nothing_lands_outside(tmp_path: Path, members: list[tarfile.TarInfo]) -> None:
    with pytest.raises(ToolMissingError, match="cannot be unpacked"):
        _unpack(tmp_path, *members)
    assert list(tmp_path.rglob("outside")) == []


@pytest.mark.parametrize("cut", [10, 200, -300])
def test_a_damaged_package_is_named(tmp_path: Path, cut: int) -> None:
    path = _deb(tmp_path, [_member("./usr/bin/tool")])
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ToolMissingError, match=r"package\.deb cannot be unpacked"):
        unpack([path], tmp_path / "prefix", lambda _name: True, Log())


def test_our_hand_made_package_is_one_for_dpkg_too(tmp_path: Path) -> None:
    path = _deb(tmp_path, [_member("./usr/bin/tool")])
    shown = subprocess.run(["dpkg-deb", "--contents", path], capture_output=True, check=True)
    assert b"./usr/bin/tool" in shown.stdout


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("usr/lib/llvm-21/bin/clang-21", True),
        ("usr/lib/llvm-21/bin/clang++", True),
        ("usr/lib/llvm-21/bin/wasm-ld", True),
        ("usr/lib/llvm-14/bin/llc", True),  # 3.1.6 looks for it
        ("usr/lib/llvm-21/bin/llvm-mca", False),
        ("usr/lib/llvm-21/lib/clang/21/include/stddef.h", True),
        ("usr/lib/x86_64-linux-gnu/libLLVM.so.21.1", True),
        ("usr/lib/x86_64-linux-gnu/gconv/UTF-16.so", False),
        ("usr/bin/wasm-opt", True),
        ("usr/bin/gencat", False),
        ("usr/share/nodejs/acorn/dist/acorn.js", True),
        ("usr/share/nodejs/acorn-import-phases/index.js", True),
        ("usr/share/nodejs/undici/index.js", False),
        ("usr/share/emscripten/emcc.py", True),
        ("usr/share/emscripten/tools/websocket_to_posix_proxy/src/main.cpp", True),
        ("usr/share/emscripten/system/lib/libc/musl/src/network/socket.c", True),
        ("usr/share/emscripten/test/sockets/test_sockets_echo_client.c", False),
        ("usr/share/emscripten/cache/sysroot/include/sys/socket.h", True),
        ("usr/share/emscripten/cache/sysroot/lib/wasm32-emscripten/libc-mt-debug.a", True),
        ("usr/share/emscripten/cache/sysroot/lib/wasm32-emscripten/libc++-noexcept.a", True),
        ("usr/share/emscripten/cache/sysroot/lib/wasm32-emscripten/libsockets_proxy.a", True),
        ("usr/share/emscripten/cache/sysroot/lib/wasm32-emscripten/libc++-ww-except.a", False),
        ("usr/share/emscripten/cache/sysroot/lib/wasm32-emscripten/libc-asan.a", False),
        ("usr/share/emscripten/cache/sysroot/lib/wasm32-emscripten/libwasmfs-mt.a", True),
        ("usr/share/emscripten/cache/sysroot/lib/wasm32-emscripten/libwasmfs-icase.a", False),
        ("usr/share/emscripten/cache/sysroot/lib/wasm32-emscripten/libasan_rt.a", False),
        ("usr/share/emscripten/cache/sysroot/lib/wasm32-emscripten/libal.a", True),
        ("usr/share/emscripten/cache/sysroot/lib/wasm32-emscripten/lto/libc.a", False),
        ("usr/share/doc/emscripten/copyright", True),
        ("usr/share/doc/emscripten/changelog.gz", False),
    ],
)
def test_what_is_kept(path: str, wanted: bool) -> None:
    assert is_wanted_file(path) is wanted


def test_packages_that_cannot_hold_anything_wanted_are_not_fetched() -> None:
    names = ["emscripten", "clang-21", "lld-21", "llvm-21", "libllvm21", "libclang-cpp21", "libc6",
             "libclang-common-21-dev", "binaryen", "node-acorn", "libstdc++6", "libgcc-s1",
             "nodejs", "node-undici", "python3.14-minimal", "libpython3.14-stdlib", "tzdata",
             "libgcc-16-dev", "libstdc++-16-dev", "libasan8", "binutils-x86-64-linux-gnu",
             "llvm-21-runtime", "libclang1-21"]  # fmt: skip
    assert [name for name in names if not is_wanted_package(name)] == names[12:]
