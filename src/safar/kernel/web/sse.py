"""Server-sent events: one text stream a browser keeps open and resumes by the last id it saw."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import StreamingResponse

from safar.kernel.database import CONNECTION_LOST
from safar.kernel.errors import SafarError
from safar.kernel.log import log

_HEARTBEAT_S = 15.0
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event: `id` is what the browser sends back as Last-Event-ID when it reconnects."""

    data: str
    event: str | None = None
    id: int | None = None

    def encoded(self) -> bytes:
        lines = [f"id: {self.id}"] if self.id is not None else []
        if self.event:
            lines.append(f"event: {self.event}")
        # A browser takes a lone carriage return for the end of a line, too.
        lines += [f"data: {line}" for line in _LINE_END.split(self.data)]
        return ("\n".join(lines) + "\n\n").encode()


def last_event_id(request: Request) -> int | None:
    """Return the id a reconnecting browser has seen last, or None for a first connection."""
    text = request.headers.get("last-event-id") or request.query_params.get("after", "")
    return int(text) if text.isdecimal() and len(text) < 19 else None


def event_stream(events: AsyncIterator[ServerEvent]) -> StreamingResponse:
    """Return a response that sends `events` as they come, and a comment when nothing does."""
    return StreamingResponse(
        _with_heartbeats(events), media_type="text/event-stream", headers={"x-accel-buffering": "no"}
    )


async def _with_heartbeats(events: AsyncIterator[ServerEvent]) -> AsyncIterator[bytes]:
    yield b"retry: 1500\n\n"
    following = asyncio.ensure_future(anext(events))
    try:
        while True:
            done, _pending = await asyncio.wait({following}, timeout=_HEARTBEAT_S)
            if not done:
                yield b": still here\n\n"
                continue
            try:
                event = following.result()
            except StopAsyncIteration:
                return
            except (SafarError, *CONNECTION_LOST) as error:  # the browser comes back, and resumes
                log.warning("stream.ended", error=type(error).__name__)
                return
            yield event.encoded()
            following = asyncio.ensure_future(anext(events))
    finally:
        following.cancel()
