"""Debian's archive through apt's own programs, without root and without touching the machine.

A private apt state in the cache knows one suite. apt checks the signature of the suite's metadata
and the hash of each package; we check the hashes once more before unpacking, because the packages
may have lain in the cache since an interrupted set-up.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from emsockets_build.errors import ToolMissingError
from emsockets_build.process import Completed, child_process, run_bounded
from emsockets_build.storage import cache_dir, write_whole
from emsockets_build.toolchain.install.progress import Progress

__all__ = ["MIRROR_VARIABLE", "Archive", "Package", "Suite", "machine_archive", "serves_debian"]

MIRROR_VARIABLE = "EMSOCKETS_DEBIAN_MIRROR"
_SOURCES = Path("/etc/apt")
_DEBIAN_URI = re.compile(r"\bhttps?://[^\s\]]+/debian/?(?=\s|$)")
_KEYRINGS = (
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-keyring.pgp",
    "/etc/apt/trusted.gpg.d/debian-archive-keyring.gpg",
)
_ARCHITECTURES = ("amd64", "arm64")
_PARALLEL = 4
_UPDATE_TIMEOUT = 300.0
_QUERY_TIMEOUT = 120.0
_STALLED = 120.0
_BLOCK = 1 << 20
_URI = re.compile(r"^'(?P<uri>[^']+)' (?P<name>[a-z0-9][a-z0-9+.-]*)_(?P<version>[^_ ]+)_\S+\.deb ")


@dataclass(frozen=True, slots=True)
class Archive:
    """A Debian archive to fetch from.

    Attributes:
        mirror: Its address, such as the machine's own sources name it.
        architecture: ``amd64`` or ``arm64``.
        keyring: The keys that its metadata must be signed with.
    """

    mirror: str
    architecture: str
    keyring: Path


@dataclass(frozen=True, slots=True)
class Package:
    """One binary package of a suite.

    Attributes:
        name: Its name.
        version: Its Debian version.
        sha256: The hash of its file, from signed metadata.
        size: Bytes of its file.
        installed_size: Bytes it takes when unpacked, as its maintainer says.
    """

    name: str
    version: str
    sha256: str
    size: int
    installed_size: int


def machine_archive() -> Archive:
    """Learn from this machine where Debian's packages come from.

    Raises:
        ToolMissingError: It has no apt, no keys of Debian's, or another architecture.
    """
    missing = [name for name in ("apt-get", "apt-cache", "dpkg-deb") if not shutil.which(name)]
    if missing:
        raise ToolMissingError(
            f"the debian provider needs {' and '.join(missing)}",
            why="it unpacks Debian's packages with the tools of a Debian or Ubuntu machine",
            remedy="use `emsockets setup --provider emsdk` on other machines",
        )
    asked = run_bounded(["dpkg", "--print-architecture"], timeout=_QUERY_TIMEOUT)
    architecture = asked.text.strip()
    if architecture not in _ARCHITECTURES:
        raise ToolMissingError(
            f"the debian provider does not know the architecture {architecture}",
            why=f"it was made for {' and '.join(_ARCHITECTURES)}",
            remedy="use `emsockets setup --provider emsdk`",
        )
    keyring = next((path for name in _KEYRINGS if (path := Path(name)).is_file()), None)
    if keyring is None:
        raise ToolMissingError(
            "Debian's archive keys are missing",
            where=_KEYRINGS[0],
            why="without them the packages could not be told from forged ones",
            remedy="install the package debian-archive-keyring (Ubuntu has it too), "
            "or use `emsockets setup --provider emsdk`",
        )
    return Archive(_mirror(), architecture, keyring)


def serves_debian() -> bool:
    """Tell whether `machine_archive` would find everything on this machine."""
    try:
        machine_archive()
    except ToolMissingError:
        return False
    return True


class Suite:
    """One suite of the archive, with a private apt state that lives in the cache.

    Args:
        name: Such as ``trixie`` or ``sid``.
        archive: Where it is fetched from.
    """

    def __init__(self, name: str, archive: Archive) -> None:
        self.name = name
        self.archive = archive
        self.folder = cache_dir() / "apt" / name
        self.packages_dir = self.folder / "packages"

    def update(self, progress: Progress) -> None:
        """Fetch the suite's metadata, signatures checked.

        Raises:
            ToolMissingError: There is no network, no such suite, or a signature is wrong.
        """
        self._write_state()
        progress.say(f"reading Debian {self.name} from {self.archive.mirror}")
        done = self._run("apt-get", "update", timeout=_UPDATE_TIMEOUT)
        # apt-get update succeeds when nothing could be fetched but old lists are there.
        if done.returncode != 0 or re.search(r"^(W|E|Err)[:\d]", done.text, re.MULTILINE):
            raise self._failure(f"Debian {self.name} cannot be read", done)

    def version(self, package: str) -> str | None:
        """Return the Debian version that the suite has of a package, or None."""
        done = self._run("apt-cache", "show", "--no-all-versions", package, timeout=_QUERY_TIMEOUT)
        match = re.search(r"^Version: (\S+)$", done.stdout.decode("utf-8", "replace"), re.MULTILINE)
        return match[1] if match else None

    def resolve(self, package: str) -> tuple[Package, ...]:
        """Return a package with all that it depends on, as on an empty machine.

        Raises:
            ToolMissingError: The suite cannot satisfy the dependencies at present.
        """
        words = ("install", "--print-uris", "-y", "--no-install-recommends", package)
        done = self._run("apt-get", *words, timeout=_QUERY_TIMEOUT)
        lines = done.stdout.decode("utf-8", "replace").splitlines()
        found = [match for line in lines if (match := _URI.match(line))]
        if done.returncode != 0 or not found:
            raise self._failure(f"{package} cannot be installed from Debian {self.name}", done)
        exact = [f"{match['name']}={unquote(match['version'])}" for match in found]
        shown = self._run("apt-cache", "show", *exact, timeout=_QUERY_TIMEOUT)
        return _parse_packages(shown.stdout.decode("utf-8", "replace"))

    def fetch(self, packages: Sequence[Package], progress: Progress) -> tuple[Path, ...]:
        """Download packages, several at a time; what is there already is not fetched again.

        Returns:
            Their files, in the order of `packages`, hashes checked.

        Raises:
            ToolMissingError: A package did not arrive, or is not what the metadata promised.
        """
        self.packages_dir.mkdir(parents=True, exist_ok=True)
        have = {package: self._file(package) for package in packages}
        missing = [package for package, path in have.items() if not _intact(path, package)]
        total = sum(package.size for package in packages)
        if missing:
            self._download(missing, total, progress)
        files = [self._file(package) for package in packages]
        for package, path in zip(packages, files, strict=True):
            if not _intact(path, package):
                if path is not None:
                    path.unlink()
                raise ToolMissingError(
                    f"the package {package.name} did not arrive as the signed metadata promises",
                    where=str(self.packages_dir),
                    why="its SHA-256 is another" if path else "there is no file",
                    remedy="try again; if it stays so, name another mirror in " + MIRROR_VARIABLE,
                )
        progress.advance(f"download ({self.name})", total, total)
        return tuple(path for path in files if path is not None)

    def forget(self) -> None:
        """Remove the private state and the packages."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _download(self, missing: Sequence[Package], total: int, progress: Progress) -> None:
        shares: list[list[Package]] = [[] for _ in range(min(_PARALLEL, len(missing)))]
        for package in sorted(missing, key=lambda package: -package.size):
            min(shares, key=lambda share: sum(p.size for p in share)).append(package)
        command = [*self._command("apt-get"), "download"]
        with ExitStack() as stack:
            log = stack.enter_context((self.folder / "download.log").open("wb"))
            children = [
                stack.enter_context(
                    child_process(
                        [*command, *(f"{p.name}={p.version}" for p in share)],
                        cwd=self.packages_dir,
                        env=_environment(),
                        stdout=log.fileno(),
                        stderr=log.fileno(),
                    )
                )
                for share in shares
            ]
            grown, seen = time.monotonic(), -1
            while any(child.poll() is None for child in children):
                size = sum(path.stat().st_size for path in self._arrived())
                progress.advance(f"download ({self.name})", min(size, total), total)
                if size != seen:
                    grown, seen = time.monotonic(), size
                if time.monotonic() - grown > _STALLED:
                    break
                time.sleep(0.1)  # the sizes of files are the only sign of life that apt gives
        if any(child.returncode != 0 for child in children):
            text = (self.folder / "download.log").read_text("utf-8", "replace")
            errors = [line for line in text.splitlines() if line.startswith(("E:", "Err:", "W:"))]
            raise ToolMissingError(
                f"the packages of Debian {self.name} cannot be downloaded",
                where=self.archive.mirror,
                why="\n".join(errors[-4:]) or f"nothing arrived for {_STALLED:.0f} s",
                remedy="check the network and try again: what has arrived is kept",
            )

    def _arrived(self) -> list[Path]:
        with os.scandir(self.packages_dir) as entries:
            return [Path(entry.path) for entry in entries if entry.is_file()]

    def _file(self, package: Package) -> Path | None:
        version = package.version.replace(":", "%3a")
        return next(iter(self.packages_dir.glob(f"{package.name}_{version}_*.deb")), None)

    def _write_state(self) -> None:
        for part in ("etc", "state/lists/partial", "cache/archives/partial", "packages"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        options = f"arch={self.archive.architecture} signed-by={self.archive.keyring}"
        line = f"deb [{options}] {self.archive.mirror} {self.name} main\n"
        write_whole(self.folder / "etc" / "sources.list", line)
        write_whole(self.folder / "status", "")

    def _run(self, program: str, *words: str, timeout: float) -> Completed:
        return run_bounded([*self._command(program), *words], timeout=timeout, env=_environment())

    def _command(self, program: str) -> list[str]:
        folder = self.folder
        options = {
            "Dir::Etc": folder / "etc",
            "Dir::Etc::sourcelist": folder / "etc" / "sources.list",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Dir::State": folder / "state",
            "Dir::State::status": folder / "status",
            "Dir::Cache": folder / "cache",
            "APT::Architecture": self.archive.architecture,
            "APT::Architectures": self.archive.architecture,
            # As root, apt becomes _apt to download, who may not write into a user's cache.
            "APT::Sandbox::User": "root",
            "APT::Update::Post-Invoke-Success": "",
            "Acquire::GzipIndexes": "false",  # images for containers trade our time for room
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
            "Acquire::http::Timeout": "30",
            "Acquire::https::Timeout": "30",
            "Debug::NoLocking": "1",
        }
        words = [f"{name}={value}" for name, value in options.items()]
        return [program, *(word for option in words for word in ("-o", option))]

    def _failure(self, what: str, done: Completed) -> ToolMissingError:
        lines = done.text.splitlines()
        errors = [line for line in lines if line.startswith(("E:", "Err:", "W:"))] or lines[-3:]
        why = "it took too long" if done.timed_out else "\n".join(errors[:6])
        return ToolMissingError(
            what,
            where=self.archive.mirror,
            why=why,
            remedy=f"check the network, or name another mirror in {MIRROR_VARIABLE}; "
            "`--provider emsdk` does without Debian",
        )


def _environment() -> dict[str, str]:
    # Messages are looked at, so they must be English; and nobody is there to answer questions.
    return {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}


def _mirror() -> str:
    """Return the mirror of Debian that the machine's own sources name.

    Raises:
        ToolMissingError: They name none, as on Ubuntu.
    """
    named = os.environ.get(MIRROR_VARIABLE)
    if named:
        return named.rstrip("/")
    form = "$(ORIGIN) $(CODENAME) $(REPO_URI)"
    done = run_bounded(
        ["apt-get", "indextargets", "--format", form, "Created-By: Packages"],
        timeout=_QUERY_TIMEOUT,
        env=_environment(),
    )
    for line in done.text.splitlines():
        origin, _, rest = line.partition(" ")
        codename, _, uri = rest.partition(" ")
        if origin == "Debian" and uri and not codename.endswith("-security"):
            return uri.strip().rstrip("/")
    # Before the first `apt-get update` apt itself knows of none.
    for path in (_SOURCES / "sources.list", *sorted((_SOURCES / "sources.list.d").glob("*"))):
        if path.suffix in {".list", ".sources"}:
            text = path.read_text("utf-8", "replace") if path.is_file() else ""
            found = _DEBIAN_URI.search("\n".join(_without_comments(text)))
            if found:
                return found[0].rstrip("/")
    raise ToolMissingError(
        "this machine's sources name no mirror of Debian",
        where=str(_SOURCES),
        remedy=f"name one with {MIRROR_VARIABLE}, or use `emsockets setup --provider emsdk`",
    )


def _without_comments(text: str) -> Iterator[str]:
    return (line for line in text.splitlines() if not line.lstrip().startswith("#"))


def _parse_packages(text: str) -> tuple[Package, ...]:
    found: dict[str, Package] = {}
    for paragraph in text.split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z0-9-]+): (.*)$", paragraph, re.MULTILINE))
        if {"Package", "Version", "SHA256", "Size"} <= fields.keys():
            found[fields["Package"]] = Package(
                name=fields["Package"],
                version=fields["Version"],
                sha256=fields["SHA256"],
                size=int(fields["Size"]),
                installed_size=int(fields.get("Installed-Size", "0")) * 1024,
            )
    return tuple(found.values())


def _intact(path: Path | None, package: Package) -> bool:
    if path is None or path.stat().st_size != package.size:
        return False
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest() == package.sha256
