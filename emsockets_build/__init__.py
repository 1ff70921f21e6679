"""Build, run and prove C and C++ socket programs as WebAssembly.

This module is imported by scikit-build-core through the ``cmake.*`` entry points in every build
of every environment that we are installed in, so it must stay free of imports that could fail.
"""

from __future__ import annotations

from emsockets_build._version import __version__

__all__ = ["__version__"]
