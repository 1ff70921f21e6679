"""The XOR of RFC 6455 section 5.3: every byte from a client is masked, so this must be quick.

`websockets` carries the routine in C (1.2 us for 64 KiB where Python's integers take 170 us);
where no compiled wheel exists for the platform, Python's integers do it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from importlib.machinery import PathFinder

__all__ = ["apply_mask", "apply_mask_with_integers"]


def apply_mask_with_integers(
    data: bytes | bytearray | memoryview, mask: bytes | bytearray
) -> bytes:
    """XOR ``data`` with the repeated ``mask``, in plain Python.

    Args:
        data: Any number of bytes.
        mask: Four bytes.

    Returns:
        The masked, or unmasked, bytes.
    """
    length = len(data)
    repeated = (bytes(mask) * (length // 4 + 1))[:length]
    mixed = int.from_bytes(data, "little") ^ int.from_bytes(repeated, "little")
    return mixed.to_bytes(length, "little")


def _compiled() -> Callable[..., bytes] | None:
    """Load the one module that is wanted: its package would bring 20 ms of others along."""
    package = importlib.util.find_spec("websockets")
    folders = package.submodule_search_locations if package is not None else None
    spec = PathFinder.find_spec("websockets.speedups", folders) if folders else None
    if spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    routine: Callable[..., bytes] | None = getattr(module, "apply_mask", None)
    return routine


apply_mask = _compiled() or apply_mask_with_integers
