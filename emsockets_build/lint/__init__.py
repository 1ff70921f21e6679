"""Finds what will fail before it runs: in build files, in C and C++ sources, and in built files.

A *rule* is data (``rules/*.toml``, read by `rule`); a *checker* is a pure function that looks at
one file and yields findings of one or more rules. `engine` collects files, chooses the checkers by
the kind of file, and keeps what it found of unchanged files in the user's cache.

A new rule is an entry in a file of ``rules/`` with its examples, which are its tests, and a checker
that finds it in the room of its kind: ``source/``, ``buildfiles/`` or ``built/``.
"""

from __future__ import annotations
