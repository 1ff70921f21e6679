"""The inspector: a page that shows the sockets of a running server live, and lets people act."""

from __future__ import annotations

from emsockets_build.server.inspector.channel import Channel, channel_gate
from emsockets_build.server.inspector.desk import Desk
from emsockets_build.server.inspector.site import ToolsSite

__all__ = ["Channel", "Desk", "ToolsSite", "channel_gate"]
