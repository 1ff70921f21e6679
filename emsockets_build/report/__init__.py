"""Verdicts as people and machines read them."""

from __future__ import annotations
