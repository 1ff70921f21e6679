"""A Debian archive of our own, signed, with an Emscripten that is made of shell and Python."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from emsockets_build.toolchain.install.apt import Archive

__all__ = ["StandIn", "make_archive"]

_FAKE_EMPP = """\
import os, pathlib, subprocess, sys, time
config = {}
exec(open(os.environ["EM_CONFIG"]).read(), config)
subprocess.run([config["LLVM_ROOT"] + "/clang-99"], check=True)
if "-fail" in sys.argv:
    sys.exit("this link fails")
while "-hang" in sys.argv:
    time.sleep(0.1)
print("cache:INFO: generating system library: sysroot/lib/x/libc-mt.a... (this will be cached)")
pathlib.Path(sys.argv[sys.argv.index("-o") + 1]).write_text("// linked")
"""


@dataclass(frozen=True)
class StandIn:
    """Where the archive lies, and how set-ups reach it."""

    root: Path
    archive: Archive

    @property
    def pool(self) -> Path:
        """The folder of the packages."""
        return self.root / "pool"

    def suite(self, name: str) -> Path:
        """The folder of a suite's metadata."""
        return self.root / "dists" / name


def make_archive(root: Path, releases: dict[str, str]) -> StandIn:
    """Make an archive.

    Args:
        root: An empty folder.
        releases: The version of Emscripten in each suite.
    """
    architecture = _run("dpkg", "--print-architecture").strip()
    keyring = root / "keys.gpg"
    # gpg's agent listens on a socket in its home, whose path must be short.
    with tempfile.TemporaryDirectory(prefix="gpg", dir="/tmp") as home:
        gpg = ["gpg", "--homedir", home, "--batch", "--quiet", "--pinentry-mode", "loopback",
               "--passphrase", ""]  # fmt: skip
        _run(*gpg, "--quick-gen-key", "Stand-in <stand-in@example.invalid>", "ed25519", "sign")
        keyring.write_bytes(_run_bytes(*gpg, "--export"))
        for suite, release in releases.items():
            pool = root / "pool" / suite
            packages = [
                _package(pool, architecture, "emscripten", f"{release}~dfsg-1",
                         _emscripten(release), depends="clang-99, libc6, node-acorn, tzdata"),
                _package(pool, architecture, "clang-99", "1:99-1", _clang(architecture)),
                _package(pool, architecture, "libc6", "2.99-1", _libc(architecture)),
                _package(pool, architecture, "node-acorn", "8-1", _acorn()),
                _package(pool, architecture, "tzdata", "1-1", {}),
            ]  # fmt: skip
            _write_suite(root, suite, architecture, packages, gpg)
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False)
    return StandIn(root, Archive(f"file://{root}", architecture, keyring))


def _emscripten(release: str) -> dict[str, bytes]:
    root = "usr/share/emscripten"
    return {
        f"{root}/emscripten-version.txt": f'"{release}"\n'.encode(),
        f"{root}/emcc.py": _FAKE_EMPP.encode(),
        f"{root}/em++.py": _FAKE_EMPP.encode(),
        f"{root}/tools/acorn-optimizer.mjs": b"import * as acorn from 'acorn';\n",
        f"{root}/tests/big.c": b"int x;\n" * 1000,
        f"{root}/cache/sysroot/lib/wasm32-emscripten/libc.a": b"!<arch>\n",
        f"{root}/cache/sysroot/lib/wasm32-emscripten/libc-ww.a": b"!<arch>\n",
        f"{root}/cache/sysroot/lib/wasm32-emscripten/pic/libc.a": b"!<arch>\n",
    }


def _clang(architecture: str) -> dict[str, bytes]:
    del architecture
    program = Path(shutil.which("true") or "/bin/true").read_bytes()
    folder = "usr/lib/llvm-99/bin"
    return {
        f"{folder}/clang-99": program,
        f"{folder}/llvm-mca": program,
        "usr/bin/wasm-opt": program,
    }


def _libc(architecture: str) -> dict[str, bytes]:
    triplet = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}[architecture]
    loader = {"amd64": "ld-linux-x86-64.so.2", "arm64": "ld-linux-aarch64.so.1"}[architecture]
    real = {name: Path("/lib", triplet, name).read_bytes() for name in (loader, "libc.so.6")}
    # bookworm's packages still say lib/, newer ones usr/lib/
    files = {f"lib/{triplet}/{name}": data for name, data in real.items()}
    return {**files, f"usr/lib/{triplet}/libunused.so.1": real["libc.so.6"]}


def _acorn() -> dict[str, bytes]:
    return {"usr/share/nodejs/acorn/package.json": b'{"name": "acorn", "version": "8.0.0"}'}


def _package(
    pool: Path,
    architecture: str,
    name: str,
    version: str,
    files: dict[str, bytes],
    *,
    depends: str = "",
) -> str:
    """Build one package and return its paragraph of the index."""
    fields = {"Package": name, "Version": version, "Architecture": architecture,
              "Maintainer": "Stand-in <stand-in@example.invalid>", "Installed-Size": "64",
              **({"Depends": depends} if depends else {}), "Description": "a stand-in"}  # fmt: skip
    control = "".join(f"{key}: {value}\n" for key, value in fields.items())
    pool.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "tree")
        for inside, data in {"DEBIAN/control": control.encode(), **files}.items():
            (tree / inside).parent.mkdir(parents=True, exist_ok=True)
            (tree / inside).write_bytes(data)
            if data.startswith(b"\x7fELF"):
                (tree / inside).chmod(0o755)
        _run("dpkg-deb", "-Znone", "--root-owner-group", "--build", str(tree), f"{folder}/x.deb")
        deb = Path(folder, "x.deb").read_bytes()
    path = pool / f"{name}.deb"
    path.write_bytes(deb)
    digest = hashlib.sha256(deb).hexdigest()
    where = (
        f"Filename: {path.relative_to(pool.parent.parent)}\nSize: {len(deb)}\nSHA256: {digest}\n"
    )
    return control.replace("Description:", f"{where}Description:")


def _write_suite(
    root: Path, suite: str, architecture: str, packages: list[str], gpg: list[str]
) -> None:
    index = "".join(f"{package}\n" for package in packages).encode()  # apt wants the last line
    name = f"main/binary-{architecture}/Packages"
    folder = root / "dists" / suite
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_bytes(index)
    release = (
        f"Origin: Debian\nSuite: {suite}\nCodename: {suite}\nComponents: main\n"
        f"Architectures: {architecture}\nDate: Sat, 01 Jan 2022 00:00:00 UTC\nSHA256:\n"
        f" {hashlib.sha256(index).hexdigest()} {len(index)} {name}\n"
    )
    (folder / "Release").write_text(release)
    _run(*gpg, "--output", str(folder / "InRelease"), "--clearsign", str(folder / "Release"))


def _run(*command: str) -> str:
    return _run_bytes(*command).decode()


def _run_bytes(*command: str) -> bytes:
    environment = {**os.environ, "LC_ALL": "C"}
    done = subprocess.run(command, capture_output=True, check=False, env=environment)
    assert done.returncode == 0, f"{command[0]}: {done.stderr.decode()}"
    return done.stdout
