"""The live test server: every way a real server treats an Emscripten socket."""

from __future__ import annotations

from emsockets_build.server.behaviour import Behaviour
from emsockets_build.server.events import ConnectionRecord
from emsockets_build.server.host import Timeouts
from emsockets_build.server.library import AsyncTestServer, TestServer
from emsockets_build.server.recorder import RecordLimits

__all__ = [
    "AsyncTestServer",
    "Behaviour",
    "ConnectionRecord",
    "RecordLimits",
    "TestServer",
    "Timeouts",
]
