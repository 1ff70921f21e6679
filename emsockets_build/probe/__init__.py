"""Replays what an Emscripten program and each browser would say to a server, and judges it.

`survey` does the talking, `judge` the thinking: what is seen is frozen data, and everything that is
said of it is computed from that alone.
"""

from __future__ import annotations

from emsockets_build.probe.case import Asked, Finding
from emsockets_build.probe.checks import Check, checks_of
from emsockets_build.probe.clients import CLIENTS, DEFAULT_CLIENTS, Client
from emsockets_build.probe.model import Observations, Request
from emsockets_build.probe.software import recognise
from emsockets_build.probe.steps import survey
from emsockets_build.probe.target import Target, parse_page, parse_target
from emsockets_build.probe.verdicts import Verdict, judge

__all__ = [
    "CLIENTS",
    "DEFAULT_CLIENTS",
    "Asked",
    "Check",
    "Client",
    "Finding",
    "Observations",
    "Request",
    "Target",
    "Verdict",
    "checks_of",
    "judge",
    "parse_page",
    "parse_target",
    "recognise",
    "survey",
]
