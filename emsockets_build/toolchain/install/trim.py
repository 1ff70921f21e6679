"""What of Debian's packages a build of socket programs needs.

Everything that is left out can be had again: the system libraries are built at first use, because
their sources are kept; the rest emcc never calls.
"""

from __future__ import annotations

import re

__all__ = ["is_wanted_file", "is_wanted_package"]

# These come with the dependencies, but emcc runs under our own Python and Node, links no native
# program, and calls neither gold's plugin nor libclang.
_UNWANTED_PACKAGES = re.compile(
    r"""nodejs | libnode\d+ | node-(?!acorn).* | lib?python3.* | libpython3.* | python3.*
    | gcc-.* | cpp-.* | libgcc-\d+-dev | libstdc\+\+-\d+-dev | libobjc.* | libc6-dev | libc-.*
    | lib(a|hwa|l|t|ub)san\d* | binutils.* | libbinutils | libgprofng\d+ | libctf.* | libsframe\d+
    | linux-libc-dev | ccache | libclang1-.* | llvm-\d+-(runtime|linker-tools|dev|tools)
    | tzdata.* | debconf | perl.* | media-types | mailcap | mime-support | openssl.* | dpkg | tar
    | libcrypt-dev | libtirpc.* | libnsl.* | rpcsvc-proto | lib32.* | libx32.* | binfmt-support
    """,
    re.VERBOSE,
)
# llc is never run, but 3.1.6 will not start without it.
_LLVM_PROGRAMS = (
    r"clang(\+\+|-\d+)?|clang-scan-deps|llc|lld|wasm-ld"
    r"|llvm-(ar|cov|cxxfilt|dwarfdump|dwp|nm|objcopy|profdata|ranlib|size|strip|symbolizer)"
)
_WANTED_FILES = re.compile(
    rf"""usr/bin/wasm(2js|-.*)
    | usr/lib/llvm-\d+/bin/({_LLVM_PROGRAMS})
    | usr/lib/llvm-\d+/lib/(lib(LLVM|clang-cpp).*\.so.*)
    | usr/lib/llvm-\d+/lib/clang/[^/]+/include/.*
    | usr/lib/clang/.*
    | usr/lib/[^/]+-linux-gnu/[^/]+\.so(\.[^/]*)?
    | usr/share/nodejs/(acorn[^/]*)/.*
    | usr/share/emscripten/.*
    | usr/share/doc/[^/]+/copyright
    """,
    re.VERBOSE,
)
# Of the prebuilt system libraries, those of position-independent code, of LTO, of the sanitizers,
# and of Wasm Workers are most of 1.6 GB. (-flto builds its own at first use.) WasmFS stays:
# 3.1.69 links it with PROXY_POSIX_SOCKETS.
_UNWANTED_FILES = re.compile(
    r"""usr/share/emscripten/(tests?|docs|media|html)/.*
    | usr/share/emscripten/ChangeLog.* | usr/share/emscripten/README\..*
    | .*/__pycache__/.*
    | .*/sysroot/lib/[^/]+/(pic|lto|lto-pic)/.*
    | .*/sysroot/lib/wasm64-[^/]+/.*
    | .*/sysroot/lib/[^/]+/lib[^/]*-(ww|asan|ubsan|lsan)\b[^/]*\.a
    | .*/sysroot/lib/[^/]+/lib([alu][^/]*san_|sanitizer|lsan|ubsan|asan|wasmfs[^/]*-icase)[^/]*\.a
    """,
    re.VERBOSE,
)


def is_wanted_package(name: str) -> bool:
    """Tell whether a package can hold anything that `is_wanted_file`."""
    return _UNWANTED_PACKAGES.fullmatch(name) is None


def is_wanted_file(path: str) -> bool:
    """Tell whether a file of a package is kept.

    Args:
        path: Relative to the root of the file system, ``/``-separated, with ``lib`` already
            read as ``usr/lib`` (the two are one since the usr-merge, but bookworm's packages
            still say both).
    """
    return _WANTED_FILES.fullmatch(path) is not None and _UNWANTED_FILES.fullmatch(path) is None
