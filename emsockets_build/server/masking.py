"""The XOR of RFC 6455 section 5.3: every byte from a client is masked, so this must be quick.

`websockets` carries the routine in C (1.2 us for 64 KiB where Python's integers take 170 us);
where no compiled wheel exists for the platform, Python's integers do it.
"""

from __future__ import annotations

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


try:
    from websockets.speedups import apply_mask
except ImportError:  # pragma: no cover - a platform without a compiled wheel
    apply_mask = apply_mask_with_integers
