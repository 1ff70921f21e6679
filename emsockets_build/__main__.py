"""``python -m emsockets_build`` is the ``emsockets`` command."""

from __future__ import annotations

import sys

from emsockets_build.cli import main

if __name__ == "__main__":
    sys.exit(main())
