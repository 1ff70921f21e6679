"""Build, run and prove C and C++ socket programs as WebAssembly.

This module is imported by scikit-build-core through the ``cmake.*`` entry points in every build
of every environment that we are installed in, so it must stay free of imports that could fail, and
by every command, so it must stay free of imports that take time.
"""

from __future__ import annotations

__all__ = ["__version__"]

__version__: str


def __getattr__(name: str) -> str:
    """Find out the version when somebody asks (PEP 562)."""
    if name == "__version__":
        from emsockets_build import _version

        return _version.__version__
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
