"""Install toolchains into the user's cache, without root."""

from __future__ import annotations

from emsockets_build.toolchain.install.ensure import (
    PROVIDERS,
    Want,
    ask,
    default_provider,
    ensure_toolchain,
    install_emscripten,
)
from emsockets_build.toolchain.install.node import install_node
from emsockets_build.toolchain.install.progress import Progress, Silence, progress_for, size_text
from emsockets_build.toolchain.install.slot import remove
from emsockets_build.toolchain.install.ws import install_ws

__all__ = [
    "PROVIDERS",
    "Progress",
    "Silence",
    "Want",
    "ask",
    "default_provider",
    "ensure_toolchain",
    "install_emscripten",
    "install_node",
    "install_ws",
    "progress_for",
    "remove",
    "size_text",
]
