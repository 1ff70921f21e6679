"""Records as files that other tools read: our own JSON, and HAR as Chrome writes WebSockets."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from emsockets_build import __version__
from emsockets_build.server.events import (
    Accepted,
    Answered,
    ConnectionRecord,
    FrameSeen,
    Requested,
    Side,
)
from emsockets_build.server.inspector.shape import connection_json

__all__ = ["har_document", "json_document"]

_CONTINUATION, _TEXT, _BINARY = 0, 1, 2

Recorded = tuple[int, str, ConnectionRecord]
"""The place of the server, its URL, and a connection."""


def json_document(recorded: Sequence[Recorded]) -> dict[str, Any]:
    """Describe connections with everything that the record keeps of them."""
    return {
        "schema": 1,
        "command": "serve",
        "connections": [
            {
                **connection_json(server, record),
                "url": url,
                "events_omitted": record.events_omitted,
                "events": [event.to_json() for event in record.events],
            }
            for server, url, record in recorded
        ],
    }


def har_document(recorded: Sequence[Recorded]) -> dict[str, Any]:
    """Describe connections as an HTTP archive (HAR 1.2).

    What WebSockets carried stands under ``_webSocketMessages``, as Chrome's developer tools write
    and read it: data messages only, text as it is, bytes in base64.
    """
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "emsockets-build", "version": __version__},
            "pages": [],
            "entries": [
                entry for _, url, record in recorded if (entry := _entry(url, record)) is not None
            ],
        }
    }


def _entry(url: str, record: ConnectionRecord) -> dict[str, Any] | None:
    """Describe one connection; None if its request is not (any more) in the record."""
    requested = next((e for e in record.events if isinstance(e, Requested)), None)
    accepted = next((e for e in record.events if isinstance(e, Accepted)), None)
    answered = next((e for e in record.events if isinstance(e, Answered)), None)
    headers: Sequence[tuple[str, str]] = requested.headers if requested else ()
    if not record.path:
        return None
    epoch = accepted.clock - accepted.at if accepted else 0.0
    start = accepted.at if accepted else record.events[0].at if record.events else 0.0
    status = record.status or 0
    wait = max(0.0, answered.at - start) if answered else 0.0
    whole = url.rstrip("/") + record.path
    return {
        "startedDateTime": datetime.fromtimestamp(epoch + start, UTC).isoformat(),
        "time": round(record.seconds * 1000, 3),
        "request": {
            "method": requested.method if requested else "GET",
            "url": whole,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [{"name": name, "value": value} for name, value in headers],
            "queryString": [
                {"name": name, "value": value}
                for name, value in parse_qsl(urlsplit(whole).query, keep_blank_values=True)
            ],
            "headersSize": -1,
            "bodySize": 0,
        },
        "response": {
            "status": status,
            "statusText": _phrase(status),
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [{"name": "Sec-WebSocket-Protocol", "value": record.subprotocol}]
            if record.subprotocol
            else [],
            "content": {"size": 0, "mimeType": "x-unknown"},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": -1,
        },
        "cache": {},
        "timings": {"send": 0, "wait": round(wait * 1000, 3), "receive": 0},
        "connection": str(record.number),
        "comment": record.refusal or record.fault,
        "_resourceType": "websocket",
        "_webSocketMessages": list(_messages(record, epoch)),
    }


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _messages(record: ConnectionRecord, epoch: float) -> Iterator[Mapping[str, Any]]:
    """Put the frames of each side together to messages."""
    begun: dict[Side, list[FrameSeen]] = {}
    for event in record.events:
        if not isinstance(event, FrameSeen) or event.opcode > _BINARY:
            continue
        frames = begun.setdefault(event.sender, [])
        if event.opcode != _CONTINUATION:
            frames.clear()
        frames.append(event)
        if event.fin:
            yield _message(frames, epoch)
            frames.clear()


def _message(frames: Sequence[FrameSeen], epoch: float) -> Mapping[str, Any]:
    payload = b"".join(frame.payload for frame in frames)
    size = sum(frame.size for frame in frames)
    text = frames[0].opcode == _TEXT
    message = {
        "type": "send" if frames[0].sender == "client" else "receive",
        "time": round(epoch + frames[-1].at, 6),
        "opcode": _TEXT if text else _BINARY,
        "data": payload.decode("utf-8", "replace") if text else base64.b64encode(payload).decode(),
    }
    return message if len(payload) == size else {**message, "_size": size}
