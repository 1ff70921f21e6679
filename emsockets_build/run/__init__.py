"""Runners: one program, one run, everything that can be seen of it, and nothing left behind."""
